/* rewrite.c - senders and header addresses as others may see them; see route.h. */
#include "route/rewrite.h"

#include <string.h>

#include "idna/idna.h"
#include "mail/pattern.h"

/* next takes the place of a, unless it is NULL. */
static struct addr *
instead(struct addr *a, struct addr *next)
{
	if (next == NULL)
		return a;
	addr_free(a);
	return next;
}

struct addr *
rewrite_at_domain(const struct config *c, const struct addr *a)
{
	struct addr *bare = addr_parse(addr_local(a), NULL);
	struct addr *ret = bare != NULL ? addr_qualify(bare, span_of(c->domain)) : NULL;

	addr_free(bare);
	return ret;
}

/* ---- maps ---- */

static const struct map_line *
line_for(const struct config *c, const struct map_conf *m, const struct origin *from, const struct addr *a,
    bool local)
{
	const struct maptable *t = mapfile_table(m->file);

	if (t == NULL)
		return NULL;
	if (!m->by_user)
		return maptable_find(t, a, local, span_of(c->domain));
	return local && from->user != NULL ? maptable_find_user(t, from->user) : NULL;
}

static bool
is_for_user(const struct map_conf *m, const struct origin *from)
{
	return m->user == NULL ||
	    (from->user != NULL && pattern_fits_text(span_of(m->user), span_of(from->user)));
}

struct map_hit
rewrite_map(const struct config *c, const struct origin *from, const struct addr *a, enum map_use use)
{
	bool           local = route_is_local(c, from->host, a);
	struct map_hit hit = { .map = NULL };

	for (size_t i = 0; i < c->nmaps; i++) {
		const struct map_conf *m = &c->maps[i];

		if ((m->apply & use) == 0 || !is_for_user(m, from))
			continue;
		if (m->file != NULL && (hit.line = line_for(c, m, from, a, local)) != NULL) {
			hit.to = hit.line->to;
		} else if (m->file == NULL &&
		    pattern_fits(span_of(m->from), a, local, span_of(c->domain))) {
			hit.to = m->to;
		} else
			continue;
		hit.map = m;
		break;
	}
	return hit;
}

void
rewrite_put_map(struct buf *b, const struct map_hit *hit)
{
	const struct map_conf *m = hit->map;

	if (hit->line != NULL) {
		buf_printf(b, "%s:%u: %s %s", mapfile_path(m->file), hit->line->line, hit->line->pattern,
		    hit->to);
		return;
	}
	buf_str(b, "map {");
	if (m->user != NULL)
		buf_printf(b, " user = \"%s\"", m->user);
	buf_printf(b, " from = \"%s\" to = \"%s\" }", m->from, m->to);
}

/*
 * A full host name is kept, for making it the domain would be masquerading,
 * which nobody asked for; "localhost" and short names get the domain, for
 * nobody could ever answer them.
 */
static struct addr *
completed(const struct config *c, const char *host, const struct addr *a)
{
	struct span domain = addr_domain(a);
	bool        is_short = domain.n == 0 || memchr(domain.p, '.', domain.n) == NULL;

	if (route_is_local(c, host, a) && (is_short || rewrite_is_localhost(domain)))
		return rewrite_at_domain(c, a);
	return NULL;
}

/* ---- masquerading ---- */

static bool
is_or_is_below(struct span domain, struct span top)
{
	struct span end;

	if (domain.n <= top.n)
		return span_ieq(domain, top);
	end = (struct span){ domain.p + domain.n - top.n, top.n };
	return end.p[-1] == '.' && span_ieq(end, top);
}

static bool
is_listed(char *const *list, struct span name)
{
	for (; list != NULL && *list != NULL; list++)
		if (span_ieq(span_of(*list), name))
			return true;
	return false;
}

/* The domain that hides this one; empty: none does. */
static struct span
mask_of(const struct config *c, struct span domain)
{
	for (char **m = c->masquerade; m != NULL && *m != NULL; m++) {
		bool        leave = (*m)[0] == '!';
		struct span top = span_of(*m + leave);

		if (is_or_is_below(domain, top))
			return leave || span_ieq(domain, top) ? SPAN("") : top;
	}
	return SPAN("");
}

static struct addr *
masked(const struct config *c, const struct addr *a)
{
	struct span  top = mask_of(c, addr_domain(a));
	struct addr *bare, *ret;

	if (top.n == 0 || is_listed(c->masquerade_exceptions, addr_local(a)))
		return NULL;
	if ((bare = addr_parse(addr_local(a), NULL)) == NULL)
		return NULL;
	ret = addr_qualify(bare, top);
	addr_free(bare);
	return ret;
}

/* ---- the whole ---- */

struct addr *
route_rewrite(const struct config *c, const struct origin *from, const struct addr *a, enum map_use use)
{
	struct addr   *ret = instead(addr_dup(a), idna_addr(a, NULL));
	struct map_hit hit;

	if (addr_is_null(a))
		return ret;
	hit = rewrite_map(c, from, ret, use);
	if (hit.map != NULL)
		ret = instead(ret, pattern_replace(span_of(hit.to), ret, span_of(c->domain)));
	ret = instead(ret, completed(c, from->host, ret));
	return instead(ret, masked(c, ret));
}

bool
route_is_own(const struct config *c, const struct origin *from, const struct addr *a)
{
	struct addr   *seen = instead(addr_dup(a), idna_addr(a, NULL));
	struct map_hit hit = rewrite_map(c, from, seen, MAP_SENDER);
	bool           own;

	if (hit.map != NULL)
		seen = instead(seen, pattern_replace(span_of(hit.to), seen, span_of(c->domain)));
	own = route_is_local(c, from->host, seen);
	addr_free(seen);
	return own;
}

struct addr *
route_sender(const struct config *c, const struct origin *from, const struct addr *a)
{
	return route_rewrite(c, from, a, MAP_SENDER);
}

/* ---- who may send as whom ---- */

static bool
is_own_name(struct span local, const char *user)
{
	struct addr *own = addr_of_user(span_of(user), NULL);
	struct span  name = own != NULL ? addr_local(own) : SPAN("");
	bool         ret = span_ieq(local, name) ||
	    (name.n > 0 && span_istarts(local, name) && local.p[name.n] == '+');

	addr_free(own);
	return own != NULL && ret;
}

/* The domains under which this host's users are known. */
static bool
is_own_domain(const struct config *c, const char *host, const struct addr *a)
{
	struct addr *ascii = instead(addr_dup(a), idna_addr(a, NULL));
	struct span  domain = addr_domain(ascii);
	bool         own = route_is_local(c, host, ascii) || span_ieq(domain, span_of(c->domain));

	for (char **m = c->masquerade; !own && m != NULL && *m != NULL; m++)
		own = span_ieq(domain, span_of(*m));
	addr_free(ascii);
	return own;
}

bool
route_may_send(const struct config *c, const char *host, const char *user,
    const struct addr *sender)
{
	if (c->trusted_users == NULL || addr_is_null(sender))
		return true;
	if (is_listed(c->trusted_users, span_of(user)))
		return true;
	return is_own_name(addr_local(sender), user) && is_own_domain(c, host, sender);
}
