# make run         set up and open the app        make test    set up and run lint, types, and all tests
# make messages    take new texts into the Korean catalogue, to be translated there; then again to compile it
PYTHON ?= python3.11
PORT ?= 8501
BIN := .venv/bin

.PHONY: run test check messages pictures clean

run: .venv/runtime
	$(BIN)/python -m pneumo_core prepare
	$(BIN)/streamlit run streamlit_app.py --server.port $(PORT)

test: check
	$(BIN)/python -m pytest

check: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

CATALOGUE := pneumo_core/locale/ko/LC_MESSAGES/pneumo
messages: .venv/test
	$(BIN)/python -m pneumo_core.locale.update $(CATALOGUE)

.venv/runtime: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

.venv/test: .venv/runtime requirements-test.txt
	$(BIN)/python -m pip install --quiet -r requirements-test.txt
	touch $@

pictures: .venv/test
	$(BIN)/python -m benchmarks.pictures

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
