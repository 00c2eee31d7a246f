package authserver

import (
	"fmt"
	"runtime/debug"

	"cloakroom/authserver/oauth"
)

// aside runs do beside its caller, who has to receive what it returns. A panic of do is its error: what recovers the caller's panics does
// not reach it.
func aside(do func() error) <-chan error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if value := recover(); value != nil {
				done <- oauth.ServerError.Because(fmt.Errorf("panic: %v\n%s", value, debug.Stack()))
			}
		}()
		done <- do()
	}()
	return done
}
