package authserver_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cloakroom/authserver"
)

func fetch(t *testing.T, client *http.Client, address string) (int, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader("x=y"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}

func outbound(t *testing.T, allow ...string) *http.Client {
	t.Helper()
	client, err := authserver.NewOutboundClient(authserver.Outbound{Allow: allow})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// L07: what a registration or the DNS says does not lead the server to addresses that are not public.
func TestOutboundRefusesAddressesThatAreNotPublicWhenItDials(t *testing.T) {
	hits := 0
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ }))
	defer inside.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(inside.URL, "http://"), ":")
	for name, address := range map[string]string{
		"this machine":                    inside.URL,
		"a name of this machine":          "http://localhost:" + port, // the name is resolved first: what a DNS that rebinds comes to
		"this machine by https":           "https://127.0.0.1:" + port,
		"this machine as IPv6":            "https://[::1]:" + port,
		"this machine as IPv4 in IPv6":    "https://[::ffff:127.0.0.1]:" + port,
		"this machine, unspecified":       "https://0.0.0.0:" + port,
		"a private network":               "https://10.1.2.3",
		"another":                         "https://192.168.0.1",
		"a unique local address":          "https://[fd00::1]",
		"link-local: the cloud's secrets": "https://169.254.169.254/latest/meta-data",
		"link-local IPv6":                 "https://[fe80::1]",
		"carrier-grade NAT":               "https://100.64.0.1",
		"IPv4 behind NAT64":               "https://[64:ff9b::a00:1]",
		"multicast":                       "https://224.0.0.1",
	} {
		if status, err := fetch(t, outbound(t), address); !errors.Is(err, authserver.ErrOutbound) {
			t.Errorf("%s: %d, %v", name, status, err)
		}
	}
	if hits > 0 {
		t.Errorf("%d requests arrived", hits)
	}
	if status, err := fetch(t, outbound(t, "127.0.0.0/8"), inside.URL); err != nil || status != http.StatusOK || hits != 1 {
		t.Errorf("the control, allow-listed: %d, %v", status, err)
	}
}

func TestOutboundIsHTTPSExceptOnTheMachineItself(t *testing.T) {
	for _, address := range []string{"http://93.184.216.34/", "http://client.example/", "ftp://client.example/", "file:///etc/passwd"} {
		if status, err := fetch(t, outbound(t, "0.0.0.0/0", "::/0"), address); err == nil {
			t.Errorf("%s: %d", address, status)
		}
	}
}

func TestOutboundFollowsNoRedirect(t *testing.T) {
	hits := 0
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ }))
	defer target.Close()
	inside := httptest.NewServer(http.RedirectHandler(target.URL, http.StatusSeeOther))
	defer inside.Close()
	if status, err := fetch(t, outbound(t, "127.0.0.0/8"), inside.URL); err != nil || status != http.StatusSeeOther || hits > 0 {
		t.Errorf("%d, %v; %d requests arrived at the target", status, err, hits)
	}
}

// L07, at registration: check refuses what the guard would refuse whatever the DNS says.
func TestRegistrationRefusesLogoutAddressesThatAreNotReached(t *testing.T) {
	for address, want := range map[string]string{
		"http://169.254.169.254/logout":  "has to be https",
		"https://169.254.169.254/logout": "not public",
		"https://127.0.0.1/logout":       "not public",
		"http://localhost:8080/logout":   "not public",
		"https://[::1]/logout":           "not public",
		"https://10.0.0.1/logout":        "not public",
		"http://app.example/logout":      "has to be https",
		"https://app.example/logout#x":   "has a fragment",
		"https://app.example/logout":     "",
	} {
		_, err := parseParties("", address, "https://other.example/", nil)
		if want == "" {
			if err != nil {
				t.Errorf("the control, %s: %v", address, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "backchannel_logout_uri") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := parseParties(loopback, "http://localhost:8080/logout", "https://127.0.0.1/", nil); err != nil {
		t.Errorf("the control, allow-listed: %v", err)
	}
	if _, err := parseParties("everywhere", "https://app.example/", "https://other.example/", nil); err == nil || !strings.Contains(err.Error(), `outbound: allow: "everywhere"`) {
		t.Errorf("not a network: %v", err)
	}
}
