package account

import (
	"errors"
	"fmt"

	"golang.org/x/text/secure/precis"
)

// maxUsername is the longest user name, in bytes, before and after it is made canonical.
const maxUsername = 128

// ErrUsername means that a text cannot be a user name.
var ErrUsername = errors.New("not a user name")

// Canonical is the one spelling under which a user name is kept and compared: width and case mapped, normalised, and without
// characters that look like nothing (RFC 8265 §3.3, UsernameCaseMapped).
func Canonical(username string) (string, error) {
	if username == "" || len(username) > maxUsername {
		return "", fmt.Errorf("%w: it has 1 to %d bytes", ErrUsername, maxUsername)
	}
	canonical, err := precis.UsernameCaseMapped.String(username)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUsername, err)
	}
	// RFC 8265 §3.3.3: the rules are applied until the output is stable; a name that is not after one round is refused.
	again, err := precis.UsernameCaseMapped.String(canonical)
	if err != nil || again != canonical || len(canonical) > maxUsername {
		return "", fmt.Errorf("%w: it has no stable spelling", ErrUsername)
	}
	return canonical, nil
}
