package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// start runs the product, or the program that develops it, in a folder, and returns where it is when it says that it is ready.
func start(ctx context.Context, folder, program string, arguments ...string) (origin string, stop func(), err error) {
	data, err := os.MkdirTemp("", "page")
	if err != nil {
		return "", nil, err
	}
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), "DATA="+data)
	for _, name := range []string{"PORT", "AS_PORT", "API_PORT", "ADMIN_PORT", "AS_ADMIN_PORT", "API_ADMIN_PORT"} {
		port, err := freePort(ctx)
		if err != nil {
			return "", nil, err
		}
		command.Env = append(command.Env, fmt.Sprintf("%s=%d", name, port))
	}
	command.Stderr = os.Stderr
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	output, err := command.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := command.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
		_ = os.RemoveAll(data)
	}
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if origin, ready := strings.CutPrefix(lines.Text(), "ready "); ready {
			go func() {
				for lines.Scan() { // what it says later is not for here, but has to be read
				}
			}()
			return origin, stop, nil
		}
	}
	stop()
	return "", nil, fmt.Errorf("%s ended before it was ready", program)
}

func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
