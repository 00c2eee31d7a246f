package adminapi

import (
	"errors"
	"time"

	"cloakroom/authserver/keys"
	"cloakroom/authserver/registry"
)

func showKey(key keys.Status) map[string]any {
	shown := map[string]any{"kid": key.ID, "alg": key.Algorithm, "state": string(key.State), "published": key.Created.UTC(), "signs_from": key.Active.UTC()}
	for name, instant := range map[string]time.Time{"signs_until": key.Retired, "published_until": key.Expires} {
		if !instant.IsZero() {
			shown[name] = instant.UTC()
		}
	}
	return shown
}

// set is the keys of the workspace of the path, which has to be served.
func (c *call) set(a *API) (*registry.Workspace, *keys.Set, error) {
	ws, err := c.place(a)
	if err != nil {
		return nil, nil, err
	}
	set := a.Keys(ws.Key())
	if set == nil {
		return nil, nil, errNotServed
	}
	return ws, set, nil
}

func showKeys(set *keys.Set) answer {
	shown := list{Items: []map[string]any{}}
	for _, key := range set.Status() {
		shown.Items = append(shown.Items, showKey(key))
	}
	return answer{body: shown}
}

func (a *API) listKeys(c *call) (answer, error) {
	_, set, err := c.set(a)
	if err != nil {
		return answer{}, err
	}
	return showKeys(set), nil
}

// rotateKeys publishes a successor for each key that signs. One that waits to sign already is it.
func (a *API) rotateKeys(c *call) (answer, error) {
	ws, set, err := c.set(a)
	if err != nil {
		return answer{}, err
	}
	for _, algorithm := range ws.Policy.Algorithms() {
		key, err := set.Rotate(c.Context(), algorithm, ws.Policy.Keys.Schedule())
		if err != nil {
			return answer{}, err
		}
		c.record(a, "rotate", "key", ws.Key(), key.ID)
	}
	if err := a.Registry.KeysChanged(c.Context(), ws.Key()); err != nil {
		return answer{}, err
	}
	return showKeys(set), nil
}

// retireKey ends a key now, for one that is no longer safe: another signs at once, and what it signed verifies nowhere any more once
// verifiers have read the key set again.
func (a *API) retireKey(c *call) (answer, error) {
	ws, set, err := c.set(a)
	if err != nil {
		return answer{}, err
	}
	err = set.Retire(c.Context(), c.PathValue("key"))
	if errors.Is(err, keys.ErrNoKey) {
		return answer{}, errNoResource
	}
	if err != nil {
		return answer{}, err
	}
	c.record(a, "retire", "key", ws.Key(), c.PathValue("key"))
	if err := a.Registry.KeysChanged(c.Context(), ws.Key()); err != nil {
		return answer{}, err
	}
	return showKeys(set), nil
}
