# SPDX-License-Identifier: BSD-3-Clause
# The shortest way from a fresh clone to a result; `nox -l` lists the finer tools. Everything goes into $(VENV) and build/.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

bin := $(VENV)/bin
build := build/make
wheels := build/wheels
sources := pyproject.toml CMakeLists.txt README.md $(shell find cpp python -type f -not -name '*.pyc')
cpp_files := $(shell find cpp -name '*.hpp' -o -name '*.cpp')

.PHONY: help report test bench lint format clean
.DEFAULT_GOAL := help

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

report: $(VENV)/.installed  ## Install crowfly and run its report; ARGS="table.csv --target column" for your own data
	$(bin)/crowfly report $(ARGS)

test: $(VENV)/.test  ## Install crowfly and run all tests; ARGS="-k neighbors" for some of them
	$(bin)/python -m pytest $(ARGS)

bench: $(VENV)/.bench  ## Compare with other libraries and write bench-report.html; ARGS="--suite full", "--data table.csv --target column"
	mkdir -p build/bench
	$(bin)/python -m bench run $(if $(ARGS),$(ARGS),--quick) --output build/bench/make.json
	$(bin)/python -m bench report build/bench/make.json --html bench-report.html
	@echo "the report is in bench-report.html"

lint: $(VENV)/.lint  ## Everything that reads the code without running it
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy
	$(bin)/clang-format --dry-run --Werror $(cpp_files)
	$(bin)/codespell
	$(bin)/validate-pyproject pyproject.toml
	$(bin)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(bin)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(bin)/zizmor --offline --quiet .github
	$(bin)/sp-repo-review .
	$(bin)/python cpp/checks/check_includes.py
	$(bin)/python cpp/checks/check_symbols.py $(build)

format: $(VENV)/.lint  ## Rewrite the files as the linters want them
	$(bin)/ruff check --fix
	$(bin)/ruff format
	$(bin)/clang-format -i $(cpp_files)

clean:  ## Remove the environment, builds and caches
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .hypothesis

# pip knows dependency groups since 25.1. The wheel is kept for other environments (.ci/run); pip keeps an installed one of the same version unless forced.
$(VENV)/.created:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("crowfly needs Python 3.11 or later: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(bin)/python -m pip install --quiet --upgrade "pip>=25.1"
	touch $@

$(VENV)/.installed: $(VENV)/.created $(sources)
	rm -rf $(wheels)
	$(bin)/python -m pip wheel --no-deps --config-settings=build-dir=$(build) --wheel-dir=$(wheels) .
	$(bin)/python -m pip install --force-reinstall --no-deps $(wheels)/crowfly-*.whl
	$(bin)/python -m pip install "$$(echo $(wheels)/crowfly-*.whl)[report]"
	touch $@

$(VENV)/.test: $(VENV)/.installed
	$(bin)/python -m pip install --group test
	touch $@

$(VENV)/.bench: $(VENV)/.installed
	$(bin)/python -m pip install --group bench
	touch $@

$(VENV)/.lint: $(VENV)/.test
	$(bin)/python -m pip install --group lint
	touch $@
