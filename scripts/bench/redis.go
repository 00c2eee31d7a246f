package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// startRedis runs a redis-server on a free port, in memory only, and tells the programs that it starts where it is.
func startRedis(ctx context.Context) (stop func(), err error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	server := exec.CommandContext(ctx, "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
	if err := server.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}
	if err := listens(ctx, port); err != nil {
		stop()
		return nil, fmt.Errorf("redis-server: %w", err)
	}
	return stop, os.Setenv("BENCH_REDIS_URL", "redis://127.0.0.1:"+port+"/0")
}
