package oauth

import (
	"errors"
	"testing"
)

func TestCheckURL(t *testing.T) {
	for text, want := range map[string]error{
		"https://app.example/callback":       nil,
		"https://app.example/callback?a=b":   nil,
		"http://localhost:8080/callback":     nil,
		"http://app.localhost/callback":      nil,
		"http://127.0.0.1:9/callback":        nil,
		"http://[::1]:9/callback":            nil,
		"http://app.example/callback":        ErrURLInsecure,
		"http://localhost.example/callback":  ErrURLInsecure,
		"http://127.0.0.1.example/callback":  ErrURLInsecure,
		"ftp://app.example/":                 ErrURLInsecure,
		"javascript:alert(1)":                ErrURLSyntax,
		"//app.example/callback":             ErrURLInsecure,
		"/callback":                          ErrURLSyntax,
		"https://":                           ErrURLSyntax,
		"https://:443/":                      ErrURLSyntax,
		"":                                   ErrURLSyntax,
		"https://app.example/callback#":      ErrURLFragment,
		"https://app.example/callback#a":     ErrURLFragment,
		"https://user@app.example/callback":  ErrURLUser,
		"http://localhost@app.example/":      ErrURLUser,
		"https://app.example/call back\x00/": ErrURLSyntax,
	} {
		if err := CheckURL(text); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}
