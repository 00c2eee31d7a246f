package component

import (
	"encoding/json"
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/state"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// Knowledge is what the browser and the server know, side by side. Readable is what document.cookie shows to script.
func Knowledge(session *state.Session, readable string) goapp.UI {
	return goapp.Div().Class("sides").Body(
		side("side-browser", text.Say.BrowserKnows, text.Say.BrowserDetail, browserFacts(session, readable)),
		side("side-server", text.Say.ServerKnows, text.Say.ServerDetail, serverFacts(session)),
	)
}

type fact struct{ name, value string }

func side(class, title, detail string, facts []fact) goapp.UI {
	rows := make([]goapp.UI, 0, len(facts))
	for _, fact := range facts {
		if fact.value == "" {
			continue
		}
		rows = append(rows, goapp.Div().Class("fact").Body(
			goapp.Dt().Text(fact.name),
			goapp.Dd().Text(fact.value),
		))
	}
	return goapp.Section().Class("card", "side", class).Body(
		goapp.H2().Text(title),
		goapp.P().Class("quiet").Text(detail),
		goapp.Dl().Class("facts").Body(rows...),
	)
}

func browserFacts(session *state.Session, readable string) []fact {
	if readable == "" {
		readable = text.Say.CookieNothing
	}
	auth := session.Document.Auth
	if auth == nil {
		auth = &api.Auth{}
	}
	authenticated := ""
	if !auth.AuthTime.IsZero() {
		authenticated = auth.AuthTime.Local().Format(text.Say.TimeLayout)
	}
	return []fact{
		{text.Say.TokensHere, text.Say.TokensNone},
		{text.Say.CookieReadable, readable},
		{text.Say.WhoYouAre, session.User},
		{text.Say.SessionHandle, session.Document.Handle + ", " + text.Say.HandleDetail},
		{text.Say.Issuer, auth.Issuer},
		{text.Say.Subject, auth.Subject},
		{text.Say.Scopes, strings.Join(auth.Scopes, " ")},
		{text.Say.AuthenticatedAt, authenticated},
		{text.Say.Methods, strings.Join(auth.AMR, " ")},
		{text.Say.ClassReference, auth.ACR},
	}
}

func serverFacts(session *state.Session) []fact {
	held := text.Say.AccessHeld
	if expiry := session.Document.Expiry; expiry != nil && !expiry.AccessToken.IsZero() {
		held += text.Say.AccessUntil + expiry.AccessToken.Local().Format(text.Say.ClockLayout)
	}
	return []fact{
		{text.Say.AccessToken, held},
		{text.Say.RefreshToken, text.Say.RefreshHeld},
		{text.Say.IDToken, text.Say.IDHeld},
		{text.Say.Credential, text.Say.CredentialHeld},
		{text.Say.Verifier, text.Say.VerifierHeld},
		{text.Say.CookieValue, text.Say.CookieValueHeld},
	}
}

// Papers are the cookie's attributes and the session document.
func Papers(session *state.Session, copier Copier) goapp.UI {
	rows := make([]goapp.UI, len(text.Say.CookieAttributes))
	for i, attribute := range text.Say.CookieAttributes {
		rows[i] = goapp.Div().Class("fact").Body(
			goapp.Dt().Body(goapp.Code().Text(attribute.Name)),
			goapp.Dd().Text(attribute.Meaning),
		)
	}
	return goapp.Div().Class("sides").Body(
		goapp.Section().Class("card").Body(
			goapp.H2().Text(text.Say.DocumentHeading),
			goapp.P().Class("quiet").Text(text.Say.DocumentLede),
			goapp.Div().ID(IDDocument).Body(Code(text.Say.DocumentHeading, document(session.Document), copier)),
		),
		goapp.Section().Class("card").Body(
			goapp.H2().Text(text.Say.CookieHeading),
			goapp.P().Class("quiet").Text(text.Say.CookieLede),
			goapp.P().Class("cookie-name").Body(goapp.Code().Text(text.SessionCookie)),
			goapp.Dl().Class("facts", "facts-code").Body(rows...),
		),
	)
}

// document is the session's document as the server writes it, but for white space.
func document(session api.Session) string {
	encoded, err := json.MarshalIndent(session, "", "  ")
	if err != nil {
		return "" // it came as JSON
	}
	return string(encoded)
}
