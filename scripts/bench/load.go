package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// run makes one round: a fixed number of tickets for a server, used up by all workers, or until the time is over.
func (t *issuerTarget) run(ctx context.Context, op operation, seconds int) error {
	tickets := make(chan string, 1<<16)
	if op.tickets != nil {
		count := tokenWorkers
		if op.next == nil {
			count = 4000 * seconds
		}
		made, err := op.tickets(t, ctx, count)
		if err != nil {
			return err
		}
		for _, ticket := range made {
			tickets <- ticket
		}
	}
	before, err := t.cpu()
	if err != nil {
		return err
	}
	var done atomic.Int64
	started := time.Now()
	end := started.Add(time.Duration(seconds) * time.Second)
	failures := make([]error, tokenWorkers)
	var workers sync.WaitGroup
	for worker := range tokenWorkers {
		workers.Go(func() { failures[worker] = t.work(ctx, op, tickets, end, &done) })
	}
	workers.Wait()
	took := time.Since(started)
	after, err := t.cpu()
	if err := errors.Join(append(failures, err)...); err != nil {
		return err
	}
	t.rates = append(t.rates, float64(done.Load())/took.Seconds())
	t.cpus = append(t.cpus, float64((after-before).Microseconds())/float64(done.Load()))
	return nil
}

func (t *issuerTarget) work(ctx context.Context, op operation, tickets <-chan string, end time.Time, done *atomic.Int64) error {
	ticket := ""
	for first := true; time.Now().Before(end); first = false {
		if op.tickets != nil && (first || op.next == nil) {
			select {
			case ticket = <-tickets:
			default:
				return nil // used up
			}
		}
		answer, err := t.ask(ctx, op.form(ticket))
		if err != nil {
			return err
		}
		if op.next != nil {
			ticket = op.next(answer)
		}
		done.Add(1)
	}
	return nil
}

func (t *issuerTarget) ask(ctx context.Context, form url.Values) (answer tokenAnswer, err error) {
	body, err := t.post(ctx, t.endpoint, form)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(body, &answer); err != nil || strings.Count(answer.AccessToken, ".") != 2 {
		return answer, fmt.Errorf("no access token as JWT: %s", body)
	}
	return answer, nil
}

func (t *issuerTarget) post(ctx context.Context, address string, form url.Values) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth("bench", environment("SECRET"))
	response, err := t.client.Do(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", response.Status, body)
	}
	return body, nil
}

func (t *issuerTarget) codes(ctx context.Context, count int) ([]string, error) {
	body, err := t.post(ctx, fmt.Sprintf("%s/seed?count=%d", t.url, count), nil)
	return strings.Fields(string(body)), err
}

func (t *issuerTarget) refreshTokens(ctx context.Context, count int) ([]string, error) {
	codes, err := t.codes(ctx, count)
	if err != nil {
		return nil, err
	}
	var tokens []string
	for _, code := range codes {
		answer, err := t.ask(ctx, operations()[1].form(code))
		if err != nil || answer.RefreshToken == "" || answer.IDToken == "" {
			return nil, fmt.Errorf("no refresh token and ID token: %w", err)
		}
		tokens = append(tokens, answer.RefreshToken)
	}
	return tokens, nil
}
