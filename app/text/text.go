// Package text is what the page has to say, without the words: those are in a package of their own for each language, english
// below. A translation is one more of those. The page has no word anywhere else, and no markup is in here.
//
// Start with [Words]; [Say] is where the screens take them from.
package text

// Words are all that the page says, in one language. What a field says stands in english; a comment here says what is put
// together with it.
type Words struct {
	Document
	Home
	Session
	Inspector
	Trace
	Build
}

// Say is the language that the page speaks. Whoever runs the page sets it before the first screen is made: package app does.
// Without one, the first word is a panic, so that no screen is empty in silence.
var Say *Words

// Message is what an alert says: what happened, and what it means for the user.
type Message struct {
	Title  string
	Detail string
}
