package account

import (
	"errors"
	"strings"
	"testing"
)

func TestNewPasswordIsHeldToTheRules(t *testing.T) {
	for _, row := range []struct {
		password string
		want     error
	}{
		{"a quiet green bicycle", nil},
		{"kV8#qmZ2vT", nil},
		{"ein-Brückenpfeiler", nil},
		{"алфавит-на-стене", nil},
		{"alice fell down the rabbit hole", nil}, // a name within a longer text
		{"correct horse battery staple", nil},    // four words, well known as it is: length is what counts
		{"short", ErrPasswordShort},
		{"", ErrPasswordShort},
		{"äöüäöüäöü", ErrPasswordShort}, // characters count, not bytes
		{strings.Repeat("a quiet bike ", 20), ErrPasswordLong},
		{"password12", ErrPasswordCommon},
		{"P@ssw0rd2026!", ErrPasswordCommon},
		{"Sommer2026!!", ErrPasswordCommon},
		{"1234567890", ErrPasswordCommon},
		{"qwertyuiop", ErrPasswordCommon},
		{"qwerty12345", ErrPasswordCommon},
		{"aaaaaaaaaaaa", ErrPasswordCommon},
		{"abcabcabcabc", ErrPasswordCommon},
		{"lovelovelove", ErrPasswordCommon},
		{"summersunshine", ErrPasswordCommon},
		{"ｐａｓｓｗｏｒｄ１２", ErrPasswordCommon}, // fullwidth
		{"alice12345", ErrPasswordNamed},
		{"Liddell-42!", ErrPasswordNamed},
		{"with a \x00 in it", ErrPassword},
	} {
		if err := CheckPassword(row.password, "alice", "Alice Liddell", "alice@example.test"); !errors.Is(err, row.want) || (err == nil) != (row.want == nil) {
			t.Errorf("%q: %v, want %v", row.password, err, row.want)
		}
	}
}

func TestRulesForPasswordsNeverSayYesToWhatCannotBeHashed(t *testing.T) {
	for _, password := range []string{"\xff\xfe\xfd broken text", strings.Repeat("x", MaxPassword+1), "tab\tin the middle of it"} {
		if _, err := prepare(password); err == nil {
			t.Errorf("the control: %q can be hashed", password)
		}
		if CheckPassword(password) == nil {
			t.Errorf("%q is taken", password)
		}
	}
}

func FuzzCheckPassword(f *testing.F) {
	f.Add("P@ssw0rd2026!", "alice")
	f.Add("a quiet green bicycle", "")
	f.Fuzz(func(t *testing.T, password, about string) {
		if CheckPassword(password, about) == nil {
			if _, err := prepare(password); err != nil {
				t.Errorf("%q passes and cannot be hashed: %v", password, err)
			}
		}
	})
}
