# make run    set up and open the app        make test    set up and run lint, types, and all tests
PYTHON ?= python3.11
PORT ?= 8501
BIN := .venv/bin

.PHONY: run test check clean

run: .venv/runtime
	$(BIN)/python -m pneumo_core prepare
	$(BIN)/streamlit run streamlit_app.py --server.port $(PORT)

test: check
	$(BIN)/python -m pytest

check: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.venv/runtime: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

.venv/test: .venv/runtime requirements-test.txt
	$(BIN)/python -m pip install --quiet -r requirements-test.txt
	touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
