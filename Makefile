# The same commands for people and for CI. Each sets up what it needs.
#
#   make demo    install into .venv and run the main job on a sample
#   make test    all tests, Rust and Python
#   make lint    formatting, clippy, ruff, mypy, stubtest, shellcheck
#   make lab     as root: kernel VXLAN in namespaces, and the tests against it
#   make bench   speed against the yardstick, memory, start-up
#   make instructions  instructions and cache misses a frame beside the kept figures, by valgrind
#   make soak    200,000 broken captures through the program
#   make fuzz    libFuzzer on the engine, FUZZ_SECONDS on each target; needs a nightly compiler and cargo-fuzz
#   make growth-bench  what a packet costs, of 1 to 100 million packets
#   make endless-bench  50 million flows through flows --idle-timeout, in bounded memory
#   make sanitize  the engine's tests under the address sanitizer; needs a nightly compiler
#   make findings-bench  precision and recall of the rules of findings
#   make samples rewrite the captures that are made from samples/scenarios
#   make docs    rewrite the pages that are made from the code
#   make wheel   the abi3 wheel and the sdist, into dist/
#   make clean

.DEFAULT_GOAL := demo
.PHONY: demo test lint format lab bench instructions growth-bench endless-bench findings-bench soak fuzz sanitize samples docs wheel
.PHONY: clean packages

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CARGO := cargo
MANIFEST := --manifest-path engine/Cargo.toml
# Debian packages that the tests run beside the program; elsewhere their tests say what they skip.
PACKAGES := tshark tcpdump iproute2 iputils-ping procps shellcheck valgrind
# ... and what the benchmark compares with.
PEERS := golang-go golang-github-google-gopacket-dev golang-golang-x-net-dev golang-golang-x-sys-dev
# Scripts and tests that import each other by name, beside what pyproject.toml lists.
TYPED := $(addprefix tests/,contract property limits external lab golden docs synth) benchmarks samples/lab
# So long each target of `make fuzz` runs.
FUZZ_SECONDS ?= 60
# What the lab leaves behind: captures, counters, forwarding tables.
LAB := build/lab
ENGINE := $(shell find engine/src -name '*.rs') engine/Cargo.toml engine/Cargo.lock

demo: $(VENV)/.installed
	$(BIN)/vxinspect summary samples/two-tenants.pcap

test: $(VENV)/.developing packages
	$(CARGO) test --quiet $(MANIFEST)
	$(BIN)/python -m pytest

lint: $(VENV)/.developing packages
	$(CARGO) fmt --check $(MANIFEST)
	$(CARGO) clippy --quiet --all-targets $(MANIFEST) -- --deny warnings
	$(CARGO) clippy --quiet --features python $(MANIFEST) -- --deny warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=tests:tests/property:tests/docs:tests/synth:benchmarks $(BIN)/mypy --exclude 'conftest\.py$$' $(TYPED)
	$(BIN)/python -m mypy.stubtest vxinspect._engine
	shellcheck .ci/run $$(git ls-files '*.sh')

format: $(VENV)/.developing
	$(CARGO) fmt $(MANIFEST)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# 3: this kernel lacks what a topology needs. The lab has said so, and the tests say what they skip.
lab: $(VENV)/.developing packages
	rm -rf $(LAB)
	$(BIN)/python samples/lab/lab.py --output $(LAB) || [ $$? = 3 ]
	VXINSPECT_LAB=$(LAB) $(BIN)/python -m pytest tests/lab

bench: PACKAGES := tshark $(PEERS)
bench: $(VENV)/.developing packages
	$(BIN)/python benchmarks/run.py

instructions: $(VENV)/.developing packages
	$(BIN)/python benchmarks/instructions.py

# What is found lies in engine/fuzz/artifacts, and what reaches new code in engine/fuzz/corpus.
fuzz: $(VENV)/.developing
	command -v cargo-fuzz >/dev/null || $(CARGO) install --quiet cargo-fuzz --locked
	$(CARGO) run --quiet $(MANIFEST) --example fuzz_seeds -- engine/fuzz/corpus $(VXINSPECT_EXTERNAL)
	for target in container frame merge filter; do \
	  $(CARGO) +nightly fuzz run --fuzz-dir engine/fuzz $$target -- -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -timeout=10 \
	    -print_final_stats=1 || exit; \
	done
	$(BIN)/python benchmarks/fuzz_scenarios.py --seconds $(FUZZ_SECONDS)

# Miri knows neither a prefetch nor madvise, which is all that is unsafe. Leaks are looked for by ptrace, which containers forbid.
sanitize:
	RUSTFLAGS=-Zsanitizer=address ASAN_OPTIONS=detect_leaks=0 $(CARGO) +nightly test --quiet $(MANIFEST) --lib --tests \
	  --target $$(rustc -vV | sed -n 's/^host: //p') --target-dir engine/target/sanitize

soak: $(VENV)/.developing
	$(BIN)/python benchmarks/soak.py

growth-bench: $(VENV)/.developing
	$(BIN)/python benchmarks/growing.py

endless-bench: $(VENV)/.developing
	$(BIN)/python benchmarks/endless.py

findings-bench: $(VENV)/.developing
	$(BIN)/python benchmarks/findings.py

samples: $(VENV)/.installed
	for scenario in samples/scenarios/*.toml; do \
	  $(BIN)/vxinspect generate $$scenario -o samples/$$(basename $$scenario .toml).pcap || exit; \
	done

docs: $(VENV)/.developing
	$(BIN)/python tests/docs/tables_page.py
	$(BIN)/python tests/docs/fields_page.py
	$(BIN)/python tests/docs/rules_pages.py

wheel: $(VENV)/.developing
	$(BIN)/maturin build --release --sdist --out dist

clean:
	rm -rf $(VENV) target build dist vxinspect/*.so benchmarks/build

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml $(ENGINE)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/.developing: $(VENV)/.installed
	$(BIN)/pip install --quiet --group dev
	touch $@

# As root on Debian they are installed; anyone else is told.
packages:
	@missing=""; for package in $(PACKAGES); do \
	  dpkg-query --show --showformat='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else echo "not installed, and so not tested against:$$missing"; fi
