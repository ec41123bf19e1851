#include "queue_rig.h"

#include <event2/event.h>

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "net/loop.h"
#include "spool/draft.h"
#include "spool/wake.h"
#include "vclock.h"

#define MAX_LOG (16u << 20)
#define TAIL    3000

static const char *const names[RIG_RELAYS] = { "one", "two", "three" };

static struct rig *the_rig;             /* for the table of system calls, which has no argument */

/* ---- the file system ---- */

/* A file's times are the kernel's; here they are of the clock that jumps. */
static void
stamp(int fd)
{
	struct timespec t[2] = { { .tv_sec = clock_wall_s() }, { .tv_sec = clock_wall_s() } };

	(void)futimens(fd, t);
}

static ssize_t
stamped_write(int fd, const void *p, size_t n)
{
	ssize_t r = fs_kernel.write(fd, p, n);

	stamp(fd);
	return r;
}

static ssize_t
stamped_pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t r = fs_kernel.pwrite(fd, p, n, at);

	stamp(fd);
	return r;
}

static int
counted_fdatasync(int fd)
{
	the_rig->syncs++;
	return fs_kernel.fdatasync(fd);
}

static bool
is_message(const char *name)
{
	msgid id;

	return msgid_parse(name, &id);
}

static int
failing_openat(int dir, const char *name, int flags, mode_t mode)
{
	if (the_rig->open_error != 0 && is_message(name)) {
		errno = the_rig->open_error;
		return -1;
	}
	return fs_kernel.openat(dir, name, flags, mode);
}

static ssize_t
failing_pread(int fd, void *p, size_t n, off_t at)
{
	if (the_rig->read_error != 0 && at > 0 && at < (128 << 10)) {
		errno = the_rig->read_error;
		return -1;
	}
	return fs_kernel.pread(fd, p, n, at);
}

static int
owned_fstatat(int dir, const char *name, struct stat *st, int flags)
{
	int rc = fs_kernel.fstatat(dir, name, st, flags);

	if (rc == 0 && the_rig->owners)
		st->st_uid = st->st_size == the_rig->root_size ? 0 : (uid_t)st->st_size;
	return rc;
}

static int
failing_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	if (the_rig->rename_error != 0 && is_message(from)) {
		errno = the_rig->rename_error;
		return -1;
	}
	return fs_kernel.renameat2(from_dir, from, to_dir, to, flags);
}

static int
failing_unlinkat(int dir, const char *name, int flags)
{
	if (the_rig->unlink_error != 0 && is_message(name)) {
		errno = the_rig->unlink_error;
		return -1;
	}
	return fs_kernel.unlinkat(dir, name, flags);
}

static ssize_t
failing_write(int fd, const void *p, size_t n)
{
	if (the_rig->write_error != 0) {
		errno = the_rig->write_error;
		return -1;
	}
	return fs_kernel.write(fd, p, n);
}

/* ---- make and end ---- */

static unsigned
open_descriptors(void)
{
	DIR     *d = opendir("/proc/self/fd");
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

static void
on_guard(void *arg)
{
	struct rig *r = arg;

	r->late = true;
}

void
rig_make(struct rig *r, size_t nrelays)
{
	memset(r, 0, sizeof(*r));
	the_rig = r;
	r->descriptors = open_descriptors();
	scratch_make(&r->spool);
	r->base = loop_new();
	r->guard = timer_new(r->base, on_guard, r);
	r->nrelays = nrelays;
	for (size_t i = 0; i < nrelays; i++) {
		struct rig_relay *u = &r->relay[i];

		u->secret = "right";
		strcpy(u->password, "right");
		u->server = (struct server_conf){
			.offers = OFFER_PIPELINING | OFFER_CHUNKING | OFFER_8BITMIME | OFFER_SIZE | OFFER_AUTH |
			    OFFER_ENHANCED,
			.mechanisms = "PLAIN", .user = "alice", .password = u->password,
		};
	}
	buf_init(&r->log, MAX_LOG);
	log_capture(&r->log);
	fs.write = stamped_write;
	fs.pwrite = stamped_pwrite;
	fs.fdatasync = counted_fdatasync;
	fs.openat = failing_openat;
	fs.pread = failing_pread;
	fs.fstatat = owned_fstatat;
	fs.renameat2 = failing_renameat2;
	fs.unlinkat = failing_unlinkat;
	fs.write = failing_write;
	vclock_on(true);
}

static void
on_wake(void *arg)
{
	struct rig *r = arg;

	wake_drain(r->wake);
	queue_wake(r->q);
}

static void
put_relay(struct buf *b, const struct rig_relay *u, const char *name)
{
	buf_printf(b, "relay %s {\n\thost = \"%s\"\n\tport = %u\n\ttls = \"none\"\n\tuser = \"%s\"\n"
	    "\t%s = \"%s\"\n%s\n}\n", name,
	    u->host != NULL ? u->host : "127.0.0.1", script_port(u->script),
	    u->user != NULL ? u->user : "alice", u->secret[0] == '/' ? "password-file" : "password",
	    u->secret, u->lines != NULL ? u->lines : "");
}

static struct config *
read_config(struct rig *r)
{
	struct config *c = NULL;
	struct buf     text, path, why;

	buf_init(&text, 1u << 16);
	buf_init(&path, 512);
	buf_init(&why, 4096);
	buf_printf(&text, "hostname = \"web1.example.com\"\ndomain = \"example.com\"\n"
	    "aliases = \"%s/aliases\"\n%s\n", r->spool.path, r->top != NULL ? r->top : "");
	for (size_t i = 0; i < r->nrelays; i++)
		put_relay(&text, &r->relay[i], names[i]);
	scratch_write(&r->spool, ".", "conf", buf_view(&text));
	buf_printf(&path, "%s/conf", r->spool.path);
	if (config_read(buf_cstr(&path), r->providers != NULL ? r->providers : "/nonexistent", &c, &why) != 0)
		ck_abort_msg("%s", buf_cstr(&why));
	buf_done(&text);
	buf_done(&path);
	buf_done(&why);
	return c;
}

void
rig_listen(struct rig *r)
{
	for (size_t i = 0; i < r->nrelays; i++) {
		struct rig_relay    *u = &r->relay[i];
		struct script_params p = {
			.base = r->base, .server = u->server, .tls = SCRIPT_PLAIN, .turns = u->turn,
			.nturns = RIG_TURNS, .silent = u->silent, .moment = u->moment, .arg = r,
		};

		if (u->script == NULL)
			u->script = script_new(&p);
	}
}

void
rig_start(struct rig *r)
{
	const char *what;
	struct buf  why;

	rig_listen(r);
	buf_init(&why, 4096);
	ck_assert_int_eq(store_open(r->spool.path, true, &r->store, &what), 0);
	r->q = queue_new(r->base, r->store, read_config(r), &why);
	ck_assert_msg(r->q != NULL, "%s", buf_cstr(&why));
	r->wake = wake_open(r->spool.fd);
	ck_assert_int_ge(r->wake, 0);
	r->on_wake = watch_fd(r->base, r->wake, on_wake, r);
	ck_assert_int_eq(queue_start(r->q), 0);
	buf_done(&why);
}

bool
rig_reload(struct rig *r)
{
	struct buf why;
	bool       good;

	buf_init(&why, 4096);
	good = queue_reload(r->q, read_config(r), &why);
	ck_assert_msg(good == (why.n == 0), "%s", buf_cstr(&why));
	buf_done(&why);
	return good;
}

static void
on_idle(void *arg)
{
	struct rig *r = arg;

	r->idle++;
}

void
rig_halt(struct rig *r)
{
	if (r->idle == 0)
		queue_quit(r->q, on_idle, r);
	UNTIL(r, r->idle > 0, 3600);
	rig_pass(r, 2);
	ck_assert_uint_eq(r->idle, 1);
	r->idle = 0;
	queue_free(r->q);
	r->q = NULL;
	watch_free(r->on_wake);
	close(r->wake);
	store_close(r->store);
	r->store = NULL;
}

void
rig_end(struct rig *r)
{
	if (r->q != NULL)
		rig_halt(r);
	for (size_t i = 0; i < r->nrelays; i++) {
		struct span breaches = r->relay[i].script != NULL ? script_breaches(r->relay[i].script) : SPAN("");

		ck_assert_msg(r->lies || breaches.n == 0, "breach: %.*s", (int)breaches.n, breaches.p);
		script_free(r->relay[i].script);
	}
	timer_free(r->guard);
	for (int i = 0; i < 3; i++)
		loop_turn(r->base);
	ck_assert_int_eq(event_base_get_num_events(r->base, EVENT_BASE_COUNT_ADDED), 0);
	loop_free(r->base);
	vclock_on(false);
	vclock_return();
	fs = fs_kernel;
	log_capture(NULL);
	buf_done(&r->log);
	scratch_remove(&r->spool);
	ck_assert_uint_eq(open_descriptors(), r->descriptors);
}

/* ---- messages ---- */

static msgid
commit(struct rig *r, const struct envelope *e, const char *text)
{
	const struct draft_limits none = { 0, 0 };
	struct draft *d;
	char          name[ID_LEN + 1];
	bool          maybe;
	msgid         id;

	ck_assert_int_eq(draft_begin(r->spool.fd, e, &none, &d), 0);
	ck_assert_int_eq(draft_write(d, span_of(text)), 0);
	ck_assert_int_eq(draft_commit(d, name, &maybe), 0);
	ck_assert(msgid_parse(name, &id));
	return id;
}

static void
begin_envelope(struct envelope *e, const char *from)
{
	envelope_init(e);
	e->time_us = clock_wall_us();
	e->host = xstrdup("web1.example.com");
	e->sender = from[0] != '\0' ? addr_parse(span_of(from), NULL) : addr_null();
}

static msgid
submit(struct rig *r, const char *from, const char *rcpts, unsigned notify, const char *text)
{
	struct span     rest = span_of(rcpts), one;
	struct envelope e;
	msgid           id;

	begin_envelope(&e, from);
	while (span_cut(&rest, ' ', &one)) {
		ck_assert_int_eq(envelope_add(&e, addr_parse(one, NULL)), 0);
		e.rcpts[e.nrcpts - 1].notify = notify;
	}
	id = commit(r, &e, text);
	envelope_done(&e);
	return id;
}

msgid
rig_submit_text(struct rig *r, const char *from, const char *rcpts, const char *text)
{
	return submit(r, from, rcpts, 0, text);
}

msgid
rig_submit_notify(struct rig *r, const char *from, const char *rcpts, unsigned notify)
{
	char text[200];

	snprintf(text, sizeof(text), "From: <%s>\nTo: someone\nSubject: from %s\n\nHello.\n", from, from);
	return submit(r, from, rcpts, notify, text);
}

msgid
rig_submit(struct rig *r, const char *from, const char *rcpts)
{
	return rig_submit_notify(r, from, rcpts, 0);
}

msgid
rig_submit_many(struct rig *r, const char *from, unsigned nrcpts)
{
	struct envelope e;
	msgid           id;

	begin_envelope(&e, from);
	for (unsigned i = 1; i <= nrcpts; i++) {
		char to[40];

		snprintf(to, sizeof(to), "r%u@example.net", i);
		ck_assert_int_eq(envelope_add(&e, addr_parse(span_of(to), NULL)), 0);
	}
	id = commit(r, &e, "Subject: to many\n\nHello.\n");
	envelope_done(&e);
	return id;
}

void
rig_submit_each(struct rig *r, unsigned n)
{
	for (unsigned i = 1; i <= n; i++) {
		char from[40];

		snprintf(from, sizeof(from), "sender%u@example.org", i);
		rig_submit(r, from, "bob@example.net");
	}
}

void
rig_move(struct rig *r, msgid id, enum place from, enum place to)
{
	char name[ID_LEN + 1], a[64], b[64];

	msgid_format(id, name);
	snprintf(a, sizeof(a), "%s/%s", place_name(from), name);
	snprintf(b, sizeof(b), "%s/%s", place_name(to), name);
	ck_assert_int_eq(renameat(r->spool.fd, a, r->spool.fd, b), 0);
}

/* ---- the loop ---- */

void
rig_within(struct rig *r, int64_t seconds)
{
	r->late = false;
	timer_set(r->guard, seconds * 1000);
}

bool
rig_turn(struct rig *r)
{
	if (!r->late)
		event_base_loop(r->base, EVLOOP_ONCE);
	return !r->late;
}

void
rig_pass(struct rig *r, int64_t seconds)
{
	rig_within(r, seconds);
	while (rig_turn(r))
		;
}

/* ---- what is to be seen ---- */

size_t
rig_files(const struct rig *r, enum place p)
{
	return (size_t)scratch_count(&r->spool, place_name(p), NULL);
}

bool
rig_is_empty(struct rig *r)
{
	struct queue_counts c;

	queue_count(r->q, &c);
	return c.ready + c.carried + c.waiting == 0 && rig_files(r, PLACE_NEW) == 0 && rig_files(r, PLACE_CUR) == 0;
}

unsigned
rig_got(const struct rig *r, size_t relay, const char *rcpt)
{
	unsigned n = 0;

	for (const struct accepted *a = script_accepted(r->relay[relay].script); a != NULL; a = a->next) {
		n += rcpt == NULL;
		for (size_t i = 0; rcpt != NULL && i < a->nrcpt; i++)
			n += strcmp(a->rcpt[i], rcpt) == 0;
	}
	return n;
}

unsigned
rig_got_from(const struct rig *r, size_t relay, const char *from)
{
	unsigned n = 0;

	for (const struct accepted *a = script_accepted(r->relay[relay].script); a != NULL; a = a->next)
		n += strcmp(a->from, from) == 0;
	return n;
}

const struct accepted *
rig_last(const struct rig *r, size_t relay)
{
	return script_accepted(r->relay[relay].script);
}

unsigned
rig_logged(const struct rig *r, const char *text)
{
	struct span rest = buf_view(&r->log), line;
	unsigned    n = 0;

	while (span_cut(&rest, '\n', &line))
		n += span_icontains(line, span_of(text));
	return n;
}

const char *
rig_tail(const struct rig *r)
{
	return buf_cstr(&r->log) + (r->log.n > TAIL ? r->log.n - TAIL : 0);
}

char *
rig_file(const struct rig *r, enum place p, msgid id)
{
	char name[ID_LEN + 1];

	msgid_format(id, name);
	return scratch_read(&r->spool, place_name(p), name, NULL);
}

const struct upstream *
rig_up(const struct rig *r, size_t relay)
{
	return queue_relay(r->q, relay);
}

struct shown
rig_shown(struct rig *r, msgid id)
{
	struct roll *roll = queue_roll(r->q);
	struct shown s, ret = { 0 }, found;

	while (roll_turn(roll))
		;
	while (roll_next(roll, &s))
		if (s.id == id)
			ret = s;
	roll_free(roll);
	ck_assert_uint_eq(ret.id, id);
	ck_assert(queue_find(r->q, id, &found));
	ck_assert_int_eq(found.state, ret.state);
	ck_assert_uint_eq(found.due_s, ret.due_s);
	return ret;
}
