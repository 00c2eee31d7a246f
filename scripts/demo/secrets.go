package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// secrets are made at the first start and kept in files that only their owner reads. They are in no configuration, no log
// and not in the repository.
var secrets = []string{
	"client.secret", // the BFF's, towards the authorization server
	"bff.key",       // seals the BFF's sessions
	"authserver.key",
}

// makeSecrets makes those that do not exist yet in folder: 32 random bytes each, as base64.
func makeSecrets(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for _, name := range secrets {
		path := filepath.Join(folder, name)
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		secret := make([]byte, 32)
		_, _ = rand.Read(secret) // never fails (crypto/rand)
		_, err = file.WriteString(base64.StdEncoding.EncodeToString(secret) + "\n")
		if err := errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	return nil
}
