#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "transaction.h"
#include "wire.h"

#define RCPTS_MAX 1000

void
transaction_forget(struct peer *p)
{
	buf_clear(&p->envelope);
	p->rcpts = 0;
	p->failed = p->sized = p->body8 = false;
	if (p->begun)
		content_done(&p->content);
	p->begun = false;
	if (p->stage > ST_READY)
		p->stage = ST_READY;
}

/* What stands in <>; false when nothing does. */
static bool
path_of(struct span arg, struct span *ret_path, struct span *ret_rest)
{
	const char *open = memchr(arg.p, '<', arg.n), *close;

	if (open == NULL)
		return false;
	close = memchr(open, '>', (size_t)(arg.p + arg.n - open));
	if (close == NULL)
		return false;
	*ret_path = (struct span){ open + 1, (size_t)(close - open - 1) };
	*ret_rest = (struct span){ close + 1, (size_t)(arg.p + arg.n - close - 1) };
	return true;
}

static const char *
mail_parameter(struct peer *p, struct span word)
{
	if (span_istarts(word, SPAN("SIZE="))) {
		struct span n = { word.p + 5, word.n - 5 };

		p->sized = true;
		if (text_number(n, UINT64_MAX, &p->size) < 0)
			return "501 5.5.4 SIZE is no number";
		if (p->o->size > 0 && p->size > p->o->size)
			return "552 5.3.4 message exceeds the fixed limit";
		return NULL;
	}
	if (span_ieq(word, SPAN("BODY=8BITMIME")) || span_ieq(word, SPAN("BODY=7BIT"))) {
		p->body8 = word.n == sizeof("BODY=8BITMIME") - 1;
		return p->o->eightbitmime ? NULL : "555 5.5.4 BODY was not offered";
	}
	if (span_ieq(word, SPAN("SMTPUTF8")))
		return p->o->smtputf8 ? NULL : "555 5.5.4 SMTPUTF8 was not offered";
	if (span_istarts(word, SPAN("RET=")) || span_istarts(word, SPAN("ENVID=")))
		return p->o->dsn ? NULL : "555 5.5.4 DSN was not offered";
	if (span_istarts(word, SPAN("AUTH=")))
		return NULL;
	return "555 5.5.4 unknown parameter";
}

static const char *
mail_parameters(struct peer *p, struct span rest)
{
	const char *wrong = NULL;
	struct span word;

	while (wrong == NULL && span_cut(&rest, ' ', &word)) {
		if (word.n > 0)
			wrong = mail_parameter(p, word);
	}
	return wrong;
}

static void
note(struct peer *p, const char *verb, struct span arg)
{
	buf_str(&p->envelope, verb);
	buf_char(&p->envelope, ' ');
	buf_span(&p->envelope, arg);
	buf_char(&p->envelope, '\n');
}

/* Whose certificate the client showed, and whether it came by a session of before. */
static void
put_client(struct peer *p)
{
	const X509 *cert = p->w->ssl != NULL ? SSL_get0_peer_certificate(p->w->ssl) : NULL;
	char name[200] = "";

	if (cert != NULL)
		X509_NAME_oneline(X509_get_subject_name(cert), name, sizeof(name));
	if (cert != NULL)
		buf_printf(&p->envelope, "CLIENT %s\n", name);
	if (p->w->ssl != NULL && SSL_session_reused(p->w->ssl))
		buf_str(&p->envelope, "RESUMED\n");
}

static enum next
begin_mail(struct peer *p, struct span arg, struct span path)
{
	bool ok;
	enum next n = peer_answer(p, PH_MAIL, path, "250 2.1.0 sender ok", &ok);

	if (n != GO_ON || !ok)
		return n;
	if (totals.first_us == 0)
		totals.first_us = (uint64_t)clock_wall_us();
	put_client(p);
	buf_printf(&p->envelope, "TLS %s\n", p->w->ssl ? SSL_get_version(p->w->ssl) : "none");
	buf_printf(&p->envelope, "AUTH %s\n", p->authed ? p->o->user : "none");
	note(p, "MAIL", arg);
	p->stage = ST_MAIL;
	return GO_ON;
}

enum next
transaction_mail(struct peer *p, struct span arg)
{
	struct span path, rest;
	const char *wrong;

	if (p->stage == ST_NEW || p->stage > ST_READY) {
		peer_breach(p->stage == ST_NEW ? "MAIL before EHLO" : "MAIL inside a transaction");
		peer_say(p, "503 5.5.1 MAIL out of order");
		return GO_ON;
	}
	if (p->o->user != NULL && !p->authed) {
		peer_say(p, "530 5.7.0 authentication required");
		return GO_ON;
	}
	transaction_forget(p);
	if (!span_istarts(arg, SPAN("FROM:<")) || !path_of(arg, &path, &rest)) {
		peer_breach("MAIL with bad syntax");
		peer_say(p, "501 5.5.4 MAIL FROM:<address>");
		return GO_ON;
	}
	wrong = mail_parameters(p, rest);
	if (wrong != NULL) {
		peer_say(p, wrong);
		return GO_ON;
	}
	return begin_mail(p, arg, path);
}

enum next
transaction_rcpt(struct peer *p, struct span arg)
{
	struct span path, rest;
	enum next n;
	bool ok;

	/* No breach: in a pipelined group MAIL may just have been refused. */
	if (p->stage != ST_MAIL && p->stage != ST_RCPT) {
		peer_say(p, "503 5.5.1 RCPT without MAIL");
		return GO_ON;
	}
	if (!span_istarts(arg, SPAN("TO:<")) || !path_of(arg, &path, &rest) || path.n == 0) {
		peer_breach("RCPT with bad syntax");
		peer_say(p, "501 5.5.4 RCPT TO:<address>");
		return GO_ON;
	}
	if (p->rcpts == RCPTS_MAX) {
		peer_say(p, "452 4.5.3 too many recipients");
		return GO_ON;
	}
	if (rest.n > 0 && !p->o->dsn) {
		peer_say(p, "555 5.5.4 unknown parameter");
		return GO_ON;
	}
	n = peer_answer(p, PH_RCPT, path, "250 2.1.5 recipient ok", &ok);
	if (ok) {
		note(p, "RCPT", arg);
		p->rcpts++;
		p->stage = ST_RCPT;
	}
	return n;
}

/* The whole message is here: judge it, keep it, answer. */
static const char *
judge(struct peer *p)
{
	struct content *c = &p->content;

	content_end(c);
	if (p->o->size > 0 && c->bytes > p->o->size)
		return "552 5.3.4 message exceeds the fixed limit";
	if (p->o->lax)
		return NULL;
	if (p->sized && p->size != c->bytes)
		c->flaw = "another size than MAIL said";
	if (c->eightbit && !p->body8 && c->flaw == NULL)
		c->flaw = "8-bit content without BODY=8BITMIME";
	if (c->flaw == NULL)
		return NULL;
	peer_breach("content: %s (SIZE=%" PRIu64 ", %" PRIu64 " bytes)", c->flaw,
	    p->sized ? p->size : 0, c->bytes);
	return "554 5.6.0 malformed content";
}

static enum next
end_of_data(struct peer *p, const char *via)
{
	const char *wrong = judge(p);
	struct fault f = { ACT_NONE, NULL };
	enum next n;
	bool ok;

	if (wrong != NULL) {
		f = (struct fault){ ACT_REPLY, wrong };
	} else {
		f = rules_at(PH_END, SPAN(""));
	}
	n = peer_answer_as(p, f, "250 2.0.0 accepted", &ok);
	if (ok || f.act == ACT_DROP) {
		note(p, "VIA", span_of(via));
		if (p->o->store != NULL &&
		    keep_store(p->o->store, buf_view(&p->envelope), &p->content) < 0)
			fprintf(stderr, "upstream: cannot write to %s\n", p->o->store);
		keep_accepted(p->rcpts, p->content.bytes);
	}
	transaction_forget(p);
	return n;
}

static void
begin_content(struct peer *p)
{
	if (!p->begun)
		content_begin(&p->content, p->o->store != NULL);
	p->begun = true;
}

/* Lines up to the lone dot, one leading dot less (RFC 5321 §4.5.2). */
static bool
read_stuffed(struct peer *p)
{
	struct span line;

	while (wire_line(p->w, &line)) {
		if (span_eq(line, SPAN(".\r\n")))
			return true;
		if (line.p[0] == '.') {
			line.p++;
			line.n--;
		}
		content_add(&p->content, line);
	}
	return false;
}

enum next
transaction_data(struct peer *p, struct span arg)
{
	enum next n;
	bool ok;

	if (arg.n > 0)
		peer_breach("DATA with an argument");
	if (wire_waiting(p->w) > 0)
		peer_breach("bytes behind DATA");
	if (p->stage != ST_RCPT) {
		peer_say(p, p->stage == ST_MAIL ? "554 5.5.1 no valid recipients" :
		    "503 5.5.1 DATA out of order");
		return GO_ON;
	}
	n = peer_answer(p, PH_DATA, SPAN(""), "354 go on", &ok);
	if (n != GO_ON || !ok)
		return n;
	begin_content(p);
	return read_stuffed(p) ? end_of_data(p, "DATA") : HANG_UP;
}

static bool
read_chunk(struct peer *p, uint64_t n, bool keep)
{
	while (n > 0) {
		struct span s = wire_some(p->w, n > SIZE_MAX ? SIZE_MAX : (size_t)n);

		if (s.n == 0)
			return false;
		if (keep)
			content_add(&p->content, s);
		n -= s.n;
	}
	return true;
}

static bool
chunk_parse(struct span arg, uint64_t *ret_n, bool *ret_last)
{
	struct span word;

	if (!span_cut(&arg, ' ', &word) || text_number(word, UINT64_MAX, ret_n) < 0)
		return false;
	*ret_last = span_ieq(arg, SPAN("LAST"));
	return arg.n == 0 || *ret_last;
}

/* A chunk always travels behind its command, so it is read whatever the answer. */
enum next
transaction_bdat(struct peer *p, struct span arg)
{
	bool last, ok, fits = (p->stage == ST_RCPT || p->stage == ST_BDAT) && !p->failed;
	struct fault f;
	enum next n;
	uint64_t size;

	if (!p->o->chunking) {
		peer_say(p, "502 5.5.1 BDAT not implemented");
		return GO_ON;
	}
	if (!chunk_parse(arg, &size, &last)) {
		peer_breach("BDAT with bad syntax");
		peer_say(p, "501 5.5.4 BDAT size [LAST]");
		return HANG_UP;
	}
	if (fits)
		begin_content(p);
	if (!read_chunk(p, size, fits))
		return HANG_UP;
	if (!fits) {
		peer_say(p, p->stage == ST_MAIL ? "554 5.5.1 no valid recipients" :
		    "503 5.5.1 BDAT out of order");
		return GO_ON;
	}
	p->stage = ST_BDAT;
	f = rules_at(PH_BDAT, SPAN(""));
	if (last && f.act == ACT_NONE)
		return end_of_data(p, "BDAT");
	n = peer_answer_as(p, f, "250 2.0.0 chunk ok", &ok);
	p->failed = !ok;
	return n;
}

enum next
transaction_rset(struct peer *p, struct span arg)
{
	bool ok;

	(void)arg;
	transaction_forget(p);
	return peer_answer(p, PH_RSET, SPAN(""), "250 2.0.0 forgotten", &ok);
}
