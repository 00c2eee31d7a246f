package adminapi

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// span reads limit and cursor: how many, and the name after which the page begins.
func (c *call) span(known ...string) (limit int, after string, err error) {
	query := c.URL.Query()
	for name, given := range query {
		if !isText(given[0]) {
			return 0, "", badRequest(fmt.Sprintf("the query parameter %q is no text", name))
		}
		if !slices.Contains(append(known, "limit", "cursor"), name) || len(given) > 1 {
			return 0, "", badRequest(fmt.Sprintf("the query parameter %q is unknown or repeated", name))
		}
	}
	limit = defaultLimit
	if text := query.Get("limit"); text != "" {
		limit, err = strconv.Atoi(text)
		if err != nil || limit < 1 || limit > maxLimit {
			return 0, "", badRequest(fmt.Sprintf("limit is not a number from 1 to %d", maxLimit))
		}
	}
	name, err := base64.RawURLEncoding.DecodeString(query.Get("cursor"))
	if err != nil || !isText(string(name)) {
		return 0, "", badRequest("cursor is none that was given out here")
	}
	return limit, string(name), nil
}

// isText reports whether every store can look for a text: none has names that are not UTF-8, or have a null, and some fail at them.
func isText(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }

// list is one page.
type list struct {
	Items      []map[string]any `json:"items"`
	NextCursor string           `json:"next_cursor,omitempty"`
}

// pageOf cuts a page out of what is sorted by name. By names and not by numbers: what comes or goes meanwhile moves nothing.
func pageOf[T any](all []T, limit int, after string, name func(T) string, show func(T) map[string]any) list {
	start, found := slices.BinarySearchFunc(all, after, func(one T, after string) int { return strings.Compare(name(one), after) })
	if found && after != "" {
		start++
	}
	page := list{Items: []map[string]any{}}
	for _, one := range all[start:] {
		if len(page.Items) == limit {
			page.NextCursor = cursorOf(name(all[start+limit-1]))
			break
		}
		page.Items = append(page.Items, show(one))
	}
	return page
}

func cursorOf(name string) string { return base64.RawURLEncoding.EncodeToString([]byte(name)) }
