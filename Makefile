# Two commands for users: `make run` and `make test`. DETACH=1 does not leave Airflow's UI up, SHOP=, DATE= and PORT= choose.
SHOP ?= sample-shop/shop.yaml
PORT ?= 8080
PY := .venv/bin/python

.PHONY: run test emulator check bench-model bench-nightly bench-jobs test-faults test-backfill format lock install install-dev clean

run: install
	@test -f $(SHOP) || .venv/bin/restyle sample-shop $(dir $(SHOP))
	@exec $(PY) -m infra.local --shop $(SHOP) --port $(PORT) $(if $(DATE),--date $(DATE)) $(if $(DETACH),--detach)

test: install-dev
	@$(PY) -m pytest -n auto --dist worksteal

emulator: install-dev
	@infra/emulator.sh

bench-jobs: install-dev
	@$(PY) tests/benchmarks/bench_jobs.py

test-backfill: install-dev
	@$(PY) -m pytest -m long tests/e2e

test-faults: install-dev
	@$(PY) tests/faults/fault_table.py --docs docs/faults.md

bench-nightly: install-dev
	@$(PY) tests/benchmarks/bench_nightly.py

bench-model: install-dev
	@$(PY) tests/benchmarks/bench_model.py

check: install-dev
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

format: install-dev
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

lock:
	@infra/lock.sh

install:
	@MAKECMDGOALS=$(MAKECMDGOALS) infra/install.sh

install-dev:
	@MAKECMDGOALS=$(MAKECMDGOALS) infra/install.sh dev

clean:
	rm -rf .venv sample-shop
