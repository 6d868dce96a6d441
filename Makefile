# `make help` lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# A clone that belongs to another user (a container, a CI machine) must not fail at reading its git state, which only
# `make build` needs.
export GOFLAGS += -buildvcs=false

FUZZTIME ?= 10s
TORTURE ?= 10m
IMAGE ?= hfbot
# Modules of their own, so that what they need stays out of go.mod. They must be tidy: after a change of go.mod here, run
# `go mod tidy` in each. What that looks at, the tests before have fetched.
NESTED := $(wildcard examples/*/go.mod)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the static binary dist/hfbot
	CGO_ENABLED=0 go build -buildvcs=auto -trimpath -ldflags='-s -w' -o dist/hfbot ./cmd/hfbot

RELEASES := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: release
release: ## Build dist/hfbot_OS_ARCH for six systems, the same bytes on every machine, with their checksums
	rm -rf dist/release && mkdir -p dist/release
	for target in $(RELEASES); do \
		GOOS=$${target%/*} GOARCH=$${target#*/} CGO_ENABLED=0 go build -buildvcs=auto -trimpath -ldflags='-s -w -buildid=' \
			-o "dist/release/hfbot_$${target%/*}_$${target#*/}$$([[ $$target == windows/* ]] && echo .exe || true)" ./cmd/hfbot; \
	done
	cd dist/release && sha256sum hfbot_* >SHA256SUMS

.PHONY: deps
deps: ## Install by apt what the tests need and this machine lacks
	.ci/deps git git-lfs gcc image postgresql chromium node systemd

.PHONY: test
test: deps ## Run all tests: with the race detector, the nested modules, the image
	go test -race -timeout 15m ./...
	for module in $(NESTED); do (cd "$$(dirname "$$module")" && \
		go mod tidy -diff && CGO_ENABLED=0 go test -mod=readonly -trimpath -timeout 5m ./...); done
	.ci/image

.PHONY: test-fast
test-fast: ## Run the Go tests without the race detector
	go test -timeout 10m ./...

.PHONY: lint
lint: ## Run golangci-lint with gofumpt, at the version that tools/go.mod pins
	go tool -modfile=tools/go.mod golangci-lint run ./...

.PHONY: fmt
fmt: ## Format the code
	go tool -modfile=tools/go.mod golangci-lint fmt ./...

.PHONY: bench
bench: ## Run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: torture
torture: ## Kill bots under load for TORTURE (10m) on each database, cut their connections, and count what came of it
	.ci/deps postgresql
	HFBOT_TORTURE=$(TORTURE) go test -v -count=1 -timeout 4h -run 'Killed|CutAnywhere' ./cmd/torture

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (10s)
	.ci/fuzz $(FUZZTIME)

.PHONY: vuln
vuln: ## Look for known vulnerabilities in what is called (needs the network)
	go tool -modfile=tools/go.mod govulncheck ./...

.PHONY: generate
generate: ## Write anew the documents that come from code
	go test ./config ./actions/builtin -update
	go test ./cmd -run Reference -update

.PHONY: docker
docker: ## Build the container image as IMAGE (hfbot)
	docker build -t $(IMAGE) .
