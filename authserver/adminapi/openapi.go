package adminapi

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"

	"cloakroom/authserver/client"
	"cloakroom/authserver/document"
	"cloakroom/authserver/workspace"
)

//go:embed openapi.json
var openAPIText []byte

// openAPIDocument is openapi.json, completed by what a workspace and a client can say: their schemas are made from the types that read
// them, so that the document cannot lag behind the configuration's keys.
var openAPIDocument = sync.OnceValues(func() (map[string]any, error) {
	var doc map[string]any
	if err := json.Unmarshal(openAPIText, &doc); err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	components, _ := doc["components"].(map[string]any)
	schemas, _ := components["schemas"].(map[string]any)
	for name, made := range map[string]reflect.Type{"Workspace": reflect.TypeFor[workspace.Workspace](), "Client": reflect.TypeFor[client.Client]()} {
		schema, known := schemas[name].(map[string]any)
		if !known {
			return nil, fmt.Errorf("openapi.json: no schema %s", name)
		}
		for member, value := range document.Schema(made) {
			schema[member] = value
		}
		properties, _ := schema["properties"].(map[string]any)
		properties[stateMember] = map[string]any{"$ref": "#/components/schemas/" + name + "State"}
		switch name {
		case "Workspace": // they are resources of their own
			delete(properties, "clients")
			delete(properties, "users")
		case "Client":
			properties[secretMember] = map[string]any{"type": "string", "description": "In the answer that makes it, once."}
		}
	}
	return doc, nil
})

// openAPI serves the document.
func (a *API) openAPI(*call) (answer, error) {
	doc, err := openAPIDocument()
	return answer{body: doc}, err
}
