//go:build !js

package shell

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/andybalholm/brotli"
)

const (
	immutable  = "public, max-age=31536000, immutable"
	revalidate = "no-cache" // may be kept, must be asked about
	neverKept  = "no-store"
)

// resource is one thing that is served, in every encoding that it has.
type resource struct {
	contentType  string
	cacheControl string
	status       int
	variants     map[string]variant // by content coding; "" is the plain one, which is always there
}

type variant struct {
	body []byte
	etag string // RFC 9110 §8.8.3: each encoding is a representation of its own, with its own strong tag
}

// newResource is what is made at start-up, compressed unless the bundle is plain: that is one for work on the page, where the
// best compression would be most of what a developer waits for after the compiler.
func newResource(contentType string, body []byte, status int, plain bool) *resource {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	made := &resource{contentType: contentType, cacheControl: revalidate, status: status}
	if status != http.StatusOK {
		made.cacheControl = neverKept
	}
	made.add("", body, hash)
	if plain {
		return made
	}

	var packed bytes.Buffer
	writer := brotli.NewWriterLevel(&packed, brotli.BestCompression)
	_, _ = writer.Write(body) // a bytes.Buffer never fails
	_ = writer.Close()
	made.add("br", packed.Bytes(), hash)

	packed = bytes.Buffer{}
	zipper, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is valid
	_, _ = zipper.Write(body)
	_ = zipper.Close()
	made.add("gzip", packed.Bytes(), hash)
	return made
}

// add adds an encoding, unless the plain form is as small.
func (r *resource) add(encoding string, body []byte, hash string) {
	if r.variants == nil {
		r.variants = map[string]variant{}
	}
	if encoding != "" && len(body) >= len(r.variants[""].body) {
		return
	}
	r.variants[encoding] = variant{body, `"` + hash[:32] + encoding + `"`}
}

func (r *resource) serve(w http.ResponseWriter, request *http.Request) {
	encoding := r.negotiate(request.Header.Values("Accept-Encoding"))
	chosen := r.variants[encoding]
	header := w.Header()
	header.Set("Content-Type", r.contentType)
	header.Set("Cache-Control", r.cacheControl)
	if len(r.variants) > 1 {
		header.Set("Vary", "Accept-Encoding")
	}
	if encoding != "" {
		header.Set("Content-Encoding", encoding)
	}
	if r.status != http.StatusOK {
		header.Set("Content-Length", strconv.Itoa(len(chosen.body)))
		w.WriteHeader(r.status)
		if request.Method != http.MethodHead {
			_, _ = w.Write(chosen.body) // the client went away: nothing to tell it
		}
		return
	}
	header.Set("ETag", chosen.etag)
	if encoding != "" && request.Header.Get("Range") == "" {
		// ServeContent leaves the length of an encoded body to the transport, which would chunk it.
		header.Set("Content-Length", strconv.Itoa(len(chosen.body)))
	}
	http.ServeContent(w, request, "", time.Time{}, bytes.NewReader(chosen.body))
}
