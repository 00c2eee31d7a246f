package sqlstore

import (
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// A table that a later migration adds is not forgotten when a workspace ends.
func TestEveryTableOfWorkspacesIsEmptiedWithOne(t *testing.T) {
	opened := openFile(t, filepath.Join(t.TempDir(), "records.db"), time.Now)
	rows, err := opened.reads.QueryContext(t.Context(),
		`SELECT t.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND c.name = 'workspace'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // read to its end
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	emptied := slices.Sorted(slices.Values(workspaceTables))
	if slices.Sort(tables); !slices.Equal(tables, emptied) || len(tables) < 10 {
		t.Errorf("tables of workspaces %v, emptied %v", tables, emptied)
	}
}
