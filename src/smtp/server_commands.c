/*
 * server_commands.c - what a client can say, and what each word does.  The
 * content's commands are in server_content.c, AUTH in server_auth.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "smtp/server_private.h"

/* ---- hello ---- */

/* A host's name (RFC 5321 §4.1.1.1).  Devices call themselves all sorts of
   things, and nothing here depends on it. */
static bool
take_helo(struct server *s, struct span args)
{
	struct span name = request_word(&args);
	struct buf  b;

	if (name.n == 0 || name.n > LIMIT_HELO_NAME) {
		server_reply(s, 501, NULL, "a host name is wanted");
		return false;
	}
	server_drop(s);
	buf_init(&b, LIMIT_HELO_NAME);
	text_put_printable(&b, name);
	memcpy(s->helo, buf_cstr(&b), b.n + 1);
	buf_done(&b);
	return true;
}

static void
do_helo(struct server *s, const struct line *line, struct span args)
{
	(void)line;
	if (!take_helo(s, args))
		return;
	s->esmtp = false;
	server_reply(s, 250, NULL, s->config.name);
}

static size_t
max_rcpts(const struct server *s)
{
	size_t n = s->config.max_rcpts;

	return n == 0 || n > ENVELOPE_MAX_RCPTS ? ENVELOPE_MAX_RCPTS : n;
}

static void
do_ehlo(struct server *s, const struct line *line, struct span args)
{
	struct buf *b = &s->out;

	(void)line;
	if (!take_helo(s, args))
		return;
	s->esmtp = true;
	buf_printf(b, "250-%s\r\n250-PIPELINING\r\n", s->config.name);
	if (s->config.max_message > 0)
		buf_printf(b, "250-SIZE %llu\r\n", (unsigned long long)s->config.max_message);
	else
		buf_str(b, "250-SIZE\r\n");
	if (server_may(s, SERVER_STARTTLS) && !s->secured)
		buf_str(b, "250-STARTTLS\r\n");
	if (server_may(s, SERVER_AUTH) && !s->authenticated)
		buf_printf(b, "250-AUTH %s\r\n", s->config.mechanisms);
	buf_printf(b, "250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n"
	    "250-LIMITS RCPTMAX=%zu\r\n250 CHUNKING\r\n", max_rcpts(s));
}

/* ---- the envelope ---- */

static bool
mail_may_come(struct server *s)
{
	if (server_may(s, SERVER_NEEDS_AUTH) && !s->authenticated)
		server_reply(s, 530, "5.7.0", "authentication required");
	else if (s->t.open)
		server_reply(s, 503, "5.5.1", "a transaction is open already");
	else
		return true;
	return false;
}

/*
 * MAIL needs no HELO before it: neither Sendmail nor Postfix asks for one,
 * and the scripts that talk to their -bs know that.
 */
static void
do_mail(struct server *s, const struct line *line, struct span args)
{
	struct envelope *e = &s->t.env;
	struct refusal   why = { 552, "5.3.4", "the message is longer than the limit here" };
	uint64_t         size, max = s->config.max_message;

	(void)line;
	if (!mail_may_come(s))
		return;
	server_clear(s);
	if (request_mail(args, server_may(s, SERVER_AUTH), e, &size, &why) < 0 ||
	    (max > 0 && size > max)) {
		server_clear(s);
		server_refuse(s, &why);
		return;
	}
	if (server_asks(s, ASK_MAIL, s->ops->mail != NULL))
		s->ops->mail(s->arg, e, size);
}

/*
 * The most a recipient can take of an envelope's octets, each of them
 * encoded.  What does not fit is for another transaction (452), while an
 * envelope that proved too large at its end would be refused as a whole.
 */
static size_t
cost(const struct rcpt *r)
{
	return 64 + 3 * (size_t)r->addr->n + (r->orcpt != NULL ? 3 * strlen(r->orcpt) : 0);
}

void
server_drop_rcpt(struct server *s)
{
	struct rcpt *r = &s->t.rcpt;

	addr_free(r->addr);
	free(r->orcpt);
	*r = (struct rcpt){ 0 };
}

/* One named twice is kept once, with what was said first. */
void
server_add_rcpt(struct server *s)
{
	struct envelope *e = &s->t.env;
	struct rcpt     *r = &s->t.rcpt;
	size_t           before = e->nrcpts;

	s->t.room -= cost(r);
	if (envelope_add(e, r->addr) == 0 && e->nrcpts > before) {
		e->rcpts[before].notify = r->notify;
		e->rcpts[before].orcpt = r->orcpt;
		r->orcpt = NULL;
	}
	r->addr = NULL;
	server_drop_rcpt(s);
}

static void
do_rcpt(struct server *s, const struct line *line, struct span args)
{
	struct transaction *t = &s->t;
	struct refusal      why;

	(void)line;
	if (!t->open || t->chunks) {
		server_reply(s, 503, "5.5.1",
		    t->open ? "the content has begun" : "MAIL comes first");
		return;
	}
	if (request_rcpt(args, t->env.smtputf8, &t->rcpt, &why) < 0) {
		server_refuse(s, &why);
		return;
	}
	/* 452 and not 552: the rest goes into another transaction (RFC 5321 §4.5.3.1.10). */
	if (t->env.nrcpts >= max_rcpts(s) || cost(&t->rcpt) > t->room) {
		server_drop_rcpt(s);
		server_reply(s, 452, "4.5.3", "too many recipients");
		return;
	}
	if (server_asks(s, ASK_RCPT, s->ops->rcpt != NULL))
		s->ops->rcpt(s->arg, &t->rcpt);
}

/* ---- the others ---- */

static void
do_rset(struct server *s, const struct line *line, struct span args)
{
	(void)line;
	(void)args;
	server_drop(s);
	server_reply(s, 250, "2.0.0", "ok");
}

static void
do_noop(struct server *s, const struct line *line, struct span args)
{
	(void)line;
	(void)args;
	server_reply(s, 250, "2.0.0", "ok");
}

static void
do_quit(struct server *s, const struct line *line, struct span args)
{
	(void)line;
	(void)args;
	server_reply(s, 221, "2.0.0", "bye");
	server_over(s);
}

/* RFC 5321 §3.5.3: what is not looked up is neither confirmed nor denied. */
static void
do_vrfy(struct server *s, const struct line *line, struct span args)
{
	(void)line;
	if (args.n == 0)
		server_reply(s, 501, "5.5.4", "this is VRFY ADDRESS");
	else
		server_reply(s, 252, "2.5.2", "not looked up; send the mail");
}

static void
do_help(struct server *s, const struct line *line, struct span args)
{
	(void)line;
	(void)args;
	server_reply(s, 214, "2.0.0", "EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT");
}

static void
do_not(struct server *s, const struct line *line, struct span args)
{
	(void)line;
	(void)args;
	server_reply(s, 502, "5.5.1", "not done here");
}

/*
 * A browser that somebody's page sends here: the body of its request, which
 * comes next, may be any commands.
 */
static void
do_http(struct server *s, const struct line *line, struct span args)
{
	(void)line;
	(void)args;
	server_reply(s, 500, "5.5.1", "this is SMTP and not HTTP; the session ends");
	server_over(s);
}

static void
do_starttls(struct server *s, const struct line *line, struct span args)
{
	if (!server_may(s, SERVER_STARTTLS) || s->secured) {
		do_not(s, line, args);
		return;
	}
	if (args.n > 0) {
		server_reply(s, 501, "5.5.4", "STARTTLS stands alone");
		return;
	}
	server_drop(s);
	if (server_asks(s, ASK_STARTTLS, s->ops->starttls != NULL))
		s->ops->starttls(s->arg);
}

/* ---- the table ---- */

static const struct {
	const char *verb;
	void      (*run)(struct server *s, const struct line *line, struct span args);
} commands[] = {
	{ "RCPT", do_rcpt }, { "MAIL", do_mail }, { "DATA", server_do_data },
	{ "BDAT", server_do_bdat }, { "RSET", do_rset }, { "EHLO", do_ehlo },
	{ "HELO", do_helo }, { "AUTH", server_do_auth }, { "STARTTLS", do_starttls },
	{ "NOOP", do_noop }, { "QUIT", do_quit }, { "VRFY", do_vrfy }, { "EXPN", do_not },
	{ "HELP", do_help }, { "GET", do_http }, { "HEAD", do_http }, { "POST", do_http },
	{ "PUT", do_http }, { "OPTIONS", do_http }, { "CONNECT", do_http },
};

static bool
has_control(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 127)
			return true;
	return false;
}

/* What is wrong with the line itself; NULL: nothing. */
static const char *
malformed(const struct server *s, const struct line *line, struct span verb)
{
	if (line->too_long || (line->text.n > LIMIT_COMMAND && !span_ieq(verb, SPAN("AUTH"))))
		return "the line is too long";
	if (line->lf && !server_may(s, SERVER_LENIENT))
		return "lines end in CR LF";
	if (has_control(line->text))
		return "a control character in a command";
	return NULL;
}

void
server_command(struct server *s, const struct line *line)
{
	struct span args = line->text, verb = request_word(&args);
	const char *why = malformed(s, line, verb);

	if (why != NULL) {
		bool password = line->too_long && span_ieq(verb, SPAN("AUTH"));

		server_reply(s, 500, password ? "5.5.6" : "5.5.2", why);
		return;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (span_ieq(verb, span_of(commands[i].verb))) {
			commands[i].run(s, line, span_trim(args));
			return;
		}
	server_reply(s, 500, "5.5.2", "no such command");
}
