package bff

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"cloakroom/bff/session"
)

// BenchmarkAuthenticatedCall and BenchmarkBareProxy are the two sides of goal P1; scripts/bench measures them as processes.
func BenchmarkAuthenticatedCall(b *testing.B) {
	upstream := quickUpstream(b)
	front, cookie := quickBFF(b, upstream.URL)
	r := httptest.NewRequest(http.MethodGet, "/api/notes", http.NoBody)
	r.Host = "app.example"
	r.Header = http.Header{"X-Bff-Csrf": {"1"}, "Sec-Fetch-Site": {"same-origin"}, "Cookie": {session.CookieName + "=" + cookie}, "Accept": {"*/*"}}
	measure(b, front.Handler(), r)
}

// BenchmarkBareProxy injects a constant token and checks nothing.
func BenchmarkBareProxy(b *testing.B) {
	upstream := quickUpstream(b)
	target, _ := url.Parse(upstream.URL)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Header.Set("Authorization", "Bearer constant")
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 512, DisableCompression: true}, BufferPool: &pooled{},
	}
	measure(b, proxy, httptest.NewRequest(http.MethodGet, "/notes", http.NoBody))
}

type pooled struct{ pool sync.Pool }

func (p *pooled) Get() []byte {
	if buffer, ok := p.pool.Get().(*[bufferSize]byte); ok {
		return buffer[:]
	}
	return make([]byte, bufferSize)
}

func (p *pooled) Put(buffer []byte) { p.pool.Put((*[bufferSize]byte)(buffer)) }

func quickUpstream(b *testing.B) *httptest.Server {
	b.Helper()
	body := `{"notes":"` + strings.Repeat("x", 288) + `"}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}))
	b.Cleanup(server.Close)
	return server
}

// quickBFF has one session, made without a sign-in.
func quickBFF(b testing.TB, upstream string) (front *BFF, cookie string) {
	b.Helper()
	cfg, err := ParseConfig("bench.yaml", []byte(`
origin: https://app.example
providers: [{id: p, issuer: "https://as.example", client_id: c, client_secret_env: SECRET}]
routes: [{prefix: /api/notes, upstream: "`+upstream+`/notes", methods: [GET, HEAD, POST, PUT, PATCH, DELETE]}]
session: {store: memory}
`), func(name string) string {
		return map[string]string{"SECRET": "s", "BFF_SESSION_KEYS": strings.Repeat("ab", 32)}[name]
	}, nil)
	if err != nil {
		b.Fatal(err)
	}
	store, err := cfg.OpenStore(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError}))
	front, err = New(b.Context(), cfg, store, http.NotFoundHandler(), log)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = front.Close() })
	w := httptest.NewRecorder()
	token := session.Token{AccessToken: "at", Type: "Bearer", Expires: front.now().Add(1 << 40)}
	record := session.Record{Provider: "p", Issuer: "https://as.example", Subject: "alice", Tokens: map[string]session.Token{"": token}}
	if _, err := front.sessions.Start(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody), record); err != nil {
		b.Fatal(err)
	}
	return front, w.Result().Cookies()[0].Value
}

func measure(b *testing.B, handler http.Handler, r *http.Request) {
	b.Helper()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r.Clone(r.Context()))
			if w.Code != http.StatusOK {
				b.Errorf("status %d: %s", w.Code, w.Body)
			}
		}
	})
}
