package authserver

// NewAt is New with a clock.
var NewAt = newServer
