#include "cargo.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define MEDIUM_BYTES (180u << 10)       /* more than a session has in memory at a time */
#define HUGE_BYTES   (20u << 20)
#define MAX_BODY     (32u << 20)

static const char tricky[] =
    "a line\r\n"
    ".\r\n"
    "..\r\n"
    ".hidden\r\n"
    "\r\n"
    "QUIT\r\n"
    "RSET\r\n"
    "MAIL FROM:<mallory@example.net>\r\n"
    "RCPT TO:<mallory@example.net>\r\n"
    "the end.\r\n";

static ssize_t
read_body(void *arg, uint64_t at, void *p, size_t n)
{
	const struct cargo *c = arg;

	if (at >= c->body.n)
		return 0;
	if (n > c->body.n - at)
		n = (size_t)(c->body.n - at);
	if (at + n > c->broken_at) {
		if (at >= c->broken_at)
			return -EIO;
		n = (size_t)(c->broken_at - at);
	}
	memcpy(p, c->body.p + at, n);
	return (ssize_t)n;
}

static void
fill_body(struct cargo *c, uint64_t bytes)
{
	char line[96];
	int  n = snprintf(line, sizeof(line), "%s of a long one, to fill seventy columns or so.\r\n.and a dot\r\n", c->id);

	buf_str(&c->body, tricky);
	if (c->eightbit)
		buf_str(&c->body, "gr\xc3\xbc\xc3\x9f" "e\r\n");
	while (c->body.n < bytes)
		buf_add(&c->body, line, (size_t)n);
}

static struct addr *
address(const char *local, bool utf8)
{
	char         text[64];
	struct addr *a;

	snprintf(text, sizeof(text), "%s%s@example.net", local, utf8 ? "\xc3\xbc" : "");
	a = addr_parse(span_of(text), NULL);
	assert(a != NULL);
	return a;
}

static void
add_rcpt(struct cargo *c, const char *local)
{
	struct rcpt *r;

	if (envelope_add(&c->msg.env, address(local, c->utf8)) != 0)
		abort();
	r = &c->msg.env.rcpts[c->nrcpt++];
	if (c->msg.env.ret == RET_HDRS) {
		r->notify = NOTIFY_SUCCESS | NOTIFY_DELAY;
		r->orcpt = xstrdup("rfc822;orig@example.net");
	}
}

static void
add_letter(struct cargo *c, char letter)
{
	char local[2] = { letter, '\0' };

	assert(c->nrcpt < CARGO_MAX_RCPTS);
	add_rcpt(c, local);
}

static void
add_wide(struct cargo *c)
{
	char local[16];

	for (unsigned i = 0; i < CARGO_WIDE; i++) {
		snprintf(local, sizeof(local), "wide%u", i);
		add_rcpt(c, local);
	}
}

static void
load_one(struct cargo *c, struct span spec, size_t no)
{
	uint64_t bytes = 0;
	bool     null = false, sealed = false;
	char     from[16];

	memset(c, 0, sizeof(*c));
	c->broken_at = UINT64_MAX;
	snprintf(c->id, sizeof(c->id), "cargo-%zu", no);
	snprintf(from, sizeof(from), "sender%zu", no);
	buf_init(&c->head, 4096);
	buf_init(&c->body, MAX_BODY);
	envelope_init(&c->msg.env);
	for (size_t i = 0; i < spec.n; i++) {
		switch (spec.p[i]) {
		case '8': c->eightbit = true; break;
		case 'u': c->utf8 = true; break;
		case 'G': sealed = true; break;
		case '0': null = true; break;
		case 'M': bytes = MEDIUM_BYTES; break;
		case 'H': bytes = HUGE_BYTES; break;
		case 'X': bytes = 2u << 20; break;
		case 'E': c->broken_at = 0; break;
		case 'L': bytes = MEDIUM_BYTES; c->broken_at = 150000; break;
		case 'D': c->msg.env.ret = RET_HDRS; c->msg.env.envid = xstrdup("envelope+20id"); break;
		case 'W': add_wide(c); break;
		default:  add_letter(c, spec.p[i]);
		}
	}
	c->msg.env.sender = null ? addr_null() : address(from, c->utf8);
	c->msg.id = 0xABC0000000000000u + no;
	c->msg.fd = -1;
	c->msg.eightbit = c->eightbit;
	c->msg.dots = true;
	c->msg.longest = 200;           /* or less, which is as good */
	buf_printf(&c->head, "Received: by test; id %s\r\nMessage-ID: <%s@example.net>\r\n%s\r\n", c->id, c->id,
	    sealed ? "DKIM-Signature: v=1; a=rsa-sha256; b=AAAA\r\n" : "");
	fill_body(c, bytes);
	c->msg.size = c->body.n;
	c->end = xcalloc(c->nrcpt, sizeof(*c->end));
}

size_t
cargo_load(const char *spec, struct cargo to[static CARGO_MAX])
{
	struct span rest = span_of(spec), one;
	size_t      n = 0;

	while (span_cut(&rest, '|', &one)) {
		assert(n < CARGO_MAX);
		load_one(&to[n], one, n + 1);
		n++;
	}
	return n;
}

void
cargo_done(struct cargo *c)
{
	envelope_done(&c->msg.env);
	buf_done(&c->head);
	buf_done(&c->body);
	free(c->end);
}

struct mail *
cargo_mail(struct cargo *c, const bool *these)
{
	struct mail *m = xcalloc(1, sizeof(*m));

	m->msg = &c->msg;
	m->owner = c;
	m->from = addr_dup(c->msg.env.sender);
	m->rcpt = xcalloc(c->nrcpt, sizeof(*m->rcpt));
	for (size_t i = 0; i < c->nrcpt; i++) {
		if (these != NULL && !these[i])
			continue;
		m->rcpt[m->nrcpt].index = i;
		m->rcpt[m->nrcpt++].to = addr_dup(c->msg.env.rcpts[i].addr);
	}
	buf_init(&m->head, 4096);
	buf_span(&m->head, buf_view(&c->head));
	m->content = (struct body_source){
		.head = buf_view(&m->head), .read = read_body, .arg = c, .n = c->body.n,
	};
	m->eightbit = c->eightbit;
	m->utf8 = c->utf8;
	return m;
}

struct cargo *
cargo_of(const struct mail *m)
{
	return m->owner;
}

char
cargo_letter(enum verdict v)
{
	static const char letters[] = {
		[VERDICT_NONE] = 'N', [VERDICT_SENT] = 'S', [VERDICT_DEFER] = 'D', [VERDICT_REJECT] = 'R',
		[VERDICT_SPLIT] = 'X', [VERDICT_RECONNECT] = 'T', [VERDICT_PAUSE] = 'P',
		[VERDICT_CREDENTIAL] = 'C', [VERDICT_CONFIG] = 'F',
	};

	return letters[v];
}

void
cargo_put_letters(const struct cargo *c, struct buf *b)
{
	char first = cargo_letter(c->end[0].status.verdict);

	for (size_t i = 0; i < c->nrcpt; i++) {
		char letter = cargo_letter(c->end[i].status.verdict);

		if (c->nrcpt <= CARGO_MAX_RCPTS) {
			buf_char(b, letter);
		} else if (letter != first) {
			buf_char(b, '?');
			return;
		}
	}
	if (c->nrcpt > CARGO_MAX_RCPTS)
		buf_char(b, first);
}

/* ---- checks ---- */

static void
complain(struct buf *out, const struct cargo *c, size_t rcpt, const char *what)
{
	const struct status *s = &c->end[rcpt].status;

	buf_printf(out, "%s to %s: %s (%c %d %s \"%s\")\n", c->id, c->msg.env.rcpts[rcpt].addr->text, what,
	    cargo_letter(s->verdict), s->code, s->dsn, s->text);
}

static bool
is_one_line(const char *text)
{
	for (; *text != '\0'; text++) {
		if (iscntrl((unsigned char)*text))
			return false;
	}
	return true;
}

/* Of the enhanced code: does its class fit the verdict? */
static bool
class_fits(const struct status *s)
{
	switch (s->verdict) {
	case VERDICT_SENT:
		return s->dsn[0] == '2';
	case VERDICT_REJECT:
		return s->dsn[0] == '5';
	case VERDICT_DEFER:
		return s->dsn[0] == '4' || s->code / 100 == 5;
	default:
		return s->dsn[0] == '4' || s->dsn[0] == '5';
	}
}

void
cargo_check_verdicts(const struct cargo *c, struct buf *out)
{
	for (size_t i = 0; i < c->nrcpt; i++) {
		const struct end    *e = &c->end[i];
		const struct status *s = &e->status;

		if (e->finals + e->kept != 1) {
			buf_printf(out, "%u verdicts, %u times kept: ", e->finals, e->kept);
			complain(out, c, i, "not exactly one");
		}
		if (e->finals == 0)
			continue;
		if ((s->text[0] == '\0' && s->code == 0) || !is_one_line(s->text))
			complain(out, c, i, "no printable line of text");
		if (!class_fits(s))
			complain(out, c, i, "class of the enhanced code");
		if (s->verdict == VERDICT_SENT && s->code / 100 != 2)
			complain(out, c, i, "sent without a 2xx");
		if (s->verdict == VERDICT_REJECT && s->code / 100 != 5 && s->code != 0)
			complain(out, c, i, "rejected without a 5xx");
	}
}

/* Quoted-printable (RFC 2045 §6.7), as strict as can be. */
static bool
decode_qp(struct span s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		struct span hex = { s.p + i + 1, 2 };
		uint64_t    octet;

		if ((unsigned char)s.p[i] > 126)
			return false;
		if (s.p[i] != '=') {
			buf_char(out, s.p[i]);
			continue;
		}
		if (i + 2 >= s.n)
			return false;
		i += 2;
		if (memcmp(hex.p, "\r\n", 2) == 0)
			continue;
		if (text_hex(hex, &octet) < 0)
			return false;
		buf_char(out, (char)octet);
	}
	return true;
}

/* Is it c, sent to a server that takes no 8-bit content? */
static bool
is_re_encoded(const struct cargo *c, struct span got)
{
	static const struct span added = SPAN("MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
	struct span fields = { c->head.p, c->head.n - 2 };
	struct buf  body;
	bool        same;

	if (!c->eightbit || !span_starts(got, fields))
		return false;
	got.p += fields.n;
	got.n -= fields.n;
	if (!span_starts(got, added))
		return false;
	got.p += added.n;
	got.n -= added.n;
	buf_init(&body, MAX_BODY);
	same = decode_qp(got, &body) && span_eq(buf_view(&body), buf_view(&c->body));
	buf_done(&body);
	return same;
}

static struct cargo *
cargo_in(struct cargo *c, size_t n, const struct accepted *a)
{
	struct span got = buf_view(&a->content);

	for (size_t i = 0; i < n; i++) {
		struct span head = buf_view(&c[i].head), body = buf_view(&c[i].body);

		if (got.n == head.n + body.n && memcmp(got.p, head.p, head.n) == 0
		    && memcmp(got.p + head.n, body.p, body.n) == 0)
			return &c[i];
		if (is_re_encoded(&c[i], got))
			return &c[i];
	}
	return NULL;
}

/* The index of `who` among c's recipients, or -1. */
static int
rcpt_in(const struct cargo *c, const char *who)
{
	for (size_t i = 0; i < c->nrcpt; i++) {
		if (strcmp(c->msg.env.rcpts[i].addr->text, who) == 0)
			return (int)i;
	}
	return -1;
}

static void
check_envelope(const struct cargo *c, const struct accepted *a, struct buf *out)
{
	const char *from = addr_is_null(c->msg.env.sender) ? "" : c->msg.env.sender->text;

	if (strcmp(from, a->from) != 0)
		buf_printf(out, "%s was accepted with the sender <%s>, not <%s>\n", c->id, a->from, from);
	for (size_t i = 0; i < a->nrcpt; i++) {
		if (rcpt_in(c, a->rcpt[i]) < 0)
			buf_printf(out, "%s was accepted for <%s>, whose it is not\n", c->id, a->rcpt[i]);
	}
}

static void
check_rcpt(struct cargo *c, size_t rcpt, const struct accepted *all, bool reliable, struct buf *out)
{
	enum verdict v = c->end[rcpt].status.verdict;
	unsigned     taken = 0, told = 0, vague = 0;

	for (const struct accepted *a = all; a != NULL; a = a->next) {
		if (cargo_in(c, 1, a) == NULL)
			continue;
		for (size_t i = 0; i < a->nrcpt; i++) {
			if (strcmp(c->msg.env.rcpts[rcpt].addr->text, a->rcpt[i]) != 0)
				continue;
			taken++;
			told += a->told == TOLD;
			vague += a->told != TOLD;
		}
	}
	if (v == VERDICT_SENT && taken == 0)
		complain(out, c, rcpt, "sent, but the upstream has it not");
	if (!reliable)
		return;
	if (told > 1 || (told == 1 && v != VERDICT_SENT))
		complain(out, c, rcpt, "the upstream said it has it, and that was read");
	if (v == VERDICT_SENT && told == 0 && vague == 0)
		complain(out, c, rcpt, "sent without an answer");
}

void
cargo_check_accepted(struct cargo *c, size_t n, const struct accepted *all, bool reliable, struct buf *out)
{
	for (const struct accepted *a = all; a != NULL; a = a->next) {
		const struct cargo *own = cargo_in(c, n, a);

		if (own == NULL)
			buf_printf(out, "%zu bytes from <%s> were accepted that are none of ours\n",
			    a->content.n, a->from);
		else
			check_envelope(own, a, out);
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < c[i].nrcpt; k++)
			check_rcpt(&c[i], k, all, reliable, out);
	}
}
