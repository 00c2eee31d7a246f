package trim

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// generated is the file in which go-app has an interface, a type and nearly the same methods for each of 110 kinds of elements.
const generated = "pkg/app/html_gen.go"

// otherwise is the one kind whose methods do something else than those of the others. We have none, and the copy has not.
const otherwise = "Textarea"

var (
	declared = regexp.MustCompile(`(?m)^(?:type|func) `)
	named    = regexp.MustCompile(`^type (HTML\w+) interface`)
	method   = regexp.MustCompile(`^func \(e \*htmlElem\) (\w+)`)
	kind     = regexp.MustCompile(`\*?\b(?:html|HTML)[A-Z]\w*`)
)

// oneElement makes all kinds of elements one type, that of Elem, and their names names of it. A method of it is in the program once,
// and a browser, which compiles what is called for the first time, compiles it once.
//
// Methods of one name have to do the same for every kind; an error says which does not.
func oneElement(content string) (string, error) {
	var made bytes.Buffer
	made.WriteString("package app\n\nimport \"strings\"\n\ntype htmlElem struct{ htmlElement }\n")
	methods := map[string]string{}
	for _, declaration := range strings.SplitAfter(content, "\n}\n") {
		start := declared.FindStringIndex(declaration)
		if start == nil || strings.Contains(declaration, otherwise) {
			continue
		}
		declaration = declaration[start[0]:]
		if strings.HasPrefix(declaration, "type ") {
			if name := named.FindStringSubmatch(declaration); name != nil {
				fmt.Fprintf(&made, "\ntype %s = *htmlElem\n", name[1])
			}
			continue
		}
		declaration = ofOneKind(declaration)
		if name := method.FindStringSubmatch(declaration); name != nil {
			same, found := methods[name[1]]
			if found && same != declaration {
				return "", fmt.Errorf("%s does not do the same for every kind of element", name[1])
			}
			if found {
				continue
			}
			methods[name[1]] = declaration
		}
		made.WriteString("\n" + declaration)
	}
	return made.String(), nil
}

// ofOneKind puts the one type in the place of every kind's interface and type.
func ofOneKind(function string) string {
	one := kind.ReplaceAllStringFunc(function, func(name string) string {
		if name == "htmlElement" { // what every type embeds
			return name
		}
		return "*htmlElem"
	})
	return strings.ReplaceAll(one, "&*htmlElem", "&htmlElem")
}
