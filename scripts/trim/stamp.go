package trim

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
)

// A copy that is there is used again when its stamp says that this package made it, of the go-app that go.mod and go.sum ask for now,
// and that nothing of it has changed since. To make it takes a tenth of a second, and whoever saves a file waits for that.

// itself is this package.
//
//go:embed *.go
var itself embed.FS

// stampName is the stamp's file, beside the copy.
const stampName = "stamp"

// origin is a hash of all that decides what the copy becomes: the program, and which go-app it begins with. go.sum has the hash of that.
func origin(root string, program fs.FS) (string, error) {
	sum := sha256.New()
	if err := addFiles(sum, program); err != nil {
		return "", err
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return "", err
		}
		addFile(sum, name, content)
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}

// stamped says whether the folder is as it was when it was stamped, and was made of that origin.
func stamped(folder, made string) bool {
	there, err := os.ReadFile(filepath.Join(folder, stampName))
	if err != nil {
		return false
	}
	wanted, err := stampOf(folder, made)
	return err == nil && string(there) == wanted
}

// stamp notes that the folder was made of that origin.
func stamp(folder, made string) error {
	wanted, err := stampOf(folder, made)
	if err != nil {
		return err
	}
	return write(filepath.Join(folder, stampName), []byte(wanted))
}

func stampOf(folder, made string) (string, error) {
	sum := sha256.New()
	err := addFiles(sum, os.DirFS(folder))
	return fmt.Sprintf("%s %x\n", made, sum.Sum(nil)), err
}

// addFiles adds every file of a folder but the stamp.
func addFiles(sum hash.Hash, folder fs.FS) error {
	return fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == stampName {
			return err
		}
		content, err := fs.ReadFile(folder, name)
		addFile(sum, name, content)
		return err
	})
}

// addFile adds a file so that no other name and content give the same.
func addFile(sum hash.Hash, name string, content []byte) {
	fmt.Fprintf(sum, "%q %d\n%s", name, len(content), content)
}
