package authserver

import (
	"net/http"
	"slices"
	"time"

	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
	"cloakroom/authserver/upstream"
	"cloakroom/authserver/workspace"
)

// newUpstreams makes the upstream providers of a workspace, by the ids of their sources. It asks none of them for anything.
func (s *Server) newUpstreams(ws *workspace.Workspace) map[string]*upstream.Provider {
	providers := map[string]*upstream.Provider{}
	for position := range ws.Sources {
		source := &ws.Sources[position]
		if source.Type != workspace.SourceOIDC {
			continue
		}
		providers[source.ID] = upstream.New(upstream.Config{
			Issuer:      source.Issuer,
			ClientID:    source.ClientID,
			AuthMethod:  source.AuthMethod,
			Secret:      source.ClientSecret,
			Key:         source.ClientKey,
			RedirectURI: ws.Base + upstreamPath(ws, source.ID) + "/callback",
			Scopes:      source.Scopes,
			Userinfo:    source.Userinfo,
		}, s.outbound, s.clientKeys, s.now)
	}
	return providers
}

func upstreamPath(ws *workspace.Workspace, source string) string {
	return ws.Path() + "/upstream/" + source
}

// addSources puts the workspace's identity sources on the sign-in page: the form of local accounts if it has them, and a way to each
// upstream provider. The ways are links and not buttons of a form: a policy for where forms may lead would have to name all that a
// provider redirects to.
func (s *Server) addSources(page *ui.Login, r *http.Request, iss *issuer, ix interaction) {
	last := lastSource(r, iss)
	for position := range iss.Sources {
		source := &iss.Sources[position]
		if source.Type == workspace.SourceLocal {
			page.Local = true
			if source.Open() {
				page.SignUp = interactionPath(iss, ix.handle.ID) + "/signup"
			}
			continue
		}
		page.Sources = append(page.Sources, ui.SourceLink{
			ID: source.ID, Name: source.Name, Address: interactionPath(iss, ix.handle.ID) + "/upstream/" + source.ID, Last: source.ID == last,
		})
	}
	slices.SortStableFunc(page.Sources, func(a, b ui.SourceLink) int {
		switch {
		case a.Last == b.Last:
			return 0
		case a.Last:
			return -1
		default:
			return 1
		}
	})
	if ix.state.Problem != "" {
		page.Problem = text.Of("source.problem."+ix.state.Problem, "source", sourceName(iss, ix.state.ProblemSource))
	}
}

// sourceName is how people know an upstream provider.
func sourceName(iss *issuer, id string) string {
	if source := iss.Upstream(id); source != nil {
		return source.Name
	}
	return id
}

// lastSourceLife is how long a browser remembers where its user signed in.
const lastSourceLife = 180 * 24 * time.Hour

// rememberSource has the browser remember where its user signed in: the name of a source, and nothing about the user.
func rememberSource(w http.ResponseWriter, iss *issuer, source string) {
	writeCookie(w, &http.Cookie{Name: cookieName(iss, "source"), Value: source, MaxAge: int(lastSourceLife.Seconds())})
}

func lastSource(r *http.Request, iss *issuer) string {
	found := r.CookiesNamed(cookieName(iss, "source"))
	if len(found) != 1 || iss.Upstream(found[0].Value) == nil {
		return ""
	}
	return found[0].Value
}
