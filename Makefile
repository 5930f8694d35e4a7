SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# the stack that run, status, stop and the pages are for: make run STACK=gcp
STACK := local
# where a stack's clients run: the libraries of Google Cloud and those of Seldon don't go together
ENVIRONMENT := $(if $(filter local,$(STACK)),.venv,.venv-gcp)
RUN := $(ENVIRONMENT)/bin/python run.py
PYTHON := .venv/bin/python
# python3.12 on the PATH, or one of pyenv's, or one that uv knows
FIND_PYTHON := for found in python3.12 "$$(pyenv root 2>/dev/null || true)"/versions/3.12*/bin/python \
	"$$(uv python find 3.12 2>/dev/null || true)" python3; do \
	if "$$found" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' 2>/dev/null; \
	then echo "$$found"; break; fi; done

# a new environment, from the lock that is the target's first prerequisite
define MAKE_VENV
@python="$$($(FIND_PYTHON))"; if [ -z "$$python" ]; then \
	echo "error: no Python 3.12 on the PATH, in pyenv or in uv: install one, such as with 'uv python install 3.12'" >&2; exit 2; fi; \
echo "making $(@D) with $$python (about two minutes)"; "$$python" -m venv --clear $(@D)
@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check "$$(grep -o '^uv==[^ ]*' requirements.txt)"
@UV_COMPILE_BYTECODE_TIMEOUT=600 $(@D)/bin/uv pip install --quiet --compile-bytecode --python $(@D)/bin/python -r $<
endef

.PHONY: help setup run status stop dashboard reports test test-gcp test-gcp-images lint format bench-run bench-ingest bench-evaluation bench-model bench-serving bench-monitoring bench-scoring bench-retraining infra-plan infra-check picture lock clean

help: ## List every command.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

setup: .venv/installed ## Make the environment from the pinned requirements, once.

run: $(ENVIRONMENT)/installed ## Run everything, on sample data on this machine (STACK=gcp: on Google Cloud).
	@$(RUN) --stack $(STACK)

status: $(ENVIRONMENT)/installed ## Show what serves.
	@$(RUN) status --stack $(STACK)

stop: $(ENVIRONMENT)/installed ## Stop what serves.
	@$(RUN) stop --stack $(STACK)

dashboard: $(ENVIRONMENT)/installed ## Open ZenML's dashboard on the project's runs and artifacts.
	@$(RUN) dashboard --stack $(STACK)

reports: $(ENVIRONMENT)/installed ## Open Evidently's reports.
	@$(RUN) reports --stack $(STACK)

test: lint ## Check style, types and imports, and run the tests.
	@$(PYTHON) -m pytest --numprocesses 2 --dist loadfile

test-gcp: .venv/installed-dev .venv-gcp/installed-test .venv-serving/installed ## Run the gcp stack in an emulated Google Cloud (needs root: namespaces).
	@$(PYTHON) -m pytest tests/gcp -m "lane or not lane"

test-gcp-images: .venv/installed-dev .venv-gcp/installed-test .venv-serving/installed ## Build the real images and run pod and steps in them (needs root, docker; 30 GB).
	@ADCLICK_TEST_IMAGES=1 $(PYTHON) -m pytest -s tests/gcp/images

lint: .venv/installed-dev ## Check style, types and imports.
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check --quiet
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache

format: .venv/installed-dev ## Format the code.
	@.venv/bin/ruff check --fix --quiet
	@.venv/bin/ruff format --quiet

bench-run: .venv/installed-dev ## Time a sample run, and what of it is not our own functions.
	@$(PYTHON) -m benchmarks.run

bench-ingest: .venv/installed-dev .venv-bench/installed ## Time ingestion, beside pyarrow, Polars, pandas, Ray Data, Daft and Beam.
	@$(PYTHON) -m benchmarks.ingest

bench-model: .venv/installed-dev .venv-bench/installed ## Measure what the model sees of an ad, beside LightGBM and the true probabilities.
	@$(PYTHON) -m benchmarks.model

bench-serving: .venv/installed-dev .venv-serving/installed .venv-bench-serving/installed ## Time the server, beside stock Seldon, MLServer, BentoML and FastAPI, and under roll-outs.
	@$(PYTHON) -m benchmarks.serving

bench-evaluation: .venv/installed-dev ## Time evaluation, beside a loop over slices, and count how often it is right.
	@$(PYTHON) -m benchmarks.evaluation

bench-monitoring: .venv/installed-dev ## Time a month's checks, beside Evidently's presets, and count false alarms and found faults.
	@$(PYTHON) -m benchmarks.monitoring

bench-scoring: .venv/installed-dev .venv-serving/installed ## Time batch scoring, beside keras.predict and the API.
	@$(PYTHON) -m benchmarks.scoring

bench-retraining: .venv/installed-dev ## Play months of a turning world through, never retrained and retrained by verdict.
	@$(PYTHON) -m benchmarks.retraining

infra-plan: ## Show what infra/ would change in the project (needs terraform, and its init).
	@terraform -chdir=infra plan -out=plan

infra-check: .venv/installed-dev ## Check infra/ without a cloud, against emulated providers.
	@$(PYTHON) -m pytest -q tests/infra

picture: .venv/installed ## Draw the README's picture of a run from the last one.
	@$(PYTHON) -m docs.draw_run

lock: .venv/installed ## Pin the requirements anew.
	@# uv keeps what a lock already says, so that the gcp environment has the local one's versions
	@for name in "" -dev -serving -gcp -gpu -gcp-test -bench -bench-serving -export; do \
		if [ "$$name" = -gcp ]; then cp requirements.txt requirements-gcp.txt; fi; \
		.venv/bin/uv pip compile --quiet --python-version 3.12 requirements$$name.in -o requirements$$name.txt; done

clean: ## Stop what serves and remove the state of all runs.
	@if [ -x $(PYTHON) ] && [ -d .adclick ]; then $(PYTHON) run.py stop; fi
	@rm -rf .adclick

.venv/installed: requirements.txt
	$(MAKE_VENV)
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@.venv/bin/uv pip install --quiet --compile-bytecode --python $(PYTHON) -r requirements-dev.txt
	@touch $@

.venv-bench/installed: requirements-bench.txt
	$(MAKE_VENV)
	@touch $@

.venv-bench-serving/installed: requirements-bench-serving.txt
	$(MAKE_VENV)
	@touch $@

.venv-gcp/installed: requirements-gcp.txt
	$(MAKE_VENV)
	@touch $@

.venv-serving/installed: requirements-serving.txt
	$(MAKE_VENV)
	@touch $@

.venv-gcp/installed-test: requirements-gcp-test.txt .venv-gcp/installed
	@$(@D)/bin/uv pip install --quiet --compile-bytecode --python $(@D)/bin/python -r $<
	@touch $@

# the converters of `run.py export`, and TF.js for Node and pages
.venv-export/installed: requirements-export.txt adclick/exports/node/package-lock.json
	$(MAKE_VENV)
	@mkdir -p $(@D)/node && cp adclick/exports/node/package*.json $(@D)/node/
	@PATH="$(CURDIR)/$(@D)/bin:$$PATH" npm ci --prefix $(@D)/node --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@
