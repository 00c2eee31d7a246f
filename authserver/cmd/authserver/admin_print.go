package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// column is one column of a table: a member of the document, or of its state when it begins with a dot.
type column struct{ title, member string }

var columns = map[string][]column{
	"tenants":    {{"NAME", "name"}, {"TITLE", "title"}, {"STATE", ""}, {"UPDATED", ".updated"}},
	"workspaces": {{"NAME", "name"}, {"PRESET", "preset"}, {"ISSUER", ".issuer"}, {"STATE", ""}, {"UPDATED", ".updated"}},
	"clients":    {{"CLIENT_ID", "id"}, {"NAME", "name"}, {"METHOD", "token_endpoint_auth_method"}, {"STATE", ""}, {"UPDATED", ".updated"}},
	"users":      {{"USERNAME", "username"}, {"SUBJECT", ".subject"}, {"STATE", ""}, {"UPDATED", ".updated"}},
	"factors":    {{"ID", "id"}, {"KIND", "kind"}, {"NAME", "name"}, {"ADDED", "created"}, {"LAST USED", "used"}},
	"keys":       {{"KID", "kid"}, {"ALG", "alg"}, {"STATE", "state"}, {"SIGNS FROM", "signs_from"}, {"SIGNS UNTIL", "signs_until"}, {"PUBLISHED UNTIL", "published_until"}},
}

// print writes a list, or one answer.
func (c *adminCommand) print(out io.Writer, items []map[string]any, one *answered) error {
	if c.output == "json" || c.resource == "openapi" {
		return printJSON(out, items, one)
	}
	if one != nil {
		if ended, found := one.body["ended"]; found {
			_, err := fmt.Fprintf(out, "%v sessions ended\n", ended)
			return err
		}
		items = []map[string]any{one.body}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var titles []string
	for _, column := range columns[c.resource] {
		titles = append(titles, column.title)
	}
	_, _ = fmt.Fprintln(table, strings.Join(titles, "\t")) // Flush reports what fails
	for _, item := range items {
		var cells []string
		for _, column := range columns[c.resource] {
			cells = append(cells, cell(item, column))
		}
		_, _ = fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	if err := table.Flush(); err != nil || one == nil {
		return err
	}
	for _, secret := range []string{"client_secret", "password"} {
		if text, told := one.body[secret].(string); told {
			if _, err := fmt.Fprintf(out, "%s: %s\n(told this once)\n", secret, text); err != nil {
				return err
			}
		}
	}
	return nil
}

func printJSON(out io.Writer, items []map[string]any, one *answered) error {
	var text []byte
	var err error
	if one != nil {
		text = one.text
	} else if text, err = json.Marshal(items); err != nil {
		return err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, bytes.TrimSpace(text), "", "  "); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, indented.String())
	return err
}

func cell(item map[string]any, column column) string {
	state, _ := item["state"].(map[string]any)
	if column.member == "" {
		return stateInWords(state)
	}
	value := item[column.member]
	if member, ofState := strings.CutPrefix(column.member, "."); ofState {
		value = state[member]
	}
	text, _ := value.(string)
	if text == "" {
		return "-"
	}
	// Names come from others: what would move the cursor of a terminal is shown as what it is.
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, text)
}

// stateInWords says what matters most.
func stateInWords(state map[string]any) string {
	words := []string{"active"}
	if state["disabled"] == true {
		words[0] = "disabled"
	}
	if _, wrong := state["problem"]; wrong {
		words[0] = "not in force"
	}
	for _, kind := range []struct{ member, word string }{{"managed", "managed by the file"}, {"dynamic", "registered itself"}} {
		if state[kind.member] == true {
			words = append(words, kind.word)
		}
	}
	return strings.Join(words, ", ")
}
