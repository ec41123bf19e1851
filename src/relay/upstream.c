#include "relay/upstream_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "relay/retry.h"

#define PROBE_SLOW_S     3600           /* a refused credential: one look an hour */
#define NUDGE_MS         5000           /* submissions bring a probe forward this often */
#define MAIL_PER_SESSION 8              /* backlog that is worth one more login */
#define SECRET_MAX       16384
#define CROWDED_MS       600000         /* how long a refused extra connection is not asked for again */
#define UNRESOLVED       "4.4.3"        /* RFC 3463: the directory server failed; login says it of the resolver */
#define RESOLVE_SOON     2              /* a name that is not to be had is asked for as after so many failures … */
#define RESOLVE_SOON_MS  120000         /* … for so long; then it is a name that is wrong */

#define ACCUSED_PAUSE_S  300            /* no login failed: another message soon shows whether it was these three */
#define ACCUSED_HINT \
	"three messages in a row were refused so at MAIL: look at the account, and whether it may send as these " \
	"senders (from = of the relay replaces them), then reload posternd"

static void connect_one(struct upstream *u);

/* ---- the breaker ---- */

static void
set_well(struct upstream *u, enum well well)
{
	if (u->well == well)
		return;
	u->well = well;
	u->since_s = clock_wall_s();
	u->ops->changed(u->owner, u);
}

void
upstream_probe(struct upstream *u)
{
	timer_off(u->wait);
	loginfiles_unwatch(u->files);
	u->probing = false;
	set_well(u, PROBING);
	upstream_offer(u);
}

static void
on_wait_over(void *arg)
{
	upstream_probe(arg);
}

/*
 * A network that has just come knows routes before it knows names, and a
 * resolver is back in seconds.
 */
static bool
resolves_soon(struct upstream *u, const struct status *why)
{
	if (strcmp(why->dsn, UNRESOLVED) != 0) {
		u->unresolved_ms = 0;
		return false;
	}
	if (u->unresolved_ms == 0)
		u->unresolved_ms = clock_mono_ms();
	return u->reach >= REACH_NEAR && clock_mono_ms() - u->unresolved_ms < RESOLVE_SOON_MS;
}

static int64_t
rest_ms(struct upstream *u, const struct status *why)
{
	bool soon = resolves_soon(u, why);
	unsigned failures = soon && u->failures > RESOLVE_SOON ? RESOLVE_SOON : u->failures;

	if (why->pause_s > 0)
		return retry_pause_s(why->pause_s, why->pause_max_s, u->repeated) * INT64_C(1000);
	if (status_needs_person(why))
		return PROBE_SLOW_S * INT64_C(1000);
	return retry_backoff_ms(failures, (uint64_t)(uintptr_t)u ^ (uint64_t)clock_wall_us());
}

static void
say_trouble(const struct upstream *u, int64_t ms)
{
	const struct status *t = &u->trouble;

	log_write(status_needs_person(t) ? LOG_LEVEL_ALERT : LOG_LEVEL_WARN,
	    "relay=%s, status=%s, next=%llds, reason=%s%s%s; mail is kept", u->relay->name,
	    status_needs_person(t) ? "needs-attention" : "resting", (long long)(ms + 999) / 1000, t->text,
	    t->hint != NULL ? " - " : "", t->hint != NULL ? t->hint : "");
}

void
upstream_rest(struct upstream *u, const struct status *why)
{
	bool news = u->well == WELL || u->trouble.verdict != why->verdict || u->trouble.code != why->code;
	int64_t ms;

	u->failures++;
	/* By one rule's words; its hint is the rule's own, so it stands for it. */
	u->repeated = u->trouble.verdict == why->verdict && u->trouble.hint == why->hint ? u->repeated + 1 : 0;
	u->trouble = *why;
	u->nudgeable = !status_needs_person(why) && why->pause_s == 0;
	ms = rest_ms(u, why);
	u->until_ms = clock_mono_ms() + ms;
	timer_set(u->wait, ms);
	/* A stated pause is the server's word, and no file of ours changes it. */
	loginfiles_see(u->files, LOGINFILE_TOKEN);
	if (status_needs_person(why) || u->nudgeable)
		loginfiles_watch(u->files);
	if (news || u->failures % 10 == 0)
		say_trouble(u, ms);
	set_well(u, RESTING);
}

/*
 * A message came to an end of its own: the relay works.  Unless it was told
 * to pause meanwhile: then this was on its way before, and proves nothing.
 */
static void
works(struct upstream *u)
{
	if (u->well == RESTING && !u->nudgeable)
		return;
	if (u->well != WELL)
		log_info("relay=%s, status=well", u->relay->name);
	timer_off(u->wait);
	loginfiles_unwatch(u->files);
	u->failures = 0;
	u->unresolved_ms = 0;
	u->reconnected = false;
	u->trouble.verdict = VERDICT_NONE;
	set_well(u, WELL);
}

/* ---- what sessions ask and tell ---- */

/* More recipients than there is room for: it goes back as it is. */
static void
give_back(struct upstream *u, struct session *s, struct mail *m)
{
	struct status st;

	status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, "4.3.2", "no room for its recipients");
	mail_settle_rest(m, &st);
	u->ops->settled(u->owner, u, s, m);
}

static struct mail *
on_next(void *owner, struct session *s)
{
	struct link *l = owner;
	struct upstream *u = l->up;
	struct mail *m;
	size_t n;

	if (upstream_is_held(u) || u->well == RESTING || u->quitting || (u->well == PROBING && u->probing) ||
	    (!upstream_has_room(u, 1) && !upstream_takes_urgent(u)))
		return NULL;
	/* One that is never idle would keep the old login for as long as there is mail. */
	if (l->carried > 0 && upstream_is_of_old(u, l)) {
		session_quit(s);
		return NULL;
	}
	if ((m = u->ops->next(u->owner, u)) == NULL)
		return NULL;
	n = m->nrcpt;
	if (n > 1 && allowance_wait_s(u->allowance, n, u->full) != 0) {
		give_back(u, s, m);
		upstream_has_room(u, n);
		return NULL;
	}
	allowance_take(u->allowance, n);
	m->refusals = u->suspects.refusals;
	u->probing = u->well == PROBING;
	return m;
}

/* Did the server judge it, or was it only given back?  A 421 judges nothing. */
static bool
came_to_an_end(const struct mail *m)
{
	for (size_t i = 0; i < m->nrcpt; i++) {
		const struct status *st = &m->rcpt[i].status;

		if (!status_is_relay(st) && st->verdict != VERDICT_RECONNECT && st->code != 0 && st->code != 421)
			return true;
	}
	return false;
}

/* A reply is shown with who said it; our own findings name him already. */
static void
sign(struct status *st, const struct session *s)
{
	char text[sizeof(st->text)];

	if (st->code == 0)
		return;
	snprintf(text, sizeof(text), "%s", st->text);
	snprintf(st->text, sizeof(st->text), "%s said: %d %.400s", session_peer(s), st->code, text);
}

static void
accuse(struct upstream *u, const struct session *s, const struct status *refusal)
{
	struct status st = *refusal;

	sign(&st, s);
	if (u->well != RESTING && !u->quitting)
		upstream_rest(u, &st);
}

/* A message refused at MAIL for no certain reason gets the verdict that the others give it. */
static void
weigh(struct upstream *u, const struct session *s, struct mail *m)
{
	struct status st = m->rcpt[0].status;
	char id[ID_LEN + 1];

	if (m->taken)
		suspects_accepted(&u->suspects, m->refusals);
	if (m->taken || st.verdict != VERDICT_REJECT || !st.unsure)
		return;
	switch (suspects_refused(&u->suspects, m->msg->id, m->refusals, &st)) {
	case SUSPECT_GUILTY:
		return;
	case SUSPECT_BEHIND:
		msgid_format(m->msg->id, id);
		log_info("%s: relay=%s, status=suspect, reason=%d %s; others are tried first", id, u->relay->name,
		    st.code, st.text);
		st.verdict = VERDICT_RECONNECT;
		break;
	case SUSPECT_WAITS:
		st.verdict = VERDICT_DEFER;
		break;
	case SUSPECT_ACCOUNT:
		st.verdict = VERDICT_CONFIG;
		st.scope = SCOPE_RELAY;
		st.pause_s = ACCUSED_PAUSE_S;
		st.hint = ACCUSED_HINT;
		break;
	}
	for (size_t i = 0; i < m->nrcpt; i++)
		m->rcpt[i].status = st;
	if (st.verdict == VERDICT_CONFIG)
		accuse(u, s, &st);
}

static bool
was_taken(const struct mail *m)
{
	for (size_t i = 0; i < m->nrcpt; i++)
		if (m->rcpt[i].status.verdict == VERDICT_SENT)
			return true;
	return false;
}

static void
on_settled(void *owner, struct session *s, struct mail *m)
{
	struct link *l = owner;
	struct upstream *u = l->up;

	weigh(u, s, m);
	if (piece_learn(&u->piece, m, clock_mono_ms()))
		log_info("relay=%s, recipients=%zu: %s asks for no more in a transaction", u->relay->name,
		    u->piece.most, session_peer(s));
	if (was_taken(m)) {
		u->carried++;
		tally_add(&u->sent, clock_mono_ms() / 1000, 1);
	}
	if (came_to_an_end(m)) {
		l->carried++;
		works(u);
	}
	u->probing = false;
	allowance_settle(u->allowance, m);
	u->ops->settled(u->owner, u, s, m);
	upstream_offer(u);
}

static void
on_up(void *owner, struct session *s)
{
	struct link *l = owner;

	upstream_learn_place(l->up, session_peer(s));
	log_debug("relay=%s, session=%s, status=up", l->up->relay->name, session_peer(s));
	upstream_login_worked(l->up);
}

static void
unlink_link(struct link *l)
{
	struct link **at = &l->up->links;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	l->up->nlinks--;
}

static bool
another_is_up(const struct upstream *u)
{
	for (const struct link *l = u->links; l != NULL; l = l->next)
		if (session_is_up(l->session))
			return true;
	return false;
}

/* A wish to reconnect that knows what it is when it comes again counts apart from other failures. */
static bool
is_first(struct upstream *u, const struct status *wish)
{
	bool first = wish->then != VERDICT_NONE ? !u->reconnected : u->failures == 0;

	u->reconnected |= wish->then != VERDICT_NONE;
	return first;
}

static void
lower_ceiling(struct upstream *u, unsigned to)
{
	u->ceiling = to;
	u->crowded_ms = clock_mono_ms();
}

/*
 * An extra connection that is turned away while another works is a limit on
 * connections, and some services say so only at MAIL: we live with those we
 * have for a while.
 */
static bool
is_crowded(struct upstream *u, const struct status *st, bool was_up)
{
	if (!another_is_up(u)) {
		if (st->crowded)
			lower_ceiling(u, 1);
		return false;
	}
	if (status_needs_person(st) || (was_up && !st->crowded))
		return false;
	lower_ceiling(u, u->nlinks);
	log_info("relay=%s, connections=%u, reason=%s", u->relay->name, u->ceiling, st->text);
	return true;
}

/*
 * A session is over.  Trouble rests the relay, but for that of one connection
 * too many.  A session that only lost its link is nobody's trouble if it
 * carried something.
 */
static void
on_over(void *owner, struct session *s, const struct status *why)
{
	struct link *l = owner;
	struct upstream *u = l->up;
	bool was_up = session_was_up(s);
	struct status st = *why;

	sign(&st, s);
	unlink_link(l);
	if (u->quitting || upstream_is_away(u) || upstream_gets_another_secret(u, &st, was_up)) {
		/* Whatever ended it, nobody is going to rest. */
	} else if (status_is_relay(&st)) {
		if (!is_crowded(u, &st, was_up) && u->well != RESTING)
			upstream_rest(u, &st);
	} else if (st.verdict == VERDICT_RECONNECT && l->carried == 0 && u->well != RESTING) {
		/* The first time at once, on a fresh connection; then with the breaker's waits, or as the rule says. */
		if (is_first(u, &st)) {
			u->failures++;
		} else {
			status_no_help(&st);
			upstream_rest(u, &st);
		}
	}
	session_free(s);
	free(l);
	u->ops->changed(u->owner, u);
	upstream_offer(u);
}

static const struct session_ops session_ops = {
	.next = on_next, .settled = on_settled, .up = on_up, .over = on_over,
};

/* ---- connections ---- */

static void
connect_one(struct upstream *u)
{
	struct session_params p = {
		.base = u->base, .relay = u->relay, .lacks = &u->lacks, .ops = &session_ops,
		.helo = u->relay->helo != NULL ? u->relay->helo : u->conf->hostname,
	};
	struct buf secret;
	struct link *l;

	p.tls = upstream_trust(u);
	buf_init(&secret, SECRET_MAX);
	buf_room(&secret, SECRET_MAX);          /* growth would leave copies behind */
	if (upstream_get_secret(u, &secret)) {
		l = xcalloc(1, sizeof(*l));
		l->up = u;
		l->secrets = loginfiles_version(u->files);
		p.owner = l;
		p.secret = buf_view(&secret);
		l->next = u->links;
		u->links = l;
		u->nlinks++;
		l->session = session_new(&p);
	}
	buf_wipe(&secret);
}

static unsigned
allowed(struct upstream *u)
{
	if (u->well == PROBING)
		return 1;
	if (u->ceiling > 0 && clock_mono_ms() - u->crowded_ms < CROWDED_MS)
		return u->ceiling;
	u->ceiling = 0;
	return u->relay->connections;
}

/* A login costs more than a message, and services count them: one more connection must be worth it. */
static bool
worth_another(struct upstream *u, size_t backlog)
{
	for (const struct link *l = u->links; l != NULL; l = l->next)
		if (!session_is_up(l->session))
			return false;           /* one at a time */
	return backlog >= (size_t)MAIL_PER_SESSION * u->nlinks;
}

void
upstream_offer(struct upstream *u)
{
	size_t backlog = u->ops->backlog(u->owner, u);

	if (backlog == 0 || upstream_is_held(u) || u->well == RESTING || u->quitting)
		return;
	/* Of one that is full, what is urgent may be the backlog; when it becomes so just now, all of it was. */
	if (u->full ? !upstream_takes_urgent(u) : !upstream_has_room(u, 1))
		return;
	for (struct link *l = u->links; l != NULL; l = l->next) {
		if (!session_is_idle(l->session))
			continue;
		if (!upstream_is_of_old(u, l)) {
			session_kick(l->session);
			return;
		}
		session_quit(l->session);
	}
	if (u->nlinks < allowed(u) && worth_another(u, backlog))
		connect_one(u);
}

void
upstream_nudge(struct upstream *u)
{
	int64_t now = clock_mono_ms();

	if (u->well != RESTING || upstream_is_held(u) || !u->nudgeable || u->quitting || now - u->nudged_ms < NUDGE_MS)
		return;
	u->nudged_ms = now;
	upstream_probe(u);
}

/* ---- life ---- */

struct upstream *
upstream_new(struct event_base *base, const struct config *conf, const struct relay_conf *relay,
    struct ledger *ledger, const struct upstream_ops *ops, void *owner, struct buf *why)
{
	struct upstream *u = xcalloc(1, sizeof(*u));

	u->base = base;
	u->conf = conf;
	u->relay = relay;
	if (!upstream_login_start(u, why)) {
		free(u);
		return NULL;
	}
	u->ops = ops;
	u->owner = owner;
	u->nudged_ms = clock_mono_ms() - NUDGE_MS;
	u->since_s = clock_wall_s();
	u->wait = timer_new(base, on_wait_over, u);
	upstream_hold_start(u, ledger);
	return u;
}

void
upstream_quit(struct upstream *u)
{
	u->quitting = true;
	timer_off(u->wait);
	loginfiles_unwatch(u->files);
	upstream_hold_quit(u);
	for (struct link *l = u->links; l != NULL; l = l->next)
		session_quit(l->session);
}

void
upstream_stop(struct upstream *u)
{
	u->quitting = true;
	timer_off(u->wait);
	loginfiles_unwatch(u->files);
	upstream_hold_quit(u);
	for (struct link *l = u->links; l != NULL; l = l->next)
		session_stop(l->session);
}

bool
upstream_is_gone(const struct upstream *u)
{
	return u->links == NULL;
}

void
upstream_free(struct upstream *u)
{
	if (u == NULL)
		return;
	assert(u->links == NULL);
	upstream_hold_done(u);
	suspects_done(&u->suspects);
	timer_free(u->wait);
	upstream_login_done(u);
	free(u);
}
