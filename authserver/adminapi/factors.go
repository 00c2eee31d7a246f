package adminapi

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/registry"
	"cloakroom/authserver/store"
)

// Factors keeps what users have besides a password.
type Factors interface {
	Factors(ctx context.Context, workspace, subject string) ([]store.Factor, error)
	RecoveryCodes(ctx context.Context, workspace, subject string) (int, error)
	RemoveFactor(ctx context.Context, workspace, subject, id string, keep int) error
}

// factorList is a page of factors. Recovery codes are none: only how many are left is known of them.
type factorList struct {
	list
	RecoveryCodes int `json:"recovery_codes"`
}

// showFactor says what a factor is, and nothing that it could be shown with.
func showFactor(one store.Factor) map[string]any {
	shown := map[string]any{"id": one.ID, "kind": string(one.Kind), "created": one.Created.UTC()}
	if one.Name != "" {
		shown["name"] = one.Name
	}
	if !one.Used.IsZero() {
		shown["used"] = one.Used.UTC()
	}
	return shown
}

// factors are those of the user of the path, oldest first, and the version of what they are together: another when one came, went or was
// renamed, and the same when one was used.
func (c *call) factors(a *API) (*registry.Workspace, store.Account, []store.Factor, int64, error) {
	ws, user, err := c.user(a)
	if err != nil {
		return nil, user, nil, 0, err
	}
	held, err := a.Factors.Factors(c.Context(), ws.Key(), user.Subject)
	sum := sha256.New()
	for _, one := range held {
		_, _ = fmt.Fprintf(sum, "%q %q\n", one.ID, one.Name) // a hash takes everything
	}
	return ws, user, held, int64(binary.BigEndian.Uint64(sum.Sum(nil))>>1) | 1, err //nolint:gosec // the highest bit is shifted out
}

func (a *API) listFactors(c *call) (answer, error) {
	limit, after, err := c.span()
	if err != nil {
		return answer{}, err
	}
	ws, user, held, version, err := c.factors(a)
	if err != nil {
		return answer{}, err
	}
	left, err := a.Factors.RecoveryCodes(c.Context(), ws.Key(), user.Subject)
	if err != nil {
		return answer{}, err
	}
	byAge := func(one store.Factor) string { return fmt.Sprintf("%020d %s", one.Created.UnixMilli(), one.ID) }
	return answer{body: factorList{pageOf(held, limit, after, byAge, showFactor), left}, version: version}, nil
}

// removeFactor takes one factor from a user who has lost it, or who is not the only one to have it.
func (a *API) removeFactor(c *call) (answer, error) { return a.removeFactors(c, c.PathValue("factor")) }

// resetFactors takes all of them, and with the last one the recovery codes. Where a second factor is required, the user adds one at the next
// sign-in, with nothing but the first one: whoever knows the password, so that one that others may know is reset as well.
func (a *API) resetFactors(c *call) (answer, error) { return a.removeFactors(c, "") }

// removeFactors removes those that were read, one or all, and ends the sessions that they may have begun (ASVS 7.4.3). The configuration
// file says nothing of factors, so that its users can have theirs reset too. One that comes meanwhile stays.
func (a *API) removeFactors(c *call, only string) (answer, error) {
	given, err := c.version()
	if err != nil {
		return answer{}, err
	}
	ws, user, held, version, err := c.factors(a)
	switch {
	case err != nil:
		return answer{}, err
	case given != 0 && given != version:
		return answer{}, errStale
	}
	removed := 0
	for _, one := range held {
		if only != "" && one.ID != only {
			continue
		}
		if err := a.Factors.RemoveFactor(c.Context(), ws.Key(), user.Subject, one.ID, 0); err != nil {
			return answer{}, err // gone meanwhile: 404, and to be looked at again
		}
		removed++
		a.Audit.Record(c.Context(), audit.FactorRemoved, ws.Key(), "subject", user.Subject, "actor", c.actor)
		c.record(a, "delete", "factor", ws.Key(), user.Subject+"/"+one.ID)
	}
	if removed == 0 && only != "" {
		return answer{}, errNoResource
	}
	_, err = a.EndUser(c.Context(), ws.Key(), user.Subject)
	return answer{}, err
}
