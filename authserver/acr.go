package authserver

import (
	"slices"
	"strings"

	"cloakroom/authserver/client"
	"cloakroom/authserver/factor"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/workspace"
)

// The authentication context classes, each of which includes those before it. SPEC.md says what they mean.
const (
	acrPassword          = "urn:cloakroom:acr:single-factor"
	acrTwoFactor         = "urn:cloakroom:acr:two-factor"
	acrPhishingResistant = "urn:cloakroom:acr:phishing-resistant" // two factors, of which one is a passkey
)

// The methods of authentication (RFC 8176 §2).
const (
	amrPassword = "pwd"
	amrOTP      = "otp"  // of an authenticator app, or a recovery code
	amrHardware = "hwk"  // a passkey that stays on its device: by its own word, since nobody asks for attestation
	amrSoftware = "swk"  // a passkey that its user's devices share
	amrPresence = "user" // the user was there
	amrMultiple = "mfa"
)

// acrLevels are the classes in their order.
var acrLevels = []string{acrPassword, acrTwoFactor, acrPhishingResistant}

// levelOf is where a class stands. One that is not ours, of an upstream provider, is worth no more than a password.
func levelOf(class string) int { return max(slices.Index(acrLevels, class), 0) }

// meets reports whether an authentication of the class have does where want is asked for. A class that is not ours is met by itself.
func meets(have, want string) bool {
	return have == want || (slices.Contains(acrLevels, want) && levelOf(have) >= levelOf(want))
}

// stronger is the higher one of two classes.
func stronger(a, b string) string {
	if levelOf(b) > levelOf(a) {
		return b
	}
	return a
}

// acrValues are the classes that the workspace's users can reach.
func (i *issuer) acrValues() []string {
	switch {
	case i.Policy.SecondFactor == workspace.SecondFactorOff:
		return acrLevels[:1]
	case !factor.HasPasskeys(i.Base):
		return acrLevels[:2]
	default:
		return acrLevels
	}
}

// checkACR keeps the classes that the request asks for, and whether it insists. What claims says wins: it can insist (OpenID Connect
// Core §5.5.1.1), and acr_values is a wish (§3.1.2.1).
func checkACR(iss *issuer, _ *client.Client, p params, request *authorizationRequest) error {
	request.ACRValues = strings.Fields(p.get("acr_values"))
	parsed, err := parseClaimsRequest(request.Claims)
	if err != nil { // validated before
		return err
	}
	asked := parsed.IDToken["acr"]
	if asked == nil {
		return nil
	}
	if named := asked.texts(); len(named) > 0 {
		request.ACRValues, request.InsistACR = named, asked.Essential
	}
	offered := func(class string) bool { return slices.Contains(iss.acrValues(), class) }
	if request.InsistACR && !slices.ContainsFunc(request.ACRValues, offered) {
		return oauth.UnmetAuthenticationRequirements.Errorf("the authentication that claims insists on is not offered")
	}
	return nil
}

// acrFor is the class to tell the client of an authentication: the first that it asked for and that is met, since it will look for
// that; else the one that it is.
func (r authorizationRequest) acrFor(have string) string {
	for _, wanted := range r.ACRValues {
		if meets(have, wanted) {
			return wanted
		}
	}
	return have
}

// unmet reports whether the request insists on a class that the authentication does not reach.
func (r authorizationRequest) unmet(have string) bool {
	return r.InsistACR && !slices.ContainsFunc(r.ACRValues, func(wanted string) bool { return meets(have, wanted) })
}

// goal is the class that the request asks for beyond the one there is: the first in its order that can be reached; empty when there is
// none, or when one is met already.
func (r authorizationRequest) goal(have, reachable string) string {
	for _, wanted := range r.ACRValues {
		if meets(have, wanted) {
			return ""
		}
	}
	for _, wanted := range r.ACRValues {
		if meets(reachable, wanted) {
			return wanted
		}
	}
	return ""
}

// plus is an authentication with a second factor that was just shown. Its time stays that of the first: auth_time is when the oldest
// factor was shown that acr counts on, so that max_age bounds them all.
func (a authentication) plus(class string, methods ...string) authentication {
	all := slices.Clone(a.amr)
	for _, method := range append(methods, amrMultiple) {
		if !slices.Contains(all, method) {
			all = append(all, method)
		}
	}
	return authentication{at: a.at, acr: stronger(a.acr, class), amr: all}
}
