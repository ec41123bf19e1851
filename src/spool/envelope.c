/*
 * envelope.c - the envelope in memory, and its lines to bytes; the way back,
 * which must mistrust everything, is envelope_parse.c.
 */
#include "spool/envelope.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define TABLE_FIRST 64

void
envelope_init(struct envelope *e)
{
	*e = (struct envelope){ 0 };
}

void
envelope_done(struct envelope *e)
{
	for (size_t i = 0; i < e->nrcpts; i++) {
		addr_free(e->rcpts[i].addr);
		free(e->rcpts[i].orcpt);
	}
	free(e->rcpts);
	free(e->table);
	addr_free(e->sender);
	free(e->host);
	free(e->user);
	free(e->full_name);
	free(e->envid);
	envelope_forget_via(e);
	envelope_init(e);
}

void
envelope_forget_via(struct envelope *e)
{
	free(e->via.address);
	free(e->via.helo);
	free(e->via.with);
	free(e->via.user);
	e->via = (struct via){ 0 };
}

/* ---- recipients, each once ---- */

/* FNV-1a, the domain's case folded: equal for what addr_eq calls equal. */
static size_t
hash(const struct addr *a)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < a->n; i++) {
		unsigned char c = (unsigned char)a->text[i];

		if (i > a->local_n && c >= 'A' && c <= 'Z')
			c = (unsigned char)(c + 32);
		h = (h ^ c) * 16777619u;
	}
	return h;
}

/* The slot where a is, or where it would go. */
static unsigned *
slot(const struct envelope *e, const struct addr *a)
{
	size_t i = hash(a) & (e->table_cap - 1);

	while (e->table[i] != 0 && !addr_eq(e->rcpts[e->table[i] - 1].addr, a))
		i = (i + 1) & (e->table_cap - 1);
	return &e->table[i];
}

/* Table and list grow together: half full is as full as the table gets. */
static void
grow(struct envelope *e)
{
	e->table_cap = e->table_cap == 0 ? TABLE_FIRST : e->table_cap * 2;
	free(e->table);
	e->table = xcalloc(e->table_cap, sizeof(*e->table));
	for (size_t i = 0; i < e->nrcpts; i++)
		*slot(e, e->rcpts[i].addr) = (unsigned)i + 1;
	e->rcpts = xrealloc(e->rcpts, e->table_cap / 2 * sizeof(*e->rcpts));
}

/*
 * A table and not a walk of the list: 10,000 recipients, which anybody may
 * submit, would cost the daemon a quarter of a second.
 */
int
envelope_add(struct envelope *e, struct addr *addr)
{
	unsigned *s;

	if (e->nrcpts >= e->table_cap / 2)
		grow(e);
	s = slot(e, addr);
	if (*s != 0) {
		addr_free(addr);
		return 0;
	}
	if (e->nrcpts >= ENVELOPE_MAX_RCPTS) {
		addr_free(addr);
		return -E2BIG;
	}
	e->rcpts[e->nrcpts++] = (struct rcpt){ .addr = addr };
	*s = (unsigned)e->nrcpts;
	return 0;
}

/* ---- words ---- */

static const struct {
	const char *word;
	unsigned    bit;
} notify_words[] = {
	{ "success", NOTIFY_SUCCESS },
	{ "failure", NOTIFY_FAILURE },
	{ "delay", NOTIFY_DELAY },
	{ "never", NOTIFY_NEVER },
};

static unsigned
notify_bit(struct span word)
{
	for (size_t i = 0; i < sizeof(notify_words) / sizeof(notify_words[0]); i++)
		if (span_ieq(word, span_of(notify_words[i].word)))
			return notify_words[i].bit;
	return 0;
}

/* RFC 3461 §4.1: "never" stands alone. */
int
envelope_notify(struct span s, unsigned *ret)
{
	struct span word;
	unsigned    bits = 0, bit;

	while (span_cut(&s, ',', &word)) {
		if ((bit = notify_bit(span_trim(word))) == 0)
			return -EINVAL;
		bits |= bit;
	}
	if (bits == 0 || ((bits & NOTIFY_NEVER) != 0 && bits != NOTIFY_NEVER))
		return -EINVAL;
	*ret = bits;
	return 0;
}

int
envelope_ret(struct span s, enum ret_mode *ret)
{
	if (span_ieq(s, SPAN("full")))
		*ret = RET_FULL;
	else if (span_ieq(s, SPAN("hdrs")))
		*ret = RET_HDRS;
	else
		return -EINVAL;
	return 0;
}

int
envelope_body(struct span s, enum body_type *ret)
{
	if (span_ieq(s, SPAN("7bit")))
		*ret = BODY_7BIT;
	else if (span_ieq(s, SPAN("8bitmime")))
		*ret = BODY_8BITMIME;
	else
		return -EINVAL;
	return 0;
}

bool
envelope_envid_ok(struct span s)
{
	struct buf raw;
	bool       ok;

	buf_init(&raw, ENVELOPE_MAX_ENVID);
	ok = s.n > 0 && s.n <= ENVELOPE_MAX_ENVID && text_xtext(s, &raw) == 0;
	buf_done(&raw);
	return ok;
}

/* ---- to bytes ---- */

static void
put_line(struct buf *b, const char *name, struct span value)
{
	buf_printf(b, "%s ", name);
	text_put_percent(b, value);
	buf_char(b, '\n');
}

static void
put_rcpt(struct buf *b, const struct rcpt *r)
{
	char sep = '=';

	buf_str(b, "recipient ");
	text_put_percent(b, (struct span){ r->addr->text, r->addr->n });
	if (r->notify != 0)
		buf_str(b, " notify");
	for (size_t i = 0; i < sizeof(notify_words) / sizeof(notify_words[0]); i++)
		if ((r->notify & notify_words[i].bit) != 0) {
			buf_printf(b, "%c%s", sep, notify_words[i].word);
			sep = ',';
		}
	if (r->orcpt != NULL) {
		buf_str(b, " orcpt=");
		text_put_percent(b, span_of(r->orcpt));
	}
	buf_char(b, '\n');
}

static void
put_options(struct buf *b, const struct envelope *e)
{
	if (e->ret == RET_UNSET && e->envid == NULL && e->body == BODY_UNSET && !e->smtputf8)
		return;
	buf_str(b, "option");
	if (e->ret != RET_UNSET)
		buf_printf(b, " ret=%s", e->ret == RET_FULL ? "full" : "hdrs");
	if (e->envid != NULL) {
		buf_str(b, " envid=");
		text_put_percent(b, span_of(e->envid));
	}
	if (e->body != BODY_UNSET)
		buf_printf(b, " body=%s", e->body == BODY_7BIT ? "7bit" : "8bitmime");
	if (e->smtputf8)
		buf_str(b, " smtputf8");
	buf_char(b, '\n');
}

static void
put_via(struct buf *b, const struct via *v)
{
	if (v->address == NULL)
		return;
	buf_str(b, "via ");
	text_put_percent(b, span_of(v->address));
	buf_char(b, ' ');
	text_put_percent(b, span_of(v->with));
	buf_str(b, " helo=");
	text_put_percent(b, span_of(v->helo));
	if (v->user != NULL) {
		buf_str(b, " user=");
		text_put_percent(b, span_of(v->user));
	}
	buf_char(b, '\n');
}

void
envelope_put(struct buf *b, const struct envelope *e)
{
	buf_printf(b, "time %lld.%06d\n", (long long)(e->time_us / 1000000),
	    (int)(e->time_us % 1000000));
	put_line(b, "host", span_of(e->host));
	buf_printf(b, "from-user %lu", (unsigned long)e->uid);
	if (e->user != NULL) {
		buf_char(b, ' ');
		text_put_percent(b, span_of(e->user));
	}
	buf_char(b, '\n');
	if (e->full_name != NULL)
		put_line(b, "full-name", span_of(e->full_name));
	if (e->sender != NULL)
		put_line(b, "sender", (struct span){ e->sender->text, e->sender->n });
	for (size_t i = 0; i < e->nrcpts; i++)
		put_rcpt(b, &e->rcpts[i]);
	put_options(b, e);
	put_via(b, &e->via);
	buf_char(b, '\n');
}
