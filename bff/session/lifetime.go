package session

import "time"

// IdleEnd is the instant at which a session that was last seen at seen becomes idle. The absolute end wins: activity never
// carries a session past it.
func IdleEnd(seen time.Time, idle time.Duration, absolute time.Time) time.Time {
	return earlier(seen.Add(idle), absolute)
}

// AbsoluteEnd is the instant that ends a session created at created, whatever happens in it. A wish for an earlier end
// (a refresh token's, or that of the session it continues) is kept, one for a later end is not.
func AbsoluteEnd(created time.Time, absolute time.Duration, wish time.Time) time.Time {
	end := created.Add(absolute)
	if wish.IsZero() {
		return end
	}
	return earlier(end, wish)
}

// Expired reports whether the session has come to one of its ends. At the very instant of an end it is over.
func (r Record) Expired(now time.Time) bool { return !now.Before(r.Idle) || !now.Before(r.Absolute) }

// End is the instant at which the session ends if nothing more happens.
func (r Record) End() time.Time { return earlier(r.Idle, r.Absolute) }

// seenAt returns the record as it is after a use at at, which no earlier knowledge undoes.
func (r Record) seenAt(at time.Time, idle time.Duration) Record {
	if at.After(r.LastSeen) {
		r.LastSeen = at
		r.Idle = later(r.Idle, IdleEnd(at, idle, r.Absolute))
	}
	return r
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
