package authserver

import (
	"errors"
	"fmt"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/upstream"
	"cloakroom/authserver/workspace"
)

// providers calls each with every upstream provider of every workspace.
func (c *Config) providers(each func(ws *workspace.Workspace, source *workspace.Source)) {
	c.workspaces(func(ws *workspace.Workspace) {
		for position := range ws.Sources {
			if source := &ws.Sources[position]; source.Type == workspace.SourceOIDC {
				each(ws, source)
			}
		}
	})
}

// readSourceSecrets reads the files that upstream providers' secrets and keys are in.
func (c *Config) readSourceSecrets(into func(place, path string, set func(oauth.Secret) error)) {
	c.providers(func(ws *workspace.Workspace, source *workspace.Source) {
		into(place(ws, "identity source", source.ID, "client_secret_file"), source.ClientSecretFile, func(text oauth.Secret) error {
			source.ClientSecret = text
			return nil
		})
		into(place(ws, "identity source", source.ID, "client_key_file"), source.ClientKeyFile, func(text oauth.Secret) (err error) {
			source.ClientKey, err = upstream.ParseKey([]byte(text.Reveal()))
			return err
		})
	})
}

// sourceSecretsFromEnvironment takes the secrets for which the configuration names a variable.
func (c *Config) sourceSecretsFromEnvironment(getenv func(string) string) error {
	var problems []error
	c.providers(func(ws *workspace.Workspace, source *workspace.Source) {
		if source.ClientSecretEnv == "" {
			return
		}
		if source.ClientSecret = oauth.Secret(getenv(source.ClientSecretEnv)); source.ClientSecret == "" {
			problems = append(problems, fmt.Errorf("%s: %s is not set", place(ws, "identity source", source.ID, "client_secret_env"), source.ClientSecretEnv))
		}
	})
	return errors.Join(problems...)
}

// checkSourceSecrets reports the providers that nothing has given a secret or a key for.
func (c *Config) checkSourceSecrets() error {
	var problems []error
	c.providers(func(ws *workspace.Workspace, source *workspace.Source) {
		if source.ClientSecret == "" && source.ClientKey == nil {
			problems = append(problems, fmt.Errorf("%s: there is none", place(ws, "identity source", source.ID, "client_secret")))
		}
	})
	return errors.Join(problems...)
}

// sourceAddressProblems reports the issuers that the outbound guard would refuse whatever their names come to.
func sourceAddressProblems(guard guard, ws *workspace.Workspace) []error {
	var problems []error
	for position := range ws.Sources {
		source := &ws.Sources[position]
		if err := guard.checkHost(source.Issuer); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", place(ws, "identity source", source.ID, "issuer"), err))
		}
	}
	return problems
}
