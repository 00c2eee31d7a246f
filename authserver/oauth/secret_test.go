package oauth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	const text = "correct horse"
	secret := Secret(text)
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %#v %s %q %x %X", secret, secret, secret, secret, secret, secret, secret)
	fmt.Fprintf(&out, "%v %+v", struct{ S Secret }{secret}, []Secret{secret})
	slog.New(slog.NewJSONHandler(&out, nil)).Info("message", "secret", secret)
	if err := json.NewEncoder(&out).Encode(map[string]any{"secret": secret}); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{text, fmt.Sprintf("%x", text), fmt.Sprintf("%X", text)} {
		if strings.Contains(out.String(), form) {
			t.Errorf("printed: %s", out.String())
		}
	}
	if secret.Reveal() != text {
		t.Errorf("Reveal() = %q", secret.Reveal())
	}
}

func TestSecretHashEqual(t *testing.T) {
	if !Secret("a").Hash().Equal(Secret("a").Hash()) || Secret("a").Hash().Equal(Secret("b").Hash()) {
		t.Error("hashes compare wrong")
	}
}
