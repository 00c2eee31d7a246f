package oauth

import (
	"errors"
	"slices"
)

// What the standard claims about a user are, where that is no text (OpenID Connect Core §5.1).
var (
	truthClaims = []string{"email_verified", "phone_number_verified"}
	textClaims  = []string{
		"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "email",
		"gender", "birthdate", "zoneinfo", "locale", "phone_number",
	}
)

// CheckClaim says what is wrong with the value of a claim about a user. A relying party that reads a standard claim as what it is would fail
// at another; claims that the standard does not know may be anything.
func CheckClaim(name string, value any) error {
	switch {
	case slices.Contains(textClaims, name):
		if _, ok := value.(string); !ok {
			return errors.New("has to be a text")
		}
	case slices.Contains(truthClaims, name):
		if _, ok := value.(bool); !ok {
			return errors.New("has to be true or false")
		}
	case name == "address":
		if _, ok := value.(map[string]any); !ok {
			return errors.New("has to be an object")
		}
	case name == "updated_at":
		switch value.(type) {
		case int, int64, uint64, float64:
		default:
			return errors.New("has to be a number of seconds")
		}
	}
	return nil
}
