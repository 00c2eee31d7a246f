package oauth

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// What can be wrong with a URL of the configuration.
var (
	ErrURLSyntax   = errors.New("is not an absolute URL with a host")
	ErrURLFragment = errors.New("has a fragment")
	ErrURLUser     = errors.New("has a user name")
	ErrURLInsecure = errors.New("has to be https (http is for loopback hosts only)")
)

// CheckURL says what is wrong with an absolute URL that tokens or codes are sent to or that names an issuer: https, or http
// on a loopback host, and no fragment (RFC 6749 §3.1.2, RFC 9700 §2.6).
func CheckURL(text string) error {
	parsed, err := url.Parse(text)
	switch {
	case err != nil, parsed.Hostname() == "", parsed.Opaque != "", strings.ContainsAny(parsed.Host, ";,*'\""):
		return ErrURLSyntax
	case strings.Contains(text, "#"):
		return ErrURLFragment
	case parsed.User != nil:
		return ErrURLUser
	case parsed.Scheme == "https", parsed.Scheme == "http" && loopback(parsed.Hostname()):
		return nil
	}
	return ErrURLInsecure
}

// loopback reports whether a host never leaves the machine (RFC 6761 §6.3 for localhost).
func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
