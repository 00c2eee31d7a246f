package session

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
)

// recordKey is the one value in what scs stores: the record's id.
const recordKey = "record"

// newSCS configures scs under the rules that keep a session ended once it ended. Each overrides a default or names a trap:
//   - IdleTimeout stays 0: with it every load is a commit of the whole session, and a slow request brings it back after sign-out.
//   - The blob holds the record's id, and the codec refuses anything else; tokens are in the record, under compare-and-swap.
//   - HashTokenInStore: who reads the store holds no cookie.
//   - RenewToken is never called: it deletes the old session before the new one is stored, and moves the absolute end.
func newSCS(cookies Cookies, name string) *scs.SessionManager {
	manager := scs.New()
	manager.IdleTimeout = 0
	manager.Lifetime = 0 // each session's deadline is its record's absolute end, set at its start
	manager.Store = cookieStore{cookies}
	manager.Codec = blobCodec{}
	manager.HashTokenInStore = true
	manager.Cookie = scs.SessionCookie{
		Name: name, Path: "/", Domain: "", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Persist: false, // no Expires and no Max-Age: the record alone says when the session ends
	}
	return manager
}

// cookieStore is scs's view of [Cookies].
type cookieStore struct{ cookies Cookies }

var errNoContext = errors.New("session: the cookie store is used with a context only")

// FindCtx implements scs.CtxStore. An ended cookie is an error and not "not found", so that the page can be told apart from
// one that never signed in.
func (s cookieStore) FindCtx(ctx context.Context, hash string) ([]byte, bool, error) {
	blob, err := s.cookies.FindCookie(ctx, hash)
	if errors.Is(err, ErrNotFound) {
		return nil, false, nil
	}
	return blob, err == nil, err
}

// CommitCtx implements scs.CtxStore.
func (s cookieStore) CommitCtx(ctx context.Context, hash string, blob []byte, expires time.Time) error {
	return s.cookies.CommitCookie(ctx, hash, blob, expires)
}

// DeleteCtx implements scs.CtxStore.
func (s cookieStore) DeleteCtx(ctx context.Context, hash string) error {
	return s.cookies.DeleteCookie(ctx, hash)
}

// Find implements scs.Store; scs prefers FindCtx.
func (cookieStore) Find(string) ([]byte, bool, error) { return nil, false, errNoContext }

// Commit implements scs.Store; scs prefers CommitCtx.
func (cookieStore) Commit(string, []byte, time.Time) error { return errNoContext }

// Delete implements scs.Store; scs prefers DeleteCtx.
func (cookieStore) Delete(string) error { return errNoContext }

// blobCodec is scs's codec: a format byte, the deadline and the record's id. Nothing else can be put in a blob.
type blobCodec struct{}

const (
	blobFormat = 1
	blobStart  = 1 + 8
)

// Encode implements scs.Codec.
func (blobCodec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	id, ok := values[recordKey].(string)
	if !ok || id == "" || len(values) != 1 {
		return nil, fmt.Errorf("session: a cookie leads to a record's id and nothing else, not to %d values", len(values))
	}
	blob := append(make([]byte, 0, blobStart+len(id)), blobFormat)
	blob = binary.BigEndian.AppendUint64(blob, uint64(deadline.UnixNano())) //nolint:gosec // G115: the same bits
	return append(blob, id...), nil
}

// Decode implements scs.Codec.
func (blobCodec) Decode(blob []byte) (time.Time, map[string]any, error) {
	if len(blob) <= blobStart || blob[0] != blobFormat {
		return time.Time{}, nil, fmt.Errorf("session: not a cookie's blob that this program knows: %w", ErrAltered)
	}
	deadline := int64(binary.BigEndian.Uint64(blob[1:blobStart])) //nolint:gosec // G115: the same bits
	return time.Unix(0, deadline).UTC(), map[string]any{recordKey: string(blob[blobStart:])}, nil
}
