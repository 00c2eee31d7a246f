package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/andybalholm/brotli"

	"cloakroom/app/shell"
)

// packer writes the files of a bundle. What the previous bundle has already, at least as small, is kept.
type packer struct {
	built    string // the folder
	quality  int    // of brotli
	plain    bool   // compress nothing
	previous shell.Manifest
}

// pack writes a file and its compressed forms, and says whether it had to. A compressed form that is not smaller is left
// out of the manifest.
func (p packer) pack(name string, content []byte) (file shell.File, fresh bool, err error) {
	hashed, hash := shell.HashedPath(name, content)
	if kept, ok := p.kept(name, hash); ok {
		return kept, false, nil
	}
	file = shell.File{
		Path: hashed, Type: types[filepath.Ext(name)], Hash: hash, Size: len(content), BrotliQuality: p.quality,
	}
	target := filepath.Join(p.built, hashed)
	if p.plain {
		file.BrotliQuality = 0
		return file, true, replace(target, content)
	}

	var group sync.WaitGroup
	var brotliErr, gzipErr error
	group.Go(func() {
		file.Brotli, brotliErr = compress(target+shell.Suffix["br"], content, func(w io.Writer) io.WriteCloser {
			// A window of 2^24 bytes spans the whole program.
			return brotli.NewWriterOptions(w, brotli.WriterOptions{Quality: p.quality, LGWin: 24})
		})
	})
	group.Go(func() { file.Gzip, gzipErr = compress(target+shell.Suffix["gzip"], content, gzipWriter) })
	group.Wait()
	for _, err := range []error{brotliErr, gzipErr, replace(target, content)} {
		if err != nil {
			return file, true, err
		}
	}
	return file, true, nil
}

// kept finds a file in the previous bundle. The manifest is written last, so what it names was written completely.
func (p packer) kept(name, hash string) (shell.File, bool) {
	file, ok := p.previous.Files[name]
	if !ok || file.Hash != hash || file.BrotliQuality < p.quality {
		return file, false
	}
	sizes := map[string]int{"": file.Size, shell.Suffix["br"]: file.Brotli, shell.Suffix["gzip"]: file.Gzip}
	for suffix, size := range sizes {
		info, err := os.Stat(filepath.Join(p.built, file.Path+suffix))
		if size > 0 && (err != nil || info.Size() != int64(size)) {
			return file, false
		}
	}
	return file, true
}

// compress writes a compressed form and returns its size, or 0 and no file when it is not smaller.
func compress(target string, content []byte, encoder func(io.Writer) io.WriteCloser) (size int, err error) {
	var packed bytes.Buffer
	writer := encoder(&packed)
	if _, err := writer.Write(content); err != nil {
		return 0, err
	}
	if err := writer.Close(); err != nil {
		return 0, err
	}
	if packed.Len() >= len(content) {
		return 0, nil
	}
	return packed.Len(), replace(target, packed.Bytes())
}

func gzipWriter(w io.Writer) io.WriteCloser {
	writer, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a constant that gzip knows
	}
	return writer
}

// replace writes a file as a whole: whoever reads it meanwhile sees the old one or the new one.
func replace(target string, content []byte) error {
	temporary := target + ".new"
	if err := os.WriteFile(temporary, content, 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, target)
}
