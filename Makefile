# Everything a person does here, one word each. Each word sets up what it needs by itself:
# the environment in .venv from a hashed lock, Kafka's jars in .cache. Nothing else is touched.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
KAFKA_LIBS := .cache/kafka/libs
KAFKA_PORT ?= 9092
TEST_PROCESSES ?= 2
SEED ?= a
ROUNDS ?= 2
SECONDS ?= 60
INPUTS ?= 1000000
FUZZ_SEED ?= 1

# The first Python on PATH that is new enough.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

# Where Java and Maven exist the tests use real Kafka; where they do not, those tests are skipped.
REAL_KAFKA = $(if $(and $(shell command -v java),$(shell command -v mvn)),$(KAFKA_LIBS).stamp)

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s%s\n", $$1, $$2}' Makefile

.PHONY: run
run: $(VENV)/run.stamp ## set everything up, replay a real log on embedded servers, open the board on port 8080
	@$(BIN)/jiancha local

.PHONY: test
test: $(VENV)/dev.stamp $(REAL_KAFKA) ## unit, property and integration tests, on real servers where they are installed
	@$(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist loadgroup

.PHONY: test-long
test-long: $(VENV)/dev.stamp $(REAL_KAFKA) ## the tests that `make test` leaves out: whole logs, the other Kafka, the system killed
	@JIANCHA_LONG=1 $(BIN)/pytest -m long --numprocesses $(TEST_PROCESSES) --dist loadgroup

.PHONY: lint
lint: $(VENV)/dev.stamp ## what CI checks besides the tests: style, format, types, direction of imports
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: bench
bench: $(VENV)/dev.stamp $(KAFKA_LIBS).stamp ## the engine worker beside a bare loop with the same work, on real Kafka
	@$(BIN)/python -m tests.bench

PEERS := .cache/peers

.PHONY: bench-peers
bench-peers: $(VENV)/dev.stamp $(KAFKA_LIBS).stamp $(PEERS)/pip.stamp ## the worker beside quixstreams, bytewax and plain Faust (an environment of their own)
	@$(BIN)/python -m tests.bench --peers $(PEERS)/bin/python --events 20000

.PHONY: bench-recovery
bench-recovery: $(VENV)/dev.stamp $(KAFKA_LIBS).stamp $(PEERS)/pip.stamp ## a million open cases restored from the changelog, beside plain Faust's recovery: four minutes
	@$(BIN)/python -m tests.bench.recovery --peers $(PEERS)/bin/python

.PHONY: bench-rebalance
bench-rebalance: $(VENV)/dev.stamp $(KAFKA_LIBS).stamp ## how long partitions are silent when a worker leaves, joins or dies: four minutes
	@$(BIN)/python -m tests.bench.rebalance

.PHONY: test-security
test-security: $(VENV)/dev.stamp $(KAFKA_LIBS).stamp ## a broker with TLS, logins and ACLs: what each role may do, and what refusals look like: minutes
	@JIANCHA_SECURITY=1 JIANCHA_LONG=1 $(BIN)/pytest tests/integration/test_kafka_security.py tests/integration/test_canaries.py

.PHONY: bench-smoke
bench-smoke: $(VENV)/dev.stamp $(KAFKA_LIBS).stamp ## the same in a minute, to see that the outcomes are equal
	@$(BIN)/python -m tests.bench --smoke

.PHONY: faults
faults: $(VENV)/dev.stamp $(KAFKA_LIBS).stamp ## rounds of faults on real Kafka, from a seed (SEED=a ROUNDS=2 SECONDS=60)
	@$(BIN)/python -m tests.faults --seed $(SEED) --rounds $(ROUNDS) --seconds $(SECONDS) $(FAULTS)

REPARTITION := "tests/integration/test_repartition.py::test_the_verdicts_are_those_of_an_engine_that_never_knew_of_it[killed twice]"

.PHONY: faults-once
faults-once: $(VENV)/dev.stamp $(KAFKA_LIBS).stamp ## each fault once, and what the oracle finds in a worker that is made wrong: 8 minutes
	@JIANCHA_FAULTS_ROUNDS=1 $(BIN)/pytest -o faulthandler_timeout=1200 --numprocesses $(TEST_PROCESSES) tests/faults $(REPARTITION)

.PHONY: proof
proof: $(VENV)/dev.stamp ## the long proof, an hour: 100,000 random cases by a second reader of the law; mutants
	@$(BIN)/python -m tests.proof

.PHONY: fuzz
fuzz: $(VENV)/dev.stamp ## a million hostile inputs (INPUTS=…, FUZZ_SEED=…) for all that reads bytes from outside
	@$(BIN)/python -m tests.fuzz --inputs $(INPUTS) --seed $(FUZZ_SEED)

.PHONY: kafka
kafka: $(VENV)/run.stamp $(KAFKA_LIBS).stamp ## real Apache Kafka in the foreground, without Docker (KAFKA_PORT=9092)
	@$(BIN)/python -m deploy.local.real_kafka --data .cache/kafka/data --port $(KAFKA_PORT)

.PHONY: kafka-libs
kafka-libs: $(KAFKA_LIBS).stamp ## fetch Apache Kafka's jars (needs Maven; 43 MB, once)

.PHONY: secrets
secrets: ## random passwords for docker-compose in deploy/secrets; those that exist are kept
	@deploy/secrets.sh

.PHONY: lock
lock: $(VENV)/dev.stamp ## make the hashed locks anew from pyproject.toml
	@BIN=$(BIN) deploy/lock.sh

.PHONY: sbom
sbom: $(VENV)/dev.stamp ## the bill of materials (CycloneDX) and the list of licences, from the locks
	@$(BIN)/python -m deploy.sbom

.PHONY: clean
clean: ## remove what make has made: environment, caches, jars (not the data of `make run`)
	@rm -rf $(VENV) .cache build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@rm -rf .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# pip comes last when an environment is made, so its presence says that the environment is whole.
$(BIN)/pip:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer on PATH: install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make environments: install its venv module (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# setuptools is in the lock too, so building the project itself fetches nothing.
INSTALL = @echo "Installing from $< into $(VENV) (once; $(1))" && \
  $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement $< && \
  $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . && \
  touch $@

$(VENV)/run.stamp: requirements.lock pyproject.toml | $(BIN)/pip
	$(call INSTALL,about 280 MB to fetch)

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml | $(BIN)/pip
	$(call INSTALL,about 350 MB to fetch)

$(PEERS)/pip.stamp: tests/bench/peers/requirements.txt
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

$(KAFKA_LIBS).stamp: deploy/kafka/pom.xml
	@command -v mvn >/dev/null || { echo "Maven fetches Kafka's jars: install it (Debian: apt-get install maven)" >&2; exit 1; }
	@echo "Fetching Apache Kafka's jars into $(KAFKA_LIBS) (once; 43 MB)"
	@rm -rf $(KAFKA_LIBS)
	@mvn --quiet --batch-mode --file $< dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=$(CURDIR)/$(KAFKA_LIBS)
	@touch $@
