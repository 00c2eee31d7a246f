package session

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisArgs are a packed record as scripts take it.
func redisArgs(packed row) []any {
	return []any{
		packed.id, strconv.FormatInt(packed.version, 10), redisHash(packed.user), redisHash(packed.sid),
		redisDigits(packed.lastSeen), redisDigits(packed.idle), redisDigits(packed.absolute), packed.sealed,
	}
}

func redisRows(answers []any) ([]row, error) {
	rows := make([]row, 0, len(answers))
	for _, answer := range answers {
		fields, ok := answer.([]any)
		if !ok {
			return nil, errRedisAnswer
		}
		stored, err := redisRow(fields)
		if err != nil {
			return nil, err
		}
		rows = append(rows, stored)
	}
	return rows, nil
}

// redisRow reads id, v, u, d, l, i, a and x. What is no row was altered by somebody.
func redisRow(fields []any) (row, error) {
	var text [8]string
	for i := range text {
		var ok bool
		if len(fields) != len(text) {
			return row{}, errRedisAnswer
		}
		if text[i], ok = fields[i].(string); !ok {
			return row{}, fmt.Errorf("a record without all its fields: %w", ErrAltered)
		}
	}
	version, errVersion := strconv.ParseInt(text[1], 10, 64)
	stored := row{id: text[0], version: version, sealed: []byte(text[7])}
	errs := []error{errVersion, redisUnhash(&stored.user, text[2]), redisUnhash(&stored.sid, text[3])}
	for i, t := range []*time.Time{&stored.lastSeen, &stored.idle, &stored.absolute} {
		var err error
		*t, err = redisInstant(text[4+i])
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return row{}, fmt.Errorf("a record's fields: %w: %w", ErrAltered, err)
	}
	return stored, nil
}

// redisDigits writes a time so that texts compare as times do. The zero time, and what is before 1970, comes first.
func redisDigits(t time.Time) string { return fmt.Sprintf("%019d", max(0, nanos(t))) }

func redisInstant(value any) (time.Time, error) {
	text, ok := value.(string)
	if !ok {
		return time.Time{}, errRedisAnswer
	}
	parsed, err := strconv.ParseInt(text, 10, 64)
	return instant(parsed), err
}

// redisHash is a lookup key as part of a name, and "" for none.
func redisHash(key [sha256.Size]byte) string {
	if key == [sha256.Size]byte{} {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(key[:])
}

func redisUnhash(key *[sha256.Size]byte, text string) error {
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	if len(decoded) != 0 && len(decoded) != len(key) {
		return errors.New("a lookup key of another length")
	}
	copy(key[:], decoded)
	return nil
}

// lives is how long a key lives whose end is at end.
func (s *Redis) lives(end time.Time) time.Duration {
	return max(time.Millisecond, end.Sub(s.now())+redisLag)
}

// Count implements [Store].
func (s *Redis) Count(ctx context.Context) (int, error) {
	live, err := s.client.ZCount(ctx, redisPrefix+"n", "("+strconv.FormatInt(s.now().UnixMilli(), 10), "+inf").Result()
	return int(live), err
}

// FindCookie implements [Cookies].
func (s *Redis) FindCookie(ctx context.Context, hash string) ([]byte, error) {
	sealed, err := s.client.Get(ctx, redisPrefix+"c:"+hash).Bytes()
	switch {
	case errors.Is(err, redis.Nil):
		return nil, ErrNotFound
	case err != nil:
		return nil, err
	case len(sealed) == 0:
		return nil, ErrEnded
	}
	return s.sealer.Open(purposeCookie, sealed, []byte(hash))
}

// CommitCookie implements [Cookies].
func (s *Redis) CommitCookie(ctx context.Context, hash string, blob []byte, expires time.Time) error {
	sealed, err := s.sealer.Seal(purposeCookie, blob, []byte(hash))
	if err != nil {
		return err
	}
	_, err = s.run(ctx, s.scripts.commitCookie, []string{redisPrefix + "c:" + hash}, sealed, s.lives(expires).Milliseconds())
	if err != nil {
		return fmt.Errorf("commit a cookie: %w", err)
	}
	return nil
}

// DeleteCookie implements [Cookies].
func (s *Redis) DeleteCookie(ctx context.Context, hash string) error {
	err := s.client.SetArgs(ctx, redisPrefix+"c:"+hash, "", redis.SetArgs{Mode: "XX", KeepTTL: true}).Err()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return err
}

// Lease implements [Leases].
func (s *Redis) Lease(ctx context.Context, id string, ttl time.Duration) (Lease, error) {
	lease := newLease(id)
	taken, err := s.setNew(ctx, "l:"+id, lease.Holder, ttl)
	if err == nil && !taken {
		err = ErrLeased
	}
	if err != nil {
		return Lease{}, err
	}
	return lease, nil
}

// Renew implements [Leases].
func (s *Redis) Renew(ctx context.Context, lease Lease, ttl time.Duration) error {
	_, err := s.run(ctx, s.scripts.renew, []string{redisPrefix + "l:" + lease.ID}, lease.Holder, ttl.Milliseconds())
	if errors.Is(err, ErrNotFound) {
		return ErrLeaseLost
	}
	return err
}

// Release implements [Leases].
func (s *Redis) Release(ctx context.Context, lease Lease) error {
	_, err := s.run(ctx, s.scripts.release, []string{redisPrefix + "l:" + lease.ID}, lease.Holder)
	return err
}

// setNew keeps a value for ttl and reports whether there was none.
func (s *Redis) setNew(ctx context.Context, name, value string, ttl time.Duration) (bool, error) {
	err := s.client.SetArgs(ctx, redisPrefix+name, value, redis.SetArgs{Mode: "NX", TTL: ttl}).Err()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return err == nil, err
}
