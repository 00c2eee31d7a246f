package authserver

import (
	"net/http"

	"cloakroom/authserver/ui"
)

// pageOptions is what differs in how a page is sent.
type pageOptions struct {
	// formTarget is the origin that the answer to the page's form redirects to; empty for none but our own.
	formTarget string
	// script allows our script files: the one that sends a form, and the one for passkeys, whose pages say so themselves.
	script bool
}

// policy is the content security policy of every page: nothing but our style and icon, no script but for the form that sends itself and for passkeys, nothing inline, no frame around
// it. Chromium applies form-action to the redirects that follow a form, so it names the client's origin, and that one only.
func (o pageOptions) policy() string {
	policy := "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
	if o.formTarget != "" {
		policy += " " + o.formTarget
	}
	if o.script {
		policy += "; script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
	}
	return policy
}

// render sends a page. A page that cannot be made is our fault, and plain text says so.
func (s *Server) render(w http.ResponseWriter, r *http.Request, iss *issuer, code int, options pageOptions, page ui.Page) {
	frame := ui.Frame{Languages: r.Header.Get("Accept-Language")}
	if iss != nil {
		frame.Workspace, frame.Host, frame.Look = iss.Title, iss.Host(), iss.look
	}
	html, err := s.pages.Render(frame, page)
	if err != nil {
		s.logError(r.Context(), err, http.StatusInternalServerError)
		http.Error(w, "something went wrong", http.StatusInternalServerError)
		return
	}
	options.script = options.script || ui.Scripted(page)
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", options.policy())
	header.Set("X-Frame-Options", "DENY")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	w.WriteHeader(code)
	_, _ = w.Write(html)
}
