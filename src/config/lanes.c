/* lanes.c - relays in order of preference, for all mail and for some of it. */
#include <stdlib.h>
#include <string.h>

#include "config/lanes.h"
#include "config/options.h"
#include "config/relay.h"

cfg_opt_t lanes_route_schema[] = {
	SOURCE_OPTION("sender"),
	SOURCE_OPTION("recipient"),
	SOURCE_OPTION("user"),
	SOURCE_LIST("relays"),
	CFG_END()
};

/* The list being read, and how many relays stand in one so far: these are in front, and stay where they are. */
struct taking {
	const struct source *s;
	struct config       *c;
	struct buf          *why;
	cfg_t               *sec;
	size_t               used;
};

static size_t
find_relay(const struct config *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->nrelays; i++)
		if (strcmp(c->relays[i].name, name) == 0)
			break;
	return i;
}

static int
no_such_relay(const struct taking *t, const char *name)
{
	const char **known = xcalloc(t->c->nrelays + 1, sizeof(*known));
	const char *near;
	size_t i;

	for (i = 0; i < t->c->nrelays; i++)
		known[i] = t->c->relays[i].name;
	near = option_nearest(name, known);
	free(known);
	if (near != NULL)
		return source_wrong(t->s, t->sec, "relays", t->why,
		    "relays: there is no relay \"%s\"; did you mean \"%s\"?", name, near);
	return source_wrong(t->s, t->sec, "relays", t->why,
	    "relays: there is no relay \"%s\"; add relay %s { ... }, or take it out", name, name);
}

/* Behind those in use already, unless it is one of them. */
static size_t
use(struct taking *t, size_t at)
{
	struct relay_conf r = t->c->relays[at];

	if (at < t->used)
		return at;
	t->c->relays[at] = t->c->relays[t->used];
	t->c->relays[t->used] = r;
	return t->used++;
}

static bool
has(const struct lane_conf *l, size_t relay)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->relay[i] == relay)
			return true;
	return false;
}

static int
take_list(struct taking *t, struct lane_conf *l)
{
	unsigned n = cfg_size(t->sec, "relays");

	*l = (struct lane_conf){ .relay = xcalloc(n > 0 ? n : 1, sizeof(*l->relay)) };
	for (unsigned i = 0; i < n; i++) {
		const char *name = cfg_getnstr(t->sec, "relays", i);
		size_t at = find_relay(t->c, name);

		if (at == t->c->nrelays)
			return no_such_relay(t, name);
		at = use(t, at);
		if (has(l, at))
			return source_wrong(t->s, t->sec, "relays", t->why,
			    "relays: \"%s\" stands there twice; take one out", name);
		l->relay[l->n++] = at;
	}
	return 0;
}

/* Takes the list.  The lane that has it, or LANES_MAX: there is no room for another. */
static size_t
lane_of(struct config *c, struct lane_conf *l)
{
	size_t i;

	for (i = 0; i < c->nlanes; i++)
		if (c->lanes[i].n == l->n &&
		    memcmp(c->lanes[i].relay, l->relay, l->n * sizeof(*l->relay)) == 0)
			break;
	if (i == c->nlanes && i < LANES_MAX)
		c->lanes[c->nlanes++] = *l;
	else
		free(l->relay);
	return i;
}

static int
too_many(const struct taking *t)
{
	return source_wrong(t->s, t->sec, NULL, t->why,
	    "route: more than %d different lists of relays, where each relay counts as one; "
	    "let some routes have the same list", LANES_MAX);
}

/* ---- the lists ---- */

static int
take_default(struct taking *t)
{
	struct lane_conf l;
	int rc = take_list(t, &l);

	if (rc == 0 && l.n == 0) {
		free(l.relay);
		l.n = t->used = t->c->nrelays;
		l.relay = xcalloc(l.n, sizeof(*l.relay));
		for (size_t i = 0; i < l.n; i++)
			l.relay[i] = i;
	}
	if (rc == 0)
		lane_of(t->c, &l);
	else
		free(l.relay);
	return rc;
}

static int
check_route(const struct taking *t)
{
	if (cfg_size(t->sec, "relays") == 0)
		return source_wrong(t->s, t->sec, NULL, t->why, "route: no relays; "
		    "write route { sender = \"*@shop.example.com\"  relays = { \"ses\" } }");
	if (source_str(t->sec, "sender") == NULL && source_str(t->sec, "recipient") == NULL &&
	    source_str(t->sec, "user") == NULL)
		return source_wrong(t->s, t->sec, NULL, t->why, "route: no sender, recipient or user, "
		    "so it would be for all mail; add one, or write relays = { ... } outside of it");
	return 0;
}

static int
take_route(struct taking *t)
{
	struct route_conf *r = &t->c->routes[t->c->nroutes];
	struct lane_conf l = { 0 };
	int rc = check_route(t);

	if (rc == 0)
		rc = take_list(t, &l);
	if (rc != 0) {
		free(l.relay);
		return rc;
	}
	r->lane = lane_of(t->c, &l);
	if (r->lane == LANES_MAX)
		return too_many(t);
	r->sender = source_dup(t->sec, "sender");
	r->recipient = source_dup(t->sec, "recipient");
	r->user = source_dup(t->sec, "user");
	t->c->nroutes++;
	return 0;
}

/* Each relay alone: what a person asks for. */
static int
take_each(struct taking *t)
{
	t->sec = t->s->root;
	for (size_t i = 0; i < t->used; i++) {
		struct lane_conf l = { .relay = xcalloc(1, sizeof(*l.relay)), .n = 1 };

		l.relay[0] = i;
		t->c->relays[i].lane = lane_of(t->c, &l);
		if (t->c->relays[i].lane == LANES_MAX)
			return too_many(t);
	}
	return 0;
}

int
lanes_take(const struct source *s, struct config *c, struct buf *why)
{
	struct taking t = { .s = s, .c = c, .why = why, .sec = s->root };
	unsigned i, n = cfg_size(s->root, "route");
	int rc;

	c->lanes = xcalloc(LANES_MAX, sizeof(*c->lanes));
	c->routes = xcalloc(n > 0 ? n : 1, sizeof(*c->routes));
	rc = take_default(&t);
	for (i = 0; rc == 0 && i < n; i++) {
		t.sec = cfg_getnsec(s->root, "route", i);
		rc = take_route(&t);
	}
	if (rc == 0)
		rc = take_each(&t);
	while (rc == 0 && c->nrelays > t.used)
		relay_conf_done(&c->relays[--c->nrelays]);
	return rc;
}

void
lanes_done(struct config *c)
{
	for (size_t i = 0; i < c->nroutes; i++) {
		free(c->routes[i].sender);
		free(c->routes[i].recipient);
		free(c->routes[i].user);
	}
	for (size_t i = 0; i < c->nlanes; i++)
		free(c->lanes[i].relay);
	free(c->routes);
	free(c->lanes);
}
