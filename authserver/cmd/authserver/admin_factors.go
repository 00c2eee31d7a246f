package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// factors lists the factors of a user, or removes one or all of them: those that are there at the moment, unless the command names a version.
func (c *adminCommand) factors(ctx context.Context, caller *caller, stdout io.Writer) (err error) {
	if c.user, err = c.subject(ctx, caller, c.user); err != nil {
		return err
	}
	read, err := caller.do(ctx, http.MethodGet, c.collection()+"?limit=200", "", "", nil)
	if err != nil {
		return err
	}
	items := itemsOf(read) // a user has ten at most
	if c.action == "list" {
		if err := c.print(stdout, items, nil); err != nil || c.output == "json" {
			return err
		}
		_, err := fmt.Fprintf(stdout, "%v recovery codes left\n", read.body["recovery_codes"])
		return err
	}
	path := c.collection()
	if c.action == "delete" {
		path += "/" + url.PathEscape(c.name)
	}
	if _, err := caller.do(ctx, http.MethodDelete, path, "", cmp.Or(c.ifMatch, read.etag), nil); err != nil {
		return err
	}
	if c.action == "delete" {
		_, err = fmt.Fprintf(stdout, "deleted %s\n", c.name)
	} else {
		_, err = fmt.Fprintf(stdout, "factors deleted: %d\n", len(items))
	}
	return err
}
