package adminapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"cloakroom/authserver/adminapi"
)

func TestDocumentHasTheOperationsThatAreServedAndNoOthers(t *testing.T) {
	p := start(t)
	served := p.call(http.StatusOK, http.MethodGet, "/openapi.json", "", nil)
	doc, err := openapi3.NewLoader().LoadFromData([]byte(served.text))
	if err != nil {
		t.Fatal(err)
	}
	var described []string
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			described = append(described, method+" "+path)
			if operation.Summary == "" || operation.Responses.Default() == nil {
				t.Errorf("%s %s has no summary or no problem", method, path)
			}
		}
	}
	answered := adminapi.Operations()
	slices.Sort(described)
	slices.Sort(answered)
	if !slices.Equal(described, answered) {
		t.Errorf("described %s\nserved    %s", strings.Join(described, ", "), strings.Join(answered, ", "))
	}
}

// The control of all tests of this package: a document that says something else does find fault with what is sent and answered.
func TestDocumentFindsFaultWithWhatItDoesNotAllow(t *testing.T) {
	p := start(t)
	served := p.call(http.StatusOK, http.MethodGet, "/openapi.json", "", nil)
	doc, err := openapi3.NewLoader().LoadFromData([]byte(served.text))
	if err != nil {
		t.Fatal(err)
	}
	schema := doc.Components.Schemas["Client"].Value
	answer := p.call(http.StatusOK, http.MethodGet, clients+"/web", "", nil)
	if err := schema.VisitJSON(map[string]any(answer.body)); err != nil {
		t.Errorf("the control: %v", err)
	}
	for name, text := range map[string]string{
		"another member":  `{"id":"a","surprise":true}`,
		"another type":    `{"id":5}`,
		"a type inside":   `{"redirect_uris":[{}]}`,
		"a state unknown": `{"state":{"managed":true,"disabled":false,"surprise":1}}`,
	} {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		if schema.VisitJSON(value) == nil {
			t.Errorf("%s: allowed", name)
		}
	}
}
