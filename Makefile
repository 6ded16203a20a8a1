# What a developer runs and what CI runs are the same targets. `make` alone lists them, in order of use.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
RIVAL := .medaid/rival/.ready
WHEEL := dist/.ready
COMPILED := .medaid/compiled/.ready
AUDIT := .medaid/audit/.ready
COMPILED_FIRST := PYTHONSAFEPATH=1 PYTHONPATH="$(CURDIR)/.medaid/compiled:$(CURDIR)"
AS_IMAGE := $(COMPILED_FIRST) MEDAID_AS_IMAGE=1
PYTEST_AS_IMAGE := $(AS_IMAGE) $(BIN)/pytest --override-ini pythonpath=
SERVERS := $(BIN)/python -m deploy.local.servers
AGAIN := -rR --reruns 2 --only-rerun ProvedNothing --only-rerun TooSlow --only-rerun KafkaException
FAULTS := tests/integration/faults
FIRST_FAULTS := $(addprefix $(FAULTS)/,test_workers.py test_offsets.py)
LAST_FAULTS := $(addprefix $(FAULTS)/,test_on_secured_servers.py test_upgrade.py)
PROVE := $(PYTEST_AS_IMAGE) -n 2 --dist loadfile -m prove --durations=0 --durations-min=10 $(AGAIN)
PART := all
QUARTER = $(if $(filter commit,$(PART)),$(shell expr $$(git rev-list --count HEAD) % 4),$(PART))
ALONE := env -u PYTHONPATH
LOCK := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

.DEFAULT_GOAL := help
.PHONY: help demo test prove mutants bench check up status down wheel audit generate lock clean

help: ## List the targets
	@awk -F ': |## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$NF }' $(MAKEFILE_LIST)

demo: $(READY) ## Settle a year of four generated cities, explain three claims, open the console; no server needed
	$(BIN)/medaid demo

test: $(READY) $(RIVAL) ## Run all tests; Kafka and Redis come from the environment, Docker or this machine
	$(BIN)/pytest -n 2 --dist worksteal -m "not prove" --ignore tests/e2e tests
	$(BIN)/pytest -m "not prove" $(AGAIN) tests/e2e

prove: $(READY) $(COMPILED) ## Prove compiled, as in the image, what is too long for make test; PART=0, 1, 2 or 3 for a quarter, PART=commit for the commit's, PART=seeds for simulation and fuzzing; FULL=1 at full length
	$(if $(filter 0 1 2 3 seeds all,$(QUARTER)),,$(error PART=$(PART): 0, 1, 2, 3, seeds, all, or commit in a git checkout))
	$(if $(filter 0 seeds all,$(QUARTER)),FULL=$(FULL) $(PYTEST_AS_IMAGE) -n 2 -m prove tests/simulation tests/contract tests/monitoring tests/unit/console)
	$(if $(filter 0 all,$(QUARTER)),$(PROVE) --ignore=$(FAULTS) tests/integration)
	$(if $(filter 1 all,$(QUARTER)),FULL=$(FULL) $(PYTEST_AS_IMAGE) -m prove $(AGAIN) $(FAULTS)/test_soak.py)
	$(if $(filter 1 all,$(QUARTER)),$(PROVE) $(FIRST_FAULTS))
	$(if $(filter 2 all,$(QUARTER)),$(PROVE) $(addprefix --ignore=,$(FAULTS)/test_soak.py $(FIRST_FAULTS) $(LAST_FAULTS)) $(FAULTS))
	$(if $(filter 3 all,$(QUARTER)),$(PROVE) $(LAST_FAULTS))
	$(if $(filter 3 all,$(QUARTER)),FULL=$(FULL) $(PYTEST_AS_IMAGE) -n 2 --dist worksteal -m prove tests/policy tests/unit/ledger tests/bench)
	$(if $(filter 3 all,$(QUARTER)),$(PYTEST_AS_IMAGE) -n 2 --dist worksteal -m "not prove" tests/policy $(addprefix tests/unit/,cli ledger policy runtime settlement) tests/integration/test_view.py tests/integration/test_view_losses.py)

mutants: $(READY) ## Put a few hundred mistakes into the core and the lanes, one by one, and tell which no test notices; COUNT=0 for every one
	$(BIN)/pytest -q -p no:cacheprovider -p tests.mutants.plugin --mutants $(or $(COUNT),300) -m "not kafka and not redis and not prove" \
		tests/policy $(addprefix tests/unit/,identity policy runtime settlement)

bench: $(READY) $(RIVAL) $(COMPILED) ## Measure speed and memory against a floor and a rival, write docs/benchmarks.md; SIZE=small, usual or full; PARTS
	$(AS_IMAGE) $(BIN)/python -m tests.bench --size $(or $(SIZE),usual) $(PARTS)

check: $(READY) ## Check style, types, import contracts, tidiness, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/unit/test_tidy.py
	$(BIN)/python -m schemas.generate --check
	$(BIN)/python -m deploy.policy_schema --check
	$(BIN)/python -m deploy.asyncapi --check
	$(BIN)/python -m deploy.metrics --check
	$(BIN)/python -m deploy.dashboard --check
	$(BIN)/python -m tests.house --check
	$(BIN)/python -m deploy.scaling --check

up: $(READY) ## Start Kafka and Redis on this machine, make the topics, run the services in the background, compiled where a C compiler is
	@if $(BIN)/python -m deploy.local.compiler; then $(MAKE) --no-print-directory $(COMPILED) && $(COMPILED_FIRST) $(SERVERS) up; else $(SERVERS) up; fi

status: $(READY) ## Show what make up started and where it listens
	$(SERVERS) status

down: $(READY) ## End what make up started, and nothing else; data stay in .medaid/run
	$(SERVERS) down

wheel: $(WHEEL) ## Build the compiled wheel that a site installs, and the hashed requirements to install it with, into dist
	@cp deploy/requirements.txt dist/requirements.txt
	@echo "pip install --require-hashes -r dist/requirements.txt && pip install --no-deps $$(ls dist/*.whl)"

audit: $(READY) $(AUDIT) ## Write dist/sbom.cdx.json, what a site installs; refuse licences that are not on our list, and versions of which a fault is known
	$(BIN)/python -m deploy.audit

generate: $(READY) ## Write the JSON Schemas of events and of policy files, the AsyncAPI document, the list of metrics, the dashboard, the examples of our own events, the house in ARCHITECTURE.md and the table of SCALING.md anew
	$(BIN)/python -m schemas.generate
	$(BIN)/python -m deploy.policy_schema
	$(BIN)/python -m deploy.asyncapi
	$(BIN)/python -m deploy.metrics
	$(BIN)/python -m deploy.dashboard
	$(BIN)/python -m tests.contract.outputs
	$(BIN)/python -m tests.house
	$(BIN)/python -m deploy.scaling

lock: $(READY) ## Pin the dependencies of pyproject.toml anew, with hashes
	$(LOCK) --extra build --extra dev --extra traces --output-file requirements.txt pyproject.toml
	$(LOCK) --extra traces --constraint requirements.txt --output-file deploy/requirements.txt pyproject.toml
	$(LOCK) --extra build --extra traces --constraint requirements.txt --output-file deploy/requirements-build.txt pyproject.toml
	$(LOCK) --extra rival --output-file tests/bench/requirements.txt pyproject.toml
	$(LOCK) --output-file deploy/audit/requirements.txt deploy/audit/requirements.in

clean: ## Remove .venv, Kafka's jars, local data, what was built, and caches
	@test ! -d .medaid/run -o ! -x $(BIN)/python || $(SERVERS) down
	rm -rf build dist .venv .medaid .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

$(RIVAL): tests/bench/requirements.txt
	$(PYTHON) -m venv .medaid/rival
	.medaid/rival/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(AUDIT): deploy/audit/requirements.txt deploy/requirements.txt
	rm -rf .medaid/audit
	$(PYTHON) -m venv .medaid/audit/auditors
	$(ALONE) .medaid/audit/auditors/bin/pip install --quiet --disable-pip-version-check --require-hashes -r deploy/audit/requirements.txt
	$(PYTHON) -m venv --without-pip .medaid/audit/shipped
	$(ALONE) .medaid/audit/auditors/bin/pip --python .medaid/audit/shipped/bin/python install --quiet --disable-pip-version-check --require-hashes -r deploy/requirements.txt
	@touch $@

$(COMPILED): $(WHEEL)
	@rm -rf .medaid/compiled
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --target .medaid/compiled dist/medaid-*.whl
	$(PYTEST_AS_IMAGE) --quiet tests/unit/test_compiled.py
	@touch $@

$(WHEEL): $(READY) setup.py $(shell find schemas services -not -name '*.pyc' -not -name __pycache__ -not -name '.*')
	@echo "Compiling the pure modules of the hot path into a wheel: once, and again when the code changes"
	@rm -rf build dist/medaid-*.whl && mkdir -p dist
	@touch dist/.compiling # before the sources are read: what is saved meanwhile is newer
	MEDAID_COMPILED=1 $(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	@mv dist/.compiling $@

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "medaid needs Python 3.11 or later: make PYTHON=python3.11 ...")'
	@echo "Setting up .venv: once, and again when the dependencies change"
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
