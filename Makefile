# Two commands on a fresh machine: `make demo` and `make test`. Each makes the virtual environment it needs.
PYTHON ?= python3
VENV ?= .venv
DEMO ?= demo
BENCH ?= build/bench.json
OLDEST ?= build/oldest
OLDEST_TESTS ?= tests/base tests/cli tests/recording
HISTORY ?= docs/benchmarks/history

# Bytecode is kept even where the environment forbids it: every worker, and every process that a test starts, would
# compile the same sources again.
export PYTHONDONTWRITEBYTECODE :=

bin := $(VENV)/bin
stamp := $(VENV)/.installed

.PHONY: venv demo test test-all test-fast test-oldest coverage lint bench figures docs clean
.DELETE_ON_ERROR:

venv: $(stamp)

# The stamp is younger than what it was installed from, so a changed dependency installs again and nothing else does.
$(stamp): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "drive-sim: $(PYTHON): Python 3.11 or newer is needed; make PYTHON=python3.12 ..." >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "drive-sim: $(PYTHON): no module ensurepip; apt-get install python3-venv" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(bin)/python -m pip install --quiet --constraint constraints.txt --editable '.[all]'
	@touch $@

demo: $(stamp)
	$(bin)/drive-sim demo --output $(DEMO)

# A process that has nothing left takes tests from the end of another's queue: tests of one file mostly share a process.
pytest := $(bin)/python -m pytest --numprocesses auto --dist worksteal

test: $(stamp)
	$(pytest) -m "not thorough" $(PYTEST_ARGS)

# With the thorough: those that need ten seconds of processor time, such as CUDA kernels in Python and whole pipelines.
test-all: $(stamp)
	$(pytest) $(PYTEST_ARGS)

test-fast: $(stamp)
	$(pytest) -m "not slow and not thorough and not browser and not display and not cuda_simulator" $(PYTEST_ARGS)

# Tests that need no torch, with the lowest versions that pyproject.toml allows, in an environment of their own.
test-oldest: $(OLDEST)/.installed
	$(OLDEST)/bin/python -m pytest -m "not thorough" $(OLDEST_TESTS) $(PYTEST_ARGS)

$(OLDEST)/.installed: pyproject.toml constraints-oldest.txt
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet --only-binary :all: --constraint constraints-oldest.txt \
		'hatchling>=1.27' safetensors tensorboard
	$(OLDEST)/bin/python -m pip install --quiet --constraint constraints-oldest.txt --editable '.[window,report,test]'
	@touch $@

# Branches of host code; compiled functions are left out (see [tool.coverage] in pyproject.toml).
coverage: $(stamp)
	@mkdir -p build
	$(pytest) --cov --cov-report=term $(PYTEST_ARGS)

lint: $(stamp)
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports

bench: $(stamp)
	@mkdir -p $(dir $(BENCH))
	$(bin)/drive-sim bench --output $(BENCH) --history $(HISTORY)
	$(bin)/python scripts/benchmark_peers.py --output $(BENCH:.json=-peers.json)

# Every picture and table of docs/; FIGURES="gallery report" makes some. It takes an hour or more on two cores.
figures: $(stamp)
	$(bin)/python scripts/make_figures.py $(FIGURES)

# The pages and tables that are written from the code.
docs: $(stamp)
	$(bin)/python scripts/write_reference.py
	$(bin)/python scripts/camera_cost.py

clean:
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find drive_sim tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
