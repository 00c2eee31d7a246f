package authserver

import (
	"errors"
	"fmt"
	"strings"

	"cloakroom/authserver/client"
	"cloakroom/authserver/keys"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/ui/brand"
	"cloakroom/authserver/workspace"
)

// readLogo reads a workspace's logo, which is no secret and a file all the same.
func readLogo(ws *workspace.Workspace, read func(path string) ([]byte, error)) error {
	if ws.Brand.LogoFile == "" {
		return nil
	}
	logo, err := read(ws.Brand.LogoFile)
	if err != nil {
		return err
	}
	if _, err := brand.LogoType(logo); err != nil {
		return fmt.Errorf("%s %w", ws.Brand.LogoFile, err)
	}
	ws.Brand.Logo = logo
	return nil
}

// ReadSecrets reads the files that the configuration names for its secrets, and the logos; read is os.ReadFile, or what resolves relative
// paths first. This package opens no file itself. The error joins every problem: a file that cannot be read, a secret that is
// too short, and a secret that is nowhere.
func (c *Config) ReadSecrets(read func(path string) ([]byte, error)) error {
	var problems []error
	into := func(place, path string, set func(oauth.Secret) error) {
		if path == "" {
			return
		}
		text, err := read(path)
		if err == nil {
			err = set(oauth.Secret(strings.TrimRight(string(text), "\r\n")))
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", place, err))
		}
	}
	if c.KeyEncryptionKey == "" {
		into("key_encryption_key_file", c.KeyEncryptionKeyFile, func(text oauth.Secret) error {
			c.KeyEncryptionKey = text
			return nil
		})
	}
	for _, path := range c.PreviousKeyEncryptionKeyFiles {
		into("previous_key_encryption_key_files", path, func(text oauth.Secret) error {
			c.PreviousKeyEncryptionKeys = append(c.PreviousKeyEncryptionKeys, text)
			return nil
		})
	}
	into("mutual_tls: client_ca_file", c.MutualTLS.ClientCAFile, func(text oauth.Secret) error {
		c.MutualTLS.clientCA = []byte(text.Reveal())
		return nil
	})
	into("outbound: ca_file", c.Outbound.CAFile, func(text oauth.Secret) error {
		c.Outbound.ca = []byte(text.Reveal())
		return nil
	})
	c.readSourceSecrets(into)
	c.Admin.readSecrets(into)
	c.workspaces(func(ws *workspace.Workspace) {
		if err := readLogo(ws, read); err != nil {
			problems = append(problems, fmt.Errorf("workspace %s: brand: logo_file: %w", ws.Key(), err))
		}
		for position := range ws.Clients {
			registered := &ws.Clients[position]
			into(place(ws, "client", registered.ID, "secret_file"), registered.SecretFile, func(text oauth.Secret) error {
				return setSecret(registered, text)
			})
		}
		for position := range ws.Users {
			user := &ws.Users[position]
			into(place(ws, "user", user.Username, "password_file"), user.PasswordFile, func(text oauth.Secret) error {
				user.PasswordRead = text
				return nil
			})
		}
	})
	if len(problems) > 0 { // what follows from them is not a problem more
		return errors.Join(problems...)
	}
	return c.checkSecrets()
}

func place(ws *workspace.Workspace, kind, name, key string) string {
	return fmt.Sprintf("workspace %s: %s %q: %s", ws.Key(), kind, name, key)
}

func setSecret(registered *client.Client, text oauth.Secret) error {
	if len(text) < client.MinSecretLength {
		return fmt.Errorf("the secret is shorter than %d bytes", client.MinSecretLength)
	}
	registered.Secret = client.DigestOf(text)
	return nil
}

// secretsFromEnvironment takes the secrets for which the configuration names a variable.
func (c *Config) secretsFromEnvironment(getenv func(string) string) error {
	problems := c.Admin.secretsFromEnvironment(getenv)
	c.workspaces(func(ws *workspace.Workspace) {
		for position := range ws.Clients {
			registered := &ws.Clients[position]
			if registered.SecretEnv == "" {
				continue
			}
			if err := setSecret(registered, oauth.Secret(getenv(registered.SecretEnv))); err != nil {
				problems = append(problems, fmt.Errorf("%s: %s: %w", place(ws, "client", registered.ID, "secret_env"), registered.SecretEnv, err))
			}
		}
		for position := range ws.Users {
			user := &ws.Users[position]
			if user.PasswordEnv == "" {
				continue
			}
			if user.PasswordRead = oauth.Secret(getenv(user.PasswordEnv)); user.PasswordRead == "" {
				problems = append(problems, fmt.Errorf("%s: %s is not set", place(ws, "user", user.Username, "password_env"), user.PasswordEnv))
			}
		}
	})
	return errors.Join(errors.Join(problems...), c.sourceSecretsFromEnvironment(getenv))
}

// Sealer seals signing keys under the key-encryption key, and opens what an earlier one sealed.
func (c *Config) Sealer() (*keys.Sealer, error) {
	return keys.NewSealer(c.KeyEncryptionKey, c.PreviousKeyEncryptionKeys...)
}

// checkSecrets reports the secrets that nothing has filled in: after it, none is silently empty.
func (c *Config) checkSecrets() error {
	var problems []error
	if _, err := c.Sealer(); err != nil {
		problems = append(problems, fmt.Errorf("key_encryption_key_file or %s: %w", EnvKeyEncryptionKey, err))
	}
	problems = append(problems, c.Admin.unread()...)
	c.workspaces(func(ws *workspace.Workspace) {
		for _, registered := range ws.Clients {
			if registered.HasSecret() && registered.Secret.IsZero() {
				problems = append(problems, fmt.Errorf("%s: the client has no secret", place(ws, "client", registered.ID, "secret")))
			}
		}
		for _, user := range ws.Users {
			if user.Password == "" && user.PasswordHash == "" && user.PasswordRead == "" {
				problems = append(problems, fmt.Errorf("%s: the user has no password", place(ws, "user", user.Username, "password")))
			}
		}
	})
	return errors.Join(errors.Join(problems...), c.checkSourceSecrets())
}
