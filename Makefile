# `make demo` and `make test` need python3 (3.11 or later), pip, git and make; they set up everything else themselves.

PYTHON ?= python3
BIN := .venv/bin
# Machines that forbid bytecode would pay seconds at every start without it.
PIP := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pip --disable-pip-version-check --quiet install --compile
MADE := .venv/.made
RUNTIME := .venv/.runtime
DEVELOPMENT := .venv/.development

.PHONY: demo test lint bench bench-ui bench-validation torture torture-days torture-faults screenshots lock clean

demo: $(RUNTIME)
	@$(BIN)/mission-tui doctor --fix
	@$(BIN)/mission-tui demo $(ARGS)

test: $(DEVELOPMENT)
	@$(BIN)/mission-tui doctor --fix
	@$(MAKE) --no-print-directory lint
	$(BIN)/pytest $(ARGS)

lint: $(DEVELOPMENT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/basedpyright

bench: $(DEVELOPMENT)
	$(BIN)/python -m benchmarks.turn
	$(BIN)/python -m benchmarks.journaling

# The screen at full size: start, opening, keys, idle CPU, memory.
bench-ui: $(DEVELOPMENT)
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m compileall -q mission_tui
	$(BIN)/python -m benchmarks.ui

# Thirty simulated days on top of a million steps; a part of `make torture`.
torture-days: $(DEVELOPMENT)
	$(BIN)/python -m tests.torture.days $(ARGS)

# All of the fault matrix; a part of `make torture`.
torture-faults: $(DEVELOPMENT)
	$(BIN)/python -m tests.torture.faults

# Seeded defects in three sample applications: what the mechanical part of validation catches. Half an hour or more;
# ARGS="--runs 2" is shorter. `python -m benchmarks.reproof` and `python -m benchmarks.flaky` measure the rest.
bench-validation: $(DEVELOPMENT)
	$(BIN)/python -m benchmarks.validation $(ARGS)

# Hours on one core: give MINUTES, and PART=1/2 and PART=2/2 to two of them.
torture: $(DEVELOPMENT)
	$(BIN)/python -m tests.torture.engines
	$(BIN)/python -m tests.torture.days
	$(BIN)/python -m tests.torture.crash --minutes $(or $(MINUTES),60) --part $(or $(PART),1/1)
	$(BIN)/python -m tests.torture.faults

lock: $(DEVELOPMENT)
	for name in requirements requirements-dev requirements-bootstrap; do \
		$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
			--quiet $$name.in --output-file $$name.txt || exit 1; \
	done

clean:
	rm -rf .venv .bootstrap dist build *.egg-info .pytest_cache .ruff_cache .hypothesis

# virtualenv is taken from the registry because Debian's Python has no venv module; `--target` is what an externally
# managed Python allows.
$(MADE): requirements-bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=...")'
	@rm -rf .bootstrap
	PIP_ROOT_USER_ACTION=ignore $(PYTHON) -m pip --disable-pip-version-check --quiet install --target .bootstrap \
		--require-hashes -r requirements-bootstrap.txt
	PYTHONPATH=.bootstrap $(PYTHON) -m virtualenv --quiet --clear --no-download .venv
	@rm -rf .bootstrap
	@touch $@

$(RUNTIME): $(MADE) requirements.txt pyproject.toml
	$(PIP) --require-hashes -r requirements.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q mission_tui
	@touch $@

$(DEVELOPMENT): $(RUNTIME) requirements-dev.txt
	$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

# The pictures of the README, drawn from a real demo run.
screenshots: $(DEVELOPMENT)
	$(BIN)/python -m scripts.screenshots
