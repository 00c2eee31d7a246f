package bff

import "strings"

// parseChallenges reads the parameters of each challenge of a WWW-Authenticate header. A line may hold several, separated by the
// same comma as their parameters (RFC 9110 §11.6.1): an API that takes bearer and bound tokens answers
// Bearer, DPoP error="use_dpop_nonce" (RFC 9449 §7.2). What a line says after something unreadable is not taken for anything.
func parseChallenges(lines []string) []map[string]string {
	var found []map[string]string
	for _, line := range lines {
		found = append(found, parseChallengeLine(line)...)
	}
	return found
}

func parseChallengeLine(rest string) []map[string]string {
	var found []map[string]string
	for {
		rest = strings.TrimLeft(rest, " \t,")
		name, after := cutToken(rest)
		if name == "" {
			return found
		}
		value, isParameter := strings.CutPrefix(strings.TrimLeft(after, " \t"), "=")
		if !isParameter {
			found = append(found, map[string]string{})
			rest = skipToken68(after)
			continue
		}
		text, left, ok := cutValue(strings.TrimLeft(value, " \t"))
		if !ok || len(found) == 0 {
			return found
		}
		parameters := found[len(found)-1]
		if name = strings.ToLower(name); parameters[name] == "" {
			parameters[name] = text
		}
		if rest = left; rest != "" && strings.IndexByte(" \t,", rest[0]) < 0 {
			return found
		}
	}
}

// skipToken68 leaves out what some schemes have in place of parameters (RFC 9110 §11.2): one word that a comma or the end follows.
func skipToken68(rest string) string {
	word, after, _ := strings.Cut(strings.TrimLeft(rest, " \t"), ",")
	word = strings.TrimRight(word, " \t")
	if strings.HasPrefix(rest, " ") && word != "" && !strings.ContainsAny(strings.TrimRight(word, "="), "= \t\"") {
		return after
	}
	return rest
}

// cutToken cuts a token off the beginning (RFC 9110 §5.6.2).
func cutToken(text string) (token, rest string) {
	end := 0
	for end < len(text) && isTokenByte(text[end]) {
		end++
	}
	return text[:end], text[end:]
}

func isTokenByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// cutValue cuts a token or a quoted string off (RFC 9110 §5.6.4).
func cutValue(text string) (value, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		value, rest = cutToken(text)
		return value, rest, value != ""
	}
	var quoted strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return quoted.String(), text[i+1:], true
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		quoted.WriteByte(text[i])
	}
	return "", "", false // the quote was never closed
}
