# The two commands of the README, and what they are made of.
#   make demo    train a VAE and a GAN on real digits and look at what they make
#   make test    pass the tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-slow oracle lint format bench book clean

demo: $(VENV)/.installed
	$(BIN)/minigen demo

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m "not slow" --numprocesses=auto --maxprocesses=8 --dist=loadfile \
	    --cov=minigen/ops --cov=minigen/optim --cov-report= && \
	$(BIN)/python -m coverage report --fail-under=100 --skip-covered \
	    --include="minigen/ops/*,minigen/optim/*"

test-slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m slow

# PyTorch, as a second opinion, CuPy, to hold what minigen asks of it to what it has, and the compiler
# that CuPy hands the kernels to: the tests that use them are skipped without. None needs a GPU.
oracle: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet cupy-cuda13x nvidia-cuda-nvrtc

lint: $(VENV)/.installed-dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

format: $(VENV)/.installed-dev
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.cpu

# The course as a book, lessons executed; it opens from disk, without network.
book: $(VENV)/.installed-dev
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "minigen needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.installed-dev: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) docs/_build docs/lessons docs/equations.rst build dist *.egg-info .coverage .pytest_cache .mypy_cache .ruff_cache
