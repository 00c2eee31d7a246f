package bff

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// checkTimeout is how long a start waits for a provider's metadata.
const checkTimeout = 5 * time.Second

// errCannot marks a provider that says of itself that it cannot do what it is configured for. Waiting does not mend it.
var errCannot = errors.New("the provider cannot do what it is configured for")

// fapi2Algs are the ID token algorithms of the profile (FAPI 2.0 Security Profile §5.4.1).
var fapi2Algs = []string{"PS256", "ES256", "EdDSA"}

// setFAPI2 turns all of the profile on. What the configuration says against it is a problem of [ProviderConfig.validate].
func (p *ProviderConfig) setFAPI2() {
	setDefault(&p.ClientAuth, privateKeyJWT)
	p.DPoP = true
	if p.IDTokenAlgs == nil {
		p.IDTokenAlgs = slices.Clone(fapi2Algs)
	}
}

func (p *ProviderConfig) validateFAPI2(v *validator, place string) {
	if !p.FAPI2 {
		return
	}
	// FAPI 2.0 Security Profile §5.3.3: the client authenticates with private_key_jwt or mutual TLS.
	v.check(p.ClientAuth == privateKeyJWT, "%s.client_auth: fapi2 needs private_key_jwt, not %q", place, p.ClientAuth)
	for _, alg := range p.IDTokenAlgs {
		v.check(slices.Contains(fapi2Algs, alg), "%s.id_token_algs: fapi2 allows %v, not %q", place, fapi2Algs, alg)
	}
}

// capable compares what the provider is configured for with what its metadata offers.
func (p *ProviderConfig) capable(m *metadata) error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	// RFC 9126 §5: a server that takes nothing but pushed requests says where.
	check(!m.RequirePAR || m.PAREndpoint != "", "it requires pushed authorization requests and names no endpoint for them")
	check(p.ClientAuth != privateKeyJWT || m.TokenAuthMethods == nil || slices.Contains(m.TokenAuthMethods, p.ClientAuth), "it does not support client authentication %s", p.ClientAuth)
	if p.DPoP {
		check(slices.Contains(m.DPoPAlgs, "ES256"), "it does not support DPoP with ES256")
	}
	if p.FAPI2 {
		// FAPI 2.0 Security Profile §5.3.2.2: PAR, PKCE S256 and iss in the response, all advertised.
		check(m.PAREndpoint != "", "FAPI 2.0: it has no pushed authorization request endpoint")
		check(slices.Contains(m.ChallengeMethods, "S256"), "FAPI 2.0: it does not advertise the PKCE method S256")
		check(m.IssInResponse, "FAPI 2.0: it does not put iss into its authorization responses")
		check(slices.Contains(m.TokenAuthMethods, privateKeyJWT), "FAPI 2.0: it does not advertise private_key_jwt")
	}
	if len(problems) == 0 {
		return nil
	}
	return errors.Join(append([]error{errCannot}, problems...)...)
}

// CheckProviders asks the providers for their metadata, and fails for one that answers and cannot do what it is configured
// for, such as FAPI 2.0. A provider that does not answer is no failure: the start order does not matter, and the same is
// checked at each sign-in.
func (b *BFF) CheckProviders(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	var problems []error
	for i := range b.cfg.Providers {
		_, err := b.providers[b.cfg.Providers[i].ID].metadata(ctx)
		switch {
		case errors.Is(err, errCannot):
			problems = append(problems, fmt.Errorf("providers[%d]: %w", i, err))
		case err != nil:
			b.log.WarnContext(ctx, "provider not reachable yet", "provider", b.cfg.Providers[i].ID, "error", err)
		}
	}
	return errors.Join(problems...)
}
