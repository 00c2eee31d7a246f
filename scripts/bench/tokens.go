package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"cloakroom/scripts/interop"
)

// interopFolder has the peer and its packages; the program runs in the module's root.
const interopFolder = "scripts/interop"

// issuerTarget is one authorization server under load.
type issuerTarget struct {
	target
	endpoint string
	client   *http.Client
}

// operation is what is measured, and what a server has to be given for each: nothing, a code, or a refresh token, which it hands on.
type operation struct {
	name string
	goal string
	gate float64
	form func(ticket string) url.Values
	// tickets makes what the operations use up; operations of nil need none.
	tickets func(t *issuerTarget, ctx context.Context, count int) ([]string, error) //nolint:revive // method expressions
	// next is the ticket for the worker's next operation; nil when each needs a new one.
	next func(answer tokenAnswer) string
}

type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
}

func operations() []operation {
	redeem := func(code string) url.Values {
		return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {benchRedirect}, "code_verifier": {benchVerifier}}
	}
	return []operation{
		{name: "client_credentials", goal: "P5", gate: 2, form: func(string) url.Values {
			return url.Values{"grant_type": {"client_credentials"}, "scope": {"notes.read"}, "resource": {"https://api.example"}}
		}},
		{name: "code exchange", goal: "P6", gate: 1.2, form: redeem, tickets: (*issuerTarget).codes},
		{name: "refresh", goal: "P7", gate: 1.3, form: func(token string) url.Values {
			return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
		}, tickets: (*issuerTarget).refreshTokens, next: func(answer tokenAnswer) string { return answer.RefreshToken }},
	}
}

const tokenWorkers = 64

// measureTokens compares our token endpoint, durable before each answer, with oidc-provider's, which keeps all in memory.
func measureTokens(ctx context.Context, rounds, seconds int, profiles string) error {
	if err := interop.Install(ctx, interopFolder, os.Stderr); err != nil {
		return err
	}
	peer, stop, err := startPeer(ctx)
	if err != nil {
		return err
	}
	defer stop()
	server, stopServer, err := start(ctx, "issuer", "", profiles)
	if err != nil {
		return err
	}
	defer stopServer()
	peers := []*issuerTarget{newIssuerTarget(*peer, "/token"), newIssuerTarget(*server, "/bench/baseline/oauth2/token")}
	met := true
	for _, op := range operations() {
		for round := range rounds {
			for at := range peers {
				t := peers[(at+round)%len(peers)]
				if err := t.run(ctx, op, seconds); err != nil {
					return fmt.Errorf("%s at %s: %w", op.name, t.name, err)
				}
			}
		}
		met = reportTokens(op, peers[0], peers[1]) && met
	}
	if !met {
		return errors.New("a ratio is below its gate")
	}
	return nil
}

func newIssuerTarget(t target, path string) *issuerTarget {
	return &issuerTarget{target: t, endpoint: t.url + path, client: &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 2 * tokenWorkers},
	}}
}

// startPeer starts oidc-provider on node.
func startPeer(ctx context.Context) (*target, func(), error) {
	cmd := exec.CommandContext(ctx, "node", interopFolder+"/peer/provider.mjs")
	sum := sha256.Sum256([]byte(benchVerifier))
	cmd.Env = append(os.Environ(), "NODE_ENV=production", "CHALLENGE="+base64.RawURLEncoding.EncodeToString(sum[:]), "SECRET="+environment("SECRET"))
	var complaints strings.Builder
	cmd.Stderr = &complaints
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "http://") {
			stop := func() { _ = input.Close(); _ = cmd.Wait() }
			go func() { _, _ = io.Copy(io.Discard, output) }()
			return &target{name: "oidc-provider", url: lines.Text(), process: cmd.Process}, stop, nil
		}
	}
	return nil, nil, fmt.Errorf("oidc-provider did not start: %w\n%s", cmd.Wait(), complaints.String())
}

// reportTokens prints the ratios of the rounds, tells whether they meet the gate, and clears the rounds.
func reportTokens(op operation, peer, ours *issuerTarget) bool {
	rate, cpu := ratios(ours.rates, peer.rates), ratios(ours.cpus, peer.cpus)
	fmt.Printf("\n%s, %s, %d workers, %d rounds: ratio to %s in memory, median (quartiles)\n", op.goal, op.name, tokenWorkers, len(ours.rates), peer.name)
	fmt.Printf("  operations/s %s   CPU/operation %s\n", rate, cpu)
	for _, t := range []*issuerTarget{peer, ours} {
		fmt.Printf("  %-13s %6.0f/s  %5.0f µs\n", t.name, median(t.rates), median(t.cpus))
		t.rates, t.cpus = nil, nil
	}
	return rate.middle >= op.gate
}
