package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"cloakroom/authserver"
	"cloakroom/authserver/keys"
	"cloakroom/authserver/store/sqlstore"
	"cloakroom/authserver/workspace"
)

// keysCommand lists a workspace's signing keys, or publishes successors for them. It works on the store, beside a server that runs:
// the server sees new keys within a minute, long before they sign.
func keysCommand(ctx context.Context, cfg authserver.Config, action, name string, out io.Writer) (err error) {
	ws, err := findWorkspace(cfg, name)
	if err != nil {
		return err
	}
	sealer, err := cfg.Sealer()
	if err != nil {
		return err
	}
	st, err := sqlstore.Open(ctx, cfg.Store, time.Now)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	set, err := keys.Open(ctx, st, sealer, ws.Key(), ws.Policy.Algorithms(), time.Now)
	if err != nil {
		return err
	}
	if action == "rotate" {
		for _, algorithm := range ws.Policy.Algorithms() {
			if _, err := set.Rotate(ctx, algorithm, ws.Policy.Keys.Schedule()); err != nil {
				return err
			}
		}
	}
	return printKeys(out, set.Status())
}

func findWorkspace(cfg authserver.Config, name string) (*workspace.Workspace, error) {
	for _, tenant := range cfg.Tenants {
		for position := range tenant.Workspaces {
			if ws := &tenant.Workspaces[position]; ws.Key() == name {
				return ws, nil
			}
		}
	}
	return nil, fmt.Errorf("there is no workspace %q; name one as --workspace tenant/workspace", name)
}

func printKeys(out io.Writer, all []keys.Status) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "KID\tALG\tSTATE\tPUBLISHED\tSIGNS FROM\tSIGNS UNTIL\tPUBLISHED UNTIL") // Flush reports what fails
	for _, key := range all {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", key.ID, key.Algorithm, key.State,
			instant(key.Created), instant(key.Active), instant(key.Retired), instant(key.Expires))
	}
	return table.Flush()
}

func instant(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
