package upstream

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// maxDocument is the size in bytes up to which a provider's answers are read.
const maxDocument = 256 << 10

// get reads a JSON document, with an access token if there is one.
func (p *Provider) get(ctx context.Context, address, accessToken string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, invalid("%w", err)
	}
	if accessToken != "" {
		request.Header.Set("Authorization", "Bearer "+accessToken)
	}
	document, status, err := p.do(request)
	if err == nil && status != http.StatusOK {
		err = badStatus(address, status)
	}
	return document, err
}

// post sends a form of ours, authenticated.
func (p *Provider) post(ctx context.Context, of metadata, address string, form url.Values) (document []byte, status int, err error) {
	header, err := p.authenticate(of, form)
	if err != nil {
		return nil, 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, 0, invalid("%w", err)
	}
	request.Header = header
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.do(request)
}

func (p *Provider) do(request *http.Request) (document []byte, status int, err error) {
	request.Header.Set("Accept", "application/json")
	response, err := p.client.Do(request)
	if err != nil {
		return nil, 0, unavailable("%w", err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	document, err = io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	switch {
	case err != nil:
		return nil, 0, unavailable("%s: %w", request.URL.Path, err)
	case len(document) > maxDocument:
		return nil, 0, invalid("%s has more than %d bytes", request.URL.Path, maxDocument)
	}
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode < http.StatusInternalServerError && (err != nil || !strings.HasSuffix(kind, "json")) {
		return nil, 0, invalid("%s answered %d with %q, not with JSON", request.URL.Path, response.StatusCode, kind)
	}
	return document, response.StatusCode, nil
}

// badStatus tells a provider that is out of order from one that refuses.
func badStatus(address string, status int) error {
	if status >= http.StatusInternalServerError || status == http.StatusTooManyRequests {
		return unavailable("%s answered %d", address, status)
	}
	return fmt.Errorf("%w: %s answered %d", ErrInvalid, address, status)
}
