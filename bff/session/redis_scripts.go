package session

import "github.com/redis/go-redis/v9"

// scripts change a record, its tombstone and the indexes that lead to it in one atomic step.
//
// A record is the hash r:ID with the fields v (version), u and d (user and sid, for the indexes), l, i and a (last seen, idle end,
// absolute end: nanoseconds since 1970 as nineteen digits, which Lua compares as text because its numbers are too short) and x
// (sealed). A tombstone has an empty x. The indexes u:USER and d:SID are sorted sets of ids by absolute end; n is one of all live ids
// by idle end, to be counted. Every key expires by itself, at its end and redisLag later.
//
// KEYS is unused, because the indexes' names are in the record: the store is for one Redis (with replicas or not), not for a cluster.
type scripts struct {
	create, update, end, endBy, list, touch, commitCookie, renew, release *redis.Script
}

func newScripts() scripts {
	return scripts{
		create: redis.NewScript(luaCommon + luaCreate),
		update: redis.NewScript(luaCommon + luaUpdate),
		end:    redis.NewScript(luaCommon + luaFinish + luaEnd),
		endBy:  redis.NewScript(luaCommon + luaFinish + luaEndBy),
		list:   redis.NewScript(luaCommon + luaList),
		touch:  redis.NewScript(luaCommon + luaTouch),

		commitCookie: redis.NewScript(luaCommitCookie),
		renew:        redis.NewScript(luaRenew),
		release:      redis.NewScript(luaRelease),
	}
}

// luaCommon reads what every script on records is given first: the names' prefix, and now and the lag in milliseconds.
const luaCommon = `
local prefix, now, lag = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local function milliseconds(nanoseconds) return tonumber(string.sub(nanoseconds, 1, 13)) end

local function remaining(till) return string.format('%d', math.max(1, milliseconds(till) - now + lag)) end

local function keep(key, till) redis.call('PEXPIRE', key, remaining(till)) end

local function earlier(a, b) if b < a then return b end return a end

local function later(a, b) if b > a then return b end return a end

local function index(key, id, till)
	redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%d', now - lag))
	redis.call('ZADD', key, string.format('%d', milliseconds(till)), id)
	if redis.call('PTTL', key) < tonumber(remaining(till)) then keep(key, till) end
end

local function count(id, idle) index(prefix .. 'n', id, idle) end

local function indexes(id, user, sid, till)
	index(prefix .. 'u:' .. user, id, till)
	if sid ~= '' then index(prefix .. 'd:' .. sid, id, till) end
end

-- state is nil for a live record, else why it cannot be changed.
local function state(key)
	local version = redis.call('HGET', key, 'v')
	if not version then return 'missing' end
	if redis.call('HSTRLEN', key, 'x') == 0 then return 'ended' end
	return nil, version
end
`

const luaCreate = `
local id, version, user, sid, seen, idle, absolute, sealed = unpack(ARGV, 4)
local key = prefix .. 'r:' .. id
local why = state(key)
if why == 'ended' then return {why} end
if not why then return {'conflict'} end
redis.call('HSET', key, 'v', version, 'u', user, 'd', sid, 'l', seen, 'i', idle, 'a', absolute, 'x', sealed)
keep(key, idle)
count(id, idle)
indexes(id, user, sid, absolute)
return {'ok'}
`

// luaUpdate leaves what an index says of a user or sid that the record no longer has: who reads the index sees that.
const luaUpdate = `
local id, version, user, sid, seen, idle, absolute, sealed, expected = unpack(ARGV, 4)
local key = prefix .. 'r:' .. id
local why, stored = state(key)
if why then return {why} end
if stored ~= expected then return {'conflict'} end
local old = redis.call('HMGET', key, 'l', 'i', 'u', 'd', 'a')
seen, idle = later(seen, old[1]), earlier(later(idle, old[2]), absolute)
redis.call('HSET', key, 'v', version, 'u', user, 'd', sid, 'l', seen, 'i', idle, 'a', absolute, 'x', sealed)
keep(key, idle)
count(id, idle)
if user ~= old[3] or sid ~= old[4] or absolute ~= old[5] then indexes(id, user, sid, absolute) end
return {'ok', seen, idle}
`

// luaFinish turns a live record into its tombstone and returns it as it was.
const luaFinish = `
local function finish(id)
	local key = prefix .. 'r:' .. id
	local old = redis.call('HMGET', key, 'v', 'u', 'd', 'l', 'i', 'a', 'x')
	redis.call('DEL', key)
	redis.call('HSET', key, 'v', old[1], 'a', old[6], 'x', '')
	keep(key, old[6])
	redis.call('ZREM', prefix .. 'n', id)
	redis.call('ZREM', prefix .. 'u:' .. old[2], id)
	if old[3] ~= '' then redis.call('ZREM', prefix .. 'd:' .. old[3], id) end
	table.insert(old, 1, id)
	return old
end
`

const luaEnd = `
local why = state(prefix .. 'r:' .. ARGV[4])
if why then return {why} end
return {'ok', finish(ARGV[4])}
`

// luaEndBy looks in the index ARGV[4] and ends what has the user ARGV[5] and the sid ARGV[6], where they are not empty; if the
// key ARGV[7] is not empty, once for as long as ARGV[8].
const luaEndBy = `
local index, user, sid, use = prefix .. ARGV[4], ARGV[5], ARGV[6], ARGV[7]
if use ~= '' and not redis.call('SET', use, '', 'NX', 'PX', ARGV[8]) then return {'used'} end
local ended = {'ok'}
for _, id in ipairs(redis.call('ZRANGE', index, 0, -1)) do
	local key = prefix .. 'r:' .. id
	if state(key) then
		redis.call('ZREM', index, id)
	else
		local has = redis.call('HMGET', key, 'u', 'd')
		if (user == '' or has[1] == user) and (sid == '' or has[2] == sid) then ended[#ended + 1] = finish(id) end
	end
end
return ended
`

const luaList = `
local user = ARGV[4]
local index = prefix .. 'u:' .. user
local found = {'ok'}
for _, id in ipairs(redis.call('ZRANGE', index, 0, -1)) do
	local key = prefix .. 'r:' .. id
	if state(key) then
		redis.call('ZREM', index, id)
	else
		local has = redis.call('HMGET', key, 'v', 'u', 'd', 'l', 'i', 'a', 'x')
		table.insert(has, 1, id)
		if has[3] == user then found[#found + 1] = has end
	end
end
return found
`

// luaTouch takes any number of: id, last seen, idle end, first use.
const luaTouch = `
for n = 4, #ARGV, 4 do
	local key, seen, idle, first = prefix .. 'r:' .. ARGV[n], ARGV[n + 1], ARGV[n + 2], ARGV[n + 3]
	if not state(key) then
		local old = redis.call('HMGET', key, 'l', 'i', 'a')
		if first < old[2] and seen > old[1] then
			idle = later(old[2], earlier(idle, old[3]))
			redis.call('HSET', key, 'l', seen, 'i', idle)
			keep(key, idle)
			count(ARGV[n], idle)
		end
	end
end
return {'ok'}
`

const luaCommitCookie = `
if redis.call('GET', KEYS[1]) == '' then return {'ended'} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {'ok'}
`

const luaRenew = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'missing'} end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {'ok'}
`

const luaRelease = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return {'ok'}
`
