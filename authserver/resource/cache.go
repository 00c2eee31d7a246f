package resource

import (
	"crypto/sha256"
	"sync"
	"time"
)

// digest is how a token is known to the cache: the text itself is never kept.
type digest [sha256.Size]byte

const shards = 16

// cache remembers verified tokens until they expire, or the keys change.
type cache struct {
	shards [shards]shard
	limit  int // of entries in a shard
}

type shard struct {
	mu      sync.RWMutex
	entries map[digest]entry
}

type entry struct {
	token *Token
	keys  *keySet
}

func newCache(size int) *cache {
	created := &cache{limit: (size + shards - 1) / shards}
	for index := range created.shards {
		created.shards[index].entries = map[digest]entry{}
	}
	return created
}

func (c *cache) shard(digest digest) *shard { return &c.shards[digest[0]%shards] }

// find returns a token that was verified with these keys and has not expired at now, to the second and without skew.
func (c *cache) find(digest digest, keys *keySet, now time.Time) *Token {
	shard := c.shard(digest)
	shard.mu.RLock()
	found := shard.entries[digest]
	shard.mu.RUnlock()
	if found.token == nil || found.keys != keys || !now.Before(found.token.Expires) {
		return nil
	}
	return found.token
}

// add remembers a token. A full shard forgets any other: which one does not matter for what is answered.
func (c *cache) add(digest digest, keys *keySet, token *Token) {
	shard := c.shard(digest)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	for other := range shard.entries {
		if len(shard.entries) < c.limit {
			break
		}
		delete(shard.entries, other)
	}
	shard.entries[digest] = entry{token: token, keys: keys}
}
