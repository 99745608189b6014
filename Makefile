# Every target sets up .venv by itself when the lock or pyproject.toml is newer.
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: demo test slow check docs faults agents-test ui-test lock bench bench-results operate-test wheel clean
demo: $(STAMP)  ## set up, then repair the bundled sample repository
	$(VENV)/bin/stomper demo

test: $(STAMP)  ## set up, then run the tests
	$(PY) -m pytest

slow: $(STAMP)  ## run the tests that take several seconds each
	$(PY) -m pytest -m slow

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

agents-test: $(STAMP)  ## install real coding agents in .agents, and drive them against a model on the loopback interface
	$(PY) -m tests.agents_real --docs docs/agents.md

operate-test: $(STAMP) wheel  ## deploy to real Prefect servers, see what CI would see, and do what the operating files say
	$(PY) -m tests.operate

ui-test: $(VENV)/.ui-installed  ## look at Prefect's UI in a headless Chromium (Debian: chromium, chromium-driver)
	$(PY) -m tests.ui

wheel: $(STAMP)  ## build the wheel into dist/
	rm -rf dist
	$(PY) -m build --wheel --no-isolation --outdir dist .

docs: $(STAMP)  ## write the generated parts of the documentation anew
	$(PY) -m docs.generate docs/settings.md docs/how-it-works.md docs/agents.md docs/ui.md

lock: $(STAMP)  ## resolve requirements.lock anew
	$(PY) -m venv .venv-lock && .venv-lock/bin/pip -q install uv
	.venv-lock/bin/uv pip compile --universal --no-strip-extras --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	  --python-version 3.11 --group dev --extra api --extra pr --extra docker pyproject.toml -o requirements.lock
	.venv-lock/bin/uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	  --python-version 3.11 --group ui --constraint requirements.lock -o tests/ui/requirements.lock
	rm -rf .venv-lock

clean:
	rm -rf $(VENV) dist build .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .agents

$(STAMP): requirements.lock pyproject.toml
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --require-hashes --no-deps -r requirements.lock
	$(PY) -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.ui-installed: $(STAMP) tests/ui/requirements.lock
	$(PY) -m pip install --quiet --require-hashes -r tests/ui/requirements.lock
	touch $@
