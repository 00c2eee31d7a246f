package oauth

import "testing"

func TestStandardClaimsAreOfTheirKind(t *testing.T) {
	for name, row := range map[string]struct{ right, wrong any }{
		"name": {"Alice", 5.0}, "birthdate": {"1852-05-04", true}, "email": {"a@example.test", []any{"a@example.test"}},
		"email_verified": {true, "true"}, "phone_number_verified": {false, 0.0}, "updated_at": {1.8e9, "now"}, "address": {map[string]any{"locality": "Oxford"}, "Oxford"},
	} {
		if err := CheckClaim(name, row.right); err != nil {
			t.Errorf("%s: %v: %v", name, row.right, err)
		}
		for _, wrong := range []any{row.wrong, nil} {
			if CheckClaim(name, wrong) == nil {
				t.Errorf("%s: %v is taken", name, wrong)
			}
		}
	}
	if err := CheckClaim("department", 5.0); err != nil {
		t.Errorf("a claim of another's: %v", err)
	}
}
