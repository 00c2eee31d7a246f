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
		side("side-browser", text.BrowserKnows, text.BrowserDetail, browserFacts(session, readable)),
		side("side-server", text.ServerKnows, text.ServerDetail, serverFacts(session)),
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
		readable = text.CookieNothing
	}
	auth := session.Document.Auth
	if auth == nil {
		auth = &api.Auth{}
	}
	authenticated := ""
	if !auth.AuthTime.IsZero() {
		authenticated = auth.AuthTime.Local().Format(text.TimeLayout)
	}
	return []fact{
		{text.TokensHere, text.TokensNone},
		{text.CookieReadable, readable},
		{text.WhoYouAre, session.User},
		{text.SessionHandle, session.Document.Handle + ", " + text.HandleDetail},
		{text.Issuer, auth.Issuer},
		{text.Subject, auth.Subject},
		{text.Scopes, strings.Join(auth.Scopes, " ")},
		{text.AuthenticatedAt, authenticated},
		{text.Methods, strings.Join(auth.AMR, " ")},
		{text.ClassReference, auth.ACR},
	}
}

func serverFacts(session *state.Session) []fact {
	held := text.AccessHeld
	if expiry := session.Document.Expiry; expiry != nil && !expiry.AccessToken.IsZero() {
		held += text.AccessUntil + expiry.AccessToken.Local().Format(text.ClockLayout)
	}
	return []fact{
		{text.AccessToken, held},
		{text.RefreshToken, text.RefreshHeld},
		{text.IDToken, text.IDHeld},
		{text.Credential, text.CredentialHeld},
		{text.Verifier, text.VerifierHeld},
		{text.CookieValue, text.CookieValueHeld},
	}
}

// Papers are the cookie's attributes and the session document.
func Papers(session *state.Session, copier Copier) goapp.UI {
	rows := make([]goapp.UI, len(text.CookieAttributes))
	for i, attribute := range text.CookieAttributes {
		rows[i] = goapp.Div().Class("fact").Body(
			goapp.Dt().Body(goapp.Code().Text(attribute.Name)),
			goapp.Dd().Text(attribute.Meaning),
		)
	}
	return goapp.Div().Class("sides").Body(
		goapp.Section().Class("card").Body(
			goapp.H2().Text(text.DocumentHeading),
			goapp.P().Class("quiet").Text(text.DocumentLede),
			goapp.Div().ID(IDDocument).Body(Code(text.DocumentHeading, document(session.Document), copier)),
		),
		goapp.Section().Class("card").Body(
			goapp.H2().Text(text.CookieHeading),
			goapp.P().Class("quiet").Text(text.CookieLede),
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
