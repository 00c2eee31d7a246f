//go:build postgres

package postgres

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// administer calls the admin API of one of the processes.
func (c *cluster) administer(process int, method, path, body string) (status int, answer map[string]any) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, "http://"+c.admin[process]+"/admin/v1/tenants/demo/workspaces/baseline"+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+adminToken)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("If-Match", "*")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	_ = json.NewDecoder(response.Body).Decode(&answer)
	return response.StatusCode, answer
}

// knows is the status of a token request of a client: 400 when the client is known and only its code is wrong, 401 when it is not.
func (c *cluster) knows(process int, id, secret string) int {
	c.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {"none"}, "redirect_uri": {c.callback}, "code_verifier": {verifier}}
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, "http://"+c.addresses[process]+"/demo/baseline/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(id, secret)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// How long the other process takes is logged; the bound is only there so that the test ends.
func (c *cluster) awaits(process int, id, secret string, want int) {
	c.t.Helper()
	began := time.Now()
	for c.knows(process, id, secret) != want {
		if time.Since(began) > time.Minute {
			c.t.Fatalf("process %d never answered %d", process, want)
		}
		time.Sleep(20 * time.Millisecond)
	}
	c.t.Logf("process %d answered %d after %s", process, want, time.Since(began).Round(time.Millisecond))
}

func TestWhatIsAdministeredAtOneProcessIsInForceAtTheOther(t *testing.T) {
	c := startCluster(t)
	status, made := c.administer(0, http.MethodPost, "/clients", fmt.Sprintf(`{"id":"made","redirect_uris":[%q],"scopes":["openid"]}`, c.callback))
	if status != http.StatusCreated {
		t.Fatalf("%d %v", status, made)
	}
	secret := fmt.Sprint(made["client_secret"])
	if got := c.knows(0, "made", secret); got != http.StatusBadRequest {
		t.Errorf("where it was made: %d", got)
	}
	c.awaits(1, "made", secret, http.StatusBadRequest)
	if status, answer := c.administer(1, http.MethodPost, "/clients/made/disable", ""); status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	if got := c.knows(1, "made", secret); got != http.StatusUnauthorized {
		t.Errorf("where it was disabled: %d", got)
	}
	c.awaits(0, "made", secret, http.StatusUnauthorized)
}

func TestOfManyChangesAtBothProcessesOneOfEachVersionWins(t *testing.T) {
	c := startCluster(t)
	if status, made := c.administer(0, http.MethodPost, "/clients", fmt.Sprintf(`{"id":"made","redirect_uris":[%q]}`, c.callback)); status != http.StatusCreated {
		t.Fatalf("%d %v", status, made)
	}
	won := make(chan int, 20)
	atOnce(t, 20, func(at int) error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, "http://"+c.admin[at%2]+"/admin/v1/tenants/demo/workspaces/baseline/clients/made", strings.NewReader(fmt.Sprintf(`{"name":"by %d"}`, at)))
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+adminToken)
		r.Header.Set("Content-Type", "application/merge-patch+json")
		r.Header.Set("If-Match", `"1"`)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		switch response.StatusCode {
		case http.StatusOK:
			won <- at
		case http.StatusPreconditionFailed:
		default:
			return fmt.Errorf("answered %d", response.StatusCode)
		}
		return nil
	})
	if len(won) != 1 {
		t.Errorf("%d won", len(won))
	}
}
