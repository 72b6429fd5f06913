# `make app` starts the dashboard, `make test` runs every test; `make` alone lists the rest.

PYTHON ?= python3
PORT ?= 8501
ARGS ?=

BIN := .venv/bin
APT := DEBIAN_FRONTEND=noninteractive apt-get

.PHONY: help app dev test data format clean chromium

help:
	@echo 'make app      start the dashboard on http://localhost:$(PORT) (PORT=8600 moves it)'
	@echo 'make dev      the same, and it runs again when a file changes'
	@echo 'make test     lint, types, layers and every test, in a browser too (ARGS="-k gan" chooses among the tests)'
	@echo 'make data     build the data sets again from their sources'
	@echo 'make format   format the code and mend what the linter can mend'
	@echo 'make clean    remove .venv and the caches'
	@echo 'The first run installs everything into .venv; PYTHON=python3.12 chooses which Python it is made of.'

app: .venv/app.stamp
	@$(BIN)/streamlit run app.py --server.port $(PORT) --server.showEmailPrompt false

# The served app watches no files (.streamlit/config.toml).
dev: .venv/app.stamp
	@$(BIN)/streamlit run app.py --server.port $(PORT) --server.showEmailPrompt false \
	    --server.fileWatcherType auto --server.runOnSave true

test: .venv/test.stamp chromium
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist worksteal $(ARGS)

data: .venv/app.stamp
	$(BIN)/python -m genlib data build

format: .venv/test.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written after success only: what was interrupted or has changed is installed again.
.venv/app.stamp: requirements.txt | .venv/bin/pip
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -r requirements.txt
	@touch $@

.venv/test.stamp: tests/requirements.txt .venv/app.stamp
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -r tests/requirements.txt
	@touch $@

# pip is the last thing that venv installs: without it a .venv is half made, and is made anew.
.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo 'Python 3.11 or newer is needed and $(PYTHON) is not: name one, as in: make app PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    package=$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
	    { [ "$$(id -u)" = 0 ] && $(APT) update -qq && $(APT) install -y -qq --no-install-recommends $$package; } || \
	    { echo "Python's venv module is missing: install it (on Debian and Ubuntu: apt install $$package)." >&2; exit 1; }; }
	@echo 'Setting up .venv; the first time this takes a few minutes.'
	$(PYTHON) -m venv --clear .venv

# The tests find Chromium or Chrome by themselves; here it is only installed where that is possible and none is there.
# Without one they say so and the rest runs.
chromium: .venv/test.stamp
	@$(BIN)/python tests/chromium.py >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || \
	    { $(APT) update -qq && for package in chromium-headless-shell chromium; do \
	        $(APT) install -y -qq --no-install-recommends $$package && break; done; } || true
