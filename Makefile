# Everything a newcomer runs. `make demo` and `make test` set up .venv by themselves.
# Names of tools are plain so that a reader can run the same by hand.
PYTHON ?= python3
BIN := .venv/bin
export DAGSTER_DISABLE_TELEMETRY := 1
export GX_ANALYTICS_ENABLED := false

.PHONY: help demo plans ui test check bench faults format lock fuzz fuzz-intake clean

help:
	@echo "make demo    set up, then take a province's inbox to its monthly report (folder demo/)"
	@echo "make plans   plan versus actual for the five real plans (folders demo-<plan>/, four minutes)"
	@echo "make ui      open Dagster on http://127.0.0.1:3000 with the demo's runs"
	@echo "make test    all tests"
	@echo "make check   format, lint, types, import contracts"
	@echo "make faults  faults of fifty kinds in random sound workbooks; writes benchmarks/FAULTS.md"
	@echo "make fuzz    the laws on new random examples, ten times as many"
	@echo "make fuzz-intake  10,000 spoiled files through the intake, a quarter of an hour"
	@echo "make bench   the benchmarks; appends to benchmarks/RESULTS.md"
	@echo "make lock    resolve the dependencies anew"

# The stamp names the lock it was made from: a changed lock syncs again.
$(BIN)/.runtime: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Setting up .venv from requirements.lock …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==0.13.9"
	@if [ -f $(BIN)/.dev ]; then lock=requirements-dev.lock; else lock=requirements.lock; fi; \
	  $(BIN)/python -m uv pip install --quiet --compile-bytecode --require-hashes -r $$lock
	@$(BIN)/python -m uv pip install --quiet --no-deps --editable .
	@touch $@

$(BIN)/.dev: requirements-dev.lock $(BIN)/.runtime
	@echo "Adding what the tests need …"
	@$(BIN)/python -m uv pip install --quiet --compile-bytecode --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(BIN)/.runtime
	$(BIN)/ocop demo --site demo

plans: $(BIN)/.runtime
	$(BIN)/ocop demo --plan all

ui: $(BIN)/.runtime
	$(BIN)/ocop ui --site demo

# A file's tests stay in one process, which shares what they build; never more than four, however many cores there are.
test: $(BIN)/.dev
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

check: $(BIN)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: $(BIN)/.dev
	$(BIN)/python -m pytest --hypothesis-profile=fuzz -m hypothesis

faults: $(BIN)/.dev
	$(BIN)/python -m benchmarks.planted_faults

INPUTS ?= 10000
SEED ?= 1
MINUTES ?= 60
fuzz-intake: $(BIN)/.dev
	$(BIN)/python -m benchmarks.fuzz_intake --inputs $(INPUTS) --seed $(SEED) --minutes $(MINUTES) --keep fuzz-found

bench: $(BIN)/.dev
	$(BIN)/python -m benchmarks

format: $(BIN)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:
	$(BIN)/python -m uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header -q -o requirements.lock
	$(BIN)/python -m uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header -q -o requirements-dev.lock

clean:
	rm -rf demo demo-* fuzz-found dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
