package adminapi

// Operations are the methods and paths that are served.
func Operations() []string {
	var all []string
	for _, route := range (&API{}).routes() {
		all = append(all, route.method+" "+Prefix+route.path)
	}
	return all
}
