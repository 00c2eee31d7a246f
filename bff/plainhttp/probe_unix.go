//go:build unix

package plainhttp

import "syscall"

// canProbe says whether a connection can be asked if something came, without waiting for it.
const canProbe = true

// probe asks a connection's socket whether there is something to read. It keeps its function, so that asking allocates nothing.
type probe struct {
	look func(fd uintptr) bool
	err  error
}

func (p *probe) nothingToRead(socket syscall.RawConn) bool {
	if p.look == nil {
		var peeked [1]byte
		p.look = func(fd uintptr) bool {
			_, _, p.err = syscall.Recvfrom(int(fd), peeked[:], syscall.MSG_PEEK)
			return true // it does not wait
		}
	}
	p.err = nil
	if err := socket.Read(p.look); err != nil {
		return false
	}
	return p.err == syscall.EAGAIN || p.err == syscall.EWOULDBLOCK //nolint:errorlint // a bare number
}
