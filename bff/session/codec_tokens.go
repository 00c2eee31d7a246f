package session

import "math"

// added reads what format 2 has more than format 1.
func (r *reader) added(record *Record) {
	r.texts(&record.ProofKey)
	signIns := r.uvarint()
	if signIns == 0 || signIns > math.MaxInt32 {
		r.err = errFormat
		return
	}
	record.SignIns = int(signIns - 1)
	var room keyRoom
	for _, key := range sortedKeys(room[:0], record.Tokens) {
		token := record.Tokens[key]
		r.times(&token.Issued)
		record.Tokens[key] = token
	}
}

func (r *reader) tokens() map[string]Token {
	length, ok := r.length()
	if !ok {
		return nil
	}
	tokens := make(map[string]Token, min(length, 16))
	for range length {
		var key string
		var token Token
		r.texts(&key, &token.AccessToken, &token.Type)
		token.Scopes = r.list()
		r.times(&token.Expires)
		tokens[key] = token
		if r.err != nil {
			return nil
		}
	}
	return tokens
}
