package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// account is who runs the server when root asks for it: Debian's package makes it.
const account = "postgres"

// ErrMissing means that a program is not there.
var ErrMissing = errors.New("install the package postgresql (apt-get install postgresql)")

func findPrograms() (programs, error) {
	initdb, err := find("initdb")
	if err != nil {
		return programs{}, err
	}
	pgctl, err := find("pg_ctl")
	if err != nil {
		return programs{}, err
	}
	found := programs{initdb: initdb, pgctl: pgctl}
	if os.Geteuid() != 0 {
		return found, nil
	}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		return programs{}, fmt.Errorf("postgres: setpriv is missing, and PostgreSQL refuses to run as root: install the package util-linux: %w", err)
	}
	found.as = []string{setpriv, "--reuid=" + account, "--regid=" + account, "--init-groups"}
	return found, nil
}

// find looks on the PATH and where Debian puts a version of its own, the newest first.
func find(program string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	versions, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
	slices.Sort(versions)
	if len(versions) == 0 {
		return "", fmt.Errorf("postgres: %s is missing: %w", program, ErrMissing)
	}
	return versions[len(versions)-1], nil
}
