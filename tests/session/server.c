#include "server.h"

#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "base/text.h"

#define MAX_CONTENT (64u << 20)

void
server_breach(struct server *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(s->breaches, fmt, ap);
	va_end(ap);
	buf_char(s->breaches, '\n');
}

static void
forget_rcpts(char **rcpt, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(rcpt[i]);
	free(rcpt);
}

void
accepted_free(struct accepted *a)
{
	struct accepted *next;

	for (; a != NULL; a = next) {
		next = a->next;
		free(a->from);
		forget_rcpts(a->rcpt, a->nrcpt);
		buf_done(&a->content);
		free(a);
	}
}

static void
forget_mail(struct server *s)
{
	free(s->from);
	s->from = NULL;
	forget_rcpts(s->rcpt, s->nrcpt);
	s->rcpt = NULL;
	s->nrcpt = 0;
	buf_done(&s->content);
	buf_init(&s->content, MAX_CONTENT);
	s->broken_chunk = false;
	s->swallow = false;
	s->said = false;
	s->chunked = false;
}

void
server_init(struct server *s, const struct server_conf *conf, struct buf *breaches)
{
	memset(s, 0, sizeof(*s));
	s->conf = conf;
	s->breaches = breaches;
	buf_init(&s->content, MAX_CONTENT);
}

void
server_done(struct server *s)
{
	forget_mail(s);
	buf_done(&s->content);
}

void
server_secured(struct server *s)
{
	forget_mail(s);
	s->tls = true;
	s->greeted = false;
	s->authed = false;
	s->wants = WANT_LINE;
}

static bool
offers(const struct server *s, unsigned what)
{
	return (s->conf->offers & what) != 0;
}

static void
put_ehlo(const struct server *s, struct buf *reply)
{
	const struct server_conf *c = s->conf;

	buf_str(reply, "250-fake.example at your service\n");
	if (offers(s, OFFER_PIPELINING))
		buf_str(reply, "250-PIPELINING\n");
	if (offers(s, OFFER_CHUNKING))
		buf_str(reply, "250-CHUNKING\n");
	if (offers(s, OFFER_8BITMIME))
		buf_str(reply, "250-8BITMIME\n");
	if (offers(s, OFFER_SMTPUTF8))
		buf_str(reply, "250-SMTPUTF8\n");
	if (offers(s, OFFER_SIZE))
		buf_printf(reply, "250-SIZE %llu\n", (unsigned long long)c->size);
	if (offers(s, OFFER_DSN))
		buf_str(reply, "250-DSN\n");
	if (offers(s, OFFER_STARTTLS) && !s->tls)
		buf_str(reply, "250-STARTTLS\n");
	if (offers(s, OFFER_AUTH))
		buf_printf(reply, "250-AUTH %s\n", c->mechanisms);
	if (c->mail_max != 0)
		buf_printf(reply, "250-LIMITS MAILMAX=%u\n", c->mail_max);
	if (offers(s, OFFER_ENHANCED))
		buf_str(reply, "250-ENHANCEDSTATUSCODES\n");
	buf_str(reply, "250 HELP\n");
}

static void
do_ehlo(struct server *s, struct span rest, struct buf *reply)
{
	(void)rest;
	if (s->conf->nameless) {
		buf_str(reply, "500 5.5.1 what is EHLO?\n");
		return;
	}
	forget_mail(s);
	s->greeted = true;
	put_ehlo(s, reply);
}

static void
do_helo(struct server *s, struct span rest, struct buf *reply)
{
	(void)rest;
	forget_mail(s);
	s->greeted = true;
	buf_str(reply, "250 fake.example\n");
}

static void
do_starttls(struct server *s, struct span rest, struct buf *reply)
{
	if (rest.n > 0)
		server_breach(s, "STARTTLS with an argument");
	if (s->tls)
		buf_str(reply, "503 5.5.1 TLS is up\n");
	else if (!offers(s, OFFER_STARTTLS))
		buf_str(reply, "502 5.5.1 no TLS here\n");
	else
		buf_str(reply, "220 2.0.0 go ahead\n");
}

static void
judge_login(struct server *s, bool right, struct buf *reply)
{
	s->wants = WANT_LINE;
	s->authed = right;
	buf_str(reply, right ? "235 2.7.0 accepted\n" : "535 5.7.8 not accepted\n");
}

static void
take_answer(struct server *s, struct span line, struct buf *reply)
{
	if (span_eq(line, SPAN("*"))) {
		s->wants = WANT_LINE;
		buf_str(reply, "501 5.7.0 cancelled\n");
	} else if (!s->login) {
		judge_login(s, auth_is_plain(line, s->conf->user, s->conf->password), reply);
	} else if (!s->has_user) {
		s->has_user = true;
		s->authed = auth_is(line, s->conf->user);
		buf_str(reply, "334 UGFzc3dvcmQ6\n");
	} else {
		judge_login(s, s->authed && auth_is(line, s->conf->password),
		    reply);
	}
}

static bool
offers_mechanism(const struct server *s, struct span name)
{
	struct span rest = span_of(s->conf->mechanisms), word;

	while (span_cut(&rest, ' ', &word)) {
		if (span_ieq(word, name))
			return true;
	}
	return false;
}

static void
do_auth(struct server *s, struct span rest, struct buf *reply)
{
	struct span name;

	if (s->authed || !s->greeted || s->from != NULL || !offers(s, OFFER_AUTH)) {
		server_breach(s, "AUTH out of order");
		buf_str(reply, "503 5.5.1 not now\n");
		return;
	}
	(void)span_cut(&rest, ' ', &name);
	if (!offers_mechanism(s, name)) {
		buf_str(reply, "504 5.5.4 unknown mechanism\n");
		return;
	}
	s->login = span_ieq(name, SPAN("LOGIN"));
	s->has_user = false;
	if (rest.n > 0) {
		take_answer(s, span_eq(rest, SPAN("=")) ? SPAN("") : rest, reply);
		if (s->login)
			s->wants = WANT_ANSWER;
		return;
	}
	s->wants = WANT_ANSWER;
	buf_str(reply, s->login ? "334 VXNlcm5hbWU6\n" : "334 \n");
}

/* The path between < and >; *rest is left behind it. */
static bool
cut_path(struct span *rest, struct span *ret)
{
	const char *end;

	if (rest->n < 2 || rest->p[0] != '<')
		return false;
	end = memchr(rest->p, '>', rest->n);
	if (end == NULL)
		return false;
	*ret = (struct span){ rest->p + 1, (size_t)(end - rest->p) - 1 };
	rest->n -= (size_t)(end + 1 - rest->p);
	rest->p = end + 1;
	return true;
}

static void
take_mail_params(struct server *s, struct span rest)
{
	struct span word;

	s->eightbit = s->utf8 = false;
	s->declared = 0;
	rest = span_trim(rest);
	while (span_cut(&rest, ' ', &word)) {
		if (span_istarts(word, SPAN("SIZE=")) && offers(s, OFFER_SIZE)) {
			struct span digits = { word.p + 5, word.n - 5 };

			if (text_number(digits, UINT64_MAX, &s->declared) != 0)
				server_breach(s, "SIZE is no number");
		} else if (span_ieq(word, SPAN("BODY=8BITMIME")) && offers(s, OFFER_8BITMIME)) {
			s->eightbit = true;
		} else if (span_ieq(word, SPAN("BODY=7BIT")) && offers(s, OFFER_8BITMIME)) {
			s->eightbit = false;
		} else if (span_ieq(word, SPAN("SMTPUTF8")) && offers(s, OFFER_SMTPUTF8)) {
			s->utf8 = true;
		} else if (!((span_istarts(word, SPAN("RET=")) || span_istarts(word, SPAN("ENVID=")))
		           && offers(s, OFFER_DSN))) {
			server_breach(s, "MAIL with what was not offered: %.*s", (int)word.n, word.p);
		}
	}
}

static void
do_mail(struct server *s, struct span rest, struct buf *reply)
{
	struct span path;

	if (s->conf->user != NULL && !s->authed) {
		buf_str(reply, "530 5.7.0 authentication required\n");
		return;
	}
	if (s->from != NULL || !s->greeted) {
		buf_str(reply, "503 5.5.1 nested MAIL\n");
		return;
	}
	if (s->conf->mail_max != 0 && s->mails >= s->conf->mail_max) {
		server_breach(s, "more transactions than LIMITS MAILMAX");
		buf_str(reply, "421 4.5.3 enough\n");
		return;
	}
	if (!cut_path(&rest, &path)) {
		buf_str(reply, "501 5.5.4 no path\n");
		return;
	}
	take_mail_params(s, rest);
	if (!text_is_ascii(path) && !s->utf8)
		server_breach(s, "a UTF-8 sender without SMTPUTF8");
	if (s->conf->size != 0 && s->declared > s->conf->size) {
		buf_str(reply, "552 5.3.4 larger than SIZE\n");
		return;
	}
	s->mails++;
	s->from = span_dup(path);
	buf_str(reply, "250 2.1.0 ok\n");
}

static void
do_rcpt(struct server *s, struct span rest, struct buf *reply)
{
	struct span path;

	if (s->from == NULL) {
		buf_str(reply, "503 5.5.1 MAIL first\n");
		return;
	}
	if (!cut_path(&rest, &path) || path.n == 0) {
		buf_str(reply, "501 5.5.4 no path\n");
		return;
	}
	if (s->conf->rcpt_max != 0 && s->nrcpt >= s->conf->rcpt_max) {
		buf_str(reply, "452 4.5.3 too many recipients\n");
		return;
	}
	if (span_trim(rest).n > 0 && !offers(s, OFFER_DSN))
		server_breach(s, "RCPT with what was not offered: %.*s", (int)rest.n, rest.p);
	if (!text_is_ascii(path) && !s->utf8)
		server_breach(s, "a UTF-8 recipient without SMTPUTF8");
	s->rcpt = xrealloc(s->rcpt, (s->nrcpt + 1) * sizeof(*s->rcpt));
	s->rcpt[s->nrcpt++] = span_dup(path);
	buf_str(reply, "250 2.1.5 ok\n");
}

static void
do_data(struct server *s, struct span rest, struct buf *reply)
{
	(void)rest;
	if (s->from == NULL || s->chunked) {
		buf_str(reply, "503 5.5.1 not now\n");
	} else if (s->nrcpt == 0) {
		buf_str(reply, "554 5.5.1 no valid recipients\n");
	} else {
		s->wants = WANT_DOTS;
		buf_str(reply, "354 go ahead\n");
	}
}

static void
do_bdat(struct server *s, struct span rest, struct buf *reply)
{
	struct span digits;

	if (!offers(s, OFFER_CHUNKING))
		server_breach(s, "BDAT was not offered");
	(void)span_cut(&rest, ' ', &digits);
	if (text_number(digits, UINT64_MAX, &s->chunk_left) != 0)
		server_breach(s, "BDAT without a number");
	s->chunk_last = span_ieq(rest, SPAN("LAST"));
	if (rest.n > 0 && !s->chunk_last)
		server_breach(s, "BDAT with %.*s", (int)rest.n, rest.p);
	s->wants = WANT_CHUNK;
	s->chunked = true;
	if (s->from != NULL && s->nrcpt > 0)
		return;
	/* What was announced will come all the same: swallow it, then refuse. */
	s->swallow = true;
	(void)reply;
}

static void
do_rset(struct server *s, struct span rest, struct buf *reply)
{
	(void)rest;
	forget_mail(s);
	buf_str(reply, "250 2.0.0 flushed\n");
}

static void
do_noop(struct server *s, struct span rest, struct buf *reply)
{
	(void)s;
	(void)rest;
	buf_str(reply, "250 2.0.0 ok\n");
}

static void
do_quit(struct server *s, struct span rest, struct buf *reply)
{
	(void)s;
	(void)rest;
	buf_str(reply, "221 2.0.0 bye\n");
}

static const struct verb {
	const char *name;
	void      (*take)(struct server *s, struct span rest, struct buf *reply);
} verbs[] = {
	{ "EHLO ",      do_ehlo },
	{ "HELO ",      do_helo },
	{ "STARTTLS",   do_starttls },
	{ "AUTH ",      do_auth },
	{ "MAIL FROM:", do_mail },
	{ "RCPT TO:",   do_rcpt },
	{ "DATA",       do_data },
	{ "BDAT ",      do_bdat },
	{ "RSET",       do_rset },
	{ "NOOP",       do_noop },
	{ "QUIT",       do_quit },
};

static void
take_command(struct server *s, struct span line, struct buf *reply)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		struct span name = span_of(verbs[i].name);

		if (!span_istarts(line, name))
			continue;
		/* A chunk on its way must be swallowed, whatever the state. */
		if (s->broken_chunk && verbs[i].take != do_rset && verbs[i].take != do_quit
		    && verbs[i].take != do_bdat) {
			buf_str(reply, "503 5.5.1 RSET first\n");
			return;
		}
		verbs[i].take(s, (struct span){ line.p + name.n, line.n - name.n }, reply);
		return;
	}
	buf_str(reply, "500 5.5.1 what?\n");
}

static void
put_forced(const char *forced, struct buf *reply)
{
	if (forced[0] == '\0')
		return;
	buf_str(reply, forced);
	buf_char(reply, '\n');
}

static void
refuse_line(struct server *s, struct span line, const char *forced, struct buf *reply)
{
	struct buf none;

	/* The content behind a refused BDAT comes all the same. */
	if (s->wants == WANT_LINE && span_istarts(line, SPAN("BDAT "))) {
		buf_init(&none, 4096);
		take_command(s, line, &none);
		buf_done(&none);
		s->swallow = true;
		s->said = true;
	}
	s->wants = s->wants == WANT_CHUNK ? WANT_CHUNK : WANT_LINE;
	put_forced(forced, reply);
}

static void
obey_forced(struct server *s, struct span line, const char *forced, struct buf *reply)
{
	struct buf none;

	buf_init(&none, 64u << 10);
	if (s->wants == WANT_ANSWER && forced[0] == '2') {
		s->authed = true;
		s->wants = WANT_LINE;
	} else if (s->wants == WANT_ANSWER) {
		/* A challenge the script made up: the next answer is awaited. */
	} else {
		take_command(s, line, &none);
		if (forced[0] == '3' && span_istarts(line, SPAN("DATA")))
			s->wants = WANT_DOTS;
		if (forced[0] == '3' && span_istarts(line, SPAN("AUTH ")))
			s->wants = WANT_ANSWER;
	}
	buf_done(&none);
	put_forced(forced, reply);
}

void
server_line(struct server *s, struct span line, const char *forced, struct buf *reply)
{
	if (forced != NULL && (forced[0] == '2' || forced[0] == '3'))
		obey_forced(s, line, forced, reply);
	else if (forced != NULL)
		refuse_line(s, line, forced, reply);
	else if (s->wants == WANT_ANSWER)
		take_answer(s, line, reply);
	else
		take_command(s, line, reply);
}

void
server_content(struct server *s, struct span bytes)
{
	if (!s->swallow)
		buf_span(&s->content, bytes);
}

static void
check_content(struct server *s)
{
	struct span got = buf_view(&s->content);

	if (s->declared != 0 && s->declared != got.n)
		server_breach(s, "SIZE=%llu, but %zu bytes came", (unsigned long long)s->declared, got.n);
	if (!text_is_ascii(got) && !s->eightbit)
		server_breach(s, "8-bit content without BODY=8BITMIME");
	for (const char *at = got.p, *end = got.p + got.n; at < end; at++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (at == NULL)
			break;
		if (at == got.p || at[-1] != '\r') {
			server_breach(s, "bare LF in the content");
			break;
		}
	}
	if (got.n < 2 || memcmp(got.p + got.n - 2, "\r\n", 2) != 0)
		server_breach(s, "the content does not end with a line end");
}

static struct accepted *
accept_mail(struct server *s)
{
	struct accepted *a = xcalloc(1, sizeof(*a));

	check_content(s);
	a->from = s->from;
	a->rcpt = s->rcpt;
	a->nrcpt = s->nrcpt;
	a->content = s->content;
	a->chunked = s->chunked;
	s->from = NULL;
	s->rcpt = NULL;
	s->nrcpt = 0;
	buf_init(&s->content, MAX_CONTENT);
	forget_mail(s);
	return a;
}

struct accepted *
server_end(struct server *s, const char *forced, struct buf *reply)
{
	bool chunk = s->wants == WANT_CHUNK, last = !chunk || s->chunk_last;
	bool refused = s->swallow || s->nrcpt == 0 || s->broken_chunk;

	s->wants = WANT_LINE;
	/* RFC 2920 §3.1 asks for a lone dot. */
	if (!chunk && s->nrcpt == 0 && s->content.n > 0)
		server_breach(s, "content for nobody");
	if (refused) {
		if (!s->said)
			put_forced(forced != NULL ? forced : "554 5.5.1 no valid recipients", reply);
		buf_clear(&s->content);
		s->swallow = s->said = false;
		s->broken_chunk = chunk && s->from != NULL;
		return NULL;
	}
	if (forced != NULL && forced[0] != '2' && forced[0] != '\0') {
		put_forced(forced, reply);
		if (chunk)
			s->broken_chunk = true;
		else
			forget_mail(s);
		return NULL;
	}
	put_forced(forced != NULL ? forced : "250 2.0.0 queued", reply);
	return last ? accept_mail(s) : NULL;
}
