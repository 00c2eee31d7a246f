package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
)

const (
	gigabyte = 1 << 30
	// growth is how much more memory the BFF may hold at its peak than before (goal P15), in kB.
	growth = 64 << 10
)

// measureTransfer sends a gigabyte up and one down through the BFF and prints what its process held at its peak (goal P15).
func measureTransfer(ctx context.Context, profiles string) error {
	upstream, stop, err := start(ctx, "upstream", "", profiles)
	if err != nil {
		return err
	}
	defer stop()
	server, stop, err := start(ctx, "bff-memory", upstream.url, profiles)
	if err != nil {
		return err
	}
	defer stop()
	if err := signIn(ctx, server); err != nil {
		return err
	}
	before, err := server.peak()
	if err != nil {
		return err
	}
	fmt.Printf("\nP15: one gigabyte each way through the BFF, which held %d MB at its peak before\n", before>>10)
	met := true
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		if err := transfer(ctx, method, server); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		after, err := server.peak()
		if err != nil {
			return err
		}
		fmt.Printf("  %-4s +%d MB\n", method, (after-before)>>10)
		met = met && after-before <= growth
	}
	if !met {
		return errors.New("the memory is not flat")
	}
	return nil
}

// transfer is one gigabyte in the direction of the method: up with POST, down with GET.
func transfer(ctx context.Context, method string, server *target) error {
	body, size := io.Reader(http.NoBody), int64(0)
	if method == http.MethodPost {
		body, size = io.LimitReader(zeros{}, gigabyte), gigabyte
	}
	request, err := http.NewRequestWithContext(ctx, method, server.url+"/large", body)
	if err != nil {
		return err
	}
	request.ContentLength = size
	for _, header := range server.headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	received, err := io.Copy(io.Discard, response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || (method == http.MethodGet && received != gigabyte) {
		return fmt.Errorf("%s, %d bytes", response.Status, received)
	}
	return nil
}

// large is the upstream's side: it takes a gigabyte and counts it, or gives one.
func large(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.Itoa(gigabyte))
		_, _ = io.Copy(w, io.LimitReader(zeros{}, gigabyte))
		return
	}
	if taken, err := io.Copy(io.Discard, r.Body); err != nil || taken != gigabyte {
		http.Error(w, fmt.Sprint(taken, " bytes: ", err), http.StatusBadRequest)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

var peakLine = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak is the most memory that the target has held so far, in kB (proc(5)).
func (t *target) peak() (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", t.process.Pid))
	if err != nil {
		return 0, err
	}
	found := peakLine.FindSubmatch(status)
	if found == nil {
		return 0, errors.New("the kernel does not say what the process held")
	}
	return strconv.Atoi(string(found[1]))
}
