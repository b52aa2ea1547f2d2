# Every target sets up .venv itself; nothing is needed but Python >= 3.11 with venv, make and PyPI.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: venv browser demo test thorough chaos check mutants fuzz bench croissant sample screenshots eval-langid eval-pii train-langid train-extractor calibrate-packs eval-packs clean

venv: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys, venv; assert sys.version_info >= (3, 11)' || { echo "weir needs Python >= 3.11 with the venv module (Debian: apt-get install python3-venv); set PYTHON=... to name one"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

sample: $(STAMP)
	$(BIN)/python -m samples.build

demo: $(STAMP)
	$(BIN)/weir demo

# Files of tests are dealt out to three processes, which often wait for others; the slow ones, of
# whole runs, first.
PYTEST := $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

test: $(STAMP) browser
	$(PYTEST)

# Two hundred runs that are struck by faults and resumed; goes on where it was stopped.
CHAOS_RUNS ?= 200
CHAOS_SEED ?= 1

chaos: $(STAMP)
	$(BIN)/python -m tests.chaos.storm --runs $(CHAOS_RUNS) --seed $(CHAOS_SEED)
	WEIR_THOROUGH=1 $(BIN)/python -m pytest tests/chaos

# The browser tests drive Debian's Chromium, and look at every script that Europe writes in.
browser:
	@command -v chromium >/dev/null && fc-list 2>/dev/null | grep -q NotoSansArmenian \
	|| { run=; [ "$$(id -u)" = 0 ] || run="sudo -n"; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  { $$run apt-get -qq update; $$run apt-get -qq install -y --no-install-recommends chromium fonts-noto-core fontconfig; } >/dev/null 2>&1; } \
	|| echo "weir: Chromium and fonts-noto-core cannot be installed here, so the tests in a browser are skipped (with CI set they fail); on Debian, as root: apt-get install chromium fonts-noto-core"

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.words

# Pictures of every screen, into docs/img.
screenshots: $(STAMP) browser
	$(BIN)/python -m tests.browser.screens

# Everything of which `make test` takes a share: every page, every change, every random corpus.
thorough: $(STAMP) browser
	WEIR_THOROUGH=1 $(PYTEST)

# Every small change of the rule compiler must fail a test.
mutants: $(STAMP)
	$(BIN)/python -m tests.mutants

# Coverage-guided fuzzing of what reads hostile bytes; RUNS=1000000 for the number of executions
# that is asked for, TARGETS="url pii" for some. Counts and crashing inputs go to build/fuzz.
FUZZ_SECONDS ?= 120
RUNS ?=
JOBS ?= 2
TARGETS ?=

fuzz: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,fuzz]'
	$(BIN)/python -m tests.fuzz.run $(TARGETS) --jobs $(JOBS) $(if $(RUNS),--runs $(RUNS),--seconds $(FUZZ_SECONDS))

# Every stage and the whole against others, into docs/performance.md (which also says how to
# measure a part again); then what has no others. ROUNDS=1 for a quick look.
ROUNDS ?=

bench: $(STAMP)
	$(BIN)/python -m benchmarks.performance --write $(if $(ROUNDS),--rounds $(ROUNDS)) > /dev/null
	$(BIN)/python -m benchmarks.bench_whatif
	$(BIN)/python -m benchmarks.bench_views
	$(BIN)/python -m benchmarks.bench_trace
	$(BIN)/python -m benchmarks.bench_reuse
	$(BIN)/python -m benchmarks.bench_robots
	$(BIN)/python -m benchmarks.bench_bounds --check
	$(BIN)/python -m benchmarks.bench_redos --check

# The reference implementation of Croissant brings fifty packages: it has an environment of its own.
croissant: $(STAMP)
	test -f runs/demo/run.json || $(BIN)/weir demo
	$(BIN)/weir export croissant runs/demo
	$(PYTHON) -m venv .bench/croissant
	.bench/croissant/bin/pip install -q mlcroissant==1.1.1 pyarrow==$$(sed -n 's/^pyarrow==//p' constraints.txt)
	.bench/croissant/bin/python -m benchmarks.check_croissant runs/demo

# Labelled texts with the columns text, lang, script and source; nothing is fitted to them.
LANGID_DATA ?= ../shared/data/langid_dev.parquet

eval-langid: $(STAMP)
	mkdir -p build
	$(BIN)/python -m langid.evaluate $(LANGID_DATA) > build/langid.json
	$(BIN)/python -m langid.page docs/languages.md build/langid.json
	$(BIN)/python -m benchmarks.bench_langid

# Labelled texts with the columns source, language, text and spans; real pages, which stay in memory.
# The peers are installed in an environment of their own below .bench.
PII_DATA ?= ../shared/data/pii_dev.parquet
PII_PAGES ?= ../shared/data/bulk_dev.warc.gz

eval-pii: $(STAMP)
	mkdir -p build
	$(BIN)/python -m audit.privacy.evaluate --labelled $(PII_DATA) --pages $(PII_PAGES) > build/pii.json
	$(BIN)/python -m benchmarks.bench_pii_peers --labelled $(PII_DATA) > build/pii-peers.json
	$(BIN)/python -m audit.privacy.page docs/personal-data-results.md build/pii.json build/pii-peers.json

# Needs Debian's apt-get and dpkg-deb. Downloads about 1 GB, takes about half an hour.
train-langid: $(STAMP)
	$(BIN)/python -m langid.train --work build/langid --exclude $(LANGID_DATA)

# The extractor's weights, from labelled pages and from trafilatura as teacher; five minutes.
EXTRACTION_DATA ?= ../shared/data

train-extractor: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,train]'
	$(BIN)/python -m extraction.train --data $(EXTRACTION_DATA)

# Needs Debian's apt-get and dpkg-deb. Downloads about 1.4 GB (those of train-langid are reused),
# takes about half an hour; texts stay in build/packs.
PACKAGES ?= build/langid/packages

calibrate-packs: $(STAMP)
	$(BIN)/python -m audit.build_packs --work build/packs --debs $(PACKAGES) --download

# Judges the packs as they are and rewrites docs/calibration/results.csv.
eval-packs: $(STAMP)
	$(BIN)/python -m audit.build_packs --work build/packs --debs $(PACKAGES) --evaluate

clean:
	rm -rf $(VENV) .bench runs build *.egg-info
