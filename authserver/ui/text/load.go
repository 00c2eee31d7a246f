package text

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

//go:embed en
var files embed.FS

// first is the language that everybody gets whose own is not there.
const first = "en"

// Load reads the languages that are there, the first one first.
var Load = sync.OnceValues(func() ([]*Catalogue, error) { return load(files) })

// load reads one folder for each language. A key is the name of its file and the path within: login.title is title in login.yaml.
func load(from fs.FS) ([]*Catalogue, error) {
	folders, err := fs.ReadDir(from, ".")
	if err != nil {
		return nil, err
	}
	var all []*Catalogue
	for _, folder := range folders {
		catalogue, err := loadLanguage(from, folder.Name())
		if err != nil {
			return nil, fmt.Errorf("texts: %s: %w", folder.Name(), err)
		}
		if folder.Name() == first {
			all = append([]*Catalogue{catalogue}, all...)
		} else {
			all = append(all, catalogue)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("texts: there is no language")
	}
	return all, nil
}

func loadLanguage(from fs.FS, name string) (*Catalogue, error) {
	tag, err := language.Parse(name)
	if err != nil {
		return nil, err
	}
	c := &Catalogue{Language: tag, words: map[string]string{}}
	names, err := fs.Glob(from, name+"/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, file := range names {
		data, err := fs.ReadFile(from, file)
		if err != nil {
			return nil, err
		}
		var tree map[string]any
		if err := yaml.Unmarshal(data, &tree); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := c.add(strings.TrimSuffix(path.Base(file), ".yaml"), tree); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return c, nil
}

func (c *Catalogue) add(prefix string, tree map[string]any) error {
	for name, value := range tree {
		key := prefix + "." + name
		switch value := value.(type) {
		case string:
			c.words[key] = value
		case map[string]any:
			if err := c.add(key, value); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s is neither a text nor a group of texts", key)
		}
	}
	return nil
}

// Match is the catalogue that suits best what a browser says in Accept-Language (RFC 9110 §12.5.4): its place in all.
func Match(all []*Catalogue, accepted string) int {
	tags := make([]language.Tag, 0, len(all))
	for _, catalogue := range all {
		tags = append(tags, catalogue.Language)
	}
	asked, _, err := language.ParseAcceptLanguage(accepted)
	if err != nil {
		return 0
	}
	_, at, _ := language.NewMatcher(tags).Match(asked...)
	return at
}
