package bff

import (
	"net/http"
	"strings"

	"cloakroom/bff/api"
)

// popupScript tells the page in the other window that the sign-in is over, and closes its own. It speaks to its own origin
// only, through a BroadcastChannel, and holds nothing but the error's code: whoever listens asks /bff/session.
const popupScript = `'use strict';
(() => {
  const given = new URLSearchParams(location.search).get('` + api.ErrorParameter + `') || '';
  const error = /^[a-z_]{1,40}$/.test(given) ? given : '';
  const channel = new BroadcastChannel('` + api.PopupChannel + `');
  channel.postMessage({type: 'sign-in', error});
  channel.close();
  window.close();
})();
`

// popupPage is where a sign-in in a window of its own ends. It is the same for everybody.
const popupPage = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign-in</title>
<style>` + errorStyle + `</style><script src="` + api.PathPopupScript + `" defer></script></head><body><main>
<h1>Sign-in is over</h1><p>You can close this window.</p><p><a id="continue" href="/">Continue to the app here</a></p>
</main></body></html>
`

// popup answers the window's last page.
func (b *BFF) popup(w http.ResponseWriter, _ *http.Request) error {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", strings.Join([]string{
		b.pagePolicy, "script-src " + b.cfg.Origin + api.PathPopupScript, "require-trusted-types-for 'script'", "trusted-types 'none'",
	}, "; "))
	_, err := w.Write([]byte(popupPage))
	return err
}

func (b *BFF) popupScript(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	_, err := w.Write([]byte(popupScript))
	return err
}
