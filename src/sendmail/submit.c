/*
 * submit.c - the one thing that must not go wrong: exit 0 is a promise, and
 * any other code is one too.  Nothing is opened in the spool before 64 KiB
 * of the message or all of it are there, so a job that pipes for hours
 * leaves nothing behind when it dies.
 */
#include "sendmail/submit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "mail/header.h"
#include "sendmail/door.h"
#include "sendmail/handover.h"
#include "sendmail/input.h"
#include "sendmail/recipients.h"
#include "spool/block.h"
#include "spool/draft.h"
#include "spool/place.h"
#include "spool/refusal.h"

#define READ_BYTES  (32u << 10)
#define PATIENCE_S  (DRAFT_ORPHAN_S / 2)        /* without input while there is a draft */
#define HOST_MAX    255

struct submission {
	const struct options *options;
	int                   spool;
	struct handover      *handover; /* --from-smtp: where it comes from; else NULL, and: */
	struct input          input;
	bool                  over;     /* all of it was read */
	struct buf            first;    /* the beginning of the message: with -t all of the header */
	bool                  begun;    /* its first line was there, and was looked at */
	struct envelope       envelope;
	struct draft_limits   limits;
	struct buf            why;
	char                  id[ID_LEN + 1];   /* what it is called, once it is safe */
};

void
submit_complain(const struct buf *why)
{
	fprintf(stderr, "sendmail: %s\n", buf_cstr(why));
}

/* ---- the spool ---- */

/*
 * Standard descriptors the caller closed are filled, or a line for stderr
 * would end up in a spool file.  The wrong way round on purpose: reading a
 * closed standard input must fail and not look like an empty message.
 */
static int
above_stdio(int fd)
{
	while (fd >= 0 && fd <= STDERR_FILENO) {
		int up = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		int e = errno;

		close(fd);
		if (up < 0)
			return -e;
		while ((fd = open("/dev/null", O_WRONLY)) >= 0 && fd <= STDERR_FILENO)
			;
		if (fd >= 0)
			close(fd);
		fd = up;
	}
	return fd;
}

/* The spool that cannot be opened is only half a reason: see knock(). */
static int
open_spool(struct submission *s)
{
	s->spool = above_stdio(fs_open_dir(AT_FDCWD, place_spool()));
	if (s->spool >= 0 || door_may_help(s->spool))
		return 0;
	buf_printf(&s->why, "cannot open the spool %s: %s", place_spool(), strerror(-s->spool));
	return EX_TEMPFAIL;
}

static int
refused(struct submission *s, int e, bool maybe)
{
	return refusal_put(&s->why, e, maybe, &s->limits, place_spool());
}

/* ---- the envelope ---- */

static int
set_full_name(struct submission *s)
{
	struct envelope *e = &s->envelope;
	const char      *name = s->options->full_name;

	if (name == NULL || name[0] == '\0')
		return 0;
	if (strlen(name) > ENVELOPE_MAX_NAME) {
		buf_printf(&s->why, "the full name is longer than %d octets", ENVELOPE_MAX_NAME);
		return EX_USAGE;
	}
	e->full_name = xstrdup(name);
	for (char *p = e->full_name; *p != '\0'; p++)
		if ((unsigned char)*p < 32 || *p == 127)
			*p = ' ';
	return 0;
}

/*
 * No login name and no default sender: the file belongs to the submitting
 * user, and the daemon, which believes nothing else, looks the name up.
 */
static int
fill_envelope(struct submission *s)
{
	const struct options *o = s->options;
	struct envelope      *e = &s->envelope;
	char                  raw[HOST_MAX + 1] = "";
	struct buf            host;
	int                   rc;

	if (gethostname(raw, HOST_MAX) < 0 || raw[0] == '\0')
		memcpy(raw, "localhost", sizeof("localhost"));
	buf_init(&host, HOST_MAX);
	text_put_printable(&host, span_of(raw));
	e->host = (char *)buf_steal(&host).p;
	e->time_us = clock_wall_us();
	e->uid = (uid_t)getauxval(AT_UID);
	if (s->handover != NULL)
		return handover_begin(s->handover, e, &s->why);
	e->ret = o->ret;
	e->body = o->body;
	e->smtputf8 = o->smtputf8;
	e->envid = o->envid == NULL ? NULL : xstrdup(o->envid);
	rc = set_full_name(s);
	if (rc == 0 && o->sender != NULL)
		rc = recipients_sender(e, o->sender, &s->why);
	for (size_t i = 0; rc == 0 && i < o->nargs; i++)
		rc = recipients_from_arg(e, o->args[i], &s->why);
	return rc;
}

static int
check_recipients(struct submission *s)
{
	struct envelope *e = &s->envelope;

	if (e->nrcpts == 0) {
		buf_str(&s->why, s->options->from_header ? "No recipient addresses found in header" :
		    "Recipient names must be specified");
		return EX_USAGE;
	}
	for (size_t i = 0; s->handover == NULL && i < e->nrcpts; i++)
		e->rcpts[i].notify = s->options->notify;
	return 0;
}

/* ---- the message ---- */

static int
cannot_read(struct submission *s, ssize_t e)
{
	buf_printf(&s->why, "cannot read the message: %s", strerror((int)-e));
	return EX_IOERR;
}

static ssize_t
read_some(struct submission *s, char *p, size_t n)
{
	ssize_t got;

	if (s->handover != NULL) {
		got = handover_read(s->handover, p, n);
		s->over = got <= 0;
	} else {
		got = input_read(&s->input, p, n);
		s->over = s->input.over;
	}
	return got;
}

static void
drop_mbox_line(struct submission *s)
{
	if (s->begun || s->first.n == 0 || memchr(s->first.p, '\n', s->first.n) == NULL)
		return;
	buf_drop(&s->first, header_mbox_line(buf_view(&s->first)));
	s->begun = true;
}

/* Read until there is enough, or all.  *header_at: where the header ends, for -t. */
static int
gather(struct submission *s, size_t *header_at)
{
	bool header_done = !s->options->from_header;

	while (!s->over && (!header_done || s->first.n < DRAFT_BUFFER)) {
		size_t  room = s->first.n < READ_BYTES / 2 ? READ_BYTES - s->first.n : READ_BYTES;
		char   *p = buf_room(&s->first, room);
		ssize_t n;

		if (p == NULL) {
			buf_printf(&s->why, "the header is longer than %u bytes", SUBMIT_HEADER_MAX);
			return EX_DATAERR;
		}
		n = read_some(s, p, room);
		if (n < 0)
			return cannot_read(s, n);
		buf_took(&s->first, (size_t)n);
		drop_mbox_line(s);
		if (!header_done)
			header_done = block_end(buf_view(&s->first), s->over, header_at);
	}
	return 0;
}

/*
 * The rest, straight through the door that is open.  The alarm ends a process
 * whose input never comes, before its draft counts as an orphan.  0, an exit
 * code, or -errno of the draft; a daemon that takes no more says why at the end.
 */
static int
copy(struct submission *s, struct draft *draft, struct door *door)
{
	struct buf *b = &s->first;
	ssize_t     n;
	int         r = 0;

	for (;;) {
		if (draft != NULL)
			r = draft_write(draft, buf_view(b));
		else if (!door_write(door, buf_view(b)))
			return 0;
		if (r < 0)
			return r;
		if (s->over)
			return 0;
		alarm(PATIENCE_S);
		buf_clear(b);
		n = read_some(s, buf_room(b, READ_BYTES), READ_BYTES);
		if (n < 0)
			return cannot_read(s, n);
		buf_took(b, (size_t)n);
	}
}

/* The spool is shut, for the reason `shut`: the daemon's socket. */
static int
knock(struct submission *s, int shut)
{
	struct door *d;
	int          r = door_open(&d);

	if (r < 0) {
		buf_printf(&s->why, "cannot write to the spool %s: %s; nor to the daemon's %s: %s",
		    place_spool(), strerror(-shut), door_path(), strerror(-r));
		return EX_TEMPFAIL;
	}
	r = door_begin(d, &s->envelope);
	if (r < 0)
		r = refused(s, r, false);
	if (r == 0)
		r = copy(s, NULL, d);
	if (r != 0) {
		door_abort(d);
		return r;
	}
	return door_finish(d, s->id, &s->why);
}

static int
queue(struct submission *s)
{
	struct draft *d;
	bool          maybe;
	int           r = s->spool;

	if (r >= 0) {
		draft_limits_read(s->spool, &s->limits);
		r = draft_begin(s->spool, &s->envelope, &s->limits, &d);
	}
	if (r < 0)
		return door_may_help(r) ? knock(s, r) : refused(s, r, false);
	if ((r = copy(s, d, NULL)) != 0) {
		draft_abort(d);
		return r < 0 ? refused(s, r, false) : r;
	}
	r = draft_commit(d, s->id, &maybe);
	return r < 0 ? refused(s, r, maybe) : 0;
}

static int
steps(struct submission *s)
{
	size_t header_at = 0;
	int    rc;

	if ((rc = open_spool(s)) != 0 || (rc = fill_envelope(s)) != 0)
		return rc;
	if (!s->options->from_header && (rc = check_recipients(s)) != 0)
		return rc;
	if ((rc = gather(s, &header_at)) != 0)
		return rc;
	if (s->options->from_header) {
		struct span header = { s->first.p, header_at };

		if ((rc = recipients_from_header(&s->envelope, header, &s->why)) != 0 ||
		    (rc = check_recipients(s)) != 0)
			return rc;
	}
	return queue(s);
}

static void
begin(struct submission *s, const struct options *o, struct handover *h)
{
	*s = (struct submission){ .options = o, .spool = -1, .handover = h };
	input_init(&s->input, STDIN_FILENO, !o->dot_is_text);
	buf_init(&s->first, SUBMIT_HEADER_MAX);
	buf_init(&s->why, 4096);
	envelope_init(&s->envelope);
}

static void
done(struct submission *s)
{
	if (s->spool >= 0)
		fs_close(s->spool);
	envelope_done(&s->envelope);
	buf_done(&s->first);
	buf_done(&s->why);
}

/*
 * The file's mode must be what the daemon needs, whatever the caller's umask.
 * A caller's file size limit is an error to answer with a code, and not this
 * program's death with half a message in tmp/.
 */
static void
settle(void)
{
	umask(0);
	signal(SIGPIPE, SIG_IGN);       /* see wake_poke */
	signal(SIGXFSZ, SIG_IGN);
}

int
submit(const struct options *o)
{
	struct submission s;
	int               rc;

	settle();
	begin(&s, o, NULL);
	rc = steps(&s);
	if (rc != 0) {
		submit_complain(&s.why);
		input_drain(&s.input, INPUT_DRAIN_MS);
	}
	done(&s);
	return rc;
}

/* ---- a session's messages ---- */

/*
 * One of them, and its answer.  0, or -errno when there is no next: what was
 * written of a refused one is passed over first, so that the answer is the
 * message's and the next one begins where it begins.
 */
static int
take_one(const struct options *o, struct handover *h)
{
	struct submission s;
	int               rc, r;

	begin(&s, o, h);
	rc = steps(&s);
	alarm(0);
	r = handover_skip(h);
	if (r == 0)
		r = handover_answer(rc, rc == 0 ? span_of(s.id) : buf_view(&s.why));
	done(&s);
	return r == -ECANCELED ? 0 : r;
}

int
submit_session(const struct options *o)
{
	struct handover h;
	int             r;

	settle();
	handover_init(&h, STDIN_FILENO);
	while ((r = handover_wait(&h)) > 0 && (r = take_one(o, &h)) == 0)
		;
	handover_done(&h);
	return r == 0 ? EX_OK : EX_IOERR;
}
