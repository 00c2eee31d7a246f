package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// settings are what the servers' configurations are filled in with.
type settings struct {
	App                 string // origins
	AuthorizationServer string
	API                 string
	AuthServerAdmin     string // where the authorization server and the API tell the inspector their side
	APIAdmin            string
	Data                string // the folder of everything that is kept; environment: DATA
	TLS                 bool   // everything that browsers see is https; environment: TLS=1
	DocsSecretHash      string
}

func newSettings(d *doors, getenv func(string) string) settings {
	data := getenv("DATA")
	if data == "" {
		data = ".data"
	}
	return settings{
		App:                 d.origin("PORT"),
		AuthorizationServer: d.origin("AS_PORT"),
		API:                 d.origin("API_PORT"),
		AuthServerAdmin:     d.admin("AS_ADMIN_PORT"),
		APIAdmin:            d.admin("API_ADMIN_PORT"),
		Data:                filepath.ToSlash(data),
		TLS:                 d.secure,
		DocsSecretHash:      fmt.Sprintf("%x", sha256.Sum256([]byte("docs-secret"))),
	}
}

//go:embed *.yaml *.svg
var templates embed.FS

// readFile reads what a configuration names: a file, or one that is in the program.
func readFile(path string) ([]byte, error) {
	if name, within := strings.CutPrefix(path, "demo:"); within {
		return templates.ReadFile(name)
	}
	return os.ReadFile(path)
}

// fill returns a configuration, filled in.
func (s settings) fill(name string) ([]byte, error) {
	parsed, err := template.New(name).Option("missingkey=error").ParseFS(templates, name)
	if err != nil {
		return nil, err
	}
	var filled bytes.Buffer
	err = parsed.Execute(&filled, s)
	return filled.Bytes(), err
}

// noEnvironment keeps the variables of the servers' own programs out of the demo.
func noEnvironment(string) string { return "" }
