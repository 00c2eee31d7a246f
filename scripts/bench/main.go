// Command bench measures what an authenticated call through the BFF costs against a bare reverse proxy that injects a
// constant bearer token (goals P1 and P4), against Apache with mod_auth_openidc (P2) and nginx (P3): ratios of one interleaved
// run, because absolute figures of a shared machine say little. Run it with `make bench`; it needs wrk, and compares with
// those of the others that are installed.
//
// Every server is a process of its own: this program, started again with a role.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"

	"cloakroom/bff"
)

func main() {
	role := flag.String("role", "", "for the program's own use: the `server` to be")
	upstream := flag.String("upstream", "", "for the program's own use: the upstream's `URL`")
	rounds := flag.Int("rounds", 5, "rounds per concurrency")
	seconds := flag.Int("seconds", 3, "seconds per measurement")
	profiles := flag.String("profiles", "", "write a CPU profile of every server to this `folder`")
	tokens := flag.Bool("tokens", false, "measure the token endpoint beside oidc-provider (goals P5 to P7) instead; needs node")
	gigabytes := flag.Bool("transfer", false, "send a gigabyte each way through the BFF (goal P15) instead")
	flag.Parse()
	ctx := context.Background()
	stop, err := profile(*role, *profiles)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	defer stop()
	switch *role {
	case "":
		switch {
		case *tokens:
			err = measureTokens(ctx, *rounds, *seconds, *profiles)
		case *gigabytes:
			err = measureTransfer(ctx, *profiles)
		default:
			err = measure(ctx, *rounds, *seconds, *profiles)
		}
	case "as":
		err = serveAS(ctx, *upstream)
	case "issuer":
		err = serve(ctx, func(origin string) (http.Handler, error) { return newIssuer(ctx, origin) })
	case "upstream":
		err = serve(ctx, func(string) (http.Handler, error) { return answer(), nil })
	case "bare":
		err = serve(ctx, func(string) (http.Handler, error) { return bareProxy(*upstream) })
	case "bff-memory", "bff-sqlite", "bff-redis":
		defer runtime.KeepAlive(bff.Headroom()) // as cmd/bff does
		err = serve(ctx, func(origin string) (http.Handler, error) { return newBFF(ctx, *role, origin, *upstream) })
	default:
		err = fmt.Errorf("there is no role %q", *role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// profile writes the CPU profile of a server, if a folder is given.
func profile(role, folder string) (stop func(), err error) {
	if folder == "" || role == "" {
		return func() {}, nil
	}
	file, err := os.Create(filepath.Join(folder, role+".prof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close()
	}, nil
}

// serve listens on a free port, says which on standard output, and ends when its parent's pipe closes.
func serve(ctx context.Context, make func(origin string) (http.Handler, error)) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	origin := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	handler, err := make(origin)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		_, _ = os.Stdin.Read([]byte{0})
		_ = server.Close()
	}()
	fmt.Println(origin)
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}
