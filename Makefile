# Postern.  `make` alone works on a fresh clone: config.mk is remade first.
#
#	make            build into build/
#	make try        dependencies, build, and one message through a demo upstream
#	make check      dependencies, build, layering, lint and every test
#	make install    see "Install" below; DESTDIR, prefix … as usual
#	make help       the rest

BUILD = build

# Targets that must work on a machine that has no compiler yet.
BARE_GOALS = deps deps-check deps-peers check check-asan check-valgrind try bench \
	help clean distclean uninstall-users check-layers lint
ifneq ($(filter-out $(BARE_GOALS),$(or $(MAKECMDGOALS),all)),)
NEEDS_CONFIG = yes
include config.mk
endif

.DEFAULT_GOAL = all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# --- Compiling -------------------------------------------------------------

conf_file = $(sysconfdir)/postern/postern.conf
libexec_dir = $(libexecdir)/postern
providers_dir = $(datadir)/postern/providers

PLACES = \
	-DPOSTERN_SPOOL_DIR='"$(spool_dir)"' \
	-DPOSTERN_RUN_DIR='"$(run_dir)"' \
	-DPOSTERN_LIBEXEC_DIR='"$(libexec_dir)"' \
	-DPOSTERN_BIN_DIR='"$(bindir)"' \
	-DPOSTERN_CONF_FILE='"$(conf_file)"' \
	-DPOSTERN_PROVIDERS_DIR='"$(providers_dir)"' \
	-DPOSTERN_USER='"$(postern_user)"' \
	-DPOSTERN_GROUP='"$(postern_group)"' \
	-DPOSTERN_VERSION='"$(VERSION)"'

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wundef -Wvla -Wpointer-arith $(WERROR)
STD = -std=gnu11 -D_GNU_SOURCE -Isrc -I. $(PLACES)
LIB_CFLAGS = $(EVENT_CFLAGS) $(SSL_CFLAGS) $(CONFUSE_CFLAGS) $(GSASL_CFLAGS)
COMPILE = $(CC) $(STD) $(CPPFLAGS) $(LIB_CFLAGS) $(WARN) $(CFLAGS) $(SANITIZE) \
	-pthread -MMD -MP
LINK = $(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -pthread

# The ladder: a folder includes only folders above it (tests/layers).
FOLDERS = base mail spool smtp net config relay sendmail posternd postern

sources = $(wildcard src/$(1)/*.c)
objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
libs = $(foreach f,$(1),$(if $(call sources,$(f)),$(BUILD)/lib$(f).a))

$(BUILD)/%.o: %.c config.mk
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

define ARCHIVE
$(BUILD)/lib$(1).a: $(call objects,$(call sources,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(AR) rcs $$@ $$^
endef
AR = ar
$(foreach f,$(FOLDERS),$(eval $(call ARCHIVE,$(f))))

# --- Linking ---------------------------------------------------------------
# These lines are the trust boundaries.  A library more on the first one is a
# design review: that program runs setgid, for anybody, with any input.

$(BUILD)/sendmail: $(call libs,sendmail spool mail base)
	$(LINK) -o $@ $^

$(BUILD)/posternd: $(call libs,posternd relay config net smtp spool mail base)
	$(LINK) -o $@ $^ $(EVENT_LIBS) $(SSL_LIBS) $(CONFUSE_LIBS) $(GSASL_LIBS)

$(BUILD)/postern: $(call libs,postern config smtp spool mail base)
	$(LINK) -o $@ $^ $(CONFUSE_LIBS)

$(BUILD)/postern-%: $(BUILD)/src/helpers/postern-%.o $(call libs,base)
	$(LINK) -o $@ $^

# A program is built once its folder has a main.
HELPERS = $(patsubst src/helpers/%.c,$(BUILD)/%,$(wildcard src/helpers/*.c))
PROGRAMS = $(foreach p,sendmail posternd postern,$(if $(wildcard src/$(p)/main.c),$(BUILD)/$(p))) \
	$(HELPERS)

all: $(call libs,$(FOLDERS)) $(PROGRAMS)

# --- Tests -----------------------------------------------------------------

PRODUCT_LIBS = $(EVENT_LIBS) $(SSL_LIBS) $(CONFUSE_LIBS) $(GSASL_LIBS)
ring_objects = $(call objects,$(wildcard tests/$(1)/*.c))

# A test binary has its own main: the programs' folders come without theirs.
TEST_LIBS = $(call libs,relay config net smtp spool mail base)

$(BUILD)/tests/%.o: STD += -Itests $(CHECK_CFLAGS)

# tests/lib is an archive, so a ring takes of it what it uses; --wrap: guard.c.
$(BUILD)/libtests.a: $(call ring_objects,lib)
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

define RING
$(BUILD)/$(1): $(call ring_objects,$(1)) $(BUILD)/libtests.a $(TEST_LIBS)
	@$$(if $$(filter yes,$$(HAVE_CHECK)),,echo "the tests need the Check library: make deps" >&2; exit 1)
	$$(LINK) -Wl,--wrap=tcase_create -o $$@ $$^ $$(PRODUCT_LIBS) $$(CHECK_LIBS)
endef
$(foreach r,unit session crash,$(eval $(call RING,$(r))))

# The far ends: a submission server, a slow network, certificates for both.
# The far ends and the tools of the tests, FOLDER:PROGRAM.
TOOLS = upstream:upstream proxy:delay-proxy pki:demo-pki bench:bench
folder = $(word 1,$(subst :, ,$(1)))
program = $(BUILD)/$(word 2,$(subst :, ,$(1)))
TOOL_PROGRAMS = $(foreach t,$(TOOLS),$(if $(wildcard tests/$(call folder,$(t))/main.c),$(call program,$(t))))

define TOOL
$(call program,$(1)): $(call ring_objects,$(call folder,$(1))) $(BUILD)/libtests.a $(call libs,base)
	$$(LINK) -o $$@ $$^ $$(SSL_LIBS)
endef
$(foreach t,$(TOOLS),$(eval $(call TOOL,$(t))))

RINGS = $(foreach r,unit session crash,$(if $(wildcard tests/$(r)/main.c),$(BUILD)/$(r)))
tests: all $(RINGS) $(TOOL_PROGRAMS)

# Dependencies come first, and they may be what config.mk is made with.
check try bench: deps-check
	@$(MAKE) $@-built
check-asan: deps-check
	@$(MAKE) check-asan-built

check-built: tests check-layers check-links lint
	@BUILD=$(abspath $(BUILD)) tests/rings

# No check-links there: the sanitizers are libraries.
ASAN = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
check-asan-built:
	@$(MAKE) BUILD=build-asan SANITIZE="$(ASAN)" tests
	@BUILD=$(abspath build-asan) POSTERN_SANITIZED=1 tests/rings

check-valgrind: deps-check deps-peers
	@$(MAKE) tests
	@BUILD=$(abspath $(BUILD)) tests/system/valgrind

try-built: all $(TOOL_PROGRAMS)
	@BUILD=$(abspath $(BUILD)) tests/system/try

bench-built: all $(TOOL_PROGRAMS)
	@BUILD=$(abspath $(BUILD)) tests/bench/run

check-layers:
	@tests/layers

check-links: $(filter $(BUILD)/sendmail,$(PROGRAMS))
	@tests/links $^

lint:
	@CC="$(CC)" tests/lint

# --- Dependencies ----------------------------------------------------------

deps:
	@contrib/deps build
deps-check:
	@contrib/deps build check
deps-peers:
	@contrib/deps peers

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# --- Configure -------------------------------------------------------------

configure: configure.ac
	autoreconf -f

config.mk: configure config.mk.in
	@if test -x config.status; then ./config.status --recheck && ./config.status; \
	else ./configure $(CONFIGURE_FLAGS); fi
	@touch $@

clean:
	rm -rf $(BUILD) build-asan

distclean: clean
	rm -rf config.mk config.h config.h.in config.log config.status configure \
		aclocal.m4 autom4te.cache configure~

.PHONY: all tests check check-built check-asan check-asan-built check-valgrind try try-built \
	bench bench-built check-layers check-links lint deps deps-check deps-peers clean distclean
