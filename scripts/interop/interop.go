// Package interop runs someone else's programs against ours: openid-client and oauth4webapi drive the authorization server
// (folder client), and oidc-provider serves the BFF (folder provider). It owns how their packages are installed and how they
// are run; what is tested is in the folders. It needs node and npm and never skips without them.
//
// Start with client/client_test.go. make interop runs all of it.
package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// What has to be installed on the machine.
var (
	ErrNode = errors.New("interop: node is missing or too old: install the package nodejs (20 or later) and run again")
	ErrNPM  = errors.New("interop: npm is missing: install the package npm and run again")
)

// Install installs exactly what the lock file of the folder pins, if that has not been done since the lock file changed. Of
// several processes one installs and the others wait for it. The output of npm goes to out.
func Install(ctx context.Context, folder string, out io.Writer) error {
	if err := checkNode(ctx); err != nil {
		return err
	}
	unlock, err := lock(folder)
	if err != nil {
		return fmt.Errorf("interop: lock %s: %w", folder, err)
	}
	defer unlock()
	if installed(folder) {
		return nil
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return ErrNPM
	}
	command := exec.CommandContext(ctx, npm, "ci", "--no-audit", "--no-fund") //nolint:gosec // found in PATH; the arguments are constants
	command.Dir, command.Stdout, command.Stderr = folder, out, out
	if err := command.Run(); err != nil {
		return fmt.Errorf("interop: npm ci: %w", err)
	}
	// npm leaves its own lock file, which says when it was done.
	now := time.Now()
	return os.Chtimes(witness(folder), now, now)
}

// oldest is the first major version of node that has all that the checks use.
const oldest = 20

// checkNode finds out whether node is there and new enough. It says its version as v20.20.2.
func checkNode(ctx context.Context) error {
	said, err := exec.CommandContext(ctx, "node", "--version").Output()
	if errors.Is(err, exec.ErrNotFound) {
		return ErrNode
	}
	if err != nil {
		return fmt.Errorf("interop: node --version: %w", err)
	}
	version := strings.TrimSpace(string(said))
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if number, err := strconv.Atoi(major); err != nil || number < oldest {
		return fmt.Errorf("%w; this one is %s", ErrNode, version)
	}
	return nil
}

// witness is the file that npm writes last.
func witness(folder string) string {
	return filepath.Join(folder, "node_modules", ".package-lock.json")
}

func installed(folder string) bool {
	done, err := os.Stat(witness(folder))
	if err != nil {
		return false
	}
	asked, err := os.Stat(filepath.Join(folder, "package-lock.json"))
	return err == nil && !asked.ModTime().After(done.ModTime())
}

// lock keeps other processes from installing into the same folder. It is on the manifest, which is always there.
func lock(folder string) (unlock func(), err error) {
	file, err := os.Open(filepath.Join(folder, "package.json"))
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() { _ = file.Close() }, nil
}

// Node makes a command that runs node with the environment added to ours. Cancelling the context ends it.
func Node(ctx context.Context, environment []string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "node", arguments...) //nolint:gosec // the callers are tests; the arguments are theirs
	command.Env = append(os.Environ(), environment...)
	return command
}
