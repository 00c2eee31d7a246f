package account

import (
	"errors"
	"fmt"
	"unicode"

	"golang.org/x/text/secure/precis"
)

// maxUsername is the longest user name, in bytes, before and after it is made canonical.
const maxUsername = 128

// ErrUsername means that a text cannot be a user name.
var ErrUsername = errors.New("not a user name")

// ErrLong means that a text is too long for a user name; it is an ErrUsername.
var ErrLong = fmt.Errorf("%w: it is too long", ErrUsername)

// Canonical is the one spelling under which a user name is kept and compared: width and case mapped, normalised, and without
// characters that look like nothing (RFC 8265 §3.3, UsernameCaseMapped).
func Canonical(username string) (string, error) {
	if len(username) > maxUsername {
		return "", fmt.Errorf("%w: it has 1 to %d bytes", ErrLong, maxUsername)
	}
	if username == "" {
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

// ErrMixed means that a user name has letters of several scripts, of which some look like others'.
var ErrMixed = errors.New("the user name mixes scripts")

// lookalikes are the scripts whose letters are taken for each other's.
var lookalikes = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee, unicode.Coptic}

// CheckNewName says whether somebody may choose the user name: one that can be, and that does not pass for another by letters of another
// script (RFC 8264 §12.5, UTS 39 §5.1).
func CheckNewName(username string) error {
	canonical, err := Canonical(username)
	if err != nil {
		return err
	}
	found := 0
	for _, script := range lookalikes {
		for _, letter := range canonical {
			if unicode.Is(script, letter) {
				found++
				break
			}
		}
	}
	if found > 1 {
		return ErrMixed
	}
	return nil
}
