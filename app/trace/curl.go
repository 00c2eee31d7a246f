package trace

import (
	"strings"

	"cloakroom/bff/api"
)

// Curl writes each request as a command. What is not shown is a shell variable, $CODE or $CLIENT_SECRET, the same one for the
// same value; a comment in front of each says who sends it.
func Curl(events []api.TraceEvent) string {
	variables := map[string]string{} // by reference
	taken := map[string]bool{}
	var commands []string
	for _, event := range Once(events) {
		if IsRequest(event) {
			commands = append(commands, curl(event, func(value api.TraceValue) string { return variable(value, variables, taken) }))
		}
	}
	return strings.Join(commands, "\n\n") + "\n"
}

// variable names the value that is not shown. Different values of the same name get different variables.
func variable(value api.TraceValue, known map[string]string, taken map[string]bool) string {
	if name, ok := known[value.Ref]; ok && value.Ref != "" {
		return name
	}
	base := Placeholder(value.Name)
	name := base
	for n := uint64(2); taken[name]; n++ {
		name = base + "_" + number(n)
	}
	if value.Ref != "" {
		taken[name] = true
		known[value.Ref] = name
	}
	return name
}

func curl(event api.TraceEvent, variable func(api.TraceValue) string) string {
	message := event.Message
	lines := []string{"curl --request " + quoted(message.Method)}
	address := quoted(message.Origin + message.Route)
	separator := "?"
	var body []string
	for _, value := range message.Values {
		secret := value.Value == "" && (value.Ref != "" || value.Length > 0)
		name := quoted(value.Name + "=")
		content := quoted(value.Value)
		if secret {
			content = `"$` + variable(value) + `"`
		}
		switch value.In {
		case api.InQuery:
			escaped := quoted(separator + escape(value.Name) + "=")
			separator = "&"
			if secret {
				address += escaped + content
			} else {
				address += escaped + quoted(escape(value.Value))
			}
		case api.InHeader:
			if isFieldName(value.Name) {
				lines = append(lines, header(value, content))
			}
		case api.InCookie:
			lines = append(lines, "--cookie "+name+content)
		case api.InForm:
			lines = append(lines, "--data-urlencode "+name+content)
		default:
			body = append(body, value.Name)
		}
	}
	if len(body) > 0 {
		lines = append(lines, "--header 'Content-Type: application/json'", `--data "$`+Placeholder(strings.Join(body, "_"))+`_JSON"`)
	}
	// The address is an argument of its own option, so that it is none itself, and means one request whatever brackets are in it.
	lines = append(lines, "--globoff", "--url "+address)
	comment := "# " + oneLine(string(event.From)+" to "+string(event.To)+": "+string(event.Name))
	return comment + "\n" + strings.Join(lines, " \\\n  ")
}

// isFieldName reports whether a header field can have the name (RFC 9110 §5.6.2). To curl, one that begins with @ is a file to send.
func isFieldName(name string) bool {
	const others = "!#$%&'*+-.^_`|~"
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(others, r)
	})
}

// header is an option of curl. Credentials get the names that people know them by.
func header(value api.TraceValue, content string) string {
	if !strings.EqualFold(value.Name, "Authorization") {
		return "--header " + quoted(value.Name+": ") + content
	}
	scheme, _, _ := strings.Cut(value.Value, " ")
	switch {
	case strings.EqualFold(scheme, "Basic"):
		return `--user "$CLIENT_ID:$CLIENT_SECRET"`
	case scheme == "":
		return `--header "Authorization: Bearer $ACCESS_TOKEN"`
	default:
		return "--header " + quoted("Authorization: "+scheme+" ") + `"$ACCESS_TOKEN"`
	}
}

// quoted writes text as one word of the shell (POSIX §2.2.2): in it nothing has a meaning.
func quoted(text string) string {
	if text == "" {
		return ""
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

// escape is the percent-encoding of a query's part (RFC 3986 §2.1).
func escape(text string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}
