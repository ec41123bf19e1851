#include "route/route.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "idna/idna.h"
#include "mail/pattern.h"
#include "route/rewrite.h"

#define TOO_LONG "with the domain added it is no valid address (longer than 254 octets?)"

/* The first label. */
static struct span
short_name(struct span host)
{
	const char *dot = host.n > 0 ? memchr(host.p, '.', host.n) : NULL;

	return (struct span){ host.p, dot != NULL ? (size_t)(dot - host.p) : host.n };
}

static bool
names_host(struct span domain, struct span host)
{
	return host.n > 0 && (span_ieq(domain, host) || span_ieq(domain, short_name(host)));
}

bool
rewrite_is_localhost(struct span domain)
{
	return span_ieq(domain, SPAN("localhost")) ||
	    span_ieq(domain, SPAN("localhost.localdomain"));
}

bool
route_is_local(const struct config *c, const char *host, const struct addr *a)
{
	struct span  domain = addr_domain(a);
	struct addr *ascii;
	bool         ret;

	if (addr_is_null(a))
		return false;
	if (a->utf8 && !text_is_ascii(domain)) {
		ret = (ascii = idna_addr(a, NULL)) != NULL && text_is_ascii(addr_domain(ascii)) &&
		    route_is_local(c, host, ascii);
		addr_free(ascii);
		return ret;
	}
	return addr_is_bare(a) || rewrite_is_localhost(domain) ||
	    names_host(domain, span_of(c->hostname)) || names_host(domain, span_of(host));
}

/* ---- a recipient ---- */

struct routing {
	const struct config    *c;
	const char             *host;
	const struct addr      *asked;          /* the recipient, mapped */
	const struct route_ear *ear;
	struct route           *ret;
	const struct alias    **owner;          /* of each address of ret */
	size_t                  cap;
	int                     result;
};

static void
tell(void (*to)(void *arg, const char *text), void *arg, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
tell(void (*to)(void *arg, const char *text), void *arg, const char *fmt, ...)
{
	struct buf b;
	va_list    ap;

	if (to == NULL)
		return;
	buf_init(&b, 8192);
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	to(arg, buf_cstr(&b));
	buf_done(&b);
}

#define STEP(r, ...)   tell((r)->ear->step, (r)->ear->arg, __VA_ARGS__)
#define NOTICE(r, ...) tell((r)->ear->notice, (r)->ear->arg, __VA_ARGS__)

/* An address that is in it already has the owner of the first list that it was in. */
static void
add(struct routing *r, struct addr *a, const struct alias *owner)
{
	bool   new;
	size_t at = addrset_add(&r->ret->to, a, &new);

	if (!new)
		return;
	if (at == r->cap) {
		r->cap = r->cap * 2 + 8;
		r->owner = xrealloc(r->owner, r->cap * sizeof(struct alias *));
	}
	r->owner[at] = owner;
}

/* The end of every local name; local-mail itself may be bare: it gets the domain like any other. */
static void
add_local(struct routing *r, const struct addr *a, const struct alias *owner)
{
	const struct config *c = r->c;
	struct addr         *to;

	to = c->local_mail == NULL ? rewrite_at_domain(c, a) :
	    addr_qualify(c->local_mail, span_of(c->domain));
	if (to == NULL) {
		buf_str(&r->ret->why, TOO_LONG);
		r->result = -EINVAL;
		return;
	}
	if (c->local_mail != NULL)
		STEP(r, "%s is of this host: to local-mail, %s", a->text, to->text);
	else
		STEP(r, "%s is of this host, and there is no local-mail: to %s", a->text, to->text);
	add(r, to, owner);
}

/* One elsewhere, as the wire has it.  False, and nothing is added: there is no such domain. */
static bool
add_elsewhere(struct routing *r, const struct addr *a, const struct alias *owner)
{
	struct addr *ascii = idna_addr(a, NULL);

	if (ascii != NULL)
		add(r, ascii, owner);
	return ascii != NULL;
}

static bool
on_is_local(void *arg, const struct addr *a)
{
	const struct routing *r = arg;

	return route_is_local(r->c, r->host, a);
}

static void
not_done(struct routing *r, const struct alias_end *e, const char *what)
{
	NOTICE(r, "%s: \"%.500s\" is %s; mail for %s goes to %s", e->where,
	    e->addr != NULL ? e->addr->text : e->text, what,
	    r->asked->text, r->c->local_mail != NULL ? "local-mail" : r->c->domain);
	add_local(r, r->asked, e->owner);
}

static void
on_end(void *arg, const struct alias_end *e)
{
	struct routing *r = arg;

	if (r->result != 0)
		return;
	switch (e->kind) {
	case ALIAS_ADDRESS:
		if (!add_elsewhere(r, e->addr, e->owner))
			not_done(r, e, "an address that there is not");
		break;
	case ALIAS_COMMAND:
		not_done(r, e, "a command, and never run");
		break;
	case ALIAS_FILE:
		not_done(r, e, "a file, and never written");
		break;
	case ALIAS_BAD:
		not_done(r, e, "not understood");
		break;
	case ALIAS_NOTHING:
		STEP(r, "%s: thrown away (%s)", e->where, e->text);
		buf_clear(&r->ret->why);
		buf_printf(&r->ret->why, "thrown away, as %.1000s says", e->where);
		break;
	default:
		add_local(r, e->addr, e->owner);
		break;
	}
}

static void
on_step(void *arg, const char *where, const char *what)
{
	const struct routing *r = arg;

	if (where != NULL)
		STEP(r, "%s: %s", where, what);
	else
		STEP(r, "%s", what);
}

static void
on_wrong(void *arg, const char *where, const char *what)
{
	const struct routing *r = arg;

	NOTICE(r, "%s: %s", where, what);
	buf_clear(&r->ret->why);
	buf_printf(&r->ret->why, "%.300s: %.600s", where, what);
}

static void
follow(struct routing *r, const struct aliases *aliases)
{
	const struct alias_ops ops = {
		.is_local = on_is_local, .end = on_end, .step = on_step, .arg = r,
	};
	const struct alias_ear ear = { .wrong = on_wrong, .arg = r };

	if (!route_is_local(r->c, r->host, r->asked)) {
		add_elsewhere(r, r->asked, NULL);       /* as it came in A-labels, it is one */
		return;
	}
	if (alias_expand(aliases, r->asked, &ops, &ear) < 0 && r->result == 0)
		r->result = -EAGAIN;
}

static void
say_mapped(const struct routing *r, const struct addr *a, const struct map_hit *hit)
{
	struct buf b;

	buf_init(&b, 8192);
	rewrite_put_map(&b, hit);
	STEP(r, "%s becomes %s: %s", a->text, r->asked->text, buf_cstr(&b));
	buf_done(&b);
}

/* The first map that fits, and then its aliases; a in A-labels. */
static void
route_mapped(struct routing *r, const struct aliases *aliases, const struct origin *from,
    const struct addr *a)
{
	struct map_hit hit = rewrite_map(r->c, from, a, MAP_RECIPIENT);
	struct addr *mapped = hit.map == NULL ? addr_dup(a) :
	    pattern_replace(span_of(hit.to), a, span_of(r->c->domain));

	if (mapped == NULL) {
		rewrite_put_map(&r->ret->why, &hit);
		buf_str(&r->ret->why, " makes it no valid address (longer than 254 octets?)");
		r->result = -EINVAL;
		return;
	}
	r->asked = mapped;
	if (hit.map != NULL)
		say_mapped(r, a, &hit);
	follow(r, aliases);
	addr_free(mapped);
}

/* Without the owners: theirs are not asked for, or two lists that own each other had no end. */
static int
route_owned(const struct config *c, const struct aliases *aliases, const struct origin *from,
    const struct addr *a, const struct route_ear *ear, struct route *ret, const struct alias ***ret_owner)
{
	static const struct route_ear nobody = { .step = NULL };
	struct routing r = { .c = c, .host = from->host, .ear = ear != NULL ? ear : &nobody, .ret = ret };
	const char *why = NULL;
	struct addr *ascii = idna_addr(a, &why);

	*ret = (struct route){ .to = { .n = 0 } };
	*ret_owner = NULL;
	buf_init(&ret->why, 1024);
	if (ascii == NULL) {
		buf_printf(&ret->why, "%s: there is no such domain (%s)", a->text, why);
		return -EINVAL;
	}
	if (strcmp(ascii->text, a->text) != 0)
		STEP(&r, "%s is %s on the wire", a->text, ascii->text);
	route_mapped(&r, aliases, from, ascii);
	addr_free(ascii);
	*ret_owner = r.owner;
	return r.result;
}

/*
 * What owner-NAME comes to when that is one address.  Sendmail follows it one
 * step; a name of this host would then be left, which is no address that a
 * server out there could send a report to.
 */
static struct addr *
owner_address(const struct config *c, const struct aliases *aliases, const struct origin *from,
    const struct alias *owner)
{
	const struct alias **none;
	struct addr *name = addr_of_user(span_of(owner->name), NULL), *ret = NULL;
	struct route r;

	if (name == NULL)
		return NULL;
	if (route_owned(c, aliases, from, name, NULL, &r, &none) == 0 && r.to.n == 1)
		ret = addr_dup(r.to.addr[0]);
	else
		ret = route_sender(c, from, name);
	free(none);
	route_done(&r);
	addr_free(name);
	return ret;
}

static void
find_owners(const struct config *c, const struct aliases *aliases, const struct origin *from,
    const struct alias **owner, struct route *ret)
{
	const struct alias *last = NULL;
	const struct addr *address = NULL;

	ret->owner = xcalloc(ret->to.n + 1, sizeof(struct addr *));
	for (size_t i = 0; i < ret->to.n; i++) {
		struct addr *a;
		size_t at;

		if (owner[i] != NULL && owner[i] != last) {
			last = owner[i];
			a = owner_address(c, aliases, from, last);
			at = a != NULL ? addrset_add(&ret->owners, a, NULL) : 0;
			address = a != NULL ? ret->owners.addr[at] : NULL;
		}
		ret->owner[i] = owner[i] != NULL ? address : NULL;
	}
}

int
route_recipient(const struct config *c, const struct aliases *aliases, const struct origin *from,
    const struct addr *a, const struct route_ear *ear, struct route *ret)
{
	const struct alias **owner;
	int result = route_owned(c, aliases, from, a, ear, ret, &owner);

	find_owners(c, aliases, from, owner, ret);
	if (ear != NULL && ear->step != NULL)
		for (size_t i = 0; i < ret->owners.n; i++)
			tell(ear->step, ear->arg, "what fails of it is told to %s, the list's owner and sender",
			    ret->owners.addr[i]->text);
	free(owner);
	return result;
}

void
route_done(struct route *r)
{
	addrset_done(&r->to);
	addrset_done(&r->owners);
	free(r->owner);
	buf_done(&r->why);
}
