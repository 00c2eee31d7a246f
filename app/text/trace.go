package text

import "cloakroom/bff/api"

// Explained is what the inspector says of a message: what it is, why it happens, and where that is specified.
type Explained struct{ Title, Why, Spec string }

// Explain explains a message. A name that it does not know is shown as it is.
func Explain(name api.TraceName) Explained {
	if known, ok := explained[name]; ok {
		return known
	}
	return Explained{Title: string(name), Why: "This version of the page has no words for it yet."}
}

var explained = map[api.TraceName]Explained{
	api.TraceLogin: {
		"Sign-in asked for",
		"The page sends the browser to its own server, the BFF. It begins a transaction: a fresh state, nonce and PKCE verifier, kept on the server and tied to this browser by a cookie of ten minutes.",
		"RFC 6749 §4.1",
	},
	api.TraceAuthorize: {
		"Authorization request",
		"The browser carries the request to the authorization server. What it carries was made by the BFF, and is worthless to anyone who copies it: the secret half stays behind.",
		"RFC 6749 §4.1.1",
	},
	api.TracePAR: {
		"Pushed authorization request",
		"The BFF hands the request to the authorization server directly and proves who it is. The browser then carries a reference only, so nothing in the address bar can be read or changed.",
		"RFC 9126 §2",
	},
	api.TraceSignInForm: {
		"Sign-in form",
		"The authorization server asks who is there, on a page of its own. The app never sees what is typed there, and cannot: it is another origin.",
		"OpenID Connect Core §3.1.2.3",
	},
	api.TraceConsentForm: {
		"Consent form",
		"The user decides what the app may do in their name. The authorization server remembers it, so that it is asked once.",
		"OpenID Connect Core §3.1.2.4",
	},
	api.TraceSecondFactorForm: {
		"Second factor",
		"A password alone is not enough here: the authorization server asks for a second proof.",
		"RFC 8176 §2",
	},
	api.TraceAuthorizeResponse: {
		"Authorization response",
		"The authorization server sends the browser back with a code. The code lives for a minute, works once, and only together with the verifier and the credential that the BFF keeps.",
		"RFC 6749 §4.1.2",
	},
	api.TraceCallback: {
		"Callback",
		"The browser delivers the code. The BFF makes sure that this browser began this sign-in, and that the answer comes from the authorization server that was asked.",
		"RFC 9700 §4.7",
	},
	api.TraceTokenEndpoint: {
		"Token request",
		"From server to server, the BFF trades what it holds for tokens and proves that it is the client. The browser has no part in this, so there is nothing in it to steal.",
		"RFC 6749 §4.1.3",
	},
	api.TraceJWKS: {
		"Keys of the authorization server",
		"The public keys that signatures are verified with. They are fetched once and kept.",
		"RFC 7517 §5",
	},
	api.TraceDiscovery: {
		"Discovery",
		"The authorization server says where its endpoints are and what it supports, so that nothing of it has to be configured.",
		"OpenID Connect Discovery §4",
	},
	api.TraceUserinfo: {
		"Claims about the user",
		"The BFF asks for what the ID token does not say.",
		"OpenID Connect Core §5.3",
	},
	api.TraceIDToken: {
		"ID token checked",
		"The BFF verifies the authorization server's statement of who signed in: the signature, for whom it is, how old it is, and that it answers this very sign-in.",
		"OpenID Connect Core §3.1.3.7",
	},
	api.TraceSessionStarted: {
		"Session started",
		"The tokens are hung up behind the counter. The browser gets the ticket: one cookie that no script can read, and that means nothing anywhere else.",
		"RFC 10017 §6.1.3.2",
	},
	api.TraceCall: {
		"API call",
		"The page asks its own origin. The BFF takes the cookie, finds the session, and puts the access token in the cookie's place on the way to the API.",
		"RFC 10017 §6.1.1",
	},
	api.TraceAccessToken: {
		"Access token checked",
		"The API trusts nobody's word: it verifies the signature, that the token is for this API, not expired, and allows what is asked.",
		"RFC 9068 §4",
	},
	api.TraceRefresh: {
		"Renewal asked for",
		"The page asks for a fresh access token. It does not get one: it is told until when the server's new one lasts.",
		"RFC 10017 §6.1.2.2",
	},
	api.TraceRevocation: {
		"Token revoked",
		"What nobody needs any more is taken back, so that a copy of it would be worth nothing.",
		"RFC 7009 §2",
	},
	api.TraceLogout: {
		"Sign-out",
		"The page gives the ticket back. The session is gone on the server before the answer is sent.",
		"RFC 10017 §6.1.2.1",
	},
	api.TraceEndSession: {
		"Sign-out at the authorization server",
		"The browser tells the authorization server, too, so that the next sign-in asks for the password again.",
		"OpenID Connect RP-Initiated Logout §2",
	},
	api.TraceBackchannelLogout: {
		"Back-channel logout",
		"The authorization server tells the BFF that the user is signed out. No browser takes part: it works even when the page is closed.",
		"OpenID Connect Back-Channel Logout §2.5",
	},
	api.TraceIntrospection: {
		"Token introspection",
		"The API asks the authorization server whether a token is still good.",
		"RFC 7662 §2",
	},
}

// Step is one of the ten steps, in plain words.
type Step struct{ Title, Plain string }

// Steps are the ten, in order: the first is [api.StepAccess].
var Steps = []Step{
	{"You open the app", "You want to use the app, and it does not know you yet. It sends you to its own server."},
	{"The app's server asks for a sign-in", "It tells the sign-in service what it would like to do in your name, and gets a reference to that request."},
	{"You are sent to the sign-in service", "Your browser goes to a page of the sign-in service. The app is not there."},
	{"You prove who you are", "You type your password there, and nowhere else, and you agree to what the app may do."},
	{"You come back with a code", "The sign-in service sends your browser back with a code. By itself it is good for nothing."},
	{"The app's server hands the code in", "It proves that it is the one who asked. Your browser is not part of this conversation."},
	{"The sign-in service checks everything", "The code, the server's credential, and that both belong to the same request."},
	{"The app's server gets the tokens", "They stay there, behind the counter. Your browser gets a ticket: a cookie."},
	{"The app asks for your data", "Your browser shows the ticket, and the app's server puts the token in its place."},
	{"The API checks the token and answers", "It makes sure that the token is genuine and meant for it. Then your data comes back."},
}

// Parties are the names of the lanes.
var Parties = map[api.Party]string{
	api.PartyBrowser:             "Browser",
	api.PartyBFF:                 "BFF",
	api.PartyAuthorizationServer: "Authorization server",
	api.PartyAPI:                 "API",
}

// FlowKinds are what the flows are called.
var FlowKinds = map[api.FlowKind]string{
	api.FlowSignIn:            "Sign-in",
	api.FlowAPICall:           "API call",
	api.FlowRefresh:           "Renewal",
	api.FlowSignOut:           "Sign-out",
	api.FlowBackchannelLogout: "Back-channel logout",
}

// Holds say what step mode holds, and what happens next.
var Holds = map[api.Hold]string{
	api.HoldRedirect:     "The redirect to the authorization server. Next, the browser goes there.",
	api.HoldTokenRequest: "The token request. Next, the BFF redeems the code.",
	api.HoldAPICall:      "The request to the API. Next, the BFF adds the access token and sends it.",
}
