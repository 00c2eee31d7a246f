package adminapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloakroom/authserver/document"
)

// call is one request to one operation.
type call struct {
	*http.Request
	actor string // who it comes from, for the record
}

// answer is what an operation answers with.
type answer struct {
	body     any
	version  int64  // for the ETag; 0 for none
	location string // of what was created
}

const (
	maxBody      = 256 << 10
	timeout      = 20 * time.Second
	defaultLimit = 50
	maxLimit     = 200
)

// serve authenticates, runs the operation, and writes its answer or problem.
func (a *API) serve(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor, err := a.authenticate(r)
		if err != nil {
			a.writeProblem(w, r, err)
			return
		}
		if !isText(r.URL.Path) {
			a.writeProblem(w, r, errNoResource)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		err = a.Registry.Refresh(ctx) // what was changed at another instance is seen here at once
		var given answer
		if err == nil {
			given, err = route.handle(&call{Request: r, actor: actor})
		}
		if err != nil {
			a.writeProblem(w, r, err)
			return
		}
		if given.version > 0 {
			w.Header().Set("ETag", etag(given.version))
		}
		if given.location != "" {
			w.Header().Set("Location", Prefix+given.location)
		}
		if route.status == http.StatusNoContent {
			w.WriteHeader(route.status)
			return
		}
		writeJSON(w, "application/json", route.status, given.body)
	})
}

// refuse answers a request that no operation is for, after the same authentication: who is not known here learns nothing.
func (a *API) refuse(problem func() error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := a.authenticate(r); err != nil {
			a.writeProblem(w, r, err)
			return
		}
		a.writeProblem(w, r, problem())
	})
}

func writeJSON(w http.ResponseWriter, contentType string, status int, body any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the status is out: a failure can only be that the client went away
}

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// version is the version that the caller has read, from If-Match (RFC 9110 §13.1.1): 0 for *, whichever there is. A change without it
// could undo somebody else's: 428 (RFC 6585 §3).
func (c *call) version() (int64, error) {
	given := c.Header.Values("If-Match")
	switch {
	case len(given) == 0:
		return 0, errNoPrecondition
	case len(given) == 1 && given[0] == "*":
		return 0, nil
	}
	text, quoted := strings.CutPrefix(given[0], `"`)
	text, closed := strings.CutSuffix(text, `"`)
	version, err := strconv.ParseInt(text, 10, 64)
	if len(given) > 1 || !quoted || !closed || err != nil || version < 1 {
		return 0, errStale // it is the ETag of nothing here
	}
	return version, nil
}

// document reads the body: one JSON object that everybody reads the same.
func (c *call) document(types ...string) ([]byte, error) {
	mediaType, _, err := mime.ParseMediaType(c.Request.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(types, mediaType) {
		return nil, mediaTypeProblem(types)
	}
	data, err := io.ReadAll(c.Body)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, tooLargeProblem(tooLarge.Limit)
	}
	if err != nil {
		return nil, badRequest("the body could not be read")
	}
	if err := document.Check(data); err != nil {
		return nil, badRequest("the body: " + err.Error())
	}
	return data, nil
}

const (
	jsonType  = "application/json"
	mergeType = "application/merge-patch+json" // RFC 7396
)

// resource reads the document of a resource. Its state, which answers have, may come back with it and says nothing.
func (c *call) resource() ([]byte, error) {
	data, err := c.document(jsonType)
	if err != nil {
		return nil, err
	}
	return withoutState(data), nil
}

func withoutState(data []byte) []byte {
	return document.Merge(data, []byte(`{"`+stateMember+`":null}`))
}

// patch reads a merge patch; the result applies it.
func (c *call) patch() (func(given []byte) []byte, error) {
	data, err := c.document(mergeType)
	if err != nil {
		return nil, err
	}
	return func(given []byte) []byte { return document.Merge(given, withoutState(data)) }, nil
}

// options reads the members of an action's body, which may be empty.
func (c *call) options(into any) error {
	if c.ContentLength == 0 && c.Request.Header.Get("Content-Type") == "" {
		return nil
	}
	data, err := c.document(jsonType)
	if err != nil {
		return err
	}
	if problems := document.Decode(data, into); len(problems) > 0 {
		return invalid(problems)
	}
	return nil
}

// changedMembers names the members that two documents differ in, for the record: names only, never what they say.
func changedMembers(before, after map[string]any) []string {
	var names []string
	for name := range after {
		if name != stateMember && !same(before[name], after[name]) {
			names = append(names, name)
		}
	}
	for name := range before {
		if _, kept := after[name]; name != stateMember && !kept {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func same(a, b any) bool {
	first, _ := json.Marshal(a)
	second, _ := json.Marshal(b)
	return bytes.Equal(first, second)
}
