/*
 * fill - a backlog in no time: COUNT messages written by the spool's own
 * draft code with its syncs left out, then synced once as a whole, so that
 * the daemon finds what a machine finds after a while.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "bench.h"
#include "spool/draft.h"
#include "spool/envelope.h"

static int
no_sync(int fd)
{
	(void)fd;
	return 0;
}

static struct addr *
address(const char *text)
{
	const char *why = NULL;
	struct addr *a = addr_parse(span_of(text), &why);

	if (a == NULL)
		fprintf(stderr, "bench: %s: %s\n", text, why);
	return a;
}

static int
make_envelope(struct envelope *env)
{
	struct addr *to = address("bob@example.net");

	envelope_init(env);
	env->time_us = clock_wall_us();
	env->host = xstrdup("web1.example.com");
	env->user = xstrdup("bench");
	env->uid = getuid();
	env->sender = address("alice@example.com");
	return to == NULL || env->sender == NULL ? -1 : envelope_add(env, to);
}

static void
make_message(struct buf *b, size_t bytes)
{
	buf_init(b, bytes + 1024);
	buf_str(b, "From: alice@example.com\nTo: bob@example.net\nSubject: a backlog\n"
	    "Date: Fri, 27 Nov 2026 10:00:00 +0000\nMessage-ID: <bench@example.com>\n\n");
	while (b->n < bytes)
		buf_str(b, "A line of text as a daemon would write it, seventy bytes or so, and\n");
}

static int
add_message(int spool, int from, int to, const struct envelope *env, struct span text)
{
	struct draft_limits none = { 0, 0 };
	char id[ID_LEN + 1];
	struct draft *d;
	bool maybe;
	int r = draft_begin(spool, env, &none, &d);

	if (r < 0)
		return r;
	r = draft_write(d, text);
	if (r < 0) {
		draft_abort(d);
		return r;
	}
	r = draft_commit(d, id, &maybe);
	return r < 0 || to < 0 ? r : fs_rename_new(from, id, to, id);
}

int
bench_fill(int argc, char **argv)
{
	unsigned long count;
	struct envelope env;
	struct buf text;
	int spool, from, to = -1, r = 0;

	if (argc != 5)
		return EX_USAGE;
	count = bench_number(argv[3]);
	spool = fs_open_dir(AT_FDCWD, argv[1]);
	from = fs_open_dir(spool, "new");
	if (strcmp(argv[2], "new") != 0)
		to = fs_open_dir(spool, argv[2]);
	if (spool < 0 || from < 0 || (to < 0 && strcmp(argv[2], "new") != 0)) {
		fprintf(stderr, "bench: no such place: %s/%s\n", argv[1], argv[2]);
		return EX_NOINPUT;
	}
	umask(0);               /* as sendmail does: the daemon may be another user */
	fs.fsync = fs.fdatasync = no_sync;
	make_message(&text, bench_number(argv[4]));
	if (make_envelope(&env) < 0)
		return EX_SOFTWARE;
	for (unsigned long i = 0; i < count && r == 0; i++)
		r = add_message(spool, from, to, &env, buf_view(&text));
	if (r < 0) {
		fprintf(stderr, "bench: fill: %s\n", strerror(-r));
		return EX_IOERR;
	}
	return syncfs(spool) < 0 ? EX_IOERR : EX_OK;
}
