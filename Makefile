# Two commands matter: `make demo` and `make test`. Both do all set-up themselves.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
SIZE ?= small
export SIZE
# Where this is set, every process that is started would compile the code anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-nightly lint check coverage bench sdk docs lock clean setup setup-dev format
.DEFAULT_GOAL := help

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Tallyard needs Python 3.11 or newer; none was found on PATH." >&2; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version) …"
	@$(PYTHON) -m venv $(VENV) || { echo "Python cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PIP) install --no-compile --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --editable .
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock $(VENV)/.ready
	@echo "Adding the test tools …"
	@$(PIP) install --no-compile --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(VENV)/.ready ## Set up the virtual environment
setup-dev: $(VENV)/.ready-dev

demo: $(VENV)/.ready ## Live through a tenant's year (ONCE=1, SCALE=0.05, RUNTIME=docker)
	@$(BIN)/tallyard demo $(if $(ONCE),--once) $(if $(SCALE),--scale $(SCALE)) $(if $(RUNTIME),--runtime $(RUNTIME))

test: $(VENV)/.ready-dev ## Run every test against the real parts (INSTALL=no, ONLY=path)
	@INSTALL=$(INSTALL) tests/run $(ONLY)

test-nightly: $(VENV)/.ready-dev ## The long random tests, for a night (ONLY=path)
	@$(BIN)/python -m pytest -q -n 2 -m nightly --timeout 14400 $(ONLY)
	@$(if $(ONLY),,TALLYARD_TEST_EXAMPLES=1000 $(BIN)/python -m pytest -q -n 2 --timeout 14400 tests/property)

lint: $(VENV)/.ready-dev ## Format, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: lint ## The same, and the size ratchet and translations
	@$(BIN)/python -m pytest -q -p no:xdist -p no:cacheprovider tests/architecture

coverage: $(VENV)/.ready-dev ## Every branch of the kernel, by its own tests
	@$(BIN)/coverage run -m pytest -q -p no:xdist tests/unit/kernel tests/property/kernel
	@$(BIN)/coverage report --fail-under=100

format: $(VENV)/.ready-dev ## Format the code and fix what can be fixed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.ready-dev ## Print one JSON line per figure (ONLY=name, SIZE=full)
	@$(BIN)/python -m tests.benchmarks $(ONLY)

sdk: $(VENV)/.ready-dev ## Build the wheel of control_plane.sdk into dist/
	@$(BIN)/python deploy/sdk/build.py

docs: $(VENV)/.ready-dev ## Write the API reference from the code
	@$(BIN)/tallyard openapi > docs/openapi.json
	@echo "docs/openapi.json written"

lock: ## Renew both lock files (needs uv; no registry host is written)
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade -q -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade -q -c requirements.lock -o requirements-dev.lock

clean: ## Stop a PostgreSQL the demo left, and remove the environment and every database file of this clone
	@if [ -x $(BIN)/tallyard ]; then $(BIN)/tallyard clean || true; fi
	@rm -rf $(VENV) var build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
