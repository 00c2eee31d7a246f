package api

// Step is one of the ten steps of the authorization code flow.
type Step int

// The ten steps, in order.
const (
	StepAccess         Step = iota + 1 // the user tries to access the application (the client)
	StepAuthorize                      // the client calls the authorization server's authorize endpoint
	StepRedirect                       // the authorization server answers with a redirect to its forms
	StepAuthenticate                   // the user authenticates and gives consent
	StepCode                           // the authorization server issues the authorization code
	StepTokenRequest                   // the client authenticates at the token endpoint and sends the code
	StepValidate                       // the authorization server validates the code, the client and its credential
	StepTokenResponse                  // the authorization server returns the tokens
	StepResource                       // the client submits the access token to the resource server
	StepResourceAnswer                 // the resource server validates the token and answers with the resource
)
