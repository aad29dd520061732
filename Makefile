# The two words of the README: `make run` and `make test`. Each target does what it needs first, and nothing twice.
# SPDX-License-Identifier: Apache-2.0
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

# The project's own tools first; dockerd and iptables live where a user's own PATH does not look.
# EXECWARDEN_TEST_ENGINE is a directory with another engine's programs, for tests, demo and bench.
export PATH := $(CURDIR)/node_modules/.bin:$(if $(EXECWARDEN_TEST_ENGINE),$(abspath $(EXECWARDEN_TEST_ENGINE)):)$(PATH):/usr/sbin:/sbin

PREFIX ?= /usr
DESTDIR ?=
ARGS ?=
# Debian's, of the machine that test-systemd boots: bookworm or trixie.
RELEASE ?= bookworm

npm_stamp := node_modules/.package-lock.json
addon := daemon/kernel/addon/build/Release/execwarden.node
cpp_sources := $(wildcard daemon/kernel/addon/src/*.cc daemon/kernel/addon/src/*.h)
program := dist/daemon/main.js
program_sources := $(shell find daemon $(wildcard plugin) -name '*.ts')
tools := dist-tools/built
tools_sources := $(shell find $(wildcard test/support test/demo bench) -name '*.ts')
scripts := .ci/run test/run.sh test/engine.sh $(wildcard systemd/*.sh test/systemd/*.sh test/systemd/machine/*.sh)
run_config := build/run/execwarden.yaml

# node's own headers where they are installed; else node-gyp fetches them.
node_root := $(shell node -p 'require("node:path").resolve(process.execPath, "../..")' 2>/dev/null)
ifneq ($(wildcard $(node_root)/include/node/node.h),)
export npm_config_nodedir := $(node_root)
endif

# $(call need,PROGRAM:PACKAGE …): installs the Debian packages of the programs that are missing, and no others. Of
# ONE/OTHER the first that this Debian has: its releases cut their packages in different ways.
define need
@missing=(); \
for pair in $(1); do \
  command -v "$${pair%%:*}" >/dev/null || missing+=("$${pair##*:}"); \
done; \
[ "$${#missing[@]}" -gt 0 ] || exit 0; \
if [ "$$(id -u)" != 0 ]; then \
  echo "cannot install $${missing[*]}: not root; run: sudo make $(MAKECMDGOALS)" >&2; exit 1; \
fi; \
if ! command -v apt-get >/dev/null; then \
  echo "cannot install $${missing[*]}: this is no Debian; install what they are called here" >&2; exit 1; \
fi; \
export DEBIAN_FRONTEND=noninteractive; \
apt-get update -qq; \
packages=(); \
for either in "$${missing[@]}"; do \
  apt-cache show "$${either%/*}" >/dev/null 2>&1 && packages+=("$${either%/*}") || packages+=("$${either#*/}"); \
done; \
echo "deps: installing $${packages[*]}"; \
apt-get install -y -qq --no-install-recommends "$${packages[@]}" >/dev/null
endef

.PHONY: help
help: ## Show this list
	@echo "execwarden: the Falco rules you have, enforced on a plain Docker host"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: deps
deps: compiler $(npm_stamp) ## Install what building needs: compiler, python3, npm packages

.PHONY: compiler
compiler: node-version
	$(call need,g++:g++ make:make python3:python3)

.PHONY: node-version
node-version:
	@command -v node >/dev/null && command -v npm >/dev/null || { \
	  echo "cannot build: no node or no npm on PATH; install Node 20.19 or newer" >&2; exit 1; }
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' || { \
	  echo "cannot build with node $$(node --version): install Node 20.19 or newer" >&2; exit 1; }

$(npm_stamp): package-lock.json | compiler
	@echo "deps: npm packages (npm ci)"
	@npm ci --no-audit --no-fund
	@touch $@

# What tests and demo need besides: an engine to start privately, and programs to make images of. Where AppArmor is on
# the engine starts no container without its parser; a busybox that needs libraries is replaced by the static one.
has_apparmor = $(filter Y,$(shell cat /sys/module/apparmor/parameters/enabled 2>/dev/null))
has_dynamic_busybox = $(shell ldd /bin/busybox 2>/dev/null)
.PHONY: engine
engine:
	$(call need,dockerd:docker.io docker:docker-cli/docker.io curl:curl busybox:busybox-static \
	  $(if $(has_apparmor),apparmor_parser:apparmor) $(if $(has_dynamic_busybox),static-busybox:busybox-static))

# What the tests run beside the daemon. Unpacked below build/ and not installed: Debian's package starts a service, which
# would then own the audit stream of whoever tests here. Without it its tests are skipped, and say so.
auditd := build/auditd
.PHONY: auditd
auditd:
	@command -v auditd >/dev/null || [ -e $(auditd)/unpacked ] || { \
	  echo "deps: unpacking auditd"; \
	  mkdir -p $(auditd)/packages/partial && apt-get update -qq && \
	  apt-get install -y -qq --no-install-recommends --download-only \
	    -o Dir::Cache::archives="$(CURDIR)/$(auditd)/packages" auditd >/dev/null && \
	  for package in $(auditd)/packages/*.deb; do dpkg -x "$$package" $(auditd)/root; done && \
	  touch $(auditd)/unpacked; \
	} || echo "cannot unpack auditd: its tests will be skipped"

.PHONY: build
build: $(addon) $(program) ## Build the addon and compile to dist/

.PHONY: addon
addon: $(addon) ## Build the native addon alone

$(addon): $(cpp_sources) daemon/kernel/addon/binding.gyp $(npm_stamp) | compiler
	@echo "build: native addon"
	@node-gyp configure build -C daemon/kernel/addon --loglevel=warn \
	  $(if $(npm_config_nodedir),--nodedir=$(npm_config_nodedir))
	@touch $@

# Emptied before: what was compiled from a file that is gone must not be installed.
$(program): $(program_sources) tsconfig.json tsconfig.build.json $(npm_stamp)
	@echo "build: TypeScript"
	@rm -rf dist
	@tsc -p tsconfig.build.json
	@chmod +x $@

$(tools): $(program_sources) $(tools_sources) tsconfig.json tsconfig.tools.json $(npm_stamp)
	@echo "build: tools"
	@rm -rf dist-tools
	@tsc -p tsconfig.tools.json
	@touch $@

# For `docker plugin create NAME build/plugin`: a root file system with one static program in it.
.PHONY: plugin
plugin: build/plugin/rootfs/execwarden-authz ## Build the managed authorization plugin in build/plugin

build/plugin/rootfs/execwarden-authz: $(addon) plugin/managed/config.json
	@rm -rf build/plugin && mkdir -p $(@D)/run/docker/plugins $(@D)/run/execwarden
	@cp plugin/managed/config.json build/plugin/
	@strip -o $@ daemon/kernel/addon/build/Release/execwarden-authz
	@echo "plugin: build/plugin; next: docker plugin create execwarden build/plugin"

.PHONY: root
root:
	@[ "$$(id -u)" = 0 ] || { \
	  echo "cannot guard execs: that needs root; run: sudo make $(MAKECMDGOALS)" >&2; exit 1; }

.PHONY: run
run: root build $(run_config) ## Guard this machine's containers in the foreground, in monitor mode (ARGS="--mode enforce")
	@address=$${DOCKER_HOST:-unix:///var/run/docker.sock}; \
	if [[ $$address == unix://* ]] && ! node -e \
	  'require("node:net").connect(process.argv[1]).on("connect", () => process.exit(0)).on("error", () => process.exit(1))' \
	  "$${address#unix://}"; then \
	  echo "run: no container engine answers at $$address."; \
	  echo "     See everything on a private engine:  make demo"; \
	  echo "     Or start yours (systemctl start docker) or install one (apt-get install docker.io);"; \
	  echo "     the daemon starts all the same and waits for it. Ctrl-C stops it."; \
	fi
	@exec node $(program) run --config $(run_config) $(ARGS)

.PHONY: $(run_config)
$(run_config):
	@mkdir -p $(@D)/conf.d
	@printf '%s\n' \
	  '# Written by `make run`: the shipped rules, policies and allowlist of this checkout.' \
	  'rules_files: ["$(CURDIR)/rules/web-fetch.yaml", "$(CURDIR)/rules/web-fetchers.yaml", "$(CURDIR)/rules/docker-events.yaml", "$(CURDIR)/rules/docker.yaml", "$(CURDIR)/rules/second-view.yaml", "$(CURDIR)/rules/programs.yaml"]' \
	  'policies_files: ["$(CURDIR)/rules/policies.d"]' \
	  'allowlist_file: "$(CURDIR)/rules/allowlist.yaml"' \
	  'mode: monitor' >$@

.PHONY: demo
demo: root engine build $(tools) ## Show all of it on a private engine: alert, allowlist, deny, pause, kill
	@exec node dist-tools/test/demo/demo.js $(ARGS)

.PHONY: test
test: engine auditd build $(tools) ## Run all tests, on an engine of their own (as root)
	$(call need,systemd-analyze:systemd)
	@test/run.sh $(ARGS)

.PHONY: test-evasion
test-evasion: root engine build ## Try every known way around the gate in real containers, and print the table
	$(call need,gcc:gcc)
	@mkdir -p build && rm -f build/evasion.txt
	@EVASION=full EVASION_TABLE=$(CURDIR)/build/evasion.txt test/run.sh --timeout=1800 test/evasion/*.test.ts || status=$$?; \
	cat build/evasion.txt; exit $${status:-0}

# With the engine of another Debian release (SUITE=trixie, or sid), which is unpacked and not installed.
SUITE ?= sid
with_engine := $(wildcard test/integration/*.test.ts test/plugin/*.test.ts test/support/*.test.ts) \
  test/host/docker.test.ts test/evasion/evasion.test.ts
.PHONY: test-engine
test-engine: root engine auditd build $(tools) ## Run the tests that use an engine on a newer one (SUITE=sid, or trixie)
	$(call need,gcc:gcc patchelf:patchelf)
	@test/engine.sh $(SUITE)
	@EXECWARDEN_TEST_ENGINE=$(CURDIR)/build/engines/$(SUITE)/bin test/run.sh $(or $(ARGS),$(with_engine))

.PHONY: test-systemd
test-systemd: root build plugin ## Try the service on a booted Debian in qemu (RELEASE=trixie; half an hour, 5 GB)
	$(call need,mmdebstrap:mmdebstrap qemu-system-x86_64:qemu-system-x86 mke2fs:e2fsprogs)
	@test/systemd/boot.sh build/machine-$(RELEASE) $(RELEASE)

.PHONY: bench
bench: root engine build $(tools) ## Measure: one table of ratios from one run
	@exec node dist-tools/bench/main.js $(ARGS)

.PHONY: check
check: $(npm_stamp) ## Types, lint, format, import law, dead code, C++ and Markdown style
	@mkdir -p build
	npm run --silent check:types
	npm run --silent check:lint
	npm run --silent check:format
	npm run --silent check:imports | tee build/imports.txt
	@grep -qE '\([1-9][0-9]{2,} modules' build/imports.txt || { \
	  echo "cannot trust the import law: fewer than 100 modules were seen" >&2; exit 1; }
	npm run --silent check:dead-code
	npm run --silent check:addon
	npm run --silent check:docs
	@for script in $(scripts); do bash -n "$$script"; done

.PHONY: format
format: $(npm_stamp) ## Format TypeScript, YAML, Markdown and C++
	prettier --write --log-level=warn .
	clang-format -i $(cpp_sources)

.PHONY: install
install: build ## Install as a service (PREFIX=/usr, DESTDIR=)
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' systemd/install.sh

.PHONY: uninstall
uninstall: ## Remove what install put there; PURGE=1 also removes configuration and state
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' PURGE='$(PURGE)' systemd/uninstall.sh

.PHONY: clean
clean: ## Remove everything that was built; node_modules stays
	rm -rf build dist dist-tools daemon/kernel/addon/build .tap
