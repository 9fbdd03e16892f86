# make demo: tune LeNet on Fashion-MNIST.   make test: everything that must hold.
# Both set themselves up: a virtual environment in .venv, with the versions in constraints.txt.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
DEMO_ARGS ?=
TEST_ARGS ?=

.PHONY: demo test check format docs proofs bench clean

demo: $(READY)
	$(BIN)/python -m examples.lenet.demo $(DEMO_ARGS)

# One process per core, each with one thread: the tests of a file stay together.
test: export OMP_NUM_THREADS ?= 1
test: check
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow" $(TEST_ARGS)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The references of docs/, written from the code, and the picture of docs/side-by-side.md.
docs: $(READY)
	$(BIN)/python docs/generate.py
	$(BIN)/python -c 'from rung.benchmarks.side_by_side import on_problem; \
	  on_problem(seeds=1, progress="off").plot("docs/side-by-side.png")'

# The slow proofs: hundreds of kills, long random walks through the store.
proofs: $(READY)
	$(BIN)/python -m pytest -m slow $(TEST_ARGS)

bench: $(READY)
	$(BIN)/python -m benches --out docs/performance.md

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "rung needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(READY)

clean:
	rm -rf .venv build dist demo-out
