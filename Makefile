# Needledrop. `make demo` and `make test` set up all they need on Debian 12.
#   make            the program, the worker, the library     build/
#   make demo       made media indexed, ranked, explained
#   make test       every test; last line "N passed, N failed, N skipped"
#   make check      format, layers, warnings, static analysis
#   make bench      ours and others side by side, docs/results.md; BENCH="NAME.." some
#   make ladder     corpora, models, figures of docs/results.md; WORLDS= SEEDS= SIZE= LADDER=DIR
#   make tables     the paper's tables in docs/results.md, with what make ladder left
#   make model      models/default.safetensors, trained from the made world
#   make real       the default model on ../shared/data, docs/results.md
#   make install    PREFIX=/usr/local DESTDIR=
# FLAVOUR=release|asan|ubsan|tsan|debug and CC=gcc|clang have a build folder each. V=1
# shows whole commands. As many jobs run as there are cores unless -j says otherwise.
.DEFAULT_GOAL := all
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif
FLAVOUR ?= release
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
PREFIX  ?= /usr/local
VERSION := $(shell sed -n 's/.*ND_VERSION "\(.*\)".*/\1/p' include/needledrop/base.h)
SOMAJOR := 0

flavour_name := $(filter-out gcc-release,$(notdir $(CC))-$(FLAVOUR))
B := build$(if $(flavour_name),/$(subst gcc-,,$(flavour_name)))

flags_release := -O3 -g
flags_debug   := -O0 -g
flags_asan    := -O1 -g -fsanitize=address -fno-omit-frame-pointer
flags_ubsan   := -O1 -g -fsanitize=undefined -fno-sanitize-recover=all
flags_tsan    := -O1 -g -fsanitize=thread
FLAVOUR_FLAGS := $(or $(flags_$(FLAVOUR)),$(error FLAVOUR=$(FLAVOUR): one of release debug asan ubsan tsan))

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wmissing-prototypes \
            -Wstrict-prototypes -Wundef -Wvla -Werror
PACKAGES := libavformat libavcodec libavfilter libswscale libswresample \
            libavutil sqlite3 jansson libseccomp cairo libxxhash libutf8proc \
            libmicrohttpd

# deps.mk asks pkg-config once the packages are there; make starts again with it.
ifeq ($(filter clean help,$(MAKECMDGOALS)),)
include build/deps.mk
endif
build/deps.mk: tools/bootstrap Makefile
	@tools/bootstrap build
	@mkdir -p build
	@echo "PACKAGE_CFLAGS := $$(pkg-config --cflags $(PACKAGES))" > $@
	@echo "PACKAGE_LIBS := $$(pkg-config --libs $(PACKAGES))" >> $@

CFLAGS   ?=
Q        := $(if $(V),,@)
# No -ffast-math: the same bytes from every build. Products and sums may fuse.
ALL_CFLAGS = -std=gnu11 $(FLAVOUR_FLAGS) $(WARNINGS) -fPIC -pthread -fopenmp-simd \
             -fvisibility=hidden -fno-math-errno -fno-trapping-math \
             -DND_LIBEXECDIR='"$(PREFIX)/libexec/needledrop"' \
             -DND_DATADIR='"$(PREFIX)/share/needledrop"' \
             -Iinclude -Isrc $(PACKAGE_CFLAGS) $(CFLAGS)
ALL_LIBS   = -Wl,--as-needed $(PACKAGE_LIBS) $(MATH_LIBS) $(LDFLAGS)
# oneDNN has no pkg-config file in Debian 12. libgomp is the OpenMP that it runs on, under
# either compiler: src/compute/gemm.c tells it how many threads.
MATH_LIBS  = -ldnnl $(shell gcc -print-file-name=libgomp.so) -lm

# ---- sources -------------------------------------------------------------------
# *_main.c is a program of its own; a shelf is a folder whose files are plug-ins; a
# plug-in that needs more than one file has a folder of its name.
SHELVES  := describe/features:nd_feature match/stores:nd_store \
            rank/rankers:nd_ranker embed/extractors:nd_network embed/models:nd_matcher learn/corpora:nd_corpus
mains    := $(wildcard src/*/*_main.c)
sources  := $(filter-out $(mains),$(wildcard src/*/*.c src/*/*/*.c src/*/*/*/*.c))
registry := $(foreach s,$(SHELVES),$(B)/gen/$(lastword $(subst :, ,$(s)))_shelf.c)
objects  := $(sources:%.c=$(B)/%.o) $(registry:%.c=%.o)
commands := $(wildcard cmd/*.c)
tests_c  := $(wildcard tests/*/test_*.c)
tests_sh := $(wildcard tests/*/test_*.sh)
op_cases := $(wildcard tests/compute/op_*.c)
benches  := $(wildcard bench/*.c)
fuzzers  := $(wildcard fuzz/*.c)
headers  := $(wildcard include/needledrop/*.h)
model    := $(wildcard models/default.safetensors)

LIB    := $(B)/libneedledrop.a
SOLIB  := $(B)/libneedledrop.so.$(VERSION)
WORKER := $(B)/needledrop-worker

.PHONY: all demo test check bench ladder tables model real install clean help fuzz check-headers
.DELETE_ON_ERROR:
.SECONDARY:
all: $(B)/needledrop $(WORKER) $(SOLIB)

help:
	@sed -n '2,13p' Makefile

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  $(notdir $(CC)) $@"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@
$(B)/gen/%.o: $(B)/gen/%.c
	@echo "  $(notdir $(CC)) $@"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# The kernels are compiled once for each instruction set, and chosen at run time. Their vectors never
# cross a call, so what gcc has to say of the ABI does not matter.
$(B)/src/compute/kernels_%.o: ALL_CFLAGS += -Wno-psabi
$(B)/src/compute/kernels_avx2.o: ALL_CFLAGS += $(if $(is_x86),-mavx2 -mfma)
$(B)/src/compute/kernels_avx512.o: ALL_CFLAGS += $(if $(is_x86),-mavx512f -mavx512bw \
    -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512)
is_x86 := $(filter x86_64,$(shell uname -m))

# A registry is written from its folder's listing at every make, and kept when it
# would be the same, so that a file that comes or goes is noticed.
define shelf_rule
$(B)/gen/$(2)_shelf.c: FORCE
	@tools/make-shelf src/$(1) $(2) $$@
endef
$(foreach s,$(SHELVES),$(eval $(call shelf_rule,$(firstword $(subst :, ,$(s))),$(lastword $(subst :, ,$(s))))))
.PHONY: FORCE
FORCE:

# The list of objects is a file too: a deleted source leaves the library.
$(B)/objects.list: FORCE
	@mkdir -p $(@D)
	@echo "$(sort $(objects))" | cmp -s - $@ || echo "$(sort $(objects))" > $@

$(LIB): $(objects) $(B)/objects.list
	@rm -f $@
	@ar rcs $@ $(objects)
$(SOLIB): $(objects) $(B)/objects.list
	@echo "  $(notdir $(CC)) $@"
	$(Q)$(CC) $(ALL_CFLAGS) -shared -Wl,-soname,libneedledrop.so.$(SOMAJOR) \
	    $(objects) -o $@ $(ALL_LIBS)
	@ln -sf $(@F) $(B)/libneedledrop.so.$(SOMAJOR)
	@ln -sf libneedledrop.so.$(SOMAJOR) $(B)/libneedledrop.so
$(B)/needledrop: $(commands:%.c=$(B)/%.o) $(LIB)
	@echo "  $(notdir $(CC)) $@"
	$(Q)$(CC) $(ALL_CFLAGS) $^ -o $@ $(ALL_LIBS)
$(WORKER): $(B)/src/describe/worker_main.o $(LIB)
	@echo "  $(notdir $(CC)) $@"
	$(Q)$(CC) $(ALL_CFLAGS) $^ -o $@ $(ALL_LIBS)
$(B)/tests/%: $(B)/tests/%.o $(LIB)
	@echo "  $(notdir $(CC)) $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(filter %.o,$^) $(LIB) -o $@ $(ALL_LIBS)
$(B)/bench/%: $(B)/bench/%.o $(LIB)
	@echo "  $(notdir $(CC)) $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(filter %.o,$^) $(LIB) -o $@ $(ALL_LIBS)
# The cases of the ops are tested and timed.
$(addprefix $(B)/,tests/compute/test_ops tests/compute/test_gradients bench/ops): $(op_cases:%.c=$(B)/%.o)
# PyTorch's matrix products, onto oneDNN: preloaded by bench/train and bench/infer.
$(B)/bench/sgemm_shim.so: bench/shim/sgemm_shim.c
	@mkdir -p $(@D)
	@echo "  $(notdir $(CC)) $@"
	$(Q)$(CC) -O2 $(WARNINGS) -fPIC -shared $< -o $@ -ldnnl
# A fuzz target linked with a plain main replays its corpus as a test.
$(B)/fuzz/%: $(B)/fuzz/%.o $(B)/tests/replay.o $(LIB)
	@echo "  $(notdir $(CC)) $@"
	$(Q)$(CC) $(ALL_CFLAGS) $^ -o $@ $(ALL_LIBS)

# ---- the README's two commands ------------------------------------------------------
demo: $(B)/needledrop $(WORKER)
	@tools/demo $(B)

build/.test-packages: tools/bootstrap
	@tools/bootstrap test
	@mkdir -p build && touch $@
test: build/.test-packages all check-headers \
      $(tests_c:%.c=$(B)/%) $(fuzzers:%.c=$(B)/%)
	@tools/run-tests $(B) $(tests_c:%.c=%) $(fuzzers:%.c=%) $(tests_sh)

# Every public header compiles alone, as C11 and as C++17.
check-headers: $(headers:include/needledrop/%.h=$(B)/headers/%.ok)
$(B)/headers/%.ok: include/needledrop/%.h $(headers) | build/.test-packages
	@mkdir -p $(@D)
	@$(CC) -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c $<
	@$(CC) -std=c++17 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c++ $<
	@touch $@

build/.check-packages: tools/bootstrap
	@tools/bootstrap check
	@mkdir -p build && touch $@
check: build/.check-packages build/deps.mk
	@tools/check-layers
	@tools/check-style
	@$(MAKE) --no-print-directory CC=gcc all
	@$(MAKE) --no-print-directory CC=clang all
	@cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability \
	    --inline-suppr --library=tools/cppcheck.cfg --suppressions-list=tools/cppcheck.suppress \
	    -j2 --std=c11 -Iinclude -Isrc src cmd
	@echo "check: passed"

build/.bench-packages: tools/bootstrap
	@tools/bootstrap bench
	@mkdir -p build && touch $@
bench: build/.bench-packages all $(benches:%.c=$(B)/%) $(B)/bench/sgemm_shim.so
	@tools/run-bench $(B) $(BENCH)

# ---- the models: tools/ladder has the recipe, and goes on where it was stopped --------
ladder: $(B)/needledrop $(WORKER)
	@tools/ladder $(B) run
tables: $(B)/needledrop $(WORKER)
	@tools/tables $(B) run
model: $(B)/needledrop $(WORKER)
	@tools/ladder $(B) model
real: build/.bench-packages $(B)/needledrop $(WORKER)
	@tools/real-media $(B) into docs/results-notes.md docs/results.md

# ---- fuzzing with libFuzzer: make fuzz TARGET=description SECONDS=60 -----------------
SECONDS ?= 60
fuzz: $(sources) $(registry)
	@mkdir -p build/fuzz/$(TARGET).corpus
	clang -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -Iinclude -Isrc \
	    $(PACKAGE_CFLAGS) -DND_LIBEXECDIR='""' -DND_DATADIR='""' fuzz/$(TARGET).c $(sources) $(registry) \
	    -o build/fuzz/$(TARGET) $(ALL_LIBS) -pthread
	build/fuzz/$(TARGET) -artifact_prefix=build/fuzz/ -max_total_time=$(SECONDS) build/fuzz/$(TARGET).corpus fuzz/corpus/$(TARGET)

# ---- install ----------------------------------------------------------------------------
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig \
	    $(DESTDIR)$(PREFIX)/include/needledrop $(DESTDIR)$(PREFIX)/libexec/needledrop \
	    $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/needledrop/web \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 755 $(B)/needledrop $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(WORKER) $(DESTDIR)$(PREFIX)/libexec/needledrop/
	install -m 644 $(headers) $(DESTDIR)$(PREFIX)/include/needledrop/
	install -m 644 $(LIB) $(DESTDIR)$(PREFIX)/lib/
	install -m 755 $(SOLIB) $(DESTDIR)$(PREFIX)/lib/
	ln -sf $(notdir $(SOLIB)) $(DESTDIR)$(PREFIX)/lib/libneedledrop.so.$(SOMAJOR)
	ln -sf libneedledrop.so.$(SOMAJOR) $(DESTDIR)$(PREFIX)/lib/libneedledrop.so
	install -m 644 $(wildcard web/*) $(DESTDIR)$(PREFIX)/share/needledrop/web/
	$(if $(model),install -m 644 $(model) $(DESTDIR)$(PREFIX)/share/needledrop/)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' \
	    -e 's|@PACKAGES@|$(PACKAGES)|' tools/needledrop.pc.in \
	    > $(DESTDIR)$(PREFIX)/lib/pkgconfig/needledrop.pc
	tools/make-man $(B)/needledrop > $(DESTDIR)$(PREFIX)/share/man/man1/needledrop.1
	tools/make-completion $(B)/needledrop \
	    > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/needledrop

clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
