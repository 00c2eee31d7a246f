package bff

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	"cloakroom/bff/trace"
)

const (
	// outboundTimeout bounds calls to a provider.
	outboundTimeout = 10 * time.Second
	// exchangeTimeout bounds those that spend something: the answer to a refresh may hold the only refresh token that still
	// works, so a slow provider is waited for as long as [session.Manager.Exclusive] allows.
	exchangeTimeout = 25 * time.Second
	maxDocument     = 1 << 20
	maxKeySet       = 64 << 10
)

// outbound is the one client that talks to providers: it follows no redirect, because credentials would go along, takes
// no proxy from the environment, and reads answers up to a limit.
type outbound struct {
	client *http.Client
	spans  *spans
	// inspector is nil unless the trace is on.
	inspector *trace.Tracer
}

// flow is the context's flow in the trace; nil when the trace is off.
func (o *outbound) flow(ctx context.Context) *trace.Flow {
	if o.inspector == nil {
		return nil
	}
	return trace.Of(ctx)
}

// newOutbound tells the inspector, if there is one, of every request that is part of a flow.
func newOutbound(spans *spans, inspector *trace.Tracer) *outbound {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &outbound{spans: spans, inspector: inspector, client: &http.Client{
		Timeout:       exchangeTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: inspector.ToProvider(&http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 16, IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: 64 << 10,
		}),
	}}
}

// answer is a provider's response, read whole.
type answer struct {
	status int
	body   []byte
	isJSON bool
	isJWT  bool
	nonce  string // of DPoP-Nonce
	// challenges are the WWW-Authenticate headers.
	challenges []string
}

// do sends the request and reads at most limit bytes of the answer. The call's name is for tracing.
func (o *outbound) do(r *http.Request, call string, limit int64) (answer, error) {
	if r.Header["Accept"] == nil {
		r.Header.Set("Accept", "application/json")
	}
	sent, end := o.spans.call(r, call)
	response, err := o.client.Do(sent)
	end(response, err)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return answer{}, fmt.Errorf("read the answer of %s: %w", r.URL.Host, err)
	}
	if int64(len(body)) > limit {
		return answer{}, fmt.Errorf("the answer of %s is longer than %d bytes", r.URL.Host, limit)
	}
	mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	isJSON := mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
	return answer{
		status: response.StatusCode, body: body, isJSON: isJSON, isJWT: mediaType == "application/jwt",
		nonce: response.Header.Get(dpopNonceHeader), challenges: response.Header.Values("Www-Authenticate"),
	}, nil
}

// document gets a JSON document.
func (o *outbound) document(ctx context.Context, call, address string, limit int64, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	got, err := o.do(r, call, limit)
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		return fmt.Errorf("get %s: status %d", address, got.status)
	}
	if err := json.Unmarshal(got.body, into); err != nil {
		return fmt.Errorf("get %s: %w", address, err)
	}
	return nil
}
