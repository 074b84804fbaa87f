# Needs Python 3.11 or newer, git and make; everything else is installed into .venv from requirements.lock.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
export DVC_NO_ANALYTICS := 1
export MLFLOW_DISABLE_TELEMETRY := true
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: repro test docs pictures lint bench lock floors clean

repro: $(READY) ## Run the pipeline, print the verdict and where to see it.
	$(BIN)/dvc repro
	@$(BIN)/mlstrat show
	@echo "(mlflow is $(BIN)/mlflow in this folder)"

test: $(READY) ## Run all tests; slow proofs in their reduced form.
	$(BIN)/python -m pytest -n 2

docs: $(READY) ## Write the documents that are made from the code: findings, codes, keys, JSON Schemas.
	$(BIN)/python docs/generate.py

pictures: $(READY) ## Draw the pictures of pages for the docs anew; needs chromium.
	MLSTRAT_PICTURES=docs/images $(BIN)/python -m pytest -q tests/integration/test_mlflow_pages.py \
		tests/integration/test_review_page.py tests/integration/test_report_page.py

lint: $(READY) ## Formatting, style, types and the import rule.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY) ## Measure speed as ratios and check by simulation what is promised, at full size.
	$(BIN)/python -m bench.speed
	$(BIN)/python -m bench.tracking
	$(BIN)/python -m bench.calibration 10000 docs/coverage.md
	$(BIN)/python -m bench.gate_calibration 10000
	$(BIN)/python -m bench.review_calibration 10000

lock: $(READY) ## Compile requirements.lock anew from pyproject.toml.
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --group dev --group pipeline --universal --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links --quiet --output-file requirements.lock

floors: ## Run the unit tests on the lowest versions that pyproject.toml admits.
	$(PYTHON) -m venv .venv-floors
	.venv-floors/bin/python -m pip install --quiet uv
	echo 'pathspec<1' > .venv-floors/constraints.txt  # DVC before 3.67 does not start with newer ones
	.venv-floors/bin/uv pip compile pyproject.toml --group dev --group pipeline --resolution lowest-direct --quiet \
		--constraint .venv-floors/constraints.txt --output-file .venv-floors/requirements.txt
	.venv-floors/bin/uv pip install --quiet --python .venv-floors/bin/python --requirement .venv-floors/requirements.txt
	.venv-floors/bin/uv pip install --quiet --python .venv-floors/bin/python --no-deps --editable .
	.venv-floors/bin/python -m pytest -o filterwarnings=ignore tests/unit  # old releases warn about one another

clean:
	rm -rf .venv .venv-floors

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $(READY)
