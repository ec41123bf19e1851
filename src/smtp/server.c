/*
 * server.c - one client's session.  step() is the only driver: it settles an
 * answered question, or gives the state's handler its octets.  A handler
 * replies, or asks the owner and does no more.
 */
#include "smtp/server.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "smtp/server_private.h"

#define OUT_HIGH (16u << 10)            /* more replies than that unsent: take nothing */
#define OUT_MAX  (64u << 10)
#define TEXT_MAX 480                    /* RFC 5321 §4.5.3.1.5: a reply line has 512 */
#define CHALLENGE_MAX 9000              /* base64 of one goes into a line of LIMIT_AUTH_LINE */
#define ENVELOPE_ROOM (ENVELOPE_MAX_BYTES - 16384)      /* the rest: what is not a recipient */

/* What is said when the owner has nothing to add. */
static const struct refusal accepted[] = {
	[ASK_MAIL] = { 250, "2.1.0", "sender ok" },
	[ASK_RCPT] = { 250, "2.1.5", "recipient ok" },
	[ASK_DATA] = { 354, NULL, "end with a lone dot" },
	[ASK_CHUNKS] = { 250, "2.0.0", "go on" },
	[ASK_END] = { 250, "2.0.0", "accepted" },
	[ASK_STARTTLS] = { 220, "2.0.0", "go ahead" },
	[ASK_AUTH] = { 235, "2.7.0", "authenticated" },
};

/* ---- replies ---- */

void
server_reply(struct server *s, int code, const char *dsn, const char *text)
{
	const char *gap = dsn != NULL ? " " : "";

	buf_printf(&s->out, "%d %s%s%s\r\n", code, dsn != NULL ? dsn : "", gap, text);
	assert(!s->out.over);
	if (code >= 500)
		s->errors++;
}

void
server_refuse(struct server *s, const struct refusal *why)
{
	server_reply(s, why->code, why->dsn, why->text);
}

void
server_reply_answer(struct server *s, const struct answer *a)
{
	server_reply(s, a->code, a->dsn[0] != '\0' ? a->dsn : NULL, buf_cstr(&a->text));
}

static void
fill(struct answer *a, int code, const char *dsn, const char *fmt, va_list ap)
{
	struct buf raw;

	assert(code >= 200 && code <= 599);
	buf_init(&raw, 64u << 10);
	buf_vprintf(&raw, fmt, ap);
	if (raw.n > TEXT_MAX)
		buf_cut(&raw, TEXT_MAX);
	buf_clear(&a->text);
	text_put_printable(&a->text, buf_view(&raw));
	buf_done(&raw);
	a->code = code;
	snprintf(a->dsn, sizeof(a->dsn), "%s", dsn != NULL ? dsn : "");
	a->given = true;
}

/* ---- the transaction ---- */

void
server_clear(struct server *s)
{
	server_drop_rcpt(s);
	envelope_done(&s->t.env);
	s->t = (struct transaction){ .room = ENVELOPE_ROOM };
}

void
server_drop(struct server *s)
{
	bool open = s->t.open;

	server_clear(s);
	if (open && s->ops->reset != NULL)
		s->ops->reset(s->arg);
}

void
server_over(struct server *s)
{
	s->state = AT_END;
	s->question = ASK_NOTHING;
	buf_wipe(&s->line);
	challenge_done(&s->challenge);
	server_drop(s);
}

/* ---- questions and answers ---- */

bool
server_may(const struct server *s, unsigned flag)
{
	return (s->config.flags & flag) != 0;
}

bool
server_asks(struct server *s, enum question q, bool wanted)
{
	s->question = q;
	s->answer.given = false;
	if (!wanted)
		server_accept(s);
	return wanted;
}

void
server_accept(struct server *s)
{
	assert(s->question != ASK_NOTHING && !s->answer.given);
	s->answer.code = 0;
	s->answer.given = true;
}

void
server_answer(struct server *s, int code, const char *dsn, const char *fmt, ...)
{
	va_list ap;

	assert(s->question != ASK_NOTHING && !s->answer.given);
	va_start(ap, fmt);
	fill(&s->answer, code, dsn, fmt, ap);
	va_end(ap);
}

void
server_challenge(struct server *s, struct span message)
{
	assert(s->question == ASK_AUTH && !s->answer.given && message.n <= CHALLENGE_MAX);
	buf_clear(&s->answer.text);
	base64_put(&s->answer.text, message);
	s->answer.code = 334;
	s->answer.dsn[0] = '\0';
	s->answer.given = true;
}

static void
settle_end(struct server *s, bool yes)
{
	server_clear(s);
	if (yes) {
		s->messages++;
		s->errors = 0;
	}
}

/* What the answer means, now that it is given. */
static void
settle(struct server *s, enum question q, int code)
{
	bool yes = code < 400;

	switch (q) {
	case ASK_MAIL:
		if (yes)
			s->t.open = true;
		else
			server_clear(s);
		break;
	case ASK_RCPT:
		if (yes)
			server_add_rcpt(s);
		else
			server_drop_rcpt(s);
		break;
	case ASK_DATA:
	case ASK_CHUNKS:
		server_settle_content(s, q, yes);
		break;
	case ASK_END:
		settle_end(s, yes);
		break;
	case ASK_STARTTLS:
		s->state = yes ? AT_HANDSHAKE : AT_COMMAND;
		break;
	case ASK_AUTH:
		server_settle_auth(s, code);
		break;
	case ASK_NOTHING:
		break;
	}
}

static void
say_last(struct server *s)
{
	s->closing.given = false;
	server_reply_answer(s, &s->closing);
	server_over(s);
}

/*
 * A chunk's reply waits until its octets are here, whatever it will be: they
 * must not be read as commands.  354 has no other wording, since it is not
 * one that ends anything.
 */
static void
take_answer(struct server *s)
{
	const struct answer *a = &s->answer;
	enum question        q = s->question;
	int                  code = a->code != 0 ? a->code : accepted[q].code;

	s->question = ASK_NOTHING;
	if (q != ASK_CHUNKS) {
		if (a->code == 0 || (q == ASK_DATA && code < 400))
			server_refuse(s, &accepted[q]);
		else
			server_reply_answer(s, a);
	}
	settle(s, q, code);
	if (s->closing.given)
		say_last(s);
}

/* ---- octets ---- */

/*
 * The rest of a line, into the buf: all its room at once, since a password
 * may be in it and a buf that grows leaves copies behind.
 */
static void
keep(struct server *s, struct span bytes)
{
	size_t room = s->line.max - s->line.n;

	if (buf_room(&s->line, room) == NULL || bytes.n == 0)
		return;
	if (bytes.n > room)
		s->too_long = true;
	buf_span(&s->line, (struct span){ bytes.p, bytes.n < room ? bytes.n : room });
}

static bool
take_line(struct server *s, struct span *in)
{
	const char *lf = in->n > 0 ? memchr(in->p, '\n', in->n) : NULL;
	struct span piece = { in->p, lf != NULL ? (size_t)(lf - in->p) : in->n };
	struct line line;
	bool        whole = lf != NULL && s->line.n == 0;

	if (in->n == 0)
		return false;
	in->p += piece.n + (lf != NULL);
	in->n -= piece.n + (lf != NULL);
	if (!whole)
		keep(s, piece);
	if (lf == NULL)
		return true;
	line.text = whole ? piece : buf_view(&s->line);
	line.lf = line.text.n == 0 || line.text.p[line.text.n - 1] != '\r';
	line.text.n -= !line.lf;
	line.too_long = s->too_long || line.text.n > LIMIT_AUTH_LINE;
	s->too_long = false;
	if (s->state == AT_AUTH)
		server_auth_line(s, &line);
	else
		server_command(s, &line);
	buf_wipe(&s->line);
	return true;
}

static bool
swallow(struct span *in)
{
	bool any = in->n > 0;

	in->p += in->n;
	in->n = 0;
	return any;
}

/* False: nothing can be done with what there is. */
static bool
step(struct server *s, struct span *in)
{
	if (s->question != ASK_NOTHING) {
		if (!s->answer.given)
			return false;
		take_answer(s);
		return true;
	}
	if (s->out.n >= OUT_HIGH && s->state != AT_END)
		return false;
	if (s->state == AT_COMMAND && s->config.max_errors > 0 && s->errors >= s->config.max_errors)
		server_end(s, 421, "4.7.0", "too many errors");
	switch (s->state) {
	case AT_COMMAND:
	case AT_AUTH:
		return take_line(s, in);
	case AT_DATA:
		if (in->n == 0)
			return false;
		server_take_data(s, in);
		return true;
	case AT_CHUNK:
		if (in->n == 0 && s->t.left > 0)
			return false;
		server_take_chunk(s, in);
		return true;
	default:
		return swallow(in);
	}
}

size_t
server_take(struct server *s, struct span bytes)
{
	struct span in = bytes;

	while (step(s, &in))
		;
	return bytes.n - in.n;
}

/* ---- the session ---- */

struct server *
server_new(const struct server_config *config, const struct server_ops *ops, void *arg)
{
	struct server *s = xcalloc(1, sizeof(*s));

	s->config = *config;
	s->ops = ops;
	s->arg = arg;
	buf_init(&s->line, LIMIT_AUTH_LINE + 1);        /* its CR too */
	buf_init(&s->out, OUT_MAX);
	buf_init(&s->answer.text, LIMIT_AUTH_LINE);
	buf_init(&s->closing.text, TEXT_MAX);
	challenge_init(&s->challenge);
	envelope_init(&s->t.env);
	server_clear(s);
	return s;
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	server_clear(s);
	challenge_done(&s->challenge);
	buf_done(&s->closing.text);
	buf_done(&s->answer.text);
	buf_done(&s->out);
	buf_wipe(&s->line);
	free(s);
}

void
server_greet(struct server *s)
{
	buf_printf(&s->out, "220 %s ESMTP Postern\r\n", s->config.name);
}

struct buf *
server_out(struct server *s)
{
	return &s->out;
}

enum server_wants
server_wants(const struct server *s)
{
	if (s->question != ASK_NOTHING)
		return SERVER_ANSWER;
	switch (s->state) {
	case AT_DATA:
	case AT_CHUNK:
		return SERVER_CONTENT;
	case AT_HANDSHAKE:
		return SERVER_HANDSHAKE;
	case AT_END:
		return SERVER_OVER;
	default:
		return SERVER_COMMAND;
	}
}

void
server_secured(struct server *s, unsigned flags)
{
	server_drop(s);
	buf_wipe(&s->line);
	s->too_long = false;
	s->helo[0] = '\0';
	s->esmtp = s->authenticated = false;
	s->secured = true;
	s->config.flags = flags;
	s->state = AT_COMMAND;
}

void
server_end(struct server *s, int code, const char *dsn, const char *fmt, ...)
{
	va_list ap;

	if (s->state == AT_END || s->closing.given)
		return;
	va_start(ap, fmt);
	fill(&s->closing, code, dsn, fmt, ap);
	va_end(ap);
	if (s->question != ASK_END)
		say_last(s);
}

bool
server_lost(struct server *s)
{
	bool cut = s->state == AT_DATA || s->state == AT_CHUNK;

	server_over(s);
	return !cut;
}

const char *
server_helo(const struct server *s)
{
	return s->helo;
}

bool
server_is_esmtp(const struct server *s)
{
	return s->esmtp;
}

bool
server_is_secured(const struct server *s)
{
	return s->secured;
}

bool
server_is_authenticated(const struct server *s)
{
	return s->authenticated;
}

unsigned
server_messages(const struct server *s)
{
	return s->messages;
}

struct envelope *
server_envelope(struct server *s)
{
	return &s->t.env;
}
