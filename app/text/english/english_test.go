package english

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"cloakroom/bff/api"
)

// codes reads the constants of the wire contract from its source, so that a new one cannot be forgotten here.
func codes(t *testing.T) []api.Code {
	t.Helper()
	found := constants[api.Code](t, "problem.go", "Code")
	if len(found) < 20 {
		t.Fatalf("found only %d codes: %v", len(found), found)
	}
	return found
}

// constants are those of a type in a file of the contract.
func constants[T ~string](t *testing.T, name, typeName string) []T {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../../bff/api/"+name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []T
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		kind, ok := spec.Type.(*ast.Ident)
		if !ok || kind.Name != typeName {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, T(value))
		return true
	})
	return found
}

// notFromSignIn are the codes that answer a fetch and never arrive in the address bar.
var notFromSignIn = map[api.Code]bool{
	api.InvalidRequest: true, api.InvalidReturnURL: true, api.InvalidPath: true, api.DuplicateCookie: true,
	api.SessionMissing: true, api.SessionExpired: true, api.SessionRevoked: true, api.StepUpRequired: true,
	api.CSRFRejected: true, api.NavigationRequired: true, api.NotFound: true, api.MethodNotAllowed: true,
	api.BodyTooLarge: true, api.BodyTooSlow: true, api.WrongHost: true, api.TooManyStreams: true, api.Internal: true,
	api.UpstreamInvalid: true, api.UpstreamUnavailable: true, api.UpstreamTimeout: true,
}

func TestEveryWayASignInCanFailHasItsSentence(t *testing.T) {
	general := Words.SignInError("no such code")
	if general.Title == "" || general.Detail == "" {
		t.Fatal("there is no general sentence")
	}
	for _, code := range codes(t) {
		message := Words.SignInError(code)
		if notFromSignIn[code] {
			continue
		}
		if message == general || message.Title == "" || message.Detail == "" {
			t.Errorf("%s has no sentence of its own: %+v", code, message)
		}
	}
}

func TestUnknownCodeIsNeverShown(t *testing.T) {
	if Words.SignInError("<b>call 555-1234</b>") != Words.SignInError("anything") {
		t.Error("the sentence depends on a code that nobody knows")
	}
}

func TestEveryMessageOfTheTraceIsExplained(t *testing.T) {
	names := constants[api.TraceName](t, "trace.go", "TraceName")
	if len(names) < 20 {
		t.Fatalf("found only %d names: %v", len(names), names)
	}
	for _, name := range names {
		if explained := Words.Explain(name); explained.Title == string(name) || explained.Why == "" || explained.Spec == "" {
			t.Errorf("%s is explained as %+v", name, explained)
		}
	}
	if Words.Explain("unheard_of").Title != "unheard_of" {
		t.Error("a new name is not shown as it is")
	}
}

func TestEveryPartyFlowAndHoldHasAName(t *testing.T) {
	for _, party := range constants[api.Party](t, "trace.go", "Party") {
		if Words.Parties[party] == "" {
			t.Errorf("%s has no name", party)
		}
	}
	for _, kind := range constants[api.FlowKind](t, "trace.go", "FlowKind") {
		if Words.FlowKinds[kind] == "" {
			t.Errorf("%s has no name", kind)
		}
	}
	for _, hold := range constants[api.Hold](t, "trace.go", "Hold") {
		if Words.Holds[hold] == "" {
			t.Errorf("%s has no words", hold)
		}
	}
	if len(Words.Steps) != int(api.StepResourceAnswer) {
		t.Errorf("there are words for %d steps", len(Words.Steps))
	}
}
