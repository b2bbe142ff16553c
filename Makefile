# The commands of this repository. `make` lists them.

# The folder and the port of `make demo`.
DEST ?= build/demo
PORT ?= 8000

# uv: the one on PATH if it works, else one in `.tools/`, which pip installs at first use.
# It is first on PATH, so that rendered projects use it too.
export PATH := $(CURDIR)/.tools/uv/bin:$(PATH)
# Python compiles every module again at each start where this is set.
unexport PYTHONDONTWRITEBYTECODE
RUN := uv run --quiet

.DEFAULT_GOAL := help
.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: install
install: ## Create the environment of the tests
	@uv --version >/dev/null 2>&1 || { \
		echo "uv is not installed: installing it into .tools/"; \
		python3 -m venv .tools/uv && .tools/uv/bin/pip install --quiet --disable-pip-version-check uv; }
	@uv sync --quiet

.PHONY: demo
demo: install ## Render this checkout into build/demo (or DEST=) and serve it (PORT=)
	@$(RUN) copier copy --quiet --defaults --overwrite --vcs-ref HEAD "$(CURDIR)" "$(DEST)"
	@$(MAKE) --no-print-directory -C "$(DEST)" run PORT=$(PORT)

.PHONY: test
test: install ## Check this repository, build the documentation, run the quick tests (ARGS="-k name" picks some)
	@$(MAKE) --no-print-directory --jobs 2 check docs
	@$(RUN) pytest $(ARGS)

.PHONY: test-rest
test-rest: install ## Run all other tests: overlay, served projects, updates, matrix, faults
	@$(RUN) pytest -m "(overlay or served or updates or matrix or faults) and not timed" $(ARGS)
	@$(RUN) pytest -m timed --numprocesses 0 $(ARGS)

.PHONY: test-all
test-all: test test-rest ## Run all tests but the mutants

.PHONY: test-overlay
test-overlay: install ## Run the tests of the template's machinery inside a default and the largest project
	@$(RUN) pytest -m overlay $(ARGS)

.PHONY: test-updates
test-updates: install ## Update projects from each supported release
	@$(RUN) pytest -m updates $(ARGS)

.PHONY: test-matrix
test-matrix: install ## Run the checks and tests of every variant (ARGS="-k pgbouncer" picks some)
	@$(RUN) pytest -m matrix $(ARGS)

.PHONY: test-faults
test-faults: install ## Stop, kill and overload services under load (ARGS="-k redis" picks some)
	@$(RUN) pytest -m faults --numprocesses 0 $(ARGS)

.PHONY: test-mutants
test-mutants: install ## Break the template in each way of mutants/edits.py, and see that a test fails (ARGS="-k lock")
	@$(RUN) python -m mutants $(ARGS)

.PHONY: release
release: install ## Cut a release (VERSION=1.2.3): bump, run every test, commit, tag
	@$(RUN) python -m releases.cut $(VERSION)

.PHONY: check
check: install ## Lint, check the format and the types of this repository
	@$(RUN) ruff check --quiet .
	@$(RUN) ruff format --check --quiet .
	@$(RUN) mypy --no-error-summary

.PHONY: format
format: install ## Format the code of this repository and apply automatic fixes
	@$(RUN) ruff check --fix --exit-zero --quiet .
	@$(RUN) ruff format --quiet .

.PHONY: docs
docs: install ## Build the documentation into build/docs, warnings as errors
	@$(RUN) sphinx-build --fail-on-warning --keep-going --quiet docs build/docs

.PHONY: screenshots
screenshots: install ## Take the pictures of the documentation, in a real Chromium
	@mkdir -p docs/images
	@SCREENSHOTS="$(CURDIR)/docs/images" REQUIRE_PROGRAMS=1 $(RUN) pytest -n0 tests/test_browser.py -k "opens and 5.2"

.PHONY: benchmark
benchmark: install ## Measure renders, answers for known addresses, seeding, pages at any depth, and the times in budgets.toml
	@$(RUN) python -m benchmarks.enumeration
	@$(RUN) python -m benchmarks.render
	@$(RUN) python -m benchmarks.seeding
	@$(RUN) python -m benchmarks.pages
	@$(RUN) python -m benchmarks.times

.PHONY: benchmark-speed
benchmark-speed: install ## Compare the speed of a default project with that of a bare one (ARGS="-k me --rounds 1")
	@$(RUN) python -m benchmarks.speed $(ARGS)

.PHONY: benchmark-smoke
benchmark-smoke: install ## Check that a request takes at most twice the CPU time that it takes in a bare project
	@$(RUN) python -m benchmarks.speed -k users/me --rounds 7 --seconds 3 --limit 2

.PHONY: clean
clean: ## Remove what the other commands made
	@rm -rf .mypy_cache .pytest_cache .ruff_cache .tools .venv build uv.lock
