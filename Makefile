# Needs Python 3.11 or newer, pip and make; everything else is installed into .venv from requirements.lock.

# The interpreter .venv is made from: the first of these that is new enough. `make PYTHON=... test` names one.
PYTHON ?= python3 python3.13 python3.12 python3.11 python3.14 python
# Processes that share the tests.
JOBS ?= 2
# Further arguments of the tool: `make test ARGS='-k merge'`.
ARGS ?=
# Only `make lock` needs it.
UV ?= uv

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PROJECTS := pyproject.toml $(wildcard plugins/*/pyproject.toml)
EDITABLE := $(foreach project,$(PROJECTS),--editable ./$(patsubst %/,%,$(dir $(project))))

# .venv is good if its Python runs and it was made in this folder (its scripts hold the path).
VENV := $(shell { $(BIN)/python -c pass && grep -qxF '$(CURDIR)' .venv/installed; } >/dev/null 2>&1 || echo remake)

.PHONY: help demo test test-faults test-pythons check bench lock clean remake
.DELETE_ON_ERROR:

help:
	@echo 'make demo    one user through an upgrade and back, on real files'
	@echo 'make test    all tests'
	@echo 'make test-faults   kills and errors at every write of an act (needs strace)'
	@echo 'make test-pythons  all tests on every Python from 3.11 on that is here'
	@echo 'make check   format, lint and types'
	@echo 'make bench   speed against the limits measured in the same run'
	@echo 'make lock    renew requirements.lock (needs uv)'
	@echo 'make clean   remove .venv, caches and build output'

demo: .venv/ready
	@$(BIN)/python docs/examples/first-upgrade/demo.py $(ARGS)

# Hundreds of tests start Python: what one compiled is there for the next, whatever the environment says of it.
test: .venv/ready
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(JOBS) $(ARGS)

# Thousands of processes; ARGS names acts: make test-faults ARGS=import
test-faults: .venv/ready
	@$(BIN)/python -m tests.faults.injected $(ARGS)

# One environment for each in build/pythons, from the lock; ARGS goes to pytest.
test-pythons: .venv/ready
	@$(BIN)/python -m tests.pythons --jobs $(JOBS) -- $(ARGS)

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: .venv/ready
	@$(BIN)/python -m tests.benchmarks $(ARGS)

# The packages of this repository, editable: code changes need no install, a changed pyproject.toml does.
.venv/ready: .venv/installed $(PROJECTS)
	@rm -f $@
	@$(PIP) install --quiet --no-deps --no-build-isolation $(EDITABLE)
	@touch $@

# Made anew whenever the lock changes. The stamp is written last, so that a venv left half-made is never used.
.venv/installed: requirements.lock $(VENV)
	@rm -rf .venv
	@old=; bare=; chosen=; \
	for python in $(PYTHON); do \
	    "$$python" -c pass 2>/dev/null || continue; \
	    if ! "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	        old="$$old $$python ($$("$$python" -V 2>&1))"; \
	    elif ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	        bare="$$bare $$python"; \
	    else \
	        chosen=$$python; break; \
	    fi; \
	done; \
	if [ -n "$$chosen" ]; then \
	    echo "Making .venv with $$("$$chosen" -V 2>&1)"; "$$chosen" -m venv .venv; \
	elif [ -n "$$bare" ]; then \
	    echo "prefcore:$$bare has no venv or ensurepip module (on Debian and Ubuntu: apt install python3-venv)" >&2; \
	    exit 1; \
	else \
	    echo "prefcore needs Python 3.11 or newer; tried: $(PYTHON); too old:$${old:- none}." \
	        "Name one with: make PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	fi
	@$(PIP) install --quiet --require-hashes --requirement requirements.lock
	@echo '$(CURDIR)' > $@

# Everything at its newest version within the bounds of the pyproject.toml files; refused if the result names an index.
lock:
	@command -v $(UV) >/dev/null || { echo 'make lock needs uv on the PATH, or UV=/path/to/uv' >&2; exit 1; }
	$(UV) lock --quiet --upgrade
	$(UV) export --quiet --locked --format requirements-txt --no-emit-workspace --no-header --no-annotate \
	    --all-packages --all-groups --all-extras --output-file requirements.lock.new
	@if grep -nE '://|^ *-([^-]|-[^h])' requirements.lock.new; then \
	    echo 'requirements.lock is unchanged: the new one names an index or a path (above)' >&2; \
	    rm -f requirements.lock.new; exit 1; \
	fi
	@mv requirements.lock.new requirements.lock

clean:
	rm -rf .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist plugins/*/build plugins/*/dist
	find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
