package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis is a [Store] for several instances: one Redis, with or without replicas that take over, but not a cluster. Changes are as
// durable as that Redis is configured to be: with appendonly and appendfsync always they are on its disk when a verb returns.
// Nothing is swept, every key expires by itself. An eviction policy can lose sessions but bring none back.
type Redis struct {
	sealer  *Sealer
	now     func() time.Time
	client  *redis.Client
	scripts scripts
}

const (
	redisPrefix = "cloakroom:bff:"
	// redisLag is how much longer than its session's end a key lives: other instances may have activity to tell yet.
	redisLag = sweepDelay
	// touchBatch bounds how long one script keeps Redis from its other clients.
	touchBatch = 500
)

// What scripts answer first.
const (
	redisOK       = "ok"
	redisMissing  = "missing"
	redisEnded    = "ended"
	redisConflict = "conflict"
	redisUsed     = "used"
)

var errRedisAnswer = errors.New("session: an answer of Redis that this program does not know")

// run runs a script and returns what it answers after the first word.
func (s *Redis) run(ctx context.Context, script *redis.Script, keys []string, args ...any) ([]any, error) {
	answer, err := script.Run(ctx, s.client, keys, args...).Slice()
	if err != nil {
		return nil, err
	}
	if len(answer) == 0 {
		return nil, errRedisAnswer
	}
	switch answer[0] {
	case redisOK:
		return answer[1:], nil
	case redisMissing:
		return nil, ErrNotFound
	case redisEnded:
		return nil, ErrEnded
	case redisConflict:
		return nil, ErrConflict
	case redisUsed:
		return nil, ErrUsed
	}
	return nil, errRedisAnswer
}

// onRecords runs a script on records, which all are given the same first.
func (s *Redis) onRecords(ctx context.Context, script *redis.Script, args ...any) ([]any, error) {
	return s.run(ctx, script, nil, slices.Concat([]any{redisPrefix, s.now().UnixMilli(), redisLag.Milliseconds()}, args)...)
}

// Create implements [Store].
func (s *Redis) Create(ctx context.Context, record Record) error {
	record.Version = 1
	packed, err := pack(s.sealer, record)
	if err != nil {
		return err
	}
	_, err = s.onRecords(ctx, s.scripts.create, redisArgs(packed)...)
	return err
}

// Load implements [Store].
func (s *Redis) Load(ctx context.Context, id string) (Record, error) {
	fields, err := s.client.HMGet(ctx, redisPrefix+"r:"+id, "v", "u", "d", "l", "i", "a", "x").Result()
	switch {
	case err != nil:
		return Record{}, err
	case len(fields) != 7:
		return Record{}, errRedisAnswer
	case fields[0] == nil:
		return Record{}, ErrNotFound
	case fields[6] == "":
		return Record{}, ErrEnded
	}
	stored, err := redisRow(append([]any{id}, fields...))
	if err != nil {
		return Record{}, err
	}
	return unpack(s.sealer, stored)
}

// Update implements [Store].
func (s *Redis) Update(ctx context.Context, record Record) (Record, error) {
	expected := record.Version
	record.Version++
	packed, err := pack(s.sealer, record)
	if err != nil {
		return Record{}, err
	}
	moved, err := s.onRecords(ctx, s.scripts.update, append(redisArgs(packed), strconv.FormatInt(expected, 10))...)
	if err != nil {
		return Record{}, err
	}
	if len(moved) != 2 {
		return Record{}, errRedisAnswer
	}
	record.LastSeen, err = redisInstant(moved[0])
	if err != nil {
		return Record{}, err
	}
	record.Idle, err = redisInstant(moved[1])
	return record, err
}

// End implements [Store].
func (s *Redis) End(ctx context.Context, id string) (Record, error) {
	ended, err := s.onRecords(ctx, s.scripts.end, id)
	if err != nil {
		return Record{}, err
	}
	records, err := s.lastOf(ended)
	if err == nil && len(records) != 1 {
		err = errRedisAnswer
	}
	if err != nil {
		return Record{}, err
	}
	return records[0], nil
}

// EndBy implements [Store].
func (s *Redis) EndBy(ctx context.Context, issuer, subject, sid string, once Once) ([]Record, error) {
	match, err := newEndMatch(issuer, subject, sid)
	if err != nil {
		return nil, err
	}
	use, lives, err := s.use(once)
	if err != nil {
		return nil, err
	}
	var index, user, bySID string
	if match.byUser {
		user = redisHash(match.user)
		index = "u:" + user
	}
	if match.bySID {
		bySID = redisHash(match.sid)
		index = "d:" + bySID
	}
	ended, err := s.onRecords(ctx, s.scripts.endBy, index, user, bySID, use, lives)
	if err != nil {
		return nil, err
	}
	return s.lastOf(ended)
}

// lastOf opens what was just ended, newest first.
func (s *Redis) lastOf(ended []any) ([]Record, error) {
	rows, err := redisRows(ended)
	if err != nil {
		return nil, err
	}
	records := make([]Record, 0, len(rows))
	for _, stored := range rows {
		records = append(records, lastOf(s.sealer, stored))
	}
	slices.SortFunc(records, newestFirst)
	return records, nil
}

// Touch implements [Store].
func (s *Redis) Touch(ctx context.Context, seen map[string]Seen) error {
	args := make([]any, 0, 4*min(len(seen), touchBatch))
	flush := func() error {
		if len(args) == 0 {
			return nil
		}
		_, err := s.onRecords(ctx, s.scripts.touch, args...)
		args = args[:0]
		return err
	}
	for id, at := range seen {
		args = append(args, id, redisDigits(at.LastSeen), redisDigits(at.Idle), redisDigits(at.first()))
		if len(args) < 4*touchBatch {
			continue
		}
		if err := flush(); err != nil {
			return err
		}
	}
	return flush()
}

// List implements [Store].
func (s *Redis) List(ctx context.Context, issuer, subject string) ([]Record, error) {
	listed, err := s.onRecords(ctx, s.scripts.list, redisHash(lookupKey(issuer, subject)))
	if err != nil {
		return nil, err
	}
	rows, err := redisRows(listed)
	if err != nil {
		return nil, err
	}
	now := s.now()
	records := make([]Record, 0, len(rows))
	for _, stored := range rows {
		record, err := unpack(s.sealer, stored)
		if err == nil && now.Before(stored.expires()) {
			records = append(records, record)
		}
	}
	slices.SortFunc(records, newestFirst)
	return records, nil
}

// Sweep implements [Store]: Redis forgets by itself.
func (s *Redis) Sweep(context.Context, time.Time, int) (int, error) { return 0, nil }

// Ping implements [Store]. It writes: a replica, and a Redis that is full, cannot do a store's work.
func (s *Redis) Ping(ctx context.Context) error {
	if err := s.client.Set(ctx, redisPrefix+"ping", "", time.Second).Err(); err != nil {
		return fmt.Errorf("write to Redis: %w", err)
	}
	return nil
}

// Close implements [Store].
func (s *Redis) Close() error { return s.client.Close() }
