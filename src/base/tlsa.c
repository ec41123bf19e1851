#include "base/tlsa.h"

#include <string.h>

#include "base/text.h"

#define HEADER_BYTES 12
#define WIRE_NAME_MAX 255               /* RFC 1035 §2.3.4 */
#define LABEL_MAX    63
#define ROOM         1232               /* of a UDP answer that no router cuts */
#define ALIASES_MAX  8

#define TYPE_CNAME 5
#define TYPE_OPT   41
#define TYPE_TLSA  52
#define CLASS_IN   1

/* Second octet pair of the header. */
#define FLAG_QR     0x8000
#define FLAG_OPCODE 0x7800
#define FLAG_TC     0x0200
#define FLAG_RD     0x0100
#define FLAG_AD     0x0020
#define MASK_RCODE  0x000f

/* A name as the wire has it, without compression and in small letters. */
struct name {
	size_t        n;
	unsigned char octets[WIRE_NAME_MAX];
};

/* ---- the question ---- */

static void
put16(struct buf *b, unsigned v)
{
	buf_char(b, (char)(v >> 8));
	buf_char(b, (char)v);
}

static bool
put_host(struct buf *b, struct span host)
{
	size_t before = b->n;
	struct span label;

	if (host.n > 0 && host.p[host.n - 1] == '.')
		host.n--;
	while (span_cut(&host, '.', &label)) {
		if (label.n == 0 || label.n > LABEL_MAX)
			return false;
		buf_char(b, (char)label.n);
		buf_span(b, label);
	}
	buf_char(b, '\0');
	return b->n > before + 1 && b->n - before <= WIRE_NAME_MAX;
}

bool
tlsa_question(const char *host, unsigned port, uint16_t id, struct buf *b)
{
	size_t at = b->n;
	struct buf name;
	bool good;

	put16(b, id);
	put16(b, FLAG_RD | FLAG_AD);
	put16(b, 1);
	put16(b, 0);
	put16(b, 0);
	put16(b, 1);
	buf_init(&name, 512);
	buf_printf(&name, "_%u._tcp.%s", port, host);
	good = !name.over && put_host(b, buf_view(&name));
	buf_done(&name);
	put16(b, TYPE_TLSA);
	put16(b, CLASS_IN);
	buf_char(b, '\0');              /* the root's OPT: version 0, no flags, no options */
	put16(b, TYPE_OPT);
	put16(b, ROOM);
	put16(b, 0);
	put16(b, 0);
	put16(b, 0);
	if (!good || b->over)
		buf_cut(b, at);
	return good && !b->over;
}

/* ---- the answer ---- */

static unsigned
at8(struct span s, size_t i)
{
	return (unsigned char)s.p[i];
}

static unsigned
at16(struct span s, size_t i)
{
	return at8(s, i) << 8 | at8(s, i + 1);
}

static bool
add_label(struct span s, size_t at, size_t n, struct name *ret)
{
	if (ret->n + 1 + n + 1 > WIRE_NAME_MAX || at + n > s.n)
		return false;
	ret->octets[ret->n++] = (unsigned char)n;
	for (size_t i = 0; i < n; i++) {
		unsigned c = at8(s, at + i);

		ret->octets[ret->n++] = (unsigned char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
	}
	return true;
}

/*
 * RFC 1035 §4.1.4.  A pointer may only lead to what is before the part that
 * it ends, so this comes to an end whatever the octets are.
 */
static bool
take_name(struct span s, size_t *at, struct name *ret)
{
	size_t i = *at, part = *at;
	bool jumped = false;

	ret->n = 0;
	for (;;) {
		unsigned c;

		if (i >= s.n)
			return false;
		c = at8(s, i);
		if (c == 0)
			break;
		if (c <= LABEL_MAX) {
			if (!add_label(s, i + 1, c, ret))
				return false;
			i += 1 + c;
			continue;
		}
		if (c < 0xc0 || i + 2 > s.n || (at16(s, i) & 0x3fff) >= part)
			return false;
		if (!jumped)
			*at = i + 2;
		jumped = true;
		i = part = at16(s, i) & 0x3fff;
	}
	ret->octets[ret->n++] = 0;
	if (!jumped)
		*at = i + 1;
	return true;
}

static bool
same_name(const struct name *a, const struct name *b)
{
	return a->n == b->n && memcmp(a->octets, b->octets, a->n) == 0;
}

/* RFC 6698 §2.1.  False: there are too many. */
static bool
take_record(struct span data, struct tlsa_answer *ret)
{
	struct tlsa *t;

	if (data.n < 4 || data.n - 3 > TLSA_DATA_MAX) {
		ret->passed_over++;
		return true;
	}
	if (ret->n == TLSA_MAX)
		return false;
	t = &ret->records[ret->n++];
	t->usage = (uint8_t)at8(data, 0);
	t->selector = (uint8_t)at8(data, 1);
	t->type = (uint8_t)at8(data, 2);
	t->n = (uint8_t)(data.n - 3);
	memcpy(t->data, data.p + 3, t->n);
	return true;
}

struct walk {
	struct span answer;
	size_t      at;
	struct name want;               /* what was asked for, or the alias it led to */
	unsigned    aliases;
};

static const char *
take_one(struct walk *w, struct tlsa_answer *ret)
{
	struct name owner;
	unsigned type, class;
	struct span data;
	size_t inside;

	if (!take_name(w->answer, &w->at, &owner) || w->at + 10 > w->answer.n)
		return "it is cut short";
	type = at16(w->answer, w->at);
	class = at16(w->answer, w->at + 2);
	data = (struct span){ w->answer.p + w->at + 10, at16(w->answer, w->at + 8) };
	inside = w->at + 10;
	if (data.n > w->answer.n - inside)
		return "it is cut short";
	w->at = inside + data.n;
	if (class != CLASS_IN || !same_name(&owner, &w->want))
		return NULL;
	if (type == TYPE_TLSA)
		return take_record(data, ret) ? NULL : "it has more than 16 records";
	if (type == TYPE_CNAME && (++w->aliases > ALIASES_MAX || !take_name(w->answer, &inside, &w->want) ||
	    inside != w->at))
		return "its aliases lead nowhere";
	return NULL;
}

bool
tlsa_answer(struct span answer, struct span question, struct tlsa_answer *ret, const char **ret_why)
{
	struct walk w = { .answer = answer, .at = HEADER_BYTES };
	size_t asked_at = HEADER_BYTES;
	struct name asked;
	unsigned flags;

	memset(ret, 0, sizeof(*ret));
	*ret_why = "it answers another question";
	if (answer.n < HEADER_BYTES || question.n < HEADER_BYTES || at16(answer, 0) != at16(question, 0))
		return false;
	flags = at16(answer, 2);
	if ((flags & FLAG_QR) == 0 || (flags & FLAG_OPCODE) != 0 || at16(answer, 4) != 1 ||
	    !take_name(question, &asked_at, &asked) || !take_name(answer, &w.at, &w.want) ||
	    !same_name(&asked, &w.want) || w.at + 4 > answer.n ||
	    at16(answer, w.at) != TYPE_TLSA || at16(answer, w.at + 2) != CLASS_IN)
		return false;
	w.at += 4;
	ret->truncated = (flags & FLAG_TC) != 0;
	ret->secure = (flags & FLAG_AD) != 0;
	ret->rcode = flags & MASK_RCODE;
	*ret_why = NULL;
	for (unsigned left = at16(answer, 6); left > 0 && !ret->truncated && *ret_why == NULL; left--)
		*ret_why = take_one(&w, ret);
	return *ret_why == NULL;
}

/* ---- as lines ---- */

void
tlsa_put(const struct tlsa *t, struct buf *b)
{
	buf_printf(b, "%u %u %u ", t->usage, t->selector, t->type);
	for (size_t i = 0; i < t->n; i++)
		buf_printf(b, "%02X", t->data[i]);
	buf_char(b, '\n');
}

static bool
parse_data(struct span hex, struct tlsa *ret)
{
	uint64_t v;

	if (hex.n == 0 || hex.n % 2 != 0 || hex.n / 2 > TLSA_DATA_MAX)
		return false;
	ret->n = (uint8_t)(hex.n / 2);
	for (size_t i = 0; i < ret->n; i++) {
		if (text_hex((struct span){ hex.p + 2 * i, 2 }, &v) < 0)
			return false;
		ret->data[i] = (unsigned char)v;
	}
	return true;
}

bool
tlsa_parse(struct span line, struct tlsa *ret)
{
	uint8_t *const numbers[] = { &ret->usage, &ret->selector, &ret->type };
	struct span word;
	uint64_t v;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < 3; i++) {
		if (!span_cut(&line, ' ', &word) || text_number(word, 255, &v) < 0)
			return false;
		*numbers[i] = (uint8_t)v;
	}
	return parse_data(line, ret);
}
