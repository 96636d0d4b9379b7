# Every target does its own set-up; the second time that takes seconds.
SHELL := bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
.DEFAULT_GOAL := help
.PHONY: help start test parity diff-growthbook fuzz chaos check wasm size bench setup

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-15s %s\n", $$1, $$2 }'

start: ## Build everything and serve the shop on localhost:8787 (PORT), the collector on 8788 (COLLECTOR_PORT)
	@tools/start.sh

test: ## All tests: native, wasm in Node, workerd and Chromium
	@tools/test.sh

parity: ## Equal bytes on all hosts for 100,000 generated cases (THROUGHLINE_CASES), some minutes
	@tools/parity.sh

diff-growthbook: ## The core and GrowthBook's SDK on 100,000 generated evaluations (CASES, SEED)
	@tools/diff-growthbook.sh

fuzz: ## Every fuzz target for FUZZ_SECONDS each (20)
	@tools/fuzz.sh

chaos: ## Edge and collector while everything fails, for CHAOS_SECONDS (60), from CHAOS_SEED
	@tools/chaos.sh

check: setup ## Format, lints, language, purity of the core, licences, docs
	@tools/check.sh

wasm: setup ## The browser core and both workers
	@tools/wasm.sh

size: wasm ## Gzip sizes against their budgets; with DETAIL=1 all that the bytes are for
	@node tools/size.mjs

bench: wasm ## Decisions, plan load and pages, as ratios measured in one run
	@tools/bench.sh

setup: ## Only the set-up: compilers, tools, packages
	@tools/setup.sh
