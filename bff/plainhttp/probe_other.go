//go:build !unix

package plainhttp

import "syscall"

// canProbe is false: [New] returns the [http.Transport].
const canProbe = false

type probe struct{}

func (*probe) nothingToRead(syscall.RawConn) bool { return false }
