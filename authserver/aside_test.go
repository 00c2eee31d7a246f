package authserver

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestPanicAsideIsTheErrorOfItsCaller(t *testing.T) {
	err := <-aside(func() error { panic("in the store") })
	if err == nil || status(err) != http.StatusInternalServerError || !strings.Contains(err.Error(), "in the store") {
		t.Errorf("got %v", err)
	}
	failure := errors.New("failure")
	if err := <-aside(func() error { return failure }); !errors.Is(err, failure) {
		t.Errorf("the control: %v", err)
	}
}
