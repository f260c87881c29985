# make run    everything from nothing: packages, build, demo clips, a whole search, its winner
# make test   the same set-up, then all tests
# make help   the other targets
.DEFAULT_GOAL := all

ifeq ($(origin CC),default)
CC := gcc
endif
SANITIZE ?=
comma := ,
BUILD := build/$(notdir $(CC))$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))

WARN := -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror
# Contraction is off wherever two builds must agree to the bit; the training kernels turn it on.
FLAGS := -std=gnu11 -D_GNU_SOURCE -I. $(WARN) -g -O3 -mtune=generic -ffp-contract=off -fno-math-errno \
    -fopenmp -MMD -MP
ifneq ($(SANITIZE),)
FLAGS += -O1 -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS += -fsanitize=$(SANITIZE)
endif
LIBS := -lcjson -lsqlite3 -lz -lkissfft-float -lsndfile -lsamplerate -lnettle -fopenmp -lm

# One source of vector kernels, once for each row of the kernel table that this architecture has.
ARCH := $(shell $(CC) -dumpmachine | cut -d- -f1)
ROWS := generic
ifeq ($(ARCH),x86_64)
ROWS += avx2 avx512
endif
FLAGS_generic :=
FLAGS_avx2 := -mavx2 -mfma
FLAGS_avx512 := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512
KERNEL_FLAGS := -ffp-contract=fast

VEC := $(wildcard core/kernel/vec_*.c)
SRC := $(filter-out $(VEC),$(wildcard base/*.c core/*/*.c search/*.c store/*.c))
OBJ := $(SRC:%.c=$(BUILD)/%.o) $(foreach r,$(ROWS),$(VEC:%.c=$(BUILD)/%.$(r).o))
CLI := $(patsubst %.c,$(BUILD)/%.o,$(wildcard cli/*.c))
LIB := $(BUILD)/libnas.a
TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/test_*.c))
EXAMPLES := $(patsubst %.c,$(BUILD)/%,$(wildcard examples/*.c))
BENCHES := $(patsubst %.c,$(BUILD)/%,$(wildcard bench/*.c))

.PHONY: all help deps run clips test tests-only test-interop deps-check format format-check warnings clean
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

define row
$$(BUILD)/core/kernel/vec_%.$(1).o: core/kernel/vec_%.c Makefile
	@mkdir -p $$(@D)
	$$(CC) $$(FLAGS) $$(KERNEL_FLAGS) $$(FLAGS_$(1)) $$(CFLAGS) -DNAS_ROW=$(1) -c -o $$@ $$<
endef
$(foreach r,$(ROWS),$(eval $(call row,$(r))))

# Inference of the exported file is exact: its kernels are built without contraction.
$(BUILD)/core/kernel/vec_infer.%.o: KERNEL_FLAGS :=

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS)

$(BUILD)/examples/%: $(BUILD)/examples/%.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/bench/%: $(BUILD)/bench/%.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

.PRECIOUS: $(BUILD)/%.o

clean:
	rm -rf build nas

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
