# make run        everything from nothing: packages, build, demo clips, a whole search, its winner
# make test       the same set-up, then all tests
# make check      the tests that take under a minute together; make test_space: one of them
# make help       the other targets
.DEFAULT_GOAL := all

ifeq ($(origin CC),default)
CC := gcc
endif
SANITIZE ?=
comma := ,
BUILD := build/$(notdir $(CC))$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))

# A warning is an error where WERROR=1 says so, as .ci/run does: compilers to come may warn of more.
WERROR ?=
WARN := -Wall -Wextra -Wconversion -Wshadow -Wpedantic $(if $(filter 1,$(WERROR)),-Werror)
# No compiler contracts a product and a sum, so that all builds agree to the bit; the training kernels
# say which are fused (fmadd in core/kernel/row.h).
FLAGS := -std=gnu11 -D_GNU_SOURCE -I. $(WARN) -g -O3 -mtune=generic -ffp-contract=off -fno-math-errno \
    -pthread -MMD -MP
ifneq ($(SANITIZE),)
# Of what debuggers read, reports need lines and functions alone: a third less to compile, half to link.
FLAGS += -O1 -g1 -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS += -fsanitize=$(SANITIZE)
endif
# Frames that lie on each other stay in a small stack (base/stack.h). Sanitizers put more on it.
FLAGS += $(if $(SANITIZE),,-Wframe-larger-than=163840)
LIBS := -lcurl -larchive -lcjson -lsqlite3 -lz -lkissfft-float -lsndfile -lsamplerate -lnettle -pthread -lm
TEST_LIBS_test_zip := -ldeflate # another reader of zlib streams
TEST_LIBS_test_c_source := -ldl # glibc before 2.34

# One source of vector kernels, once for each row of the kernel table that this architecture has.
ARCH := $(shell $(CC) -dumpmachine 2>/dev/null | cut -d- -f1)
ROWS := generic
ifeq ($(ARCH),x86_64)
ROWS += avx2 avx512
INFER_ROWS := avx512vnni avx512amx # inference alone
endif
# Scheduling before registers are given out loads more than they hold.
FLAGS_generic := $(if $(filter aarch64,$(ARCH)),-fno-schedule-insns)
FLAGS_avx2 := -mavx2 -mfma
FLAGS_avx512 := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512
FLAGS_avx512vnni := $(FLAGS_avx512) -mavx512vnni
FLAGS_avx512amx := $(FLAGS_avx512vnni) -mamx-tile -mamx-int8

INFER := $(wildcard core/kernel/vec_infer*.c)
VEC := $(wildcard core/kernel/vec_*.c)
# Sources of the folders $(1) and below. What stands in plain/ is text of exported C.
find_c = $(sort $(shell find $(1) -name '*.c' -not -path '*/plain/*'))
SRC := $(filter-out $(VEC),$(call find_c,base core search store))
INFER_OBJ := $(foreach r,$(INFER_ROWS),$(INFER:%.c=$(BUILD)/%.$(r).o))
OBJ := $(SRC:%.c=$(BUILD)/%.o) $(foreach r,$(ROWS),$(VEC:%.c=$(BUILD)/%.$(r).o)) $(INFER_OBJ)
CLI := $(patsubst %.c,$(BUILD)/%.o,$(call find_c,cli))
LIB := $(BUILD)/libnas.a
TESTS := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/*/test_*.c)))
TOOLS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/tools/*.c))
EXAMPLES := $(patsubst %.c,$(BUILD)/%,$(wildcard examples/*.c))
BENCHES := $(patsubst %.c,$(BUILD)/%,$(wildcard bench/*.c))

.PHONY: all help deps run clips test tests-only check check-only one t test-faults test-sim sim soak test-interop test-tsan tsan test-cross test-avx512 fuzz fuzz-programs bench bench-peers bench-libraries bench-store \
    bench-scale spills-check deps-check format format-check warnings clean
all: nas

nas: $(BUILD)/nas
	cp $< $@.new && mv $@.new $@

$(BUILD)/nas: $(CLI) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(LIB): $(OBJ)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(CFLAGS) -c -o $@ $<

# Fuzzers train nothing: with sanitizers these loops only take long to build. Those of inference are looked at for
# addresses; clang needs minutes for each where it counts every addition too (gcc does that in the tests).
VEC_FLAGS = $(if $(findstring fuzzer,$(SANITIZE)),$(filter-out -fsanitize=%,$(FLAGS)),$(FLAGS))
$(BUILD)/core/kernel/vec_infer%.o: VEC_FLAGS = $(FLAGS) $(if $(findstring fuzzer,$(SANITIZE)),-fno-sanitize=undefined)

# With sanitizers, half of what a small study takes goes into these.
$(BUILD)/core/kernel/vec_spectra.%.o $(BUILD)/core/deploy/zip/%.o: FLAGS += $(if $(SANITIZE),-O2)

# What exported C is made of, as lines of C strings.
define plain
$$(BUILD)/core/$(1)/plain.inc: $(3) Makefile
	@mkdir -p $$(@D)
	sed 's/[\\"]/\\&/g; s/.*/"&",/' $(3) >$$@
$$(BUILD)/core/$(1)/$(2).o: $$(BUILD)/core/$(1)/plain.inc
$$(BUILD)/core/$(1)/$(2).o: FLAGS += -I$$(BUILD)
endef
PLAIN := core/deploy/fixed.h $(patsubst %,core/deploy/plain/%,shared.h kernels.c pairs.h values.c model_test.c) \
    $(sort $(wildcard core/deploy/ops/*.c)) # the order in which exported C has its parts
$(eval $(call plain,deploy,emit/emit,$(PLAIN)))
$(BUILD)/core/deploy/emit/program.o: $(BUILD)/core/deploy/plain.inc
$(BUILD)/core/deploy/emit/program.o: FLAGS += -I$(BUILD)
$(eval $(call plain,audio,frontend_source,core/kernel/level.h core/audio/plain/frontend.c))

# The list of data sets, in the program itself.
$(BUILD)/search/fetch/data_sets.inc: search/fetch/data_sets.json Makefile
	@mkdir -p $(@D)
	sed 's/[\\"]/\\&/g; s/.*/"&",/' $< >$@
$(BUILD)/search/fetch/catalogue.o: $(BUILD)/search/fetch/data_sets.inc
$(BUILD)/search/fetch/catalogue.o: FLAGS += -I$(BUILD)/search/fetch

define row
$$(BUILD)/core/kernel/vec_%.$(1).o: core/kernel/vec_%.c Makefile
	@mkdir -p $$(@D)
	$$(CC) $$(VEC_FLAGS) $$(FLAGS_$(1)) $$(CFLAGS) -DNAS_ROW=$(1) -c -o $$@ $$<
endef
$(foreach r,$(ROWS) $(INFER_ROWS),$(eval $(call row,$(r))))

$(patsubst %.c,$(BUILD)/%,$(wildcard tests/store/test_backend_*.c)): \
    $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/store/conformance*.c))
$(BUILD)/tests/%: $(BUILD)/tests/%.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) -lcmocka $(TEST_LIBS_$(notdir $@)) $(LIBS)

$(BUILD)/examples/%: $(BUILD)/examples/%.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

PEAKS := $(ROWS:%=$(BUILD)/bench/rows/peak.%.o)
define peak
$$(BUILD)/bench/rows/peak.$(1).o: bench/rows/peak.c Makefile
	@mkdir -p $$(@D)
	$$(CC) $$(FLAGS) $$(FLAGS_$(1)) $$(CFLAGS) -DNAS_ROW=$(1) -c -o $$@ $$<
endef
$(foreach r,$(ROWS),$(eval $(call peak,$(r))))
$(BUILD)/bench/speed: $(PEAKS) $(BUILD)/bench/rows/machine.o

# The same programs, with OpenMP in place of base/team.c and kissfft in place of the kernels' transform (bench/libraries.py).
$(BUILD)/bench/openmp/team.o: FLAGS += -fopenmp
$(BUILD)/bench/openmp/%: $(BUILD)/bench/%.o $(BUILD)/bench/openmp/team.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) -fopenmp
$(BUILD)/bench/kissfft/%: $(BUILD)/bench/%.o $(BUILD)/bench/kissfft/fft.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/bench/openmp/speed: $(PEAKS) $(BUILD)/bench/rows/machine.o

$(BUILD)/bench/%: $(BUILD)/bench/%.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

# Training for another architecture: what its tests need of the library, and no more. They run under qemu's user emulation.
CROSS := aarch64-linux-gnu
EMULATOR := qemu-aarch64 -L /usr/$(CROSS)
CROSS_TESTS := kernel layers train
CROSS_SRC := $(filter-out base/hash.c base/files/file_once.c base/files/gunzip.c $(VEC),$(call find_c,base core/graph core/kernel core/nn)) core/data/augment.c
CROSS_OBJ := $(CROSS_SRC:%.c=$(BUILD)/%.o) $(foreach r,$(ROWS),$(VEC:%.c=$(BUILD)/%.$(r).o)) $(INFER_OBJ)
$(BUILD)/cross/test_%: $(BUILD)/tests/core/test_%.o $(CROSS_OBJ)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka -pthread -lm
cross-%: $(BUILD)/cross/test_%
	@EMULATOR="$(EMULATOR)" tests/run.sh $<
test-cross:
	@$(MAKE) --no-print-directory -s -j2 -Otarget CC=$(CROSS)-gcc $(CROSS_TESTS:%=cross-%)

# The rows that this machine may lack. Minutes: the processor is emulated, and a kernel boots on it first.
AVX512_TESTS := $(patsubst %,$(BUILD)/tests/core/test_%,kernel int8 bytes frontend)
test-avx512: $(AVX512_TESTS)
	@./deps.sh --avx512
	@EMULATOR=tests/avx512.sh tests/run.sh $^

# The fuzzer of .tflite sees only what reads and runs files; the others link all. It needs clang.
FUZZED := $(patsubst %.c,$(BUILD)/%.o,$(call find_c,base core/graph core/deploy) $(wildcard core/kernel/infer*.c)) \
    $(foreach r,$(ROWS) $(INFER_ROWS),$(INFER:%.c=$(BUILD)/%.$(r).o))
$(BUILD)/tests/fuzz/fuzz_tflite: $(BUILD)/tests/fuzz/fuzz_tflite.o $(FUZZED)
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(LIB)
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

$(BUILD)/tests/fuzz/seeds: $(BUILD)/tests/fuzz/seeds.o $(FUZZED)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

.PRECIOUS: $(BUILD)/%.o

bench-store: $(BUILD)/bench/store
	@$< . $(TRIALS)

# FOLDER should be in memory: it is not the disk that is measured.
bench-scale: $(BUILD)/bench/store_scale
	@$< $(or $(FOLDER),/dev/shm) $(or $(TRIALS),5000000) $(BY_HAND)

# The pool and the transform beside OpenMP and kissfft.
bench-libraries: $(foreach p,speed openmp/speed threads openmp/threads frontend kissfft/frontend,$(BUILD)/bench/$(p))
	@python3 bench/libraries.py --build $(BUILD) $(BENCH)

bench: $(BUILD)/bench/speed
	@$< $(BENCH)

# PEERS: the pythons that have PyTorch or TensorFlow.
PEERS ?= python3
bench-peers: $(BUILD)/bench/speed
	@python3 bench/peers.py --speed $< $(addprefix --python ,$(PEERS)) $(BENCH)

spills-check: $(LIB)
	@tests/spills_check.sh $(BUILD)

help:
	@echo 'make run           packages, build, demo clips, a whole search, its winner (about 3 minutes)'
	@echo 'make test          the same set-up, then all tests'
	@echo 'make check         tests that take under a minute together, once all is built'
	@echo 'make test_space    one test by its name: tests/*/test_space.c, .sh or both (also: make t T=test_space)'
	@echo 'make deps          installs the packages that are missing'
	@echo 'make               builds ./nas'
	@echo 'make clips         makes the clips of the demo in data/demo_clips'
	@echo 'make test-faults   every write and sync of a run fails in turn, memory at every place; 200 kills (an hour)'
	@echo 'make test-sim SECONDS=60  small studies, disturbed as seeds say, against the same ones undisturbed; SEED=n: one again'
	@echo 'make soak SOAK=1200  the long form: that, test-faults, fuzz, rows of processors that this one lacks (hours)'
	@echo 'make test-interop  our files in the oldest and newest runtimes (virtual environments in build/venvs)'
	@echo 'make test-tsan     what runs on several threads, under ThreadSanitizer'
	@echo 'make test-cross    tests of training on AArch64, under emulation (what it needs: ./deps.sh --arm64)'
	@echo 'make test-avx512   kernels on an emulated processor with AVX-512 and VNNI (Debian; minutes)'
	@echo 'make bench          training speed beside what this machine could do (BENCH=--layers ... for options)'
	@echo 'make bench-peers    the same nets in PyTorch and Keras, in turn (PEERS=pythons that have them, BENCH=--all ...)'
	@echo 'make bench-libraries  OpenMP and kissfft in place of our threads and transforms (with clang, too: CC=clang)'
	@echo 'make bench-store    trivial trials a second beside the raw rate of durable commits (TRIALS=10000)'
	@echo 'make bench-scale    5,000,000 trivial trials in one file in FOLDER=/dev/shm, then the queries of docs/SCHEMA.md'
	@echo 'make fuzz SECONDS=60  any bytes as each kind of file that is read, under clang'\''s sanitizers'
	@echo 'make deps-check    includes against the layers of docs/ARCHITECTURE.md'
	@echo 'make format        clang-format; format-check only looks'
	@echo 'make warnings      a build with gcc and one with clang, without a warning'
	@echo 'make clean'
	@echo 'WERROR=1 makes warnings errors, as CI does'
	@echo 'SANITIZE=address,undefined and CC=clang go with any of them'

deps:
	@./deps.sh

CLIPS := data/demo_clips
clips: $(BUILD)/examples/make_clips
	@$(BUILD)/examples/make_clips $(CLIPS)

# deps first and in a make of its own: what it installs decides what can be built.
run:
	@./deps.sh
	@$(MAKE) --no-print-directory -s -j2 nas clips
	./nas run spaces/demo.json

test:
	@./deps.sh
	@$(MAKE) --no-print-directory -s -j2 nas tests-only

# What scripts use besides the tests' programs; the clips are made once, each script has a copy.
TEST_CLIPS := $(BUILD)/tests/clips
FOR_SCRIPTS := $(BUILD)/nas $(TOOLS) $(EXAMPLES) $(BUILD)/tests/sim/sim $(BUILD)/tests/sim/seam.so $(TEST_CLIPS)
SCRIPTS := $(sort $(wildcard tests/*/test_*.sh))
$(TEST_CLIPS): $(BUILD)/examples/make_clips
	@rm -rf $@ $@.new && mkdir -p $@.new
	@TMPDIR=$(abspath $@.new) $< $@.new/clips --clips 192 >$@.new/said 2>&1 || { cat $@.new/said >&2; exit 1; }
	@mv $@.new/clips $@ && rm -rf $@.new
RUN_TESTS = NAS=$(BUILD)/nas BUILD=$(BUILD) tests/run.sh
# Scripts take longest and begin first: short programs at the end leave no processor without work.
tests-only: $(TESTS) $(FOR_SCRIPTS)
	@$(RUN_TESTS) $(SCRIPTS) $(TESTS)

# The tests of an edit: all programs but those that take longest, and the scripts that say most in least time.
SLOW := audit c_source crafted estimate made store_studies threads zip
QUICK_SCRIPTS := $(filter %/test_cli_check.sh %/test_cli_stack.sh %/test_cli_tables.sh,$(SCRIPTS))
QUICK := $(filter-out $(foreach t,$(SLOW),%/test_$t),$(TESTS))
check:
	@$(MAKE) --no-print-directory -s -j2 check-only
check-only: $(QUICK) $(FOR_SCRIPTS)
	@$(RUN_TESTS) $(QUICK) $(QUICK_SCRIPTS)

# make test_space, or make t T=test_space: tests/<layer>/test_space.c, .sh or both, built and run.
ONE = $(filter %/$(T),$(TESTS)) $(filter %/$(T:.sh=).sh,$(SCRIPTS))
one: $(filter %/$(T),$(TESTS)) $(if $(filter %/$(T:.sh=).sh,$(SCRIPTS)),$(FOR_SCRIPTS))
	@$(RUN_TESTS) $(ONE)
t:
	@$(if $(T),,echo 'make t: which? T=test_space names tests/search/test_space.c' >&2; exit 2)
	@$(if $(strip $(ONE)),,echo 'make t: tests/*/ has no $(T).c and no $(T:.sh=).sh' >&2; exit 2)
	@$(MAKE) --no-print-directory -s -j2 one T=$(T)
NAMES := $(sort $(notdir $(TESTS) $(SCRIPTS) $(SCRIPTS:.sh=)))
.PHONY: $(NAMES)
$(NAMES):
	@$(MAKE) --no-print-directory t T=$@

# Every write and sync of a small run fails in turn, and an allocation from each place; 200 kills.
# FAULTS=every: each allocation of a run of a formula, too (hours on a busy machine).
test-faults: $(BUILD)/nas $(EXAMPLES) $(TEST_CLIPS)
	@FAULTS=$(or $(FAULTS),all) NAS=$(BUILD)/nas BUILD=$(BUILD) tests/run.sh tests/cli/test_cli_faults.sh

# Small studies, disturbed as a seed says (tests/sim/sim.h). SEED=n: that one alone, as a failure names it.
SIM := $(BUILD)/tests/sim/sim
SEAM := $(BUILD)/tests/sim/seam.so
SEAM_SRC := tests/faults.c $(addprefix tests/sim/,rules.c files.c seam.c)
SIM_SRC := $(filter-out $(SEAM_SRC),$(wildcard tests/sim/*.c))
$(SIM): $(SIM_SRC:%.c=$(BUILD)/%.o)
	$(CC) $(LDFLAGS) -o $@ $^ -lsqlite3 -pthread
$(SEAM): $(SEAM_SRC) tests/sim/plan.h tests/sim/seam.h Makefile
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(FLAGS)) -fPIC -shared -o $@ $(SEAM_SRC)
SIM_RUN = $(SIM) --nas $(BUILD)/nas --seam $(SEAM) --clips $(TEST_CLIPS) $(if $(ONLY),--only '$(ONLY)') $(if $(STUDY),--study $(STUDY))
sim: $(BUILD)/nas $(SIM) $(SEAM) $(TEST_CLIPS)
test-sim: sim
ifdef SEED
	@$(SIM_RUN) --seed $(SEED) --count 1 --repeat $(or $(REPEAT),1) $(if $(CUTS),--cuts $(CUTS)) --verbose
else
	@$(SIM_RUN) --seconds $$(($(SECONDS) * 3 / 4))
	@$(SIM_RUN) --seconds $$(($(SECONDS) / 4)) --cuts 10
endif

# What takes hours: seeds that nobody has seen yet, each write and sync, fuzzers, rows that this machine lacks.
soak: sim
	$(SIM_RUN) --seconds $(SOAK) --seed $$(date +%s)
	$(SIM_RUN) --seconds $$(($(SOAK) / 4)) --cuts 20 --seed $$(date +%s)
	@$(MAKE) --no-print-directory test-faults FAULTS=all
	@$(MAKE) --no-print-directory fuzz SECONDS=$(SOAK)
	@$(MAKE) --no-print-directory test-tsan
	@$(MAKE) --no-print-directory test-avx512
	@$(MAKE) --no-print-directory test-interop INTEROP=all
	@tests/presets.sh
SOAK := 1200

# Where threads meet: a team inside a candidate, the front end, clips.
TSAN_TESTS := $(patsubst %,$(BUILD)/tests/core/test_%,threads frontend clips augment)
tsan: $(TSAN_TESTS)
	@TSAN_OPTIONS=die_after_fork=0 tests/run.sh $^
test-tsan:
	@$(MAKE) --no-print-directory -s -j2 SANITIZE=thread tsan

test-interop: clips nas $(BUILD)/tests/interop/models $(BUILD)/examples/make_climate
	@tests/interop/run.sh $(BUILD) $(INTEROP)
INTEROP := short

SECONDS := 60
fuzz:
	@$(MAKE) --no-print-directory -s -j2 CC=clang SANITIZE=fuzzer-no-link,address,undefined fuzz-programs
	@tests/fuzz/run.sh build/clang-fuzzer-no-link-address-undefined/tests/fuzz $(SECONDS)

fuzz-programs: $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c)) $(BUILD)/tests/fuzz/seeds $(BUILD)/examples/make_clips

deps-check:
	@tests/deps_check.sh

FORMATTED := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
format:
	clang-format -i $(FORMATTED)
format-check:
	clang-format --dry-run -Werror $(FORMATTED)

# In folders of its own: what is built elsewhere may have warned and stands.
warnings:
	$(MAKE) -s WERROR=1 CC=gcc BUILD=build/warnings-gcc build/warnings-gcc/nas
	$(MAKE) -s WERROR=1 CC=clang BUILD=build/warnings-clang build/warnings-clang/nas

clean:
	rm -rf build nas

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
