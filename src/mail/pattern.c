/* pattern.c - stars in addresses; see pattern.h. */
#include "mail/pattern.h"

#include <string.h>

#define TEXT_MAX 320            /* a local part, '@', a domain, each at its limit */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/*
 * The last star takes what is left, and is the only one that ever has to
 * take more: so no pattern costs more than its length times the text's.
 */
static bool
glob(struct span p, struct span s)
{
	size_t i = 0, k = 0, star = p.n, from = 0;

	while (k < s.n) {
		if (i < p.n && p.p[i] == '*') {
			star = i++;
			from = k;
		} else if (i < p.n && lower(p.p[i]) == lower(s.p[k])) {
			i++;
			k++;
		} else if (star < p.n) {
			i = star + 1;
			k = ++from;
		} else
			return false;
	}
	while (i < p.n && p.p[i] == '*')
		i++;
	return i == p.n;
}

/* At the last '@' outside of quotes; false: there is none. */
static bool
split(struct span s, struct span *ret_local, struct span *ret_domain)
{
	bool   quoted = false;
	size_t at = s.n;

	for (size_t i = 0; i < s.n; i++) {
		if (quoted && s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			quoted = !quoted;
		else if (s.p[i] == '@' && !quoted)
			at = i;
	}
	*ret_local = (struct span){ s.p, at };
	*ret_domain = at < s.n ? (struct span){ s.p + at + 1, s.n - at - 1 } : SPAN("");
	return at < s.n;
}

/* With its domain's stars made letters it must be an address; in a local part they are letters. */
static bool
is_valid(struct span s, const char **ret_why)
{
	struct span  local, domain;
	struct addr *a;
	struct buf   b;
	bool         at = split(s, &local, &domain);

	buf_init(&b, TEXT_MAX);
	buf_span(&b, local);
	if (at)
		buf_char(&b, '@');
	for (size_t i = 0; i < domain.n; i++)
		buf_char(&b, domain.p[i] == '*' ? 'x' : domain.p[i]);
	a = b.over ? NULL : addr_parse(buf_view(&b), ret_why);
	if (b.over && ret_why != NULL)
		*ret_why = "address is longer than 254 octets";
	buf_done(&b);
	addr_free(a);
	return a != NULL;
}

bool
pattern_is_valid(struct span pattern, const char **ret_why)
{
	return is_valid(pattern, ret_why);
}

static bool
has_star(struct span s)
{
	return s.n > 0 && memchr(s.p, '*', s.n) != NULL;
}

static bool
is_star(struct span s)
{
	return s.n == 1 && s.p[0] == '*';
}

bool
pattern_is_replacement(struct span text, const char **ret_why)
{
	struct span local, domain;

	split(text, &local, &domain);
	if ((has_star(local) && !is_star(local)) || (has_star(domain) && !is_star(domain))) {
		if (ret_why != NULL)
			*ret_why = "a star must be all of the local part or of the domain";
		return false;
	}
	return is_valid(text, ret_why);
}

bool
pattern_fits(struct span pattern, const struct addr *a, bool local, struct span domain)
{
	struct span p_local, p_domain;

	if (addr_is_null(a))
		return false;
	if (!split(pattern, &p_local, &p_domain))
		return local && glob(p_local, addr_local(a));
	return glob(p_local, addr_local(a)) &&
	    glob(p_domain, addr_is_bare(a) ? domain : addr_domain(a));
}

bool
pattern_fits_text(struct span pattern, struct span text)
{
	return glob(pattern, text);
}

struct addr *
pattern_replace(struct span text, const struct addr *a, struct span domain)
{
	struct span  local, to;
	struct addr *ret;
	struct buf   b;
	bool         at = split(text, &local, &to);

	buf_init(&b, TEXT_MAX);
	buf_span(&b, is_star(local) ? addr_local(a) : local);
	if (at) {
		buf_char(&b, '@');
		buf_span(&b, !is_star(to) ? to : addr_is_bare(a) ? domain : addr_domain(a));
	}
	ret = b.over ? NULL : addr_parse(buf_view(&b), NULL);
	buf_done(&b);
	return ret;
}
