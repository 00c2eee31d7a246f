//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"cloakroom/bff/session/redistest"
	"cloakroom/scripts/visitor"
)

// Two instances of the BFF on one Redis are one BFF: no sticky sessions, and a sign-out at one is a sign-out at both.
func TestTwoInstancesOnOneRedisAreOneBFF(t *testing.T) {
	ports := freePorts(t, 8)
	origin := fmt.Sprintf("http://localhost:%d", ports[0])
	folder := configure(t, ports)
	redis := redistest.Start(t, redistest.Memory...)
	runProgram(t, "authserver", filepath.Join(folder, "authserver.yaml"), listening("AUTHSERVER", ports[1], ports[4])...)
	runProgram(t, "demoapi", filepath.Join(folder, "demoapi.yaml"), listening("DEMOAPI", ports[2], ports[5])...)
	answers(t, fmt.Sprintf("http://localhost:%d/readyz", ports[4])) // the BFF looks for its providers when it starts
	shared := []string{"BFF_SESSION_STORE=redis", "BFF_REDIS_URL=" + redis.URL}
	runProgram(t, "bff", filepath.Join(folder, "bff.yaml"), append(listening("BFF", ports[0], ports[3]), shared...)...)
	runProgram(t, "bff", filepath.Join(folder, "bff.yaml"), append(listening("BFF", ports[6], ports[7]), shared...)...)
	for _, port := range []int{ports[3], ports[4], ports[5], ports[7]} {
		answers(t, fmt.Sprintf("http://localhost:%d/readyz", port))
	}

	person := visitor.New(nil)
	if err := person.SignIn(t.Context(), origin, "baseline", "alice", "wonderland"); err != nil {
		t.Fatal(err)
	}
	other := fmt.Sprintf("http://localhost:%d", ports[6])
	status := func(method, instance, path string) int {
		request, err := http.NewRequestWithContext(t.Context(), method, instance+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = fmt.Sprintf("localhost:%d", ports[0]) // as behind a load balancer
		for name, value := range map[string]string{"Cookie": person.Cookie("localhost"), "X-BFF-CSRF": "1", "Sec-Fetch-Site": "same-origin"} {
			request.Header.Set(name, value)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	for _, instance := range []string{origin, other} {
		if got := status(http.MethodGet, instance, "/api/notes"); got != http.StatusOK {
			t.Errorf("%s: signed in, status %d", instance, got)
		}
	}
	if got := status(http.MethodPost, origin, "/bff/logout"); got != http.StatusOK {
		t.Fatalf("sign-out: status %d", got)
	}
	time.Sleep(time.Second) // the contract: effective on all instances within a second
	for _, instance := range []string{origin, other} {
		if got := status(http.MethodGet, instance, "/api/notes"); got != http.StatusUnauthorized {
			t.Errorf("%s: signed out, status %d", instance, got)
		}
	}
}
