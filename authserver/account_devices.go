package authserver

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/store"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
)

// devicesSection lists where the user is signed in: this browser first, then by when they were seen.
func (s *Server) devicesSection(ctx context.Context, iss *issuer, user *signedIn) (ui.AccountSection, error) {
	sessions, err := s.store.Sessions(ctx, iss.Key(), user.account.Subject)
	if err != nil {
		return nil, storeFailed("list sessions", err)
	}
	grants, err := s.store.Grants(ctx, iss.Key(), user.account.Subject, "")
	if err != nil {
		return nil, storeFailed("list grants", err)
	}
	slices.SortStableFunc(sessions, func(a, b store.Session) int { return b.Seen.Compare(a.Seen) })
	shown := ui.AccountDevices{}
	for _, session := range sessions {
		device := ui.Device{
			ID: session.ID, Agent: agentInWords(session.UserAgent), Here: session.ID == user.session.ID,
			SignedIn: since(s.now(), session.AuthTime), Seen: since(s.now(), session.Seen),
			Applications: strings.Join(clientNames(iss, grants, session.ID), ", "),
		}
		if device.Here {
			shown.Devices = slices.Insert(shown.Devices, 0, device)
			continue
		}
		shown.Devices = append(shown.Devices, device)
		shown.Others = true
	}
	return shown, nil
}

// clientNames are the names of the applications that have something from a session, each once.
func clientNames(iss *issuer, grants []store.Grant, sessionID string) []string {
	var names []string
	for _, grant := range grants {
		if grant.SessionID != sessionID {
			continue
		}
		name := grant.ClientID
		if registered := iss.Find(grant.ClientID); registered != nil {
			name = registered.Name
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// endDevice signs one device out.
func (s *Server) endDevice(w http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn, p params) (changed, error) {
	session := p.get("session")
	if session == "" {
		return changed{}, errNoPage
	}
	if err := s.signOutDevices(r.Context(), iss, user, "one", session, ""); err != nil {
		return changed{}, err
	}
	if session == user.session.ID {
		deleteCookie(w, sessionCookie(iss))
		return changed{gone: true}, nil
	}
	return changed{done: "one"}, nil
}

// endOtherDevices signs out everywhere but here.
func (s *Server) endOtherDevices(_ http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn, _ params) (changed, error) {
	return changed{done: "others"}, s.signOutDevices(r.Context(), iss, user, "others", "", user.session.ID)
}

// endAllDevices signs out everywhere.
func (s *Server) endAllDevices(w http.ResponseWriter, r *http.Request, iss *issuer, user *signedIn, _ params) (changed, error) {
	if err := s.signOutDevices(r.Context(), iss, user, "everywhere", "", ""); err != nil {
		return changed{}, err
	}
	deleteCookie(w, sessionCookie(iss))
	return changed{gone: true}, nil
}

// signOutDevices ends sessions of the user with all that applications got from them, offline access too: a device that is signed out
// from elsewhere may be in other hands. The applications are told (OpenID Connect Back-Channel Logout 1.0).
func (s *Server) signOutDevices(ctx context.Context, iss *issuer, user *signedIn, which, only, except string) error {
	sessions, grants, err := s.store.SignOut(ctx, iss.Key(), user.account.Subject, only, except)
	if err != nil {
		return storeFailed("sign out", err)
	}
	s.tellClients(ctx, iss, grants)
	s.audit.Record(ctx, audit.SessionEnded, iss.Key(), "subject", user.account.Subject, "which", which, "sessions", len(sessions), "grants", len(grants))
	return nil
}

// agents are what browsers and systems have in their User-Agent, the more particular ones first: each says that it is the others too.
var (
	browsers = [][2]string{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Firefox/", "Firefox"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
		{"curl/", "curl"},
	}
	systems = [][2]string{
		{"Android", "Android"},
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Windows", "Windows"},
		{"Mac OS X", "macOS"},
		{"CrOS", "ChromeOS"},
		{"Linux", "Linux"},
	}
)

// agentInWords says which browser on which system. What a browser says of itself is never repeated: anybody can say anything.
func agentInWords(userAgent string) text.Message {
	browser, system := firstIn(browsers, userAgent), firstIn(systems, userAgent)
	switch {
	case browser != "" && system != "":
		return text.Of("account.devices.agent.both", "browser", browser, "system", system)
	case browser != "":
		return text.Of("account.devices.agent.browser", "browser", browser)
	case system != "":
		return text.Of("account.devices.agent.system", "system", system)
	default:
		return text.Of("account.devices.agent.unknown")
	}
}

func firstIn(table [][2]string, userAgent string) string {
	for _, row := range table {
		if strings.Contains(userAgent, row[0]) {
			return row[1]
		}
	}
	return ""
}
