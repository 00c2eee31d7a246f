package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// serveOnce runs the program until it has answered one request for a session, and returns what a collector at the
// endpoint got by the time the program was over.
func serveOnce(t *testing.T, endpoint func(base string) (config, variable, value string)) (received []*collector.ExportTraceServiceRequest, header http.Header) {
	t.Helper()
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		request := &collector.ExportTraceServiceRequest{}
		if err := proto.Unmarshal(body, request); err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		mu.Lock()
		defer mu.Unlock()
		received, header = append(received, request), r.Header
	}))
	defer server.Close()
	config, variable, value := endpoint(server.URL)
	address := freeAddress(t)
	text := bytes.Replace(example, []byte("path: .data/bff.db"), []byte("store: memory"), 1)
	text = bytes.Replace(text, []byte("http://localhost:8080"), []byte("http://"+address), 1)
	workspace(t, bytes.Replace(text, []byte("  # traces_endpoint: ''"), []byte(config), 1))
	t.Setenv("BFF_LISTEN", address)
	t.Setenv("BFF_ADMIN_LISTEN", "127.0.0.1:0")
	if variable != "" {
		t.Setenv(variable, value)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"serve", "--config", "bff.yaml"}, io.Discard, io.Discard) }()
	waitForListener(t, address)
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/bff/session", http.NoBody)
	r.Header.Set("X-BFF-CSRF", "1")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := (&http.Client{Timeout: 10 * time.Second}).Do(r)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", response, err)
	}
	_ = response.Body.Close()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	return received, header
}

func waitForListener(t *testing.T, address string) {
	t.Helper()
	for range 1000 {
		if connection, err := net.Dial("tcp", address); err == nil {
			_ = connection.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("nobody listens at %s", address)
}

// freeAddress has a port below those that the system gives to connections: none takes it before the program does.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 1000 {
		above, _ := rand.Int(rand.Reader, big.NewInt(12_000)) // never fails (crypto/rand)
		probe, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+above.Int64()))
		if err != nil {
			continue
		}
		_ = probe.Close()
		return probe.Addr().String()
	}
	t.Fatal("there is no free port")
	return ""
}

func TestSpansReachACollectorBeforeTheProgramEnds(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=7")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
	for name, endpoint := range map[string]func(string) (string, string, string){
		"configuration": func(base string) (string, string, string) { return "  traces_endpoint: " + base + "/v1/traces", "", "" },
		"environment":   func(base string) (string, string, string) { return "", "OTEL_EXPORTER_OTLP_ENDPOINT", base },
		"environment, for traces": func(base string) (string, string, string) {
			return "  traces_endpoint: http://127.0.0.1:1/v1/traces", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", base + "/v1/traces"
		},
	} {
		t.Run(name, func(t *testing.T) {
			received, header := serveOnce(t, endpoint)
			if text := fmt.Sprint(received); !strings.Contains(text, "GET /bff/session") || !strings.Contains(text, "cloakroom-bff") || !strings.Contains(text, "deployment.environment") {
				t.Errorf("the collector got %s", text)
			}
			if header.Get("X-Tenant") != "7" {
				t.Error("the environment's headers are not sent")
			}
		})
	}
}

func TestSpansAreOffUntilTheyAreAskedFor(t *testing.T) {
	for name, endpoint := range map[string]func(string) (string, string, string){
		"not configured": func(string) (string, string, string) { return "", "", "" },
		"disabled": func(base string) (string, string, string) {
			return "  traces_endpoint: " + base + "/v1/traces", "OTEL_SDK_DISABLED", "true"
		},
		"no exporter": func(base string) (string, string, string) {
			return "  traces_endpoint: " + base + "/v1/traces", "OTEL_TRACES_EXPORTER", "none"
		},
	} {
		t.Run(name, func(t *testing.T) {
			if received, _ := serveOnce(t, endpoint); len(received) > 0 {
				t.Errorf("the collector got %v", received)
			}
		})
	}
}

func TestCheckRefusesAnEndpointThatSpansWouldTravelToInTheClear(t *testing.T) {
	for _, endpoint := range []string{"http://collector.example:4318/v1/traces", "https://collector.example/v1/traces?key=1", "collector:4318"} {
		workspace(t, bytes.Replace(example, []byte("  # traces_endpoint: ''"), []byte("  traces_endpoint: "+endpoint), 1))
		var out bytes.Buffer
		if err := run(t.Context(), []string{"check", "--config", "bff.yaml"}, &out, &out); err == nil || !strings.Contains(err.Error(), "telemetry.traces_endpoint") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}
