# Every target sets up .venv by itself when the lock or pyproject.toml is newer.
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: demo test slow check docs faults landing-model agents-test ui-test lock bench bench-results operate-test wheel clean
demo: $(STAMP)  ## set up, then repair the bundled sample repository
	$(VENV)/bin/stomper demo

# Bytecode is kept whatever the shell says: compiling the tests and Stomper takes half of the time to collect them.
test slow: export PYTHONDONTWRITEBYTECODE :=
test: $(STAMP)  ## set up, then run the tests
	$(PY) -m pytest

slow: $(STAMP)  ## run the tests that take several seconds each, and the properties with many examples
	$(PY) -m pytest -m "slow or hypothesis" --hypothesis-profile=many

check: $(STAMP)  ## what CI runs beside the tests
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo

SPEED := fan_out deterministic landing suites start many two_runs
bench: $(STAMP)  ## measure the speed, about an hour; QUICK=1 for about ten minutes
	for name in $(SPEED); do $(PY) -m benchmarks.$$name $(if $(QUICK),--quick) || exit 1; done

bench-results: $(STAMP)  ## measure what Stomper makes of real packages, and how well it learns
	$(PY) -m benchmarks.real_packages
	$(PY) -m benchmarks.check
	$(PY) -m benchmarks.damage
	$(PY) -m benchmarks.learning

faults: $(STAMP)  ## cut runs off at every point, and count what survives
	$(PY) -m tests.faults --docs docs/safety.md

landing-model: $(STAMP)  ## play 3,000 histories of a user between the steps of a landing, and 200 with a kill -9; half an hour
	$(PY) -m tests.landing.transaction --docs docs/safety.md

agents-test: $(STAMP)  ## install real coding agents in .agents, and drive them against a model on the loopback interface
	$(PY) -m tests.agents_real --docs docs/agents.md

# With PREFECT=oldest or PREFECT=newest: on that end of the range of Prefects that is admitted, in an environment of its own.
# The files for operating install what is locked, so they are for the run without it.
ifdef PREFECT
OPERATE := .venv-prefect-$(PREFECT)
operate-test: $(OPERATE)/.installed  ## deploy to real Prefect servers, see what CI would see, and do what the operating files say
	$(OPERATE)/bin/python -m pytest -m "slow or not slow" tests/server tests/tasks
	$(OPERATE)/bin/python -m tests.operate --server servers
else
operate-test: $(STAMP) wheel
	$(PY) -m tests.operate
endif

.venv-prefect-%/.installed: tests/operate/constraints-%.txt pyproject.toml
	python3 -m venv --clear .venv-prefect-$*
	.venv-prefect-$*/bin/python -m pip install --quiet --no-deps -r tests/operate/constraints-$*.txt
	.venv-prefect-$*/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

ui-test: $(VENV)/.ui-installed  ## look at Prefect's UI in a headless Chromium (Debian: chromium, chromium-driver)
	$(PY) -m tests.ui

wheel: $(STAMP)  ## build the wheel into dist/
	rm -rf dist
	$(PY) -m build --wheel --no-isolation --outdir dist .

docs: $(STAMP)  ## write the generated parts of the documentation anew
	$(PY) -m docs.generate docs/settings.md docs/how-it-works.md docs/agents.md docs/ui.md

LOCK := .venv-lock/bin/uv pip compile --universal --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11
EXTRAS := --extra api --extra pr --extra docker
NAMES := --no-annotate --strip-extras
OLDEST = $(shell sed -n 's/.*"prefect>=\([0-9.]*\),.*/\1/p' pyproject.toml)
lock: $(STAMP)  ## resolve requirements.lock anew, and from it what users and the tests of Prefect's releases install
	$(PY) -m venv .venv-lock && .venv-lock/bin/pip -q install uv
	$(LOCK) --no-strip-extras --generate-hashes --group dev $(EXTRAS) pyproject.toml -o requirements.lock
	$(LOCK) --generate-hashes --group ui --constraint requirements.lock -o tests/ui/requirements.lock
	$(LOCK) $(NAMES) $(EXTRAS) --constraint requirements.lock pyproject.toml -o constraints.txt
	echo "prefect==$(OLDEST)" > .venv-lock/oldest.txt
	$(LOCK) $(NAMES) --group dev $(EXTRAS) --constraint .venv-lock/oldest.txt pyproject.toml -o tests/operate/constraints-oldest.txt
	$(LOCK) $(NAMES) --group dev $(EXTRAS) --upgrade pyproject.toml -o tests/operate/constraints-newest.txt
	rm -rf .venv-lock

clean:
	rm -rf $(VENV) .venv-prefect-* dist build .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .agents

$(STAMP): requirements.lock pyproject.toml
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --require-hashes --no-deps -r requirements.lock
	$(PY) -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.ui-installed: $(STAMP) tests/ui/requirements.lock
	$(PY) -m pip install --quiet --require-hashes -r tests/ui/requirements.lock
	touch $@
