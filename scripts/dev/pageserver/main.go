// Command pageserver serves the page alone, from the folder that it is given: scripts/dev starts it after each build, and
// ends it by closing its standard input. A line there has it read the folder again; it answers each time with its address.
package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"cloakroom/app"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var current atomic.Pointer[http.Handler]
	load := func() error {
		page, err := app.Page(os.DirFS(os.Args[1]))
		if err == nil {
			current.Store(&page)
		}
		return err
	}
	if err := load(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*current.Load()).ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(listener) }()
	fmt.Println(listener.Addr())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if err := load(); err != nil {
			return err
		}
		fmt.Println(listener.Addr())
	}
	return server.Close()
}
