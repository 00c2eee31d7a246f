package ui

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"sync"

	"cloakroom/authserver/ui/brand"
)

// assets are what the pages load, under names made of the content: a browser keeps them for good, and nothing is ever replaced.
type assets struct {
	mu    sync.RWMutex
	files map[string]asset
}

type asset struct {
	contentType string
	content     []byte
}

// keep keeps a file and returns its path.
func (a *assets) keep(name, contentType string, content []byte) string {
	sum := sha256.Sum256(content)
	extension := path.Ext(name)
	hashed := AssetPath + strings.TrimSuffix(name, extension) + "." + hex.EncodeToString(sum[:8]) + extension
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.files == nil {
		a.files = map[string]asset{}
	}
	a.files[hashed] = asset{contentType: contentType, content: content}
	return hashed
}

func (a *assets) find(path string) (asset, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	found, ok := a.files[path]
	return found, ok
}

// Assets serves what the pages load.
func (p *Pages) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found, ok := p.assets.find(r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		header := w.Header()
		header.Set("Content-Type", found.contentType)
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		// A picture that is opened by itself runs nothing either.
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
		_, _ = w.Write(found.content)
	})
}

// Look is a brand as pages load it.
type Look struct {
	Style    string // the address of its style sheet; empty for none
	Logo     string // the address of its logo; empty for none
	LogoType string
}

// Look keeps a brand's files with the others that pages load.
func (p *Pages) Look(b brand.Brand) (Look, error) {
	look := Look{}
	if style := b.Style(); style != nil {
		look.Style = p.assets.keep("brand.css", "text/css; charset=utf-8", style)
	}
	if len(b.Logo) == 0 {
		return look, nil
	}
	kind, err := brand.LogoType(b.Logo)
	if err != nil {
		return Look{}, err
	}
	extension := map[string]string{brand.TypeSVG: ".svg", brand.TypePNG: ".png"}[kind]
	look.Logo, look.LogoType = p.assets.keep("logo"+extension, kind, b.Logo), kind
	return look, nil
}
