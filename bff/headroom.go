package bff

// headroom is how much garbage may gather before it is collected, beyond what Go's default allows.
const headroom = 64 << 20

// Headroom returns memory that a program holds with runtime.KeepAlive as long as it serves, and never touches: it takes addresses
// and no RAM. Go collects when the garbage is as large as what lives, and a BFF's few megabytes of sessions would have it
// collect twenty times a second under load. The price is at most 64 MB more of resident memory, however many sessions
// there are, which a percentage (GOGC) would multiply.
func Headroom() []byte { return make([]byte, headroom) }
