package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"cloakroom/authserver"
	"cloakroom/authserver/adminapi"
)

// caller calls the admin API.
type caller struct {
	base   string
	token  string
	client *http.Client
}

// answered is an answer of success.
type answered struct {
	body map[string]any
	text []byte
	etag string
}

const (
	callTimeout = 30 * time.Second
	maxAnswer   = 16 << 20
)

func newCaller(c *adminCommand, getenv func(string) string) (*caller, error) {
	base := firstOf(c.url, getenv(envAdminURL), defaultAdmin)
	made := &caller{base: strings.TrimSuffix(base, "/") + adminapi.Prefix, token: getenv(authserver.EnvAdminToken)}
	if c.tokenFile != "" {
		text, err := os.ReadFile(c.tokenFile)
		if err != nil {
			return nil, misused("--token-file: %v", err)
		}
		made.token = strings.TrimSpace(string(text))
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.caFile != "" {
		text, err := os.ReadFile(c.caFile)
		config.RootCAs = x509.NewCertPool()
		if err != nil || !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, misused("--ca-file: %s has no certificate in PEM (%v)", c.caFile, err)
		}
	}
	if c.certFile != "" || c.keyFile != "" {
		pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
		if err != nil {
			return nil, misused("--cert-file and --key-file: %v", err)
		}
		config.Certificates = []tls.Certificate{pair}
		if c.tokenFile == "" { // the certificate is the credential that was asked for
			made.token = ""
		}
	} else if made.token == "" {
		return nil, misused("there is no credential: give --token-file, %s, or --cert-file and --key-file", authserver.EnvAdminToken)
	}
	made.client = &http.Client{
		Timeout:   callTimeout,
		Transport: &http.Transport{TLSClientConfig: config}, // no proxy: the token is for the admin listener alone
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("the answer is a redirect, and this is no admin listener")
		},
	}
	return made, nil
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func (c *caller) do(ctx context.Context, method, path, contentType, version string, body []byte) (*answered, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, misused("--url: %v", err)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range map[string]string{"Content-Type": contentType, "If-Match": version} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil, &exitError{exitUnreachable, fmt.Errorf("the admin listener does not answer: %w", err)}
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, &exitError{exitUnreachable, fmt.Errorf("the answer broke off: %w", err)}
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return nil, refusal(response.StatusCode, text)
	}
	answer := &answered{text: text, etag: response.Header.Get("ETag")}
	if response.StatusCode == http.StatusNoContent {
		return answer, nil
	}
	if err := json.Unmarshal(text, &answer.body); err != nil {
		return nil, &exitError{exitUnreachable, errors.New("the answer is not JSON: is --url the admin listener?")}
	}
	return answer, nil
}

// refusal is what the server says against it, in words.
func refusal(status int, text []byte) error {
	var problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Errors []struct {
			Pointer string `json:"pointer"`
			Detail  string `json:"detail"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(text, &problem); err != nil || problem.Title == "" {
		return &exitError{exitRefused, fmt.Errorf("the answer is %d and no problem of the admin API: is --url the admin listener?", status)}
	}
	said := fmt.Sprintf("%s (%d)", problem.Title, status)
	if problem.Detail != "" {
		said += ": " + problem.Detail
	}
	for _, one := range problem.Errors {
		said += fmt.Sprintf("\n  %s: %s", firstOf(strings.TrimPrefix(one.Pointer, "/"), "document"), one.Detail)
	}
	return &exitError{exitRefused, errors.New(said)}
}
