# Postern.  `make` alone works on a fresh clone: config.mk is remade first.
#
#	make            build into build/
#	make try        dependencies, build, and one message through a demo upstream
#	make check      dependencies, build, layering, lint and every test
#	make fuzz       libFuzzer on every parser, FUZZ_SECONDS=10 each (clang)
#	make install    see "Install" below; DESTDIR, prefix … as usual
#	make uninstall  the reverse; configuration and spool stay
#	make deps       the packages that building needs
#	make deps-peers the mail servers and tools that some system tests want
#	make check-asan the tests with the address and undefined-behaviour sanitizers
#	make check-valgrind  a daemon that delivers, defers and bounces, without a leak
#	make bench      the figures, as a table
#	make lint       what a compiler does not say
#	make clean      removes what was built; distclean also what was configured
#	make help       this

BUILD = build

# Targets that must work on a machine that has no compiler yet.
BARE_GOALS = deps deps-check deps-peers check check-asan check-valgrind try bench \
	help clean distclean check-layers lint
ifneq ($(filter-out $(BARE_GOALS),$(or $(MAKECMDGOALS),all)),)
NEEDS_CONFIG = yes
include config.mk
endif

.DEFAULT_GOAL = all
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
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
	-DPOSTERN_SBIN_DIR='"$(sbindir)"' \
	-DPOSTERN_CONF_FILE='"$(conf_file)"' \
	-DPOSTERN_PROVIDERS_DIR='"$(providers_dir)"' \
	-DPOSTERN_USER='"$(postern_user)"' \
	-DPOSTERN_GROUP='"$(postern_group)"' \
	-DPOSTERN_VERSION='"$(VERSION)"'

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wundef -Wvla -Wpointer-arith $(WERROR)
STD = -std=gnu11 -D_GNU_SOURCE -Isrc -I. $(PLACES)
LIB_CFLAGS = $(EVENT_CFLAGS) $(SSL_CFLAGS) $(CONFUSE_CFLAGS) $(GSASL_CFLAGS) $(IDN2_CFLAGS) $(CURL_CFLAGS) \
	$(JANSSON_CFLAGS)
COMPILE = $(CC) $(STD) $(CPPFLAGS) $(LIB_CFLAGS) $(WARN) $(CFLAGS) $(SANITIZE) \
	-pthread -MMD -MP
LINK = $(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -pthread

# The ladder: a folder includes only folders above it (tests/layers).
FOLDERS = base oauth mail idna spool smtp net config import route relay sendmail posternd postern

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

$(BUILD)/posternd: $(call libs,posternd relay route config net smtp spool idna mail base)
	$(LINK) -o $@ $^ $(EVENT_LIBS) $(SSL_LIBS) $(CONFUSE_LIBS) $(GSASL_LIBS) $(IDN2_LIBS)

$(BUILD)/postern: $(call libs,postern import route config smtp spool idna mail base)
	$(LINK) -o $@ $^ $(CONFUSE_LIBS) $(GSASL_LIBS) $(CRYPTO_LIBS) $(IDN2_LIBS) $(JANSSON_LIBS)

# Of the protocol's archive it needs what needs no library.
$(BUILD)/postern-stdio: $(BUILD)/src/helpers/postern-stdio.o $(call libs,smtp spool mail base)
	$(LINK) -o $@ $^

# HTTP and JSON: here, and in no program that runs for long.
OAUTH_LIBS = $(CURL_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS)
$(BUILD)/postern-oauth: $(BUILD)/src/helpers/postern-oauth.o $(call libs,oauth base)
	$(LINK) -o $@ $^ $(OAUTH_LIBS)

$(BUILD)/postern-%: $(BUILD)/src/helpers/postern-%.o $(call libs,base)
	$(LINK) -o $@ $^

# A program is built once its folder has a main.
HELPERS = $(patsubst src/helpers/%.c,$(BUILD)/%,$(wildcard src/helpers/*.c))
PROGRAMS = $(foreach p,sendmail posternd postern,$(if $(wildcard src/$(p)/main.c),$(BUILD)/$(p))) \
	$(HELPERS)

all: $(call libs,$(FOLDERS)) $(PROGRAMS)

# --- Tests -----------------------------------------------------------------

PRODUCT_LIBS = $(EVENT_LIBS) $(SSL_LIBS) $(CONFUSE_LIBS) $(GSASL_LIBS) $(IDN2_LIBS) $(OAUTH_LIBS)
ring_objects = $(call objects,$(wildcard tests/$(1)/*.c))

# A test binary has its own main: the programs' folders come without theirs.
TEST_LIBS = $(call libs,posternd postern sendmail relay import route config net smtp spool idna mail oauth base)

$(BUILD)/tests/%.o: STD += -Itests $(CHECK_CFLAGS)

# tests/lib is an archive, so a ring takes of it what it uses; --wrap: guard.c.
$(BUILD)/libtests.a: $(call ring_objects,lib)
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

# The crash ring lets a queue die before the far end of the session ring.
ring_more_crash = $(patsubst %,$(BUILD)/tests/session/%.o,queue_rig script link speech server auth peer identity vclock)

define RING
$(BUILD)/$(1): $(call ring_objects,$(1)) $(ring_more_$(1)) $(BUILD)/libtests.a $(TEST_LIBS)
	@$$(if $$(filter yes,$$(HAVE_CHECK)),,echo "the tests need the Check library: make deps" >&2; exit 1)
	$$(LINK) -Wl,--wrap=tcase_create -o $$@ $$^ $$(PRODUCT_LIBS) $$(CHECK_LIBS)
endef
$(foreach r,unit session crash,$(eval $(call RING,$(r))))

# The far ends and the tools of the tests, FOLDER:PROGRAM.
TOOLS = upstream:upstream proxy:delay-proxy pki:demo-pki bench:bench bare:bare
folder = $(word 1,$(subst :, ,$(1)))
program = $(BUILD)/$(word 2,$(subst :, ,$(1)))
TOOL_PROGRAMS = $(foreach t,$(TOOLS),$(if $(wildcard tests/$(call folder,$(t))/main.c),$(call program,$(t))))

define TOOL
$(call program,$(1)): $(call ring_objects,$(call folder,$(1))) $(BUILD)/libtests.a \
		$(call libs,spool mail base)
	$$(LINK) -Wl,--as-needed -o $$@ $$^ $$(SSL_LIBS)
endef
$(foreach t,$(TOOLS),$(eval $(call TOOL,$(t))))

RINGS = $(foreach r,unit session crash,$(if $(wildcard tests/$(r)/main.c),$(BUILD)/$(r)))
tests: all $(RINGS) $(TOOL_PROGRAMS)

# Dependencies come first, and they may be what config.mk is made with.
JOBS = -j$(shell nproc 2>/dev/null || echo 1)
check check-asan try bench: deps-check
	@$(MAKE) $(JOBS) $@-built

check-built: tests check-layers check-links check-providers lint
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

check-links: $(filter $(BUILD)/sendmail $(BUILD)/postern-stdio,$(PROGRAMS))
	@tests/links $^

check-providers:
	@etc/providers/table | cmp - etc/providers/README.md || \
		{ echo "etc/providers/table > etc/providers/README.md brings it up to date" >&2; exit 1; }

lint:
	@CC="$(CC)" tests/lint

# --- Dependencies ----------------------------------------------------------

deps:
	@contrib/deps build
deps-check:
	@contrib/deps build check
deps-peers:
	@contrib/deps peers unpacked
deps-fuzz:
	@contrib/deps build fuzz

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# --- Install ---------------------------------------------------------------
# On a live system (no DESTDIR, root) this also makes the users and the spool.
# With DESTDIR the package has to: contrib/make-spool, or the sysusers.d and
# tmpfiles.d files, and the group and mode 2755 of sendmail.

INSTALL = install
libdir_sendmail = $(prefix)/lib/sendmail
unitdir = $(prefix)/lib/systemd/system
bash_dir = $(datadir)/bash-completion/completions
zsh_dir = $(datadir)/zsh/site-functions
fish_dir = $(datadir)/fish/vendor_completions.d
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
mta_files = $(addprefix $(DESTDIR),$(sbindir)/sendmail $(libdir_sendmail) $(bindir)/mailq $(bindir)/newaliases)
# Relative where ln can, so that a chroot and a package folder see our own.
link = ln -srf $(DESTDIR)$(sbindir)/sendmail $(1) 2>/dev/null || ln -sf $(sbindir)/sendmail $(1)
live = $(if $(DESTDIR),,$(filter 0,$(shell id -u)))
pages = $(wildcard src/*/*.[158])

# The files in etc/ name the default places; here they get this build's.
placed = sed -e 's|/usr/sbin/posternd|$(sbindir)/posternd|g' \
	-e 's|/etc/postern/|$(sysconfdir)/postern/|g' \
	-e 's|/var/spool/postern|$(spool_dir)|g' \
	-e 's|/run/postern|$(run_dir)|g' \
	-e 's|^RuntimeDirectory=postern|RuntimeDirectory=$(patsubst /run/%,%,$(run_dir))|' \
	-e 's|^SupplementaryGroups=.*|SupplementaryGroups=$(postern_group)|' \
	-e 's|^User=.*|User=$(postern_user)|' -e 's|^Group=.*|Group=$(postern_user)|' \
	-e 's|posterndrop|$(postern_group)|g' \
	-e '/^[dfpgum] /s|\([ 	]\)postern\([ 	]\)|\1$(postern_user)\2|g' \
	-e '/^[dfpgum] /s|\([ 	]\)postern\([ 	]\)|\1$(postern_user)\2|g'

install: all install-mta install-files
	@$(if $(live),contrib/make-spool $(spool_dir) $(postern_user) $(postern_group),:)
	@f=$(DESTDIR)$(sbindir)/sendmail; \
	if chgrp $(postern_group) $$f 2>/dev/null; then chmod 2755 $$f; \
	else echo "$$f: still to be done: chgrp $(postern_group), chmod 2755"; fi

# Looks at all of them before it touches one.
install-mta: all
	@test -n "$(REPLACE)" || contrib/mta-files check $(mta_files)
	@contrib/mta-files take $(mta_files)
	$(INSTALL) -d $(dir $(mta_files))
	$(INSTALL) -m 0755 $(BUILD)/sendmail $(DESTDIR)$(sbindir)/sendmail
	$(call link,$(DESTDIR)$(libdir_sendmail))
	$(call link,$(DESTDIR)$(bindir)/mailq)
	$(call link,$(DESTDIR)$(bindir)/newaliases)

install-files: install-mta
	$(INSTALL) -d $(addprefix $(DESTDIR),$(libexec_dir) $(providers_dir) $(sysconfdir)/postern \
		$(bash_dir) $(zsh_dir) $(fish_dir) $(unitdir) $(sysusersdir) $(tmpfilesdir) $(mandir)/man1 $(mandir)/man5 $(mandir)/man8)
	$(INSTALL) -m 0755 $(BUILD)/posternd $(DESTDIR)$(sbindir)
	$(INSTALL) -m 0755 $(BUILD)/postern $(DESTDIR)$(bindir)
	$(INSTALL) -m 0755 $(HELPERS) $(DESTDIR)$(libexec_dir)
	$(INSTALL) -m 0644 $(wildcard etc/providers/*.conf) $(DESTDIR)$(providers_dir)
	$(INSTALL) -m 0644 contrib/completion/postern.bash $(DESTDIR)$(bash_dir)/postern
	$(INSTALL) -m 0644 contrib/completion/_postern $(DESTDIR)$(zsh_dir)
	$(INSTALL) -m 0644 contrib/completion/postern.fish $(DESTDIR)$(fish_dir)
	@test -e $(DESTDIR)$(conf_file) || { echo "installing $(conf_file)"; \
		$(INSTALL) -m 0644 etc/postern.conf $(DESTDIR)$(conf_file); }
	@echo installing $(DESTDIR)$(unitdir)/postern.service
	@$(placed) etc/postern.service >$(DESTDIR)$(unitdir)/postern.service
	@echo installing $(DESTDIR)$(sysusersdir)/postern.conf
	@$(placed) etc/postern.sysusers >$(DESTDIR)$(sysusersdir)/postern.conf
	@echo installing $(DESTDIR)$(tmpfilesdir)/postern.conf
	@$(placed) etc/postern.tmpfiles >$(DESTDIR)$(tmpfilesdir)/postern.conf
	@for page in $(pages); do \
		echo "installing $$page"; \
		$(INSTALL) -m 0644 $$page $(DESTDIR)$(mandir)/man$${page##*.}; done

# The configuration, the users and the spool stay: there may be mail in it.
uninstall:
	rm -f $(mta_files) $(addprefix $(DESTDIR),$(sbindir)/posternd $(bindir)/postern \
		$(bash_dir)/postern $(zsh_dir)/_postern $(fish_dir)/postern.fish \
		$(unitdir)/postern.service $(sysusersdir)/postern.conf $(tmpfilesdir)/postern.conf)
	rm -f $(foreach h,$(HELPERS),$(DESTDIR)$(libexec_dir)/$(notdir $(h)))
	rm -f $(foreach p,$(wildcard etc/providers/*.conf),$(DESTDIR)$(providers_dir)/$(notdir $(p)))
	rm -f $(foreach p,$(pages),$(DESTDIR)$(mandir)/man$(subst .,,$(suffix $(p)))/$(notdir $(p)))
	-rmdir $(DESTDIR)$(libexec_dir) $(DESTDIR)$(providers_dir) $(DESTDIR)$(datadir)/postern
	@contrib/mta-files restore $(mta_files)
	@echo "$(DESTDIR)$(sysconfdir)/postern and $(DESTDIR)$(spool_dir) were left as they are"

help:
	@sed -n '/^#	make/s/^#	//p' Makefile

# --- Configure -------------------------------------------------------------

configure: configure.ac
	autoreconf -f

config.mk: configure config.mk.in
	@if test -x config.status; then ./config.status --recheck && ./config.status; \
	else ./configure $(CONFIGURE_FLAGS); fi
	@touch $@

clean:
	rm -rf $(BUILD) build-asan build-fuzz

distclean: clean
	rm -rf build-unpacked config.mk config.h config.h.in config.log config.status configure \
		aclocal.m4 autom4te.cache configure~

.PHONY: all install install-mta install-files uninstall help tests check check-built check-asan check-asan-built check-valgrind try try-built \
	bench bench-built check-layers check-links check-providers lint deps deps-check deps-peers deps-fuzz clean distclean

# --- Fuzzing ---------------------------------------------------------------
# `make check` gives each target its corpus (replay.c); `make fuzz` lets
# libFuzzer work on it.  What that finds stays in build-fuzz: see hunt.

FUZZ_SECONDS = 10
FUZZ_NAMES = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAYS = $(FUZZ_NAMES:%=$(BUILD)/replay_%)
FUZZERS = $(FUZZ_NAMES:%=$(BUILD)/fuzz_%)
FUZZ_LIBS = $(BUILD)/tests/fuzz/folder.o $(TEST_LIBS)
FUZZ_MORE_LIBS = -Wl,--as-needed $(PRODUCT_LIBS)

# What some take of the other rings.
$(BUILD)/replay_session $(BUILD)/fuzz_session: $(BUILD)/tests/session/cargo.o
$(foreach t,compose report,$(BUILD)/replay_$(t) $(BUILD)/fuzz_$(t)): $(BUILD)/tests/lib/submission.o

tests: $(REPLAYS)
$(REPLAYS): $(BUILD)/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(FUZZ_LIBS)
	$(LINK) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(FUZZ_MORE_LIBS)

$(FUZZERS): $(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(FUZZ_LIBS)
	$(LINK) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(filter %.a,$^) $(FUZZ_MORE_LIBS)

fuzz fuzzers: deps-fuzz
	@$(MAKE) BUILD=build-fuzz CC=clang WERROR= \
		SANITIZE="$(ASAN) -fsanitize=fuzzer-no-link" $@-built
fuzzers-built: $(FUZZERS)
fuzz-built: $(FUZZERS)
	@BUILD=$(abspath $(BUILD)) FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/hunt $(FUZZ_NAMES)

.PHONY: fuzz fuzz-built fuzzers fuzzers-built
