package account

import (
	_ "embed"
	"errors"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MinPassword is the shortest new password, in characters. Nothing is asked of which characters they are (NIST SP 800-63B §3.1.1.2).
const MinPassword = 10

// What keeps a text from being a new password. It may fail in several ways at once; the first is told.
var (
	ErrPasswordShort  = errors.New("the password is too short")
	ErrPasswordLong   = errors.New("the password is too long")
	ErrPasswordCommon = errors.New("the password is among the first to be guessed")
	ErrPasswordNamed  = errors.New("the password is little more than the user's name")
)

// CheckPassword is the one place that says what a new password may be, at sign-up and at a change. About is what everybody knows of the
// user: user name, name, e-mail address. The error is one of those above, or ErrPassword for what no keyboard gives.
func CheckPassword(password string, about ...string) error {
	switch _, err := prepare(password); {
	case len(password) > MaxPassword:
		return ErrPasswordLong
	case err != nil && password != "":
		return err
	case utf8.RuneCountInString(password) < MinPassword:
		return ErrPasswordShort
	case common(password):
		return ErrPasswordCommon
	case named(password, about):
		return ErrPasswordNamed
	}
	return nil
}

//go:embed common.txt
var commonText string

// commonWords are the words that most passwords are made of, in plain letters.
var commonWords = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for _, word := range strings.Fields(commonText) {
		words[word] = true
	}
	return words
})

// common reports whether a password is a common word, or two, however it is dressed up, or a run along the keyboard.
func common(password string) bool {
	plain := plainLetters(password)
	for _, letters := range []string{plain, strings.Trim(plain, "aeilost")} { // a digit at the end is a digit, not a letter in disguise
		if commonWords()[letters] || pair(letters) {
			return true
		}
	}
	bare := strings.TrimFunc(strings.ToLower(norm.NFKC.String(password)), func(r rune) bool { return !unicode.IsLetter(r) })
	return commonWords()[bare] || pair(bare) || run(password) || repeats(password)
}

// pair reports whether the letters are two common words, one after the other.
func pair(letters string) bool {
	for at := 3; at+3 <= len(letters); at++ {
		if commonWords()[letters[:at]] && commonWords()[letters[at:]] {
			return true
		}
	}
	return false
}

var disguises = strings.NewReplacer("0", "o", "1", "i", "!", "i", "3", "e", "4", "a", "@", "a", "5", "s", "$", "s", "7", "t", "+", "t")

// plainLetters takes the usual disguises off and leaves the letters.
func plainLetters(password string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, disguises.Replace(strings.ToLower(norm.NFKC.String(password))))
}

// rows are what fingers run along.
var rows = []string{"1234567890", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm", "abcdefghijklmnopqrstuvwxyz", "0123456789", "!@#$%^&*()"}

// run reports whether the password is a few runs along the keyboard or the alphabet, there or back, or of one character.
func run(password string) bool {
	jumps, last := 0, rune(0)
	for _, letter := range strings.ToLower(password) {
		if last == 0 || !neighbours(last, letter) {
			jumps++
		}
		last = letter
	}
	return jumps <= utf8.RuneCountInString(password)/4
}

func neighbours(a, b rune) bool {
	if a == b {
		return true
	}
	for _, row := range rows {
		if strings.Contains(row, string([]rune{a, b})) || strings.Contains(row, string([]rune{b, a})) {
			return true
		}
	}
	return false
}

// repeats reports whether the password is one short piece again and again.
func repeats(password string) bool {
	for size := 1; size <= 4 && size*2 <= len(password); size++ {
		again := strings.Repeat(password[:size], len(password)/size+1)
		if strings.HasPrefix(again, password) {
			return true
		}
	}
	return false
}

const (
	minName = 3 // a shorter part of a name says nothing
	// besideName is how much has to be there besides what everybody knows.
	besideName = 6
)

// named reports whether little is left of the password without what everybody knows of the user.
func named(password string, about []string) bool {
	rest := strings.ToLower(password)
	for _, text := range about {
		for _, part := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if utf8.RuneCountInString(part) >= minName {
				rest = strings.ReplaceAll(rest, part, "")
			}
		}
	}
	return rest != strings.ToLower(password) && utf8.RuneCountInString(rest) < besideName
}
