//go:build postgres

package postgres

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestTwoProcessesOnOnePostgreSQLBehaveAsOne(t *testing.T) {
	c := startCluster(t)
	if here, there := c.keySet(0), c.keySet(1); here != there || !strings.Contains(here, `"kid"`) {
		t.Errorf("they publish different keys:\n%s\n%s", here, there)
	}
	for _, replayedAt := range []int{0, 1} {
		code := c.code()
		issued := c.redeem(1, code)
		if issued.status != http.StatusOK || c.userinfo(0, issued.AccessToken) != http.StatusOK {
			t.Fatalf("redeemed at the other: %d %s", issued.status, issued.Error)
		}
		if again := c.redeem(replayedAt, code); again.Error != "invalid_grant" {
			t.Errorf("replayed at %d: %d %s", replayedAt, again.status, again.Error)
		}
		for process := range c.addresses { // R06: the replay revokes what the code gave
			if got := c.userinfo(process, issued.AccessToken); got != http.StatusUnauthorized {
				t.Errorf("after the replay at %d, process %d takes the access token: %d", replayedAt, process, got)
			}
			if got := c.refresh(process, issued.RefreshToken); got.Error != "invalid_grant" {
				t.Errorf("after the replay at %d, process %d takes the refresh token: %d", replayedAt, process, got.status)
			}
		}
	}
}

func TestRefreshTokenReplayedAtTheOtherProcessEndsItsFamily(t *testing.T) {
	c := startCluster(t)
	first := c.redeem(0, c.code())
	second := c.refresh(1, first.RefreshToken)
	if second.status != http.StatusOK || second.RefreshToken == first.RefreshToken {
		t.Fatalf("%d %s", second.status, second.Error)
	}
	if third := c.refresh(0, second.RefreshToken); third.status != http.StatusOK {
		t.Fatalf("the control: %d %s", third.status, third.Error)
	}
	time.Sleep(10 * time.Millisecond) // past the grace
	if got := c.refresh(0, first.RefreshToken); got.Error != "invalid_grant" {
		t.Errorf("R24: replayed at the other: %d %s", got.status, got.Error)
	}
	if got := c.userinfo(1, second.AccessToken); got != http.StatusUnauthorized {
		t.Errorf("R24: the family lives on: %d", got)
	}
}

func TestOfManyRedemptionsAtBothProcessesOneWins(t *testing.T) {
	c := startCluster(t)
	code := c.code()
	var won atomic.Int64
	atOnce(t, 20, func(at int) error {
		switch answer := c.redeem(at%2, code); {
		case answer.status == http.StatusOK:
			won.Add(1)
		case answer.Error != "invalid_grant":
			return fmt.Errorf("%d %s", answer.status, answer.Error)
		}
		return nil
	})
	if won.Load() != 1 { // R06
		t.Errorf("%d redemptions won", won.Load())
	}
}

// An outage is 503 with Retry-After, never a wrong answer, and when it is over nothing is lost.
func TestOutageOfPostgreSQLIsUnavailableAndLosesNothing(t *testing.T) {
	c := startCluster(t)
	code := c.code()
	issued := c.redeem(0, c.code())
	if err := server.Halt(t.Context()); err != nil {
		t.Fatal(err)
	}
	during := []int{c.redeem(0, code).status, c.redeem(1, code).status, c.refresh(0, issued.RefreshToken).status, c.userinfo(1, issued.AccessToken)}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	for at, status := range during {
		if status != http.StatusServiceUnavailable {
			t.Errorf("request %d during the outage: %d", at, status)
		}
	}
	if got := c.userinfo(1, issued.AccessToken); got != http.StatusOK {
		t.Errorf("the access token after it: %d", got)
	}
	if got := c.refresh(1, issued.RefreshToken); got.status != http.StatusOK {
		t.Errorf("the refresh token after it: %d %s", got.status, got.Error)
	}
	if got := c.redeem(0, code); got.status != http.StatusOK {
		t.Errorf("the code after it: %d %s", got.status, got.Error)
	}
}
