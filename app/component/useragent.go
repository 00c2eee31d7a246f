package component

import (
	"strings"

	"cloakroom/app/text"
)

// products and systems are the words that tell browsers and systems apart, the more particular first: all of them claim to
// be others as well.
var products = [][2]string{
	{"Edg", "Edge"},
	{"OPR/", "Opera"},
	{"Firefox/", "Firefox"},
	{"HeadlessChrome/", "Chromium"},
	{"Chrome/", "Chrome"},
	{"CriOS/", "Chrome"},
	{"FxiOS/", "Firefox"},
	{"Safari/", "Safari"},
	{"curl/", "curl"},
	{"Go-http-client", "Go"},
}

var systems = [][2]string{
	{"iPhone", "iPhone"},
	{"iPad", "iPad"},
	{"Android", "Android"},
	{"CrOS", "ChromeOS"},
	{"Windows", "Windows"},
	{"Mac OS X", "macOS"},
	{"Linux", "Linux"},
}

// BrowserName says in two words what a User-Agent header says in twenty. It is a help to recognise a session by, no proof.
func BrowserName(userAgent string) string {
	browser, system := firstOf(products, userAgent), firstOf(systems, userAgent)
	switch {
	case browser == "" && system == "":
		return text.Say.UnknownBrowser
	case browser == "":
		return text.Say.UnknownBrowser + text.Say.BrowserOn + system
	case system == "":
		return browser
	default:
		return browser + text.Say.BrowserOn + system
	}
}

func firstOf(names [][2]string, in string) string {
	for _, name := range names {
		if strings.Contains(in, name[0]) {
			return name[1]
		}
	}
	return ""
}
