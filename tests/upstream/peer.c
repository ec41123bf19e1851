#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "keep.h"
#include "peer.h"
#include "rules.h"
#include "transaction.h"
#include "wire.h"

#define ENVELOPE_MAX (4u << 20)
#define LINE_MAX_IN  12288      /* RFC 4954 §4: AUTH lines */

void
peer_breach(const char *fmt, ...)
{
	va_list ap;

	totals_add(&totals.breaches, 1);
	fputs("breach: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void
peer_say(struct peer *p, const char *text)
{
	wire_say(p->w, text);
	wire_say(p->w, "\r\n");
}

/* Read on and say nothing until the peer has enough of it. */
static enum next
stall(struct peer *p)
{
	wire_flush(p->w);
	while (wire_some(p->w, SIZE_MAX).n > 0)
		;
	return HANG_UP;
}

enum next
peer_answer_as(struct peer *p, struct fault f, const char *normal, bool *ret_ok)
{
	*ret_ok = false;
	switch (f.act) {
	case ACT_CLOSE:
	case ACT_DROP:
		return HANG_UP;
	case ACT_RESET:
		return RESET_LINK;
	case ACT_STALL:
		return stall(p);
	case ACT_GARBAGE:
		peer_say(p, "\x16\x03\x01\xff not a reply");
		return GO_ON;
	case ACT_REPLY:
		peer_say(p, f.reply);
		*ret_ok = f.reply[0] == '2' || f.reply[0] == '3';
		return GO_ON;
	case ACT_INJECT:
	case ACT_NONE:
		break;
	}
	peer_say(p, normal);
	if (f.act == ACT_INJECT)
		peer_say(p, "250 injected in clear");
	*ret_ok = true;
	return GO_ON;
}

enum next
peer_answer(struct peer *p, enum phase ph, struct span address, const char *normal, bool *ret_ok)
{
	return peer_answer_as(p, rules_at(ph, address), normal, ret_ok);
}

static enum next
simply(struct peer *p, enum phase ph, const char *normal)
{
	bool ok;

	return peer_answer(p, ph, SPAN(""), normal, &ok);
}

static void
put_capabilities(struct peer *p, struct buf *b)
{
	const struct options *o = p->o;
	bool secure = p->w->ssl != NULL;

	buf_str(b, "250-upstream.test\r\n");
	if (o->pipelining)
		buf_str(b, "250-PIPELINING\r\n");
	if (o->eightbitmime)
		buf_str(b, "250-8BITMIME\r\n");
	if (o->chunking)
		buf_str(b, "250-CHUNKING\r\n");
	if (o->smtputf8)
		buf_str(b, "250-SMTPUTF8\r\n");
	if (o->dsn)
		buf_str(b, "250-DSN\r\n");
	if (o->tls != NULL && !secure)
		buf_str(b, "250-STARTTLS\r\n");
	if (o->user != NULL && (secure || o->tls == NULL))
		buf_printf(b, "250-AUTH %s\r\n", o->mechanisms);
	if (o->size > 0)
		buf_printf(b, "250-SIZE %" PRIu64 "\r\n", o->size);
	buf_str(b, "250 ENHANCEDSTATUSCODES");
}

static enum next
on_ehlo(struct peer *p, struct span arg)
{
	struct buf b;
	enum next n;

	if (arg.n == 0) {
		peer_say(p, "501 5.5.4 EHLO wants a name");
		return GO_ON;
	}
	buf_init(&b, 4096);
	put_capabilities(p, &b);
	n = simply(p, PH_EHLO, buf_cstr(&b));
	buf_done(&b);
	transaction_forget(p);
	p->stage = ST_READY;
	return n;
}

static enum next
on_helo(struct peer *p, struct span arg)
{
	(void)arg;
	transaction_forget(p);
	p->stage = ST_READY;
	return simply(p, PH_EHLO, "250 upstream.test");
}

static enum next
on_starttls(struct peer *p, struct span arg)
{
	bool ok;
	enum next n;

	(void)arg;
	if (p->o->tls == NULL || p->w->ssl != NULL) {
		peer_say(p, "503 5.5.1 no STARTTLS here");
		return GO_ON;
	}
	n = peer_answer(p, PH_STARTTLS, SPAN(""), "220 2.0.0 go ahead", &ok);
	if (n != GO_ON || !ok)
		return n;
	if (!wire_accept_tls(p->w, p->o->tls))
		return HANG_UP;
	if (SSL_session_reused(p->w->ssl))
		totals_add(&totals.resumed, 1);
	p->stage = ST_NEW;
	return GO_ON;
}

static enum next
on_auth(struct peer *p, struct span arg)
{
	enum next n;

	if (p->o->user == NULL || (p->o->tls != NULL && p->w->ssl == NULL)) {
		peer_say(p, "503 5.5.1 no AUTH here");
		return GO_ON;
	}
	if (p->authed || p->stage != ST_READY) {
		peer_breach("AUTH out of order");
		peer_say(p, "503 5.5.1 not now");
		return GO_ON;
	}
	if (!auth_check(p->w, p->o, arg)) {
		totals_add(&totals.auth_failures, 1);
		return p->w->gone ? HANG_UP : GO_ON;
	}
	n = peer_answer(p, PH_AUTH, SPAN(""), "235 2.7.0 welcome", &p->authed);
	totals_add(p->authed ? &totals.auths : &totals.auth_failures, 1);
	return n;
}

static enum next
on_noop(struct peer *p, struct span arg)
{
	(void)arg;
	peer_say(p, "250 2.0.0 ok");
	return GO_ON;
}

static enum next
on_quit(struct peer *p, struct span arg)
{
	enum next n = simply(p, PH_QUIT, "221 2.0.0 bye");

	(void)arg;
	return n == GO_ON ? HANG_UP : n;
}

static const struct command {
	const char *verb;
	enum next (*run)(struct peer *p, struct span arg);
	bool        last;       /* only at the end of a pipelined group: RFC 2920 §3.1 */
} commands[] = {
	{ "EHLO",     on_ehlo,          true },
	{ "HELO",     on_helo,          true },
	{ "STARTTLS", on_starttls,      true },
	{ "AUTH",     on_auth,          false },        /* auth.c reads what follows */
	{ "MAIL",     transaction_mail, false },
	{ "RCPT",     transaction_rcpt, false },
	{ "DATA",     transaction_data, true },
	{ "BDAT",     transaction_bdat, false },
	{ "RSET",     transaction_rset, false },
	{ "NOOP",     on_noop,          true },
	{ "QUIT",     on_quit,          true },
};

static const struct command *
find(struct span verb)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (span_ieq(verb, span_of(commands[i].verb)))
			return &commands[i];
	}
	return NULL;
}

/* Bytes behind a command are its content with BDAT, else a pipelined command. */
static void
check_group(struct peer *p, const struct command *c)
{
	if (wire_waiting(p->w) == 0 || c->run == transaction_bdat)
		return;
	if (c->last)
		peer_breach("bytes behind %s", c->verb);
	else if (!p->o->pipelining)
		peer_breach("pipelined behind %s, not offered", c->verb);
}

static enum next
on_line(struct peer *p, struct span line)
{
	const struct command *c;
	struct span arg, verb;

	if (line.n < 2 || line.p[line.n - 2] != '\r' || line.n > LINE_MAX_IN ||
	    memchr(line.p, '\r', line.n - 2) != NULL || memchr(line.p, '\0', line.n) != NULL) {
		peer_breach("a command line that is none");
		peer_say(p, "500 5.5.2 malformed line");
		return HANG_UP;
	}
	arg = (struct span){ line.p, line.n - 2 };
	if (!span_cut(&arg, ' ', &verb))
		verb = SPAN("");
	c = find(verb);
	if (c == NULL) {
		peer_breach("unknown command %.*s", (int)verb.n, verb.p);
		peer_say(p, "500 5.5.1 unknown command");
		return GO_ON;
	}
	check_group(p, c);
	return c->run(p, arg);
}

static enum next
converse(struct peer *p)
{
	struct span line;
	enum next n = simply(p, PH_CONNECT, "220 upstream.test ESMTP");

	while (n == GO_ON && wire_line(p->w, &line))
		n = on_line(p, line);
	return n;
}

void
peer_serve(const struct options *o, int fd)
{
	struct peer p = { .o = o, .stage = ST_NEW };
	enum next n = HANG_UP;

	totals_add(&totals.connections, 1);
	p.w = wire_open(fd, o->drip);
	buf_init(&p.envelope, ENVELOPE_MAX);
	if (!o->implicit || wire_accept_tls(p.w, o->tls)) {
		if (p.w->ssl != NULL && SSL_session_reused(p.w->ssl))
			totals_add(&totals.resumed, 1);
		n = converse(&p);
	}
	transaction_forget(&p);
	buf_done(&p.envelope);
	if (n == RESET_LINK)
		wire_reset(p.w);
	else
		wire_close(p.w);
}
