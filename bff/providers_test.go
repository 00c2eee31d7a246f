package bff

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The documented configurations are configurations.
func TestDocumentedProvidersAreAccepted(t *testing.T) {
	files, err := filepath.Glob("cmd/bff/providers/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	secrets := map[string]string{"bff.key": strings.Repeat("ab", 32), "client_secret": "secret", "client.pem": string(newPEM(t))}
	read := func(name string) ([]byte, error) {
		if text, ok := secrets[name]; ok {
			return []byte(text), nil
		}
		return nil, os.ErrNotExist
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := ParseConfig(file, text, func(string) string { return "" }, read)
		if err != nil {
			t.Error(err)
			continue
		}
		// What the comment says to register is what the BFF sends.
		p := cfg.Providers[0]
		if !p.FAPI2 && !strings.Contains(string(text), cfg.Origin+"/bff/callback/"+p.ID) {
			t.Errorf("%s does not say which redirect URI to register", file)
		}
		if !strings.HasPrefix(filepath.Base(file), p.ID) {
			t.Errorf("%s is about %s", file, p.ID)
		}
		if _, err := ParseConfig(file, []byte(string(text)+"unknown: 1\n"), func(string) string { return "" }, read); err == nil {
			t.Errorf("control: %s with an unknown key is accepted", file)
		}
	}
}
