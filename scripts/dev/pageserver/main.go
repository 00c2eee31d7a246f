// Command pageserver serves the page alone, from the folder that it is given: scripts/dev starts it after each build, and
// ends it by closing its standard input. A line there has it read the folder again; it answers each time with its address.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"cloakroom/app"
	"cloakroom/bff/api"
)

// headerProviders is how the product says which providers the page is to offer: they are in its configuration.
const headerProviders = "Dev-Providers"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// current is the page as it is now, for the providers of the last request.
type current struct {
	web fs.FS

	mu   sync.Mutex
	told string
	page http.Handler
}

// load reads the folder again.
func (c *current) load() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.render(c.told)
}

// render makes the page for the providers that were told. The caller holds mu.
func (c *current) render(told string) error {
	var providers []api.Provider
	if told != "" {
		if err := json.Unmarshal([]byte(told), &providers); err != nil {
			return fmt.Errorf("%s: %w", headerProviders, err)
		}
	}
	page, err := app.Page(c.web, providers...)
	if err == nil {
		c.told, c.page = told, page
	}
	return err
}

func (c *current) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	if told := r.Header.Get(headerProviders); told != c.told {
		if err := c.render(told); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	page := c.page
	c.mu.Unlock()
	page.ServeHTTP(w, r)
}

func run() error {
	page := &current{web: os.DirFS(os.Args[1])}
	if err := page.load(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: page}
	go func() { _ = server.Serve(listener) }()
	fmt.Println(listener.Addr())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if err := page.load(); err != nil {
			return err
		}
		fmt.Println(listener.Addr())
	}
	return server.Close()
}
