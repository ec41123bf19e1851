/*
 * addr.c - one pass, no recursion, over an address: local part, '@', domain.
 * Every octet that ends up in a struct addr was looked at here.
 */
#include "mail/addr.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define LOCAL_MAX 64            /* RFC 5321 §4.5.3.1.1 */
#define WHOLE_MAX 254           /* §4.5.3.1.3: a path is 256 with its <> */
#define LABEL_MAX 63            /* RFC 1035 §2.3.4 */

/*
 * atext of RFC 5322 §3.2.3.  Octets above 127 are UTF8-non-ascii of RFC
 * 6531 §3.3; that they form characters is checked for the whole at once.
 */
static bool
is_atext(unsigned char c)
{
	return c > 127 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* C0, DEL, and C1 in its UTF-8 form (C2 80 … C2 9F): U+0085 is a line end to some readers. */
static bool
has_control(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 32 || c == 127)
			return true;
		if (c == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0)
			return true;
	}
	return false;
}

size_t
addr_quoted(struct span s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '"')
			return i + 1;
		if (s.p[i] == '\\')
			i++;
	}
	return 0;
}

/*
 * A dot in the wrong place is refused although some big Japanese providers
 * once handed out such mailboxes: the next server may refuse the command as
 * bad syntax, which would look like our defect.  In quotes it is legal.
 */
static const char *
check_dots(struct span s)
{
	if (s.n == 0)
		return NULL;
	if (s.p[0] == '.' || s.p[s.n - 1] == '.')
		return "local part begins or ends with a dot (put it in quotes)";
	for (size_t i = 1; i < s.n; i++)
		if (s.p[i] == '.' && s.p[i - 1] == '.')
			return "local part has two dots in a row (put it in quotes)";
	return NULL;
}

/* The local part at the start of s; *ret_n: its octets. */
static const char *
scan_local(struct span s, size_t *ret_n)
{
	size_t i = 0;

	if (s.p[0] == '"') {
		if ((i = addr_quoted(s)) == 0)
			return "quoted local part is not closed";
		if (i < s.n && s.p[i] != '@')
			return "quoted local part is not followed by '@'";
	} else {
		while (i < s.n && (is_atext((unsigned char)s.p[i]) || s.p[i] == '.'))
			i++;
		if (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'))
			return "blank outside quotes";
		if (i < s.n && s.p[i] != '@')
			return "local part has a character that must be quoted";
		if (i == 0)
			return "nothing before '@'";
	}
	if (i > LOCAL_MAX)
		return "local part is longer than 64 octets";
	*ret_n = i;
	return s.p[0] == '"' ? NULL : check_dots((struct span){ s.p, i });
}

/*
 * General-address-literal (RFC 5321 §4.1.3) is refused: no tag but IPv6 was
 * ever registered, so it could only be a mistake.
 */
static const char *
check_literal(struct span s)
{
	char            host[INET6_ADDRSTRLEN + 1];
	struct span     in = { s.p + 1, s.n - 2 };
	unsigned char   raw[sizeof(struct in6_addr)];
	int             family = AF_INET;

	if (s.n < 2 || s.p[s.n - 1] != ']')
		return "address literal is not closed by ']'";
	if (span_istarts(in, SPAN("IPv6:"))) {
		family = AF_INET6;
		in.p += 5;
		in.n -= 5;
	}
	if (in.n >= sizeof(host))
		return "address literal is no IP address";
	memcpy(host, in.p, in.n);
	host[in.n] = '\0';
	if (inet_pton(family, host, raw) != 1)
		return "address literal is no IP address (IPv6 ones begin with \"IPv6:\")";
	return NULL;
}

/* Letters, digits, hyphens inside (RFC 1035 §2.3.1); underscores, since hosts are named with them. */
static bool
is_label_char(unsigned char c)
{
	return c > 127 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

static const char *
check_label(struct span s)
{
	if (s.n == 0)
		return "domain has an empty label (a dot too many)";
	if (s.p[0] == '-' || s.p[s.n - 1] == '-')
		return "domain label begins or ends with a hyphen";
	for (size_t i = 0; i < s.n; i++)
		if (!is_label_char((unsigned char)s.p[i]))
			return s.p[i] == '@' ? "more than one '@'" :
			    "domain has a character that no domain may have";

	/* A U-label's limit counts its A-label, which only IDNA can tell. */
	if (s.n > LABEL_MAX && text_is_ascii(s))
		return "domain label is longer than 63 octets";
	return NULL;
}

static const char *
check_domain(struct span s)
{
	const char *why = NULL;
	size_t      at = 0;

	if (s.n == 0)
		return "nothing behind '@'";
	if (s.p[0] == '[')
		return check_literal(s);
	for (size_t i = 0; i <= s.n && why == NULL; i++) {
		if (i < s.n && s.p[i] != '.')
			continue;
		why = check_label((struct span){ s.p + at, i - at });
		at = i + 1;
	}
	return why;
}

/* NULL when all is well, *ret_local then is the local part's length. */
static const char *
check(struct span s, size_t *ret_local)
{
	const char *why;

	if (s.n == 0)
		return "address is empty";

	if (has_control(s))
		return "address has a control character in it";
	if (!text_is_utf8(s))
		return "address is not valid UTF-8";
	if ((why = scan_local(s, ret_local)) != NULL || *ret_local == s.n)
		return why;
	if (s.n > WHOLE_MAX)
		return "address is longer than 254 octets";
	return check_domain((struct span){ s.p + *ret_local + 1, s.n - *ret_local - 1 });
}

static struct addr *
make(struct span s, size_t local_n)
{
	struct addr *a = xcalloc(1, sizeof(*a) + s.n + 1);

	assert(s.n <= USHRT_MAX && local_n <= s.n);
	a->n = (unsigned short)s.n;
	a->local_n = (unsigned short)local_n;
	a->utf8 = !text_is_ascii(s);
	if (s.n > 0)
		memcpy(a->text, s.p, s.n);
	return a;
}

struct addr *
addr_parse(struct span s, const char **ret_why)
{
	const char *why;
	size_t      local_n = 0;

	if (s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>') {
		s.p++;
		s.n -= 2;
	}
	if ((why = check(s, &local_n)) != NULL) {
		if (ret_why != NULL)
			*ret_why = why;
		return NULL;
	}
	return make(s, local_n);
}

struct addr *
addr_of_user(struct span name, const char **ret_why)
{
	struct addr *a;
	struct buf   b;

	if ((a = addr_parse(name, NULL)) != NULL && addr_is_bare(a) && a->text[0] != '"')
		return a;
	addr_free(a);

	/* Only names such as CORP\alice or "john doe" come here. */
	buf_init(&b, 4 * LOCAL_MAX);
	buf_char(&b, '"');
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '"' || name.p[i] == '\\')
			buf_char(&b, '\\');
		buf_char(&b, name.p[i]);
	}
	buf_char(&b, '"');
	if (b.over || name.n == 0) {
		a = NULL;
		if (ret_why != NULL)
			*ret_why = name.n == 0 ? "address is empty" : "local part is longer than 64 octets";
	} else
		a = addr_parse(buf_view(&b), ret_why);
	buf_done(&b);
	return a;
}

struct addr *
addr_null(void)
{
	return make((struct span){ NULL, 0 }, 0);
}

struct addr *
addr_dup(const struct addr *a)
{
	return make((struct span){ a->text, a->n }, a->local_n);
}

void
addr_free(struct addr *a)
{
	free(a);
}

bool
addr_is_null(const struct addr *a)
{
	return a->n == 0;
}

bool
addr_is_bare(const struct addr *a)
{
	return a->n > 0 && a->local_n == a->n;
}

struct span
addr_local(const struct addr *a)
{
	return (struct span){ a->text, a->local_n };
}

struct span
addr_domain(const struct addr *a)
{
	if (a->local_n == a->n)
		return (struct span){ a->text + a->n, 0 };
	return (struct span){ a->text + a->local_n + 1, (size_t)(a->n - a->local_n - 1) };
}

struct addr *
addr_qualify(const struct addr *a, struct span domain)
{
	struct addr *ret;
	struct buf   b;

	if (!addr_is_bare(a))
		return addr_dup(a);
	buf_init(&b, WHOLE_MAX);
	buf_span(&b, addr_local(a));
	buf_char(&b, '@');
	buf_span(&b, domain);
	ret = b.over ? NULL : addr_parse(buf_view(&b), NULL);
	buf_done(&b);
	return ret;
}

bool
addr_eq(const struct addr *a, const struct addr *b)
{
	return span_eq(addr_local(a), addr_local(b)) && addr_is_bare(a) == addr_is_bare(b) &&
	    span_ieq(addr_domain(a), addr_domain(b));
}
