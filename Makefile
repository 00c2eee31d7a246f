# make run   starts the product: http://localhost:8080
# make test  installs what the tests need and runs every test
# make help  lists the rest

GO      ?= go
TOOLS   := $(CURDIR)/.tools
BUILT   := .cache/bin
GOFUMPT := $(TOOLS)/gofumpt-v0.12.0
STATICCHECK := $(TOOLS)/staticcheck-v0.8.2
PACKAGES := ./...

export GOFLAGS := -mod=readonly $(filter-out -mod=%,$(GOFLAGS))

.PHONY: help run dev bundle size build test check format vet staticcheck unit walk e2e interop postgres bench page redis chaos setup clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## (.*)/  make \1	\2/' | expand -t 20

run: BUNDLE = -fast
run: build ## build the product and start it; PORT, AS_PORT, API_PORT and DATA override the defaults, TLS=1 runs it on https
	@exec $(BUILT)/demo

build: bundle ## build the page's bundle and all programs into .cache/bin
	@mkdir -p $(BUILT)
	$(GO) build -o $(BUILT)/ ./scripts/demo ./authserver/cmd/authserver ./authserver/cmd/demoapi ./bff/cmd/bff

dev: ## run the product for work on the page: each save rebuilds it and reloads the browser
	@$(GO) run ./scripts/dev

bundle: ## build the WASM and compress what the page loads
	$(GO) run ./scripts/bundle $(BUNDLE)

size: bundle ## what the page weighs; fails over its budget, and names what grew
	@$(GO) run ./scripts/size

test: setup check unit interop postgres redis chaos e2e ## install what the tests need and run every test

check: format vet staticcheck ## formatting, vet for both targets, staticcheck

format: $(GOFUMPT)
	@unformatted=$$($(GOFUMPT) -l app authserver bff scripts); \
	if [ -n "$$unformatted" ]; then echo "not formatted (gofumpt -w):"; echo "$$unformatted"; exit 1; fi

# Tests that need something installed have a tag, and are checked with the rest.
TAGS := chaos,e2e,interop,postgres,redis

vet:
	$(GO) vet $(PACKAGES)
	$(GO) vet -tags $(TAGS) $(PACKAGES)
	GOOS=js GOARCH=wasm $(GO) vet ./app/... ./bff/api

staticcheck: $(STATICCHECK)
	$(STATICCHECK) $(PACKAGES)
	$(STATICCHECK) -tags $(TAGS) $(PACKAGES)
	GOOS=js GOARCH=wasm $(STATICCHECK) ./app/... ./bff/api

unit: bundle ## the tests that need nothing installed, with the race detector
	$(GO) test -race $(PACKAGES)

e2e: build ## the journeys: headless Chromium and curl against the built product; screenshots in .screenshots
	PRODUCT=$(CURDIR)/$(BUILT)/demo $(GO) test -tags e2e -count=1 -timeout 20m ./scripts/e2e

interop: ## someone else's clients and servers against ours: openid-client, oauth4webapi, oidc-provider, on Node
	$(GO) test -tags interop -count=1 -timeout 10m -v ./scripts/interop/...

postgres: ## the store's contract, and two server processes, on a PostgreSQL that the tests start
	$(GO) test -race -tags postgres -count=1 -timeout 10m ./scripts/postgres

redis: ## the BFF's session store, and two instances on it, on a Redis that the tests start
	$(GO) test -race -tags redis -skip TenThousandRaces -count=1 -timeout 10m ./bff/session/...

bench: bundle ## the BFF beside a bare proxy, Apache and nginx (needs wrk), and the token endpoint beside oidc-provider (needs node), in turn
	$(GO) build -o $(BUILT)/bench ./scripts/bench
	$(BUILT)/bench -transfer
	$(BUILT)/bench
	$(BUILT)/bench -tokens

page: build ## what people wait for: first paint, the app, a slow line, and save to screen in make dev (needs chromium)
	$(GO) run ./scripts/page -product $(BUILT)/demo

chaos: build ## two BFF processes refresh at our server, and one is killed
	$(GO) test -tags chaos -count=1 -timeout 10m ./scripts/chaos

walk: ## print the ten steps with file and line, and write the README's table
	@$(GO) run ./scripts/walk -write README.md

setup: ## install what the tests need, or say which package is missing
	@sh scripts/setup.sh

clean: ## delete what was built and the demo's data
	rm -rf .cache .data .screenshots
	find web/built -type f ! -name .gitkeep -delete

# Tools are installed for this machine, whatever GOOS the caller set, and are no dependency of the product.
$(GOFUMPT):
	@$(call install,mvdan.cc/gofumpt@v0.12.0,gofumpt)
$(STATICCHECK):
	@$(call install,honnef.co/go/tools/cmd/staticcheck@v0.8.2,staticcheck)
define install
	mkdir -p $(TOOLS) && env -u GOOS -u GOARCH GOFLAGS= GOBIN=$(TOOLS) $(GO) install $(1) && mv $(TOOLS)/$(2) $@
endef
