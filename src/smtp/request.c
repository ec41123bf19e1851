/* request.c - the arguments of a client's commands; see request.h. */
#include "smtp/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "smtp/limits.h"

/* One "KEYWORD=value"; has_value tells "SMTPUTF8" from "SMTPUTF8=". */
struct param {
	struct span name;
	struct span value;
	bool        has_value;
};

static int
refuse(struct refusal *why, int code, const char *dsn, const char *text)
{
	*why = (struct refusal){ code, dsn, text };
	return -EINVAL;
}

static int
bad_param(struct refusal *why, const char *text)
{
	return refuse(why, 501, "5.5.4", text);
}

static int
unknown_param(struct refusal *why)
{
	return refuse(why, 555, "5.5.4", "a parameter that is not known here");
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
skip_blanks(struct span *s)
{
	while (s->n > 0 && is_blank(s->p[0])) {
		s->p++;
		s->n--;
	}
}

/* The first n octets of *s. */
static struct span
take(struct span *s, size_t n)
{
	struct span ret = { s->p, n };

	s->p += n;
	s->n -= n;
	return ret;
}

struct span
request_word(struct span *rest)
{
	size_t n = 0;

	skip_blanks(rest);
	while (n < rest->n && !is_blank(rest->p[n]))
		n++;
	return take(rest, n);
}

/* ---- the path ---- */

/* Where `end` stands outside quotes; s.n: nowhere. */
static size_t
find_unquoted(struct span s, bool (*end)(char c))
{
	bool quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		if (quoted && s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && end(s.p[i]))
			return i;
	}
	return s.n;
}

static bool
is_bracket(char c)
{
	return c == '>';
}

/* "@one.example,@two.example:user@example.com": the route has no say any more. */
static bool
drop_route(struct span *path)
{
	size_t depth = 0, i;

	if (path->n == 0 || path->p[0] != '@')
		return true;
	for (i = 0; i < path->n && (path->p[i] != ':' || depth > 0); i++) {
		if (path->p[i] == '[')
			depth = 1;
		else if (path->p[i] == ']')
			depth = 0;
	}
	if (i == path->n)
		return false;
	take(path, i + 1);
	return true;
}

/*
 * "FROM:" or "TO:" and the path, brackets off, out of *args.  False: the
 * line has another form.
 */
static bool
take_path(struct span *args, struct span word, struct span *ret)
{
	size_t n;

	if (!span_istarts(*args, word))
		return false;
	take(args, word.n);
	skip_blanks(args);
	if (args->n == 0)
		return false;
	if (args->p[0] != '<') {
		*ret = take(args, find_unquoted(*args, is_blank));
		return drop_route(ret);
	}
	take(args, 1);
	n = find_unquoted(*args, is_bracket);
	if (n == args->n)
		return false;
	*ret = take(args, n);
	take(args, 1);
	return (args->n == 0 || is_blank(args->p[0])) && drop_route(ret);
}

/* ---- the parameters ---- */

static bool
next_param(struct span *rest, struct param *ret)
{
	struct span word = request_word(rest);

	if (word.n == 0)
		return false;
	ret->has_value = memchr(word.p, '=', word.n) != NULL;
	ret->name = (struct span){ word.p, 0 };
	span_cut(&word, '=', &ret->name);
	ret->value = word;
	return true;
}

static int
mail_size(struct span v, uint64_t *ret, struct refusal *why)
{
	int r = text_number(v, UINT64_MAX, ret);

	if (r == -ERANGE)
		*ret = UINT64_MAX;
	return r == 0 || r == -ERANGE ? 0 : bad_param(why, "SIZE wants a number");
}

static int
mail_envid(struct span v, struct envelope *e, struct refusal *why)
{
	if (v.n > LIMIT_ENVID || !envelope_envid_ok(v))
		return bad_param(why, "ENVID wants at most 100 characters of xtext");
	e->envid = span_dup(v);
	return 0;
}

enum mail_param {
	SIZE = 1 << 0, BODY = 1 << 1, UTF8 = 1 << 2, RET = 1 << 3, ENVID = 1 << 4, AUTH = 1 << 5,
};

static const struct {
	const char     *word;
	enum mail_param bit;
} mail_params[] = {
	{ "SIZE", SIZE }, { "BODY", BODY }, { "SMTPUTF8", UTF8 },
	{ "RET", RET }, { "ENVID", ENVID }, { "AUTH", AUTH },
};

static unsigned
mail_param_bit(struct span name)
{
	for (size_t i = 0; i < sizeof(mail_params) / sizeof(mail_params[0]); i++)
		if (span_ieq(name, span_of(mail_params[i].word)))
			return mail_params[i].bit;
	return 0;
}

static int
take_mail_param(unsigned bit, const struct param *p, struct envelope *e, uint64_t *size,
    struct refusal *why)
{
	switch (bit) {
	case SIZE:
		return mail_size(p->value, size, why);
	case BODY:
		if (envelope_body(p->value, &e->body) < 0)
			return bad_param(why, "BODY is 7BIT or 8BITMIME here");
		return 0;
	case UTF8:
		e->smtputf8 = true;
		return p->has_value ? bad_param(why, "SMTPUTF8 has no value") : 0;
	case RET:
		if (envelope_ret(p->value, &e->ret) < 0)
			return bad_param(why, "RET is FULL or HDRS");
		return 0;
	case ENVID:
		return mail_envid(p->value, e, why);
	default:
		return 0;
	}
}

static int
take_mail_params(struct span rest, bool auth, struct envelope *e, uint64_t *size,
    struct refusal *why)
{
	unsigned     seen = 0, bit;
	struct param p;
	int          r;

	while (next_param(&rest, &p)) {
		bit = mail_param_bit(p.name);
		if (bit == 0 || (bit == AUTH && !auth))
			return unknown_param(why);
		if ((seen & bit) != 0)
			return bad_param(why, "a parameter comes twice");
		seen |= bit;
		if ((r = take_mail_param(bit, &p, e, size, why)) < 0)
			return r;
	}
	return 0;
}

/* ---- ORCPT ---- */

/*
 * With SMTPUTF8 an address of the type utf-8 may come as it is (RFC 6533
 * §3); it is kept in the form \x{…} of the same section, which is ASCII and
 * so may go to any server and into any report.
 */
static void
put_embedded(struct buf *b, struct span s)
{
	static const unsigned char lead[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };

	while (s.n > 0) {
		size_t   len = text_utf8_char(s);
		unsigned c = (unsigned char)s.p[0] & lead[len];

		for (size_t i = 1; i < len; i++)
			c = c << 6 | ((unsigned char)s.p[i] & 0x3f);
		if (len == 1)
			buf_char(b, (char)c);
		else
			buf_printf(b, "\\x{%X}", c);
		take(&s, len);
	}
}

static bool
is_type(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'z') ||
		    (s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '-'))
			return false;
	return s.n > 0;
}

/* "type;xtext" (RFC 3461 §4.2). */
static int
take_orcpt(struct span v, bool utf8, char **ret, struct refusal *why)
{
	struct span type = { v.p, 0 }, rest = v;
	struct buf  b, raw;
	bool        good;

	buf_init(&b, LIMIT_ORCPT);
	buf_init(&raw, LIMIT_ORCPT);
	good = span_cut(&rest, ';', &type) && is_type(type) && rest.n > 0 && text_is_utf8(rest) &&
	    (text_is_ascii(rest) || (utf8 && span_ieq(type, SPAN("utf-8"))));
	if (good) {
		buf_span(&b, type);
		buf_char(&b, ';');
		put_embedded(&b, rest);
		rest = buf_view(&b);
		take(&rest, type.n + 1);
		good = !b.over && text_xtext(rest, &raw) == 0;
	}
	if (good)
		*ret = span_dup(buf_view(&b));
	buf_done(&raw);
	buf_done(&b);
	if (!good)
		return bad_param(why, "ORCPT is TYPE;ADDRESS in at most 500 characters of xtext");
	return 0;
}

static int
take_rcpt_params(struct span rest, bool utf8, struct rcpt *r, struct refusal *why)
{
	struct param p;
	int          e;

	while (next_param(&rest, &p)) {
		if (span_ieq(p.name, SPAN("NOTIFY"))) {
			if (r->notify != 0)
				return bad_param(why, "a parameter comes twice");
			if (envelope_notify(p.value, &r->notify) < 0)
				return bad_param(why, "NOTIFY is NEVER or a list of the others");
		} else if (span_ieq(p.name, SPAN("ORCPT"))) {
			if (r->orcpt != NULL)
				return bad_param(why, "a parameter comes twice");
			if ((e = take_orcpt(p.value, utf8, &r->orcpt, why)) < 0)
				return e;
		} else {
			return unknown_param(why);
		}
	}
	return 0;
}

/* ---- the commands ---- */

static int
bad_address(struct refusal *why, const char *dsn, const char *text)
{
	return refuse(why, 501, dsn, text);
}

static int
needs_smtputf8(struct refusal *why)
{
	return refuse(why, 553, "5.6.7", "an address that is not ASCII needs SMTPUTF8");
}

int
request_mail(struct span args, bool auth, struct envelope *e, uint64_t *ret_size,
    struct refusal *why)
{
	const char *bad = NULL;
	struct span path;
	int         r;

	*ret_size = 0;
	if (!take_path(&args, SPAN("FROM:"), &path))
		return bad_param(why, "this is MAIL FROM:<ADDRESS>");
	e->sender = path.n == 0 ? addr_null() : addr_parse(path, &bad);
	if (e->sender == NULL)
		return bad_address(why, "5.1.7", bad);
	if ((r = take_mail_params(args, auth, e, ret_size, why)) < 0)
		return r;
	return e->sender->utf8 && !e->smtputf8 ? needs_smtputf8(why) : 0;
}

int
request_rcpt(struct span args, bool utf8, struct rcpt *ret, struct refusal *why)
{
	const char *bad = NULL;
	struct span path;
	int         r;

	*ret = (struct rcpt){ 0 };
	if (!take_path(&args, SPAN("TO:"), &path))
		return bad_param(why, "this is RCPT TO:<ADDRESS>");
	ret->addr = addr_parse(path, &bad);
	if (ret->addr == NULL)
		return bad_address(why, "5.1.3", bad);
	r = take_rcpt_params(args, utf8, ret, why);
	if (r == 0 && ret->addr->utf8 && !utf8)
		r = needs_smtputf8(why);
	if (r == 0)
		return 0;
	addr_free(ret->addr);
	free(ret->orcpt);
	*ret = (struct rcpt){ 0 };
	return r;
}

int
request_bdat(struct span args, uint64_t *ret_bytes, bool *ret_last)
{
	struct span number = request_word(&args), last = request_word(&args);

	*ret_last = span_ieq(last, SPAN("LAST"));
	if ((last.n > 0 && !*ret_last) || request_word(&args).n > 0)
		return -EINVAL;
	return text_number(number, UINT64_MAX, ret_bytes) < 0 ? -EINVAL : 0;
}
