package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v3"
)

func (c *adminCommand) run(ctx context.Context, caller *caller, stdout io.Writer) error {
	if c.resource == "factors" {
		return c.factors(ctx, caller, stdout)
	}
	switch c.action {
	case "list":
		items, err := c.list(ctx, caller)
		if err != nil {
			return err
		}
		return c.print(stdout, items, nil)
	case "create":
		body, err := c.document()
		if err != nil {
			return err
		}
		made, err := caller.do(ctx, http.MethodPost, c.collection(), "application/json", "", body)
		if err != nil {
			return err
		}
		return c.print(stdout, nil, made)
	case "rotate":
		return c.keys(ctx, caller, stdout, c.collection()+"/rotate")
	case "retire":
		return c.keys(ctx, caller, stdout, c.collection()+"/"+url.PathEscape(c.name)+"/retire")
	}
	return c.one(ctx, caller, stdout)
}

func (c *adminCommand) keys(ctx context.Context, caller *caller, stdout io.Writer, path string) error {
	answer, err := caller.do(ctx, http.MethodPost, path, "", "", nil)
	if err != nil {
		return err
	}
	return c.print(stdout, itemsOf(answer), nil)
}

// list gathers all pages.
func (c *adminCommand) list(ctx context.Context, caller *caller) ([]map[string]any, error) {
	query := url.Values{}
	if c.query != "" {
		query.Set("q", c.query)
	}
	if c.resource != "keys" {
		query.Set("limit", "200")
	}
	items := []map[string]any{}
	for {
		page, err := caller.do(ctx, http.MethodGet, c.collection()+"?"+query.Encode(), "", "", nil)
		if err != nil {
			return nil, err
		}
		items = append(items, itemsOf(page)...)
		cursor, more := page.body["next_cursor"].(string)
		if !more {
			return items, nil
		}
		query.Set("cursor", cursor)
	}
}

func itemsOf(page *answered) []map[string]any {
	items := []map[string]any{}
	list, _ := page.body["items"].([]any)
	for _, item := range list {
		if one, ok := item.(map[string]any); ok {
			items = append(items, one)
		}
	}
	return items
}

// one does something with one thing, at the version that it has now unless the command names another.
func (c *adminCommand) one(ctx context.Context, caller *caller, stdout io.Writer) error {
	path := c.collection()
	if c.resource == "users" {
		subject, err := c.subject(ctx, caller, c.name)
		if err != nil {
			return err
		}
		c.name = subject
	}
	if c.name != "" {
		path += "/" + url.PathEscape(c.name)
	}
	read, err := caller.do(ctx, http.MethodGet, path, "", "", nil)
	if err != nil || c.action == "get" {
		if err != nil {
			return err
		}
		return c.print(stdout, nil, read)
	}
	version := c.ifMatch
	if version == "" {
		version = read.etag
	}
	if version == "" { // it is the configuration's, and the server will say so
		version = "*"
	}
	method, path, contentType, body, err := c.change(path)
	if err != nil {
		return err
	}
	changed, err := caller.do(ctx, method, path, contentType, version, body)
	if err != nil {
		return err
	}
	if c.action == "delete" {
		_, err := fmt.Fprintf(stdout, "deleted %s\n", c.name)
		return err
	}
	return c.print(stdout, nil, changed)
}

func (c *adminCommand) change(path string) (method, to, contentType string, body []byte, err error) {
	switch c.action {
	case "replace":
		body, err = c.document()
		return http.MethodPut, path, "application/json", body, err
	case "change":
		body, err = c.document()
		return http.MethodPatch, path, "application/merge-patch+json", body, err
	case "delete":
		return http.MethodDelete, path, "", nil, nil
	case "rotate-secret":
		if c.overlap != "" {
			body, err = json.Marshal(map[string]string{"overlap": c.overlap})
			contentType = "application/json"
		}
	case "set-password":
		text, readErr := c.readInput(c.passwordFile)
		if readErr != nil {
			return "", "", "", nil, misused("--password-file: %v", readErr)
		}
		body, err = json.Marshal(map[string]string{"password": strings.TrimRight(string(text), "\r\n")})
		contentType = "application/json"
	}
	return http.MethodPost, path + "/" + c.action, contentType, body, err
}

// subject finds the user with this name, or with this subject.
func (c *adminCommand) subject(ctx context.Context, caller *caller, name string) (string, error) {
	query := url.Values{"q": {name}, "limit": {"1"}}
	page, err := caller.do(ctx, http.MethodGet, c.place()+"/users?"+query.Encode(), "", "", nil)
	if err != nil {
		return "", err
	}
	for _, user := range itemsOf(page) {
		state, _ := user["state"].(map[string]any)
		if strings.EqualFold(fmt.Sprint(user["username"]), name) {
			return fmt.Sprint(state["subject"]), nil
		}
	}
	return name, nil
}

// document is what --file and --set say, as JSON.
func (c *adminCommand) document() ([]byte, error) {
	document := map[string]any{}
	if c.file != "" {
		text, err := c.readInput(c.file)
		if err != nil {
			return nil, misused("--file: %v", err)
		}
		decoder := yaml.NewDecoder(bytes.NewReader(text)) // of which JSON is a part
		if err := decoder.Decode(&document); err != nil {
			return nil, misused("%s: %v", c.file, err)
		}
	}
	for _, text := range c.set {
		key, value, found := strings.Cut(text, "=")
		var parsed any
		if err := yaml.Unmarshal([]byte(value), &parsed); !found || err != nil {
			return nil, misused("--set %s: is not KEY=VALUE", text)
		}
		document[key] = parsed
	}
	body, err := json.Marshal(document)
	if err != nil {
		return nil, misused("%s: has a key that is not a text", c.file)
	}
	return body, nil
}
