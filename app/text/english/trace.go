package english

import (
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

var trace = text.Trace{
	Explanations: map[api.TraceName]text.Explained{
		api.TraceLogin: {
			Title: "Sign-in asked for",
			Why:   "The page sends the browser to its own server, the BFF. It begins a transaction: a fresh state, nonce and PKCE verifier, kept on the server and tied to this browser by a cookie of ten minutes.",
			Spec:  "RFC 6749 §4.1",
		},
		api.TraceAuthorize: {
			Title: "Authorization request",
			Why:   "The browser carries the request to the authorization server. What it carries was made by the BFF, and is worthless to anyone who copies it: the secret half stays behind.",
			Spec:  "RFC 6749 §4.1.1",
		},
		api.TracePAR: {
			Title: "Pushed authorization request",
			Why:   "The BFF hands the request to the authorization server directly and proves who it is. The browser then carries a reference only, so nothing in the address bar can be read or changed.",
			Spec:  "RFC 9126 §2",
		},
		api.TraceSignInForm: {
			Title: "Sign-in form",
			Why:   "The authorization server asks who is there, on a page of its own. The app never sees what is typed there, and cannot: it is another origin.",
			Spec:  "OpenID Connect Core §3.1.2.3",
		},
		api.TraceConsentForm: {
			Title: "Consent form",
			Why:   "The user decides what the app may do in their name. The authorization server remembers it, so that it is asked once.",
			Spec:  "OpenID Connect Core §3.1.2.4",
		},
		api.TraceSecondFactorForm: {
			Title: "Second factor",
			Why:   "A password alone is not enough here: the authorization server asks for a second proof.",
			Spec:  "RFC 8176 §2",
		},
		api.TraceAuthorizeResponse: {
			Title: "Authorization response",
			Why:   "The authorization server sends the browser back with a code. The code lives for a minute, works once, and only together with the verifier and the credential that the BFF keeps.",
			Spec:  "RFC 6749 §4.1.2",
		},
		api.TraceCallback: {
			Title: "Callback",
			Why:   "The browser delivers the code. The BFF makes sure that this browser began this sign-in, and that the answer comes from the authorization server that was asked.",
			Spec:  "RFC 9700 §4.7",
		},
		api.TraceTokenEndpoint: {
			Title: "Token request",
			Why:   "From server to server, the BFF trades what it holds for tokens and proves that it is the client. The browser has no part in this, so there is nothing in it to steal.",
			Spec:  "RFC 6749 §4.1.3",
		},
		api.TraceJWKS: {
			Title: "Keys of the authorization server",
			Why:   "The public keys that signatures are verified with. They are fetched once and kept.",
			Spec:  "RFC 7517 §5",
		},
		api.TraceDiscovery: {
			Title: "Discovery",
			Why:   "The authorization server says where its endpoints are and what it supports, so that nothing of it has to be configured.",
			Spec:  "OpenID Connect Discovery §4",
		},
		api.TraceUserinfo: {
			Title: "Claims about the user",
			Why:   "The BFF asks for what the ID token does not say.",
			Spec:  "OpenID Connect Core §5.3",
		},
		api.TraceIDToken: {
			Title: "ID token checked",
			Why:   "The BFF verifies the authorization server's statement of who signed in: the signature, for whom it is, how old it is, and that it answers this very sign-in.",
			Spec:  "OpenID Connect Core §3.1.3.7",
		},
		api.TraceSessionStarted: {
			Title: "Session started",
			Why:   "The tokens are hung up behind the counter. The browser gets the ticket: one cookie that no script can read, and that means nothing anywhere else.",
			Spec:  "RFC 10017 §6.1.3.2",
		},
		api.TraceCall: {
			Title: "API call",
			Why:   "The page asks its own origin. The BFF takes the cookie, finds the session, and puts the access token in the cookie's place on the way to the API.",
			Spec:  "RFC 10017 §6.1.1",
		},
		api.TraceAccessToken: {
			Title: "Access token checked",
			Why:   "The API trusts nobody's word: it verifies the signature, that the token is for this API, not expired, and allows what is asked.",
			Spec:  "RFC 9068 §4",
		},
		api.TraceRefresh: {
			Title: "Renewal asked for",
			Why:   "The page asks for a fresh access token. It does not get one: it is told until when the server's new one lasts.",
			Spec:  "RFC 10017 §6.1.2.2",
		},
		api.TraceRevocation: {
			Title: "Token revoked",
			Why:   "What nobody needs any more is taken back, so that a copy of it would be worth nothing.",
			Spec:  "RFC 7009 §2",
		},
		api.TraceLogout: {
			Title: "Sign-out",
			Why:   "The page gives the ticket back. The session is gone on the server before the answer is sent.",
			Spec:  "RFC 10017 §6.1.2.1",
		},
		api.TraceEndSession: {
			Title: "Sign-out at the authorization server",
			Why:   "The browser tells the authorization server, too, so that the next sign-in asks for the password again.",
			Spec:  "OpenID Connect RP-Initiated Logout §2",
		},
		api.TraceBackchannelLogout: {
			Title: "Back-channel logout",
			Why:   "The authorization server tells the BFF that the user is signed out. No browser takes part: it works even when the page is closed.",
			Spec:  "OpenID Connect Back-Channel Logout §2.5",
		},
		api.TraceIntrospection: {
			Title: "Token introspection",
			Why:   "The API asks the authorization server whether a token is still good.",
			Spec:  "RFC 7662 §2",
		},
	},

	Unexplained: "This version of the page has no words for it yet.",

	Steps: []text.Step{
		{Title: "You open the app", Plain: "You want to use the app, and it does not know you yet. It sends you to its own server."},
		{Title: "The app's server asks for a sign-in", Plain: "It tells the sign-in service what it would like to do in your name, and gets a reference to that request."},
		{Title: "You are sent to the sign-in service", Plain: "Your browser goes to a page of the sign-in service. The app is not there."},
		{Title: "You prove who you are", Plain: "You type your password there, and nowhere else, and you agree to what the app may do."},
		{Title: "You come back with a code", Plain: "The sign-in service sends your browser back with a code. By itself it is good for nothing."},
		{Title: "The app's server hands the code in", Plain: "It proves that it is the one who asked. Your browser is not part of this conversation."},
		{Title: "The sign-in service checks everything", Plain: "The code, the server's credential, and that both belong to the same request."},
		{Title: "The app's server gets the tokens", Plain: "They stay there, behind the counter. Your browser gets a ticket: a cookie."},
		{Title: "The app asks for your data", Plain: "Your browser shows the ticket, and the app's server puts the token in its place."},
		{Title: "The API checks the token and answers", Plain: "It makes sure that the token is genuine and meant for it. Then your data comes back."},
	},

	Parties: map[api.Party]string{
		api.PartyBrowser:             "Browser",
		api.PartyBFF:                 "BFF",
		api.PartyAuthorizationServer: "Authorization server",
		api.PartyAPI:                 "API",
	},

	FlowKinds: map[api.FlowKind]string{
		api.FlowSignIn:            "Sign-in",
		api.FlowAPICall:           "API call",
		api.FlowRefresh:           "Renewal",
		api.FlowSignOut:           "Sign-out",
		api.FlowBackchannelLogout: "Back-channel logout",
	},

	Holds: map[api.Hold]string{
		api.HoldRedirect:     "The redirect to the authorization server. Next, the browser goes there.",
		api.HoldTokenRequest: "The token request. Next, the BFF redeems the code.",
		api.HoldAPICall:      "The request to the API. Next, the BFF adds the access token and sends it.",
	},
}
