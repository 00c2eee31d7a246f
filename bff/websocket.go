package bff

import (
	"encoding/base64"
	"net/http"
	"strings"

	"cloakroom/bff/api"
)

// The headers of the opening handshake (RFC 6455 §4), beside Connection and Upgrade, which are ours.
var (
	webSocketSent     = []string{"Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions"}
	webSocketReturned = headerSet("Connection", "Upgrade", "Sec-Websocket-Accept", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions")
	webSocketUpgrade  = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}
)

// takesWebSocket reports whether the request opens a WebSocket in every point of RFC 6455 §4.2.1, and the route lets it in.
// Nothing else is ever upgraded.
func (r *route) takesWebSocket(request *http.Request) bool {
	if r == nil || !r.cfg.WebSocket || request.Header["Upgrade"] == nil {
		return false
	}
	upgrade, upgrades := single(request, "Upgrade")
	version, versions := single(request, "Sec-Websocket-Version")
	key, keys := single(request, "Sec-Websocket-Key")
	nonce, err := base64.StdEncoding.DecodeString(key)
	return request.Method == http.MethodGet && request.ProtoMajor == 1 && request.ProtoMinor == 1 && request.ContentLength == 0 &&
		upgrades == 1 && strings.EqualFold(upgrade, "websocket") && namesUpgrade(request.Header["Connection"]) &&
		versions == 1 && version == "13" && keys == 1 && err == nil && len(nonce) == 16
}

func namesUpgrade(lines []string) bool {
	for _, line := range lines {
		for token := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "upgrade") {
				return true
			}
		}
	}
	return false
}

// isWebSocket reports whether the API switched to what it was asked for (RFC 9110 §7.8), and to nothing else.
func isWebSocket(response *http.Response) bool {
	upgrade := response.Header["Upgrade"]
	return len(upgrade) == 1 && strings.EqualFold(upgrade[0], "websocket")
}

// checkWebSocket is the gate of connections that script of any origin can open, with our cookie, and without a preflight:
// the exact Origin, which every browser sends (RFC 6455 §10.2). Sec-Fetch-Site is not sent on ws://, and believed if it is.
func (b *BFF) checkWebSocket(r *http.Request) error {
	origin, origins := single(r, "Origin")
	site, sites := single(r, "Sec-Fetch-Site")
	if origins != 1 || origin != b.cfg.Origin || sites > 1 || (sites == 1 && site != "same-origin") {
		return refuse(api.CSRFRejected, "a WebSocket is opened by "+b.cfg.Origin+" only")
	}
	return nil
}

// openHandshake keeps of the browser's headers what the handshake needs, for the upstream.
func openHandshake(out, in http.Header) {
	for name, values := range webSocketUpgrade {
		out[name] = values
	}
	for _, name := range webSocketSent {
		if values := in[name]; values != nil {
			out[name] = values
		}
	}
}
