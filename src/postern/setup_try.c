/* setup_try.c - whether what was written works: check, reload, a test message; see setup.h. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "postern/client.h"
#include "postern/names.h"
#include "postern/plain.h"
#include "postern/setup.h"
#include "postern/told.h"
#include "spool/draft.h"
#include "spool/place.h"

#define LOOK_MS   100
#define PATIENCE_MS (60 * 1000)         /* a greeting that is held back, a resolver that is slow */

/* ---- check ---- */

int
setup_check(struct setup *s, bool online)
{
	struct buf program;
	char *argv[] = { NULL, "check", (char *)s->conf, online ? "--online" : NULL, NULL };
	int rc;

	buf_init(&program, 8192);
	buf_printf(&program, "%s/postern", place_bin());
	argv[0] = (char *)buf_cstr(&program);
	rc = ask_run(argv);
	if (rc == 127)
		args_refuse(&s->args, "%s cannot be run", buf_cstr(&program));
	else if (rc == EX_OK)
		buf_str(&s->did, online ? "logged in at the server\n" : "checked it\n");
	else
		buf_str(&s->did, "the check found what it says above\n");
	buf_done(&program);
	return rc;
}

/* ---- the daemon ---- */

int
setup_reload(struct setup *s, bool *ret_runs)
{
	struct buf why;
	int rc;

	buf_init(&why, CLIENT_LINE_MAX);
	rc = client_daemon("reload", NULL, client_nothing, NULL, &why);
	*ret_runs = rc == 0;
	if (rc == 0) {
		buf_str(&s->did, "the daemon has read it\n");
	} else if (rc == EX_UNAVAILABLE) {
		buf_str(&s->did, "the daemon does not run yet: systemctl enable --now postern\n");
		rc = 0;
	} else {
		args_refuse(&s->args, "the daemon: %s", buf_cstr(&why));
		rc = rc == EX_TEMPFAIL ? EX_CONFIG : rc;
	}
	buf_done(&why);
	return rc;
}

/* ---- a message ---- */

static void
put_message(const struct setup *s, struct buf *b)
{
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = '\0';
	buf_str(b, "From: root (Postern)\nTo: root\nSubject: Mail of ");
	text_put_printable(b, span_of(host));
	buf_str(b, " works\nAuto-Submitted: auto-generated\n\nThis is the test message of `postern setup` on ");
	text_put_printable(b, span_of(host));
	buf_printf(b, ".\n\nMail for root and the other users of this machine goes to %s,\nby relay %s.\n",
	    s->local_mail, s->relay);
}

/* As sendmail does it, and to root, since that is the way of all that matters. */
static int
submit(struct setup *s, struct buf *why)
{
	struct draft_limits limits;
	struct envelope e;
	struct draft *d;
	struct buf text;
	char host[256];
	mode_t was;
	bool maybe;
	int spool = open(place_spool(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (spool < 0) {
		buf_printf(why, "%s: %s", place_spool(), strerror(errno));
		return EX_TEMPFAIL;
	}
	buf_init(&text, 65536);
	put_message(s, &text);
	envelope_init(&e);
	names_host(host);
	e.host = xstrdup(host);
	e.time_us = clock_wall_us();
	e.uid = getuid();
	envelope_add(&e, addr_parse(SPAN("root"), NULL));
	draft_limits_read(spool, &limits);
	was = umask(0);                 /* the daemon appends to the file, whatever root's umask */
	r = draft_begin(spool, &e, &limits, &d);
	umask(was);
	if (r == 0) {
		draft_write(d, buf_view(&text));
		r = draft_commit(d, s->id, &maybe);
	}
	if (r < 0)
		buf_printf(why, "%s: %s", place_spool(), strerror(-r));
	envelope_done(&e);
	buf_done(&text);
	close(spool);
	return r < 0 ? EX_TEMPFAIL : EX_OK;
}

/* What the daemon says of all relays, and of the message. */
struct look {
	uint64_t   failed;      /* recipients, of all messages */
	bool       person;      /* one needs a person */
	struct buf trouble;     /* that one's, or another's: its text and hint */
	bool       dead;
	struct buf reply;       /* to the message's recipient, newest */
};

static void
on_status(void *arg, struct span line)
{
	struct look *l = arg;
	struct buf text, name;
	struct span kind;

	kind = told_kind(&line);
	if (span_eq(kind, SPAN("rate")))
		l->failed = told_number(line, "failed_24h");
	if (!span_eq(kind, SPAN("relay")))
		return;
	buf_init(&text, TOLD_TEXT_MAX);
	buf_init(&name, 4096);
	if (told_text(line, "text", &text) && !l->person) {
		l->person = told_is(line, "needs_person", "1");
		told_text(line, "name", &name);
		buf_clear(&l->trouble);
		buf_printf(&l->trouble, "relay %s: %s", buf_cstr(&name), buf_cstr(&text));
		if (told_text(line, "hint", &text))
			buf_printf(&l->trouble, "\n%s", buf_cstr(&text));
	}
	buf_done(&name);
	buf_done(&text);
}

static void
on_message(void *arg, struct span line)
{
	struct look *l = arg;
	struct span kind = told_kind(&line);

	if (span_eq(kind, SPAN("message")))
		l->dead = told_is(line, "state", "dead") || told_is(line, "state", "bad");
	else if (span_eq(kind, SPAN("recipient")))
		told_text(line, "text", &l->reply);
}

static void
look_init(struct look *l)
{
	*l = (struct look){ 0 };
	buf_init(&l->trouble, TOLD_TEXT_MAX);
	buf_init(&l->reply, TOLD_TEXT_MAX);
}

static void
look_done(struct look *l)
{
	buf_done(&l->trouble);
	buf_done(&l->reply);
}

/* 0: it is queued; EX_DATAERR: it has left; else the daemon could not be asked. */
static int
look(const char *id, struct look *l, struct buf *why)
{
	struct buf command;
	int rc;

	l->failed = 0;
	l->person = false;
	buf_clear(&l->trouble);
	buf_init(&command, 256);
	buf_printf(&command, "show %s", id);
	rc = client_daemon(buf_cstr(&command), NULL, on_message, l, why);
	buf_clear(why);
	/* Behind the message: if it was refused it has been counted by then. */
	if (client_daemon("status", NULL, on_status, l, why) != 0 && rc == 0)
		rc = EX_UNAVAILABLE;
	buf_done(&command);
	return rc;
}

static void
say_trouble(const struct look *l)
{
	struct span rest = buf_view(&l->trouble), line;
	struct buf b;

	buf_init(&b, TOLD_TEXT_MAX);
	if (rest.n == 0)
		rest = buf_view(&l->reply);
	while (span_cut(&rest, '\n', &line)) {
		buf_clear(&b);
		plain_put(&b, line);
		fprintf(stderr, "    %s\n", buf_cstr(&b));
	}
	buf_done(&b);
}

static int
not_sent(const struct setup *s, const struct look *l, const char *what)
{
	args_refuse(&s->args, "the test message %s %s", s->id, what);
	say_trouble(l);
	return EX_TEMPFAIL;
}

static int
await(struct setup *s, struct look *l, struct buf *why)
{
	int64_t from_ms = clock_mono_ms();
	int rc;

	do {
		rc = look(s->id, l, why);
		if (rc == EX_DATAERR && l->failed <= s->failed) {
			buf_printf(&s->did, "sent a test message to %s; it was accepted\n", s->local_mail);
			return EX_OK;
		}
		if (rc == EX_DATAERR)
			return not_sent(s, l, "was refused and went back to root; postern log and its ID say why");
		if (rc != 0)
			return not_sent(s, l, "was queued, but the daemon does not answer any more");
		if (l->dead)
			return not_sent(s, l, "was refused; postern show and its ID say why");
		if (l->person)
			return not_sent(s, l, "waits: the relay needs you");
		if (!ask_pause_ms(LOOK_MS))
			return not_sent(s, l, "is queued; postern status says how it is");
	} while (clock_mono_ms() - from_ms < PATIENCE_MS);
	return not_sent(s, l, "has waited for a minute and stays queued; postern status says how it is");
}

int
setup_try(struct setup *s)
{
	struct look l;
	struct buf why;
	int rc;

	buf_init(&why, CLIENT_LINE_MAX);
	look_init(&l);
	rc = client_daemon("status", NULL, on_status, &l, &why);
	if (rc == 0 && s->id[0] == '\0') {
		s->failed = l.failed;
		rc = submit(s, &why);
	}
	if (rc != 0)
		args_refuse(&s->args, "no test message: %s", buf_cstr(&why));
	else
		rc = await(s, &l, &why);
	look_done(&l);
	buf_done(&why);
	return rc;
}
