/*
 * server_auth.c - AUTH (RFC 4954): the exchange of lines.  What they mean is
 * challenge.c's, or the owner's; whether it is true the owner's alone.
 */
#include <string.h>

#include "base/base64.h"
#include "smtp/server_private.h"

static void
fail(struct server *s, int code, const char *dsn, const char *text)
{
	s->state = AT_COMMAND;
	challenge_done(&s->challenge);
	server_reply(s, code, dsn, text);
}

static void
prompt(struct server *s)
{
	struct buf b;

	buf_init(&b, 256);
	base64_put(&b, challenge_prompt(&s->challenge));
	server_reply(s, 334, NULL, buf_cstr(&b));
	buf_done(&b);
	s->state = AT_AUTH;
}

/* The client's message, decoded. */
static void
take_message(struct server *s, bool begins, struct span message)
{
	struct login login;
	int          r;

	s->state = AT_COMMAND;
	if (s->challenge.mechanism == CHALLENGE_NONE) {
		server_asks(s, ASK_AUTH, true);
		s->ops->sasl(s->arg, s->mechanism, begins, message);
		return;
	}
	r = challenge_take(&s->challenge, message, &login);
	if (r > 0) {
		prompt(s);
	} else if (r < 0) {
		fail(s, 501, "5.5.2", "this is no login");
	} else {
		server_asks(s, ASK_AUTH, true);
		s->ops->login(s->arg, &login);
	}
}

/* "=" is an empty one, and only as an initial response (RFC 4954 §4). */
static void
take_encoded(struct server *s, bool begins, struct span text)
{
	struct buf b;

	buf_init(&b, LIMIT_AUTH_LINE);
	buf_room(&b, text.n);
	if (base64_get(text, &b) < 0)
		fail(s, 501, "5.5.2", "this is no base64");
	else
		take_message(s, begins, buf_view(&b));
	buf_wipe(&b);
}

void
server_auth_line(struct server *s, const struct line *line)
{
	if (line->too_long)
		fail(s, 500, "5.5.6", "the line is too long");
	else if (line->lf && !server_may(s, SERVER_LENIENT))
		fail(s, 500, "5.5.2", "lines end in CR LF");
	else if (span_eq(line->text, SPAN("*")))
		fail(s, 501, "5.7.0", "cancelled");
	else
		take_encoded(s, false, line->text);
}

void
server_settle_auth(struct server *s, int code)
{
	if (code == 334) {
		s->state = AT_AUTH;
		return;
	}
	challenge_done(&s->challenge);
	if (code < 300)
		s->authenticated = true;
}

/* ---- the command ---- */

/* One of the configuration's, whose asker the owner has.  Kept in upper case. */
static bool
take_mechanism(struct server *s, struct span name)
{
	struct span rest = span_of(s->config.mechanisms), word = { NULL, 0 };

	while ((word = request_word(&rest)).n > 0 && !span_ieq(word, name))
		;
	if (word.n == 0 || word.n > LIMIT_MECHANISM)
		return false;
	memcpy(s->mechanism, word.p, word.n);
	s->mechanism[word.n] = '\0';
	return challenge_start(&s->challenge, word) ? s->ops->login != NULL : s->ops->sasl != NULL;
}

static bool
may_begin(struct server *s)
{
	if (s->authenticated)
		server_reply(s, 503, "5.5.1", "already authenticated");
	else if (s->t.open)
		server_reply(s, 503, "5.5.1", "not inside a transaction");
	else if (server_may(s, SERVER_AUTH))
		return true;
	else if (server_may(s, SERVER_STARTTLS) && !s->secured)
		server_reply(s, 538, "5.7.11", "STARTTLS comes first");
	else
		server_reply(s, 502, "5.5.1", "not done here");
	return false;
}

void
server_do_auth(struct server *s, const struct line *line, struct span args)
{
	struct span name = request_word(&args), initial = request_word(&args);

	(void)line;
	if (!may_begin(s))
		return;
	if (name.n == 0 || request_word(&args).n > 0)
		fail(s, 501, "5.5.4", "this is AUTH MECHANISM [INITIAL-RESPONSE]");
	else if (!take_mechanism(s, name))
		fail(s, 504, "5.5.4", "no such mechanism here");
	else if (span_eq(initial, SPAN("=")))
		take_message(s, true, SPAN(""));
	else if (initial.n > 0)
		take_encoded(s, true, initial);
	else if (s->challenge.mechanism == CHALLENGE_NONE)
		take_message(s, true, (struct span){ NULL, 0 });
	else
		prompt(s);
}
