package workspace

import (
	"time"

	"cloakroom/authserver/keys"
)

// Keys is how the signing keys follow each other.
type Keys struct {
	// Rotation is how long a key signs; default 720h.
	Rotation time.Duration `yaml:"rotation"`
	// PublishLead is how long a key is published before it signs; default 1h, at least 5m, at most half of the rotation. Verifiers
	// that keep our key set for longer than this meet tokens whose key they do not have.
	PublishLead time.Duration `yaml:"publish_lead"`
	// Retention is how long a key is published after it has signed; default the longest life of an access token, an ID token and a
	// session, so that an ID token is still good as id_token_hint when its session ends. At least the longest life of a token.
	Retention time.Duration `yaml:"retention"`
}

// minPublishLead is several times the minute for which our key set may be cached, and in which instances look for new keys.
const minPublishLead = 5 * time.Minute

func (k *Keys) setDefaults(p *Policy) {
	setDefault(&k.Rotation, 30*24*time.Hour)
	setDefault(&k.PublishLead, time.Hour)
	setDefault(&k.Retention, max(p.AccessToken, p.IDToken, p.SessionAbsolute))
}

func (k *Keys) problems(p *Policy, report func(key, format string, args ...any)) {
	if k.PublishLead < minPublishLead {
		report("keys: publish_lead", "%s is less than %s", k.PublishLead, minPublishLead)
	}
	if k.Rotation < 2*k.PublishLead {
		report("keys: rotation", "%s is less than twice the publish_lead, %s", k.Rotation, k.PublishLead)
	}
	if longest := max(p.AccessToken, p.IDToken); k.Retention < longest {
		report("keys: retention", "%s is less than the longest life of a token, %s", k.Retention, longest)
	}
}

// Schedule is what package keys is told.
func (k *Keys) Schedule() keys.Rotation {
	return keys.Rotation{Every: k.Rotation, Lead: k.PublishLead, Keep: k.Retention}
}
