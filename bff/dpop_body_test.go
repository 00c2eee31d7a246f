package bff

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// The first request to an API does not know its nonce, and loses nothing by that: not a small body, which is kept, nor a large
// one or one of unknown length, which the API is asked to take first.
func TestBodyIsSentAgainWithTheNonceOfTheAPI(t *testing.T) {
	for name, size := range map[string]int{"none": 0, "small": 100, "the largest that is kept": maxKept, "larger": maxKept + 1, "large": 900_000} {
		h := openStrict(t)
		b := h.browser()
		b.signIn()
		body := strings.Repeat("n", size)
		for range 2 { // the second has the nonce
			if got := b.fetch(http.MethodPost, "/api/notes", body); got.StatusCode != 200 || got.body != body {
				t.Errorf("%s: status %d, %d bytes back", name, got.StatusCode, len(got.body))
			}
		}
		if calls := len(h.upstream.requests()); calls != 3 {
			t.Errorf("%s: %d calls, want one more for the nonce", name, calls)
		}
	}
}

// An API that reads a large body before it says that it wants a nonce has lost it. Nobody is signed out by that: it is no 401,
// and the same request succeeds the next time.
func TestLargeBodyThatTheAPIReadsAndRefusesIsAskedForAgain(t *testing.T) {
	h := openStrict(t)
	b := h.browser()
	b.signIn()
	strict := h.upstream.answer
	h.upstream.serve(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		strict(w, r)
	})
	body := strings.Repeat("n", maxKept+1)
	if got := b.fetch(http.MethodPost, "/api/notes", body); got.StatusCode != 502 || !strings.Contains(got.body, "upstream_unavailable") || !strings.Contains(got.body, "once more") {
		t.Errorf("first: status %d: %s", got.StatusCode, got.body)
	}
	if got := b.fetch(http.MethodPost, "/api/notes", body); got.StatusCode != 200 || got.body != body {
		t.Errorf("second: status %d", got.StatusCode)
	}
}

// An API that wants another nonce each time is not asked without end, and nobody is signed out by it.
func TestAPIThatIsNeverContentWithANonceIsAskedTwice(t *testing.T) {
	h := openStrict(t)
	b := h.browser()
	b.signIn()
	h.upstream.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `DPoP error="use_dpop_nonce"`)
		w.Header().Set("DPoP-Nonce", fmt.Sprint(len(h.upstream.requests())))
		w.WriteHeader(http.StatusUnauthorized)
	})
	if got := b.fetch(http.MethodGet, "/api/notes", ""); got.StatusCode != 502 || len(h.upstream.requests()) != 2 {
		t.Errorf("status %d after %d calls", got.StatusCode, len(h.upstream.requests()))
	}
	if !sessionOf(t, b).Authenticated {
		t.Error("it ended the session")
	}
}

// A server may answer without reading and keep the connection; the transport then wants to send the body all the same. It
// belongs to the second request by then.
func TestBodyThatWasTakenBackIsNotSentOnTheFirstConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	bodies := make(chan string, 2)
	go func() {
		for first := true; ; first = false {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go answerByHand(connection, first, bodies)
		}
	}()
	h := openStrict(t, func(c *Config) { c.Routes[0].Upstream = "http://" + listener.Addr().String() })
	b := h.browser()
	b.signIn()
	body := strings.Repeat("n", maxKept+1)
	if got := b.fetch(http.MethodPost, "/api/notes", body); got.StatusCode != 200 {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
	select {
	case got := <-bodies:
		if got != body {
			t.Errorf("the second connection got %d bytes", len(got))
		}
	default:
		t.Error("there was no second connection")
	}
}

func answerByHand(connection net.Conn, first bool, bodies chan<- string) {
	defer func() { _ = connection.Close() }()
	reader := bufio.NewReader(connection)
	r, err := http.ReadRequest(reader)
	if err != nil {
		return
	}
	if first {
		_, _ = io.WriteString(connection, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: DPoP error=\"use_dpop_nonce\"\r\nDPoP-Nonce: n\r\nContent-Length: 0\r\n\r\n")
		_, _ = io.Copy(io.Discard, reader)
		return
	}
	body, _ := io.ReadAll(r.Body)
	bodies <- string(body)
	_, _ = io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
}

func TestHeldBodyIsReadByOneRequestOnly(t *testing.T) {
	taken := newHeldBody(io.NopCloser(strings.NewReader("body")))
	body, untouched := taken.take()
	if text, err := io.ReadAll(body); !untouched || err != nil || string(text) != "body" {
		t.Errorf("taken: %q, %v", text, err)
	}
	if _, err := taken.Read(make([]byte, 1)); !errors.Is(err, errBodyTaken) {
		t.Errorf("read after it was taken: %v", err)
	}
	begun := newHeldBody(io.NopCloser(strings.NewReader("body")))
	_, _ = begun.Read(make([]byte, 1))
	if _, untouched := begun.take(); untouched {
		t.Error("taken after it was read from")
	}
}

// A token of the client's own is bound too: to one key, which signs the token request and every call with it.
func TestClientTokensAreBoundWhereTheProviderBindsTokens(t *testing.T) {
	var h *house
	h = openStrict(t, func(c *Config) { clientRoute(h)(c) })
	strict := h.provider.strict
	h.provider.change(func() {
		h.provider.respond = func(answer map[string]any) { answer["scope"] = "weather.read"; delete(answer, "refresh_token") }
	})
	for range 3 {
		if got := h.browser().fetch(http.MethodGet, "/api/weather", ""); got.StatusCode != 200 {
			t.Fatalf("status %d: %s", got.StatusCode, got.body)
		}
	}
	if asked := len(strict.thumbs); asked != 1 {
		t.Fatalf("%d tokens were issued for three calls", asked)
	}
	jtis := map[any]bool{}
	for _, r := range h.upstream.requests() {
		token, bound := strings.CutPrefix(r.Header.Get("Authorization"), "DPoP ")
		claims, thumb, err := parseProof(r, h.upstream.server.URL+r.URL.Path, token)
		if !bound || err != nil || thumb != strict.thumbs[0] || jtis[claims["jti"]] {
			t.Errorf("%s: %v, a proof by %s of %v", r.Header.Get("Authorization"), err, thumb, claims)
		}
		jtis[claims["jti"]] = true
	}
	if len(jtis) != 4 { // one more for the nonce
		t.Errorf("%d proofs", len(jtis))
	}
	// A token that the API takes for dead is replaced once, with a key of its own.
	before := strict.thumbs[0]
	h.clock.advance(replayGrain)
	good := h.upstream.answer
	h.upstream.serve(func(w http.ResponseWriter, r *http.Request) {
		if _, thumb, _ := parseProof(r, h.upstream.server.URL+r.URL.Path, strings.TrimPrefix(r.Header.Get("Authorization"), "DPoP ")); thumb == before {
			w.Header().Set("WWW-Authenticate", `DPoP error="invalid_token"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		good(w, r)
	})
	if got := h.browser().fetch(http.MethodGet, "/api/weather", ""); got.StatusCode != 200 || len(strict.thumbs) != 2 || strict.thumbs[1] == before {
		t.Errorf("after the token died: status %d, keys %v", got.StatusCode, strict.thumbs)
	}
	// A provider that answers with a bearer token has not given what was asked for.
	h.provider.change(func() {
		h.provider.respond = func(answer map[string]any) { answer["token_type"], answer["scope"] = "Bearer", "weather.read" }
	})
	h.clock.advance(10 * 60 * 1e9)
	if got := h.browser().fetch(http.MethodGet, "/api/weather", ""); got.StatusCode != 503 {
		t.Errorf("a bearer token in its place: status %d: %s", got.StatusCode, got.body)
	}
}
