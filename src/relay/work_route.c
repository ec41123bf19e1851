/* work_route.c - where a round's recipients go, and by which lane; see work.h. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "relay/sender.h"
#include "relay/work_private.h"
#include "route/route.h"

/* What earlier rounds settled of recipients that are not done yet. */
struct settled {
	const struct message *msg;
	struct addrset        sent;     /* for whomever: it is one message */
};

static void
read_settled(struct settled *s, const struct message *m)
{
	*s = (struct settled){ .msg = m };
	for (size_t i = 0; i < m->nparts; i++) {
		struct addr *a = addr_parse(span_of(m->parts[i].to), NULL);

		if (a == NULL || m->parts[i].what != OUTCOME_SENT)
			addr_free(a);
		else
			addrset_add(&s->sent, a, NULL);
	}
}

static bool
is_settled(const struct settled *s, size_t rcpt, const struct addr *a)
{
	if (s->msg->nparts == 0)
		return false;
	if (addrset_has(&s->sent, a))
		return true;
	for (size_t i = 0; i < s->msg->nparts; i++)
		if (s->msg->parts[i].rcpt == rcpt && s->msg->parts[i].what == OUTCOME_FAILED &&
		    span_eq(span_of(s->msg->parts[i].to), (struct span){ a->text, a->n }))
			return true;
	return false;
}

static void
on_notice(void *arg, const char *text)
{
	const struct work *w = arg;
	char id[ID_LEN + 1];

	msgid_format(w->e->id, id);
	log_info("%s: %s", id, text);
}

/*
 * Without an address: nowhere to go, or not yet, or thrown away.  The first
 * round of a turn says so; in the others he waits.
 */
static void
add_verdict(struct work *w, size_t rcpt, int result, const char *why)
{
	struct status st = { .verdict = VERDICT_NONE };

	if (!w->first) {
		parts_add_verdict(&w->to, rcpt, &st);
		return;
	}
	if (result == -EINVAL)
		status_local(&st, VERDICT_REJECT, SCOPE_RECIPIENT, "5.1.3", "%s", why);
	else if (result < 0)
		status_local(&st, VERDICT_DEFER, SCOPE_RECIPIENT, "4.3.5", "%s", why);
	else
		status_local(&st, VERDICT_SENT, SCOPE_RECIPIENT, "2.0.0", "%s", why);
	work_log_unrouted(w, rcpt, &st);
	parts_add_verdict(&w->to, rcpt, &st);
}

static void
route_one(struct work *w, size_t rcpt, const struct settled *before)
{
	const struct envelope *env = &w->msg->env;
	struct route_ear ear = { .notice = w->new ? on_notice : NULL, .arg = w };
	struct origin from = sender_origin(w->msg);
	struct route r;
	int result;

	result = route_recipient(w->env.conf, w->env.aliases, &from, env->rcpts[rcpt].addr, &ear, &r);
	if (result != 0 || r.to.n == 0)
		add_verdict(w, rcpt, result, buf_cstr(&r.why));
	for (size_t i = 0; result == 0 && i < r.to.n; i++)
		if (!is_settled(before, rcpt, r.to.addr[i]))
			parts_add(&w->to, rcpt, addr_dup(r.to.addr[i]),
			    addr_is_null(w->sender) ? NULL : r.owner[i]);
	/* An alias was changed, and what is left of it was all sent: he is done. */
	if (parts_count(&w->to, rcpt) == 0)
		parts_add_verdict(&w->to, rcpt,
		    &(struct status){ .verdict = VERDICT_SENT, .dsn = "2.0.0" });
	route_done(&r);
}

static void
route_all(struct work *w)
{
	struct settled before;

	read_settled(&before, w->msg);
	for (size_t i = 0; i < w->msg->env.nrcpts; i++) {
		enum outcome o = w->msg->notes[i].what;

		if (o != OUTCOME_SENT && o != OUTCOME_FAILED)
			route_one(w, i, &before);
		/* In an earlier round, or one that a crash ended: what no report says must stay to be seen. */
		w->unreturnable |= o == OUTCOME_FAILED && addr_is_null(w->sender);
	}
	for (size_t i = 0; i < w->msg->nparts; i++)
		w->unreturnable |= w->msg->parts[i].what == OUTCOME_FAILED && addr_is_null(w->sender);
	addrset_done(&before.sent);
}

/* What an admin said of this message, unless the relay is gone: then its routes count again. */
static const struct relay_conf *
chosen(const struct work *w)
{
	const struct config *c = w->env.conf;
	char id[ID_LEN + 1];

	if (w->msg->relay == NULL)
		return NULL;
	for (size_t i = 0; i < c->nrelays; i++)
		if (strcmp(c->relays[i].name, w->msg->relay) == 0)
			return &c->relays[i];
	msgid_format(w->e->id, id);
	if (w->first)
		log_warn("%s: was to go by relay %s, which is not in use; it goes as others do", id,
		    w->msg->relay);
	return NULL;
}

/* Of a list the owner is the sender. */
static size_t
lane_of(const struct work *w, const struct origin *from, const struct part *p)
{
	const struct config *c = w->env.conf;
	const struct envelope *env = &w->msg->env;
	struct addr *sender = route_sender(c, from, p->owner != NULL ? p->owner : w->sender);
	size_t lane = route_lane(c, env->host, env->user, sender, p->to);

	addr_free(sender);
	return lane;
}

/* By which lane each address goes; and in the first round of a turn, all that it needs. */
static void
find_lanes(struct work *w)
{
	const struct relay_conf *only = chosen(w);
	const struct origin from = sender_origin(w->msg);
	uint64_t needed = 0;

	for (size_t i = 0; i < w->to.n; i++) {
		struct part *p = &w->to.part[i];

		if (!p->waits || p->to == NULL)
			continue;
		p->lane = only != NULL ? only->lane : w->env.conf->nroutes > 0 ? lane_of(w, &from, p) : 0;
		needed |= work_bit(p->lane);
	}
	w->e->lanes = w->first ? needed : w->e->lanes & needed;
}

uint64_t
work_bit(size_t lane)
{
	return lane < LANES_MAX ? UINT64_C(1) << lane : 0;
}

void
work_route(struct work *w)
{
	route_all(w);
	find_lanes(w);
}
