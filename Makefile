# Two commands do everything: `make run` and `make test`.
PORT ?= 8000
UNION_HOME ?= var/union
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export UNION_HOME PORT

.DEFAULT_GOAL := help
.PHONY: help setup run test check format bench demo clean

help: ## Show what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/made: requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Union needs Python 3.11 or newer, this is %d.%d" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@echo "Preparing $(VENV) (once, about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/made-dev: $(VENV)/made requirements/dev.txt
	@echo "Installing what the tests need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	@touch $@

setup: $(VENV)/made ## Make the environment with the union command

run: setup ## A demo union you can click through: web, scheduler, links
	@UNION_ENV=development $(BIN)/union demo run --port $(PORT) $(if $(FRESH),--fresh)

test: $(VENV)/made-dev ## Every test, on SQLite and PostgreSQL, with real mail, SMS, browser and belenios-tool
	@$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

check: $(VENV)/made-dev ## Format, lint, types, architecture
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest -q tests/house

format: $(VENV)/made-dev ## Put the code in the house's form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup ## What people feel and how cost grows, beside the limit measured in the same run
	@UNION_ENV=development $(BIN)/python -m union.bench

demo: setup ## The whole story with 300 members in under two minutes; leaves var/demo
	@UNION_ENV=development $(BIN)/union demo story

clean: ## Remove the environment and all embedded state
	rm -rf $(VENV) var
