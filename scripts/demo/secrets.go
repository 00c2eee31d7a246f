package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// secrets are made at the first start and kept in files that only their owner reads. They are in no configuration, no log
// and not in the repository.
var secrets = []struct {
	name string
	make func() ([]byte, error)
}{
	{"client.secret", randomKey}, // the BFF's, towards the workspace baseline
	{"client.pem", signingKey},   // the BFF's, towards the workspace fapi2
	{"bff.key", randomKey},       // seals the BFF's sessions
	{"authserver.key", randomKey},
	{"admin.token", randomKey}, // of the authorization server's admin API
}

// makeSecrets makes those that do not exist yet in folder.
func makeSecrets(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for _, secret := range secrets {
		path := filepath.Join(folder, secret.name)
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		text, err := secret.make()
		if err == nil {
			_, err = file.Write(text)
		}
		if err := errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	return nil
}

// randomKey is 32 random bytes as base64.
func randomKey() ([]byte, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return append([]byte(base64.StdEncoding.EncodeToString(key)), '\n'), nil
}

// signingKey is a P-256 private key as PKCS #8 in PEM.
func signingKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), nil
}
