// Command yardstick is go-app's hello world as its documentation has it, bundle and server: what the page's goals were set beside.
// It says when it runs in the same way as the product does, so that both can be measured in turn.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"
)

type hello struct{ app.Compo }

func (*hello) OnMount(app.Context) {
	app.Window().Get("document").Get("documentElement").Get("dataset").Set("app", "running")
}

func (*hello) Render() app.UI { return app.P().ID("status").Text("You are not signed in.") }

func main() {
	app.Route("/", func() app.Composer { return &hello{} })
	app.RunWhenOnBrowser()
	if err := serve("localhost:" + os.Getenv("PORT")); err != nil {
		fmt.Fprintln(os.Stderr, "yardstick:", err)
		os.Exit(1)
	}
}

func serve(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("ready http://" + address)
	server := &http.Server{Handler: &app.Handler{Name: "Hello", Description: "A hello world"}, ReadHeaderTimeout: 5 * time.Second}
	return server.Serve(listener)
}
