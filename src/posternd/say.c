/* say.c - see say.h. */
#include "posternd/say.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "net/tls_report.h"
#include "posternd/advice.h"
#include "posternd/records.h"

#define RECORD_MAX (1u << 20)

/* Each as soon as it is known: somebody sits and waits. */
static void
out(struct buf *b)
{
	fwrite(buf_cstr(b), 1, b->n, stdout);
	putchar('\n');
	fflush(stdout);
	buf_done(b);
}

static void
begin(struct buf *b, const char *kind)
{
	buf_init(b, RECORD_MAX);
	buf_str(b, kind);
}

void
say_begin(struct say *s, const struct relay_conf *r)
{
	static const char *const modes[] = {
		[TLS_IMPLICIT] = "implicit", [TLS_STARTTLS] = "starttls", [TLS_NONE] = "none",
	};
	struct buf b;

	*s = (struct say){ .relay = r, .last_ms = clock_mono_ms() };
	begin(&b, "relay");
	record_text(&b, "name", r->name);
	record_text(&b, "provider", r->provider);
	record_text(&b, "host", r->host);
	buf_printf(&b, " port=%u tls=%s", r->port, modes[r->tls]);
	record_text(&b, "user", r->user);
	record_text(&b, "from", r->from != NULL ? r->from->text : NULL);
	out(&b);
}

void
say_rest(struct say *s)
{
	s->last_ms = clock_mono_ms();
}

/* ---- steps ---- */

static void
put_step(struct say *s, const char *name, int64_t ms, int code, const char *text)
{
	struct buf b;

	s->last_ms = clock_mono_ms();
	begin(&b, "step");
	buf_printf(&b, " name=%s ms=%lld ok=%d", name, (long long)ms, code < 400);
	if (code > 0)
		buf_printf(&b, " code=%d", code);
	record_text(&b, "text", text);
	out(&b);
}

static int64_t
since_last(const struct say *s)
{
	return clock_mono_ms() - s->last_ms;
}

void
say_step(struct say *s, const char *name, const char *text)
{
	put_step(s, name, since_last(s), 0, text);
}

static void
dialled(struct say *s, const struct dialled *d)
{
	int64_t ms = since_last(s);
	char text[400];

	if (d->resolver) {
		snprintf(s->step, sizeof(s->step), "resolve");
		return;
	}
	if (d->resolve_ms > 0 || d->addresses > 1) {
		snprintf(text, sizeof(text), "%s has %zu address%s", s->relay->host, d->addresses,
		    d->addresses == 1 ? "" : "es");
		put_step(s, "resolve", d->resolve_ms, 0, text);
	}
	if (d->fd >= 0)
		put_step(s, "connect", ms - d->resolve_ms, 0, d->address);
}

static void
put_cert(const struct tls_cert *c)
{
	struct buf b;

	begin(&b, "cert");
	record_text(&b, "subject", c->subject);
	record_text(&b, "issuer", c->issuer);
	record_text(&b, "names", c->names);
	record_text(&b, "key", c->key);
	record_text(&b, "pin", c->pin);
	buf_printf(&b, " not_before=%lld not_after=%lld", (long long)c->from_s, (long long)c->until_s);
	out(&b);
}

/* Whether it came to its end or not. */
static void
put_report(const struct ssl_st *ssl)
{
	struct tls_report *r = tls_report(ssl);
	struct buf b;

	if (r == NULL)
		return;
	begin(&b, "tls");
	record_text(&b, "version", r->version);
	record_text(&b, "cipher", r->cipher);
	buf_printf(&b, " resumed=%d", r->resumed);
	record_text(&b, "checked", r->checked);
	record_text(&b, "failure", r->failure);
	out(&b);
	for (size_t i = 0; i < r->n; i++)
		put_cert(&r->certs[i]);
	tls_report_free(r);
}

/* What a handshake that came to its end means, not only that it did. */
static void
secured(struct say *s, const char *summary, const struct ssl_st *ssl)
{
	struct tls_report *r = tls_report(ssl);
	char text[600];

	snprintf(text, sizeof(text), "%s; checked: %s", summary, r == NULL ? "nothing" :
	    r->resumed ? "when the session began" : r->checked);
	tls_report_free(r);
	put_step(s, "TLS", since_last(s), 0, text);
}

/* Of EHLO what is offered; the first line is the server's name. */
static void
put_offers(struct buf *b, const struct reply *r)
{
	struct span rest = buf_view(&r->lines), line;
	size_t n = 0;

	while (span_cut(&rest, '\n', &line)) {
		if (n++ == 0)
			continue;
		buf_str(b, n > 2 ? ", " : "offers ");
		buf_span(b, line);
	}
	if (n < 2)
		buf_str(b, "offers nothing");
}

/* "from <a@b>: 250 2.1.0 OK" */
static void
put_answer(struct say *s, struct buf *b, const struct heard *h)
{
	const struct reply *r = h->reply;

	if (strcmp(h->step, "MAIL") == 0)
		buf_printf(b, "from <%s>: ", h->mail->from->text);
	else if (strcmp(h->step, "RCPT") == 0)
		buf_printf(b, "to <%s>: ", h->mail->rcpt[h->rcpt].to->text);
	else if (strcmp(h->step, "AUTH") == 0)
		buf_printf(b, "%s: ", s->mechanism);
	else if (strcmp(h->step, "end of data") == 0 && s->octets > 0)
		buf_printf(b, "%llu octets by %s: ", (unsigned long long)s->octets, s->by);
	buf_printf(b, "%d%s%s %s", r->code, r->dsn[0] != '\0' ? " " : "", r->dsn, buf_cstr(&r->text));
}

static void
replied(struct say *s, const struct heard *h)
{
	const char *name = h->step;
	struct buf b;

	if (strcmp(name, "RSET") == 0 && h->reply->code < 400)
		return;                 /* between two messages; no step of anything */
	if (strcmp(name, "banner") == 0)
		name = "greeting";
	else if (strcmp(name, "end of data") == 0)
		name = "content";
	buf_init(&b, RECORD_MAX);
	if (strcmp(name, "EHLO") == 0 && h->reply->code < 400)
		put_offers(&b, h->reply);
	else
		put_answer(s, &b, h);
	put_step(s, name, since_last(s), h->reply->code, buf_cstr(&b));
	buf_done(&b);
}

void
say_heard(void *arg, const struct heard *h)
{
	struct say *s = arg;

	switch (h->what) {
	case HEARD_STEP:
		/* Parting is no step that a login can fail at. */
		if (strcmp(h->step, "QUIT") != 0 && strcmp(h->step, "dead") != 0)
			snprintf(s->step, sizeof(s->step), "%s", h->step);
		break;
	case HEARD_DIALLED:
		dialled(s, h->dialled);
		break;
	case HEARD_SECURE:
		secured(s, h->text, h->ssl);
		put_report(h->ssl);
		break;
	case HEARD_INSECURE:
		put_report(h->ssl);
		break;
	case HEARD_MECHANISM:
		snprintf(s->mechanism, sizeof(s->mechanism), "%s", h->text);
		break;
	case HEARD_CONTENT:
		s->octets = h->octets;
		snprintf(s->by, sizeof(s->by), "%s", h->text);
		break;
	case HEARD_REPLY:
		if (strcmp(h->step, "QUIT") != 0)
			snprintf(s->step, sizeof(s->step), "%s", h->step);
		replied(s, h);
		break;
	}
}

/* ---- ends ---- */

static void
put_status(struct buf *b, const struct status *st)
{
	buf_printf(b, " verdict=%s code=%d", verdict_name(st->verdict), st->code);
	record_text(b, "dsn", st->dsn);
	record_text(b, "text", st->text);
}

void
say_recipient(const struct mail_rcpt *to)
{
	struct buf b;

	begin(&b, "recipient");
	record_text(&b, "addr", to->to->text);
	put_status(&b, &to->status);
	record_text(&b, "hint", to->status.hint);
	out(&b);
}

void
say_again(const char *text)
{
	struct buf b;

	begin(&b, "again");
	record_text(&b, "text", text);
	out(&b);
}

void
say_trouble(const struct say *s, const struct status *st)
{
	struct buf b, hint;

	buf_init(&hint, RECORD_MAX);
	if (st->hint != NULL)
		buf_str(&hint, st->hint);
	else
		advice_put(&hint, s->step, st, s->relay);
	begin(&b, "trouble");
	record_text(&b, "step", strcmp(s->step, "banner") == 0 ? "greeting" : s->step);
	put_status(&b, st);
	record_span(&b, "hint", buf_view(&hint));
	out(&b);
	buf_done(&hint);
}

void
say_wire(const char *part, struct span lines)
{
	struct span line;
	struct buf b;

	while (span_cut(&lines, '\n', &line)) {
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if (line.n == 0)
			continue;               /* the end of the header */
		begin(&b, "wire");
		record_text(&b, "part", part);
		record_span(&b, "text", line);
		out(&b);
	}
}

void
say_error(const char *text)
{
	struct buf b;

	begin(&b, "error");
	record_text(&b, "text", text);
	out(&b);
}
