# How people and CI run things. Only Python 3.11+, make and a package registry are needed.
PYTHON ?= python3
VENV   ?= .venv
PORT   ?= 8000
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
MODEL  ?=

.DEFAULT_GOAL := help
.PHONY: help install build serve test train-demo check format docs lock clean
.PHONY: bench bench-extraction bench-quality bench-load

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade "pip>=25"

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.installed

install: $(VENV)/.installed ## Install what serving needs (no torch)

build: install ## Build the models that come with the project
	$(BIN)/doc2tweet-train build $(MODEL)

serve: install ## Install, build what is missing, serve on PORT (default 8000)
	$(BIN)/doc2tweet serve --port $(PORT)

check: $(VENV)/.installed-dev ## Lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: check ## Everything that must pass: lint, types, tests
	$(BIN)/python -m pytest

train-demo: $(VENV)/.installed-dev ## Train a tiny voice on an invented town, serve it, ask it (minutes)
	$(BIN)/python -m training.demo

format: $(VENV)/.installed-dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.installed-dev ## Write the generated pages
	$(BIN)/python -m service.config > docs/configuration.md

lock: | $(BIN)/python ## Pin every version the install uses
	$(PIP) install --quiet --dry-run --ignore-installed --report $(VENV)/lock.json -e '.[dev]'
	$(BIN)/python -c "import json; print(*sorted( \
		i['metadata']['name'].lower() + '==' + i['metadata']['version'].split('+')[0] \
		for i in json.load(open('$(VENV)/lock.json'))['install'] \
		if i['metadata']['name'] != 'doc2tweet'), sep='\n')" > constraints.txt

.venv-bench/.installed: bench/requirements.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --upgrade "pip>=25"
	.venv-bench/bin/python -m pip install --quiet -r $<
	@touch $@

bench: $(VENV)/.installed-dev .venv-bench/.installed build ## Speed beside the peers (compiles llama.cpp once)
	$(BIN)/python -m bench --save

bench-extraction: DATA ?= ../shared/data/articles
bench-extraction: $(VENV)/.installed ## How well and how fast pages are read (DATA=folder)
	$(BIN)/python bench/extraction.py $(DATA)

bench-quality: PAIRS ?= ../shared/data/pairs/pairs.jsonl
bench-quality: $(VENV)/.installed-dev build ## How good the tweets are (PAIRS=file with article, tweet)
	$(BIN)/python -m bench.quality --pairs $(PAIRS)

bench-load: $(VENV)/.installed-dev build ## Overload, slow and leaving clients, 10,000 requests
	$(BIN)/python -m bench.stress

clean: ## Remove the environment and what was built
	rm -rf $(VENV) models/*/build .pytest_cache .mypy_cache .ruff_cache .hypothesis
