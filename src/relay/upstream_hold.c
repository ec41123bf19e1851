/* upstream_hold.c - what keeps a relay from sending though nothing is wrong with it; see upstream_private.h. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "config/options.h"
#include "relay/upstream_private.h"

#define LOOK_MS      60000              /* for room: a wait by the kernel's timers stands still in a sleep */
#define SAY_AGAIN_MS 3600000            /* a limit of a minute is met each minute */

/* What is told of a relay that nothing can be sent to. */
static const struct status no_network = {
	.verdict = VERDICT_PAUSE, .scope = SCOPE_RELAY, .dsn = "4.4.1", .text = "there is no route but loopback's",
};

bool
upstream_is_away(const struct upstream *u)
{
	return u->reach == REACH_NONE && !u->near;
}

bool
upstream_is_held(const struct upstream *u)
{
	return u->paused || upstream_is_away(u);
}

/* ---- an admin's pause ---- */

void
upstream_pause(struct upstream *u, const char *by, int64_t since_s, int64_t until_s)
{
	u->paused = true;
	u->paused_since_s = since_s;
	u->paused_until_s = until_s;
	status_local(&u->hand, VERDICT_PAUSE, SCOPE_RELAY, "4.3.2", "paused by %s", by);
	u->ops->changed(u->owner, u);
}

/* A breaker's wait that ended meanwhile has left it PROBING. */
void
upstream_resume(struct upstream *u)
{
	if (!u->paused)
		return;
	u->paused = false;
	u->ops->changed(u->owner, u);
	upstream_offer(u);
}

bool
upstream_is_paused(const struct upstream *u)
{
	return u->paused;
}

/* ---- a network that is away ---- */

/*
 * A relay on this machine needs none, be it a tunnel's end that needs one
 * itself: that it says so is its own trouble.  By address or as "localhost"
 * it is known from the start, by another name from its last login: what a
 * name means is the resolver's to say, which mostly needs the network first.
 */
void
upstream_learn_place(struct upstream *u, const char *peer)
{
	struct span address = span_of(peer), host;
	char *text;

	span_cut(&address, '[', &host);
	span_cut(&address, ']', &host);
	text = span_dup(host);
	u->near = option_is_loopback(text);
	free(text);
}

/*
 * What the network's absence had to do with is tried again the moment there
 * is more of it; a refused login or a stated pause is the server's word, and
 * stands.
 */
void
upstream_set_reach(struct upstream *u, enum reach now)
{
	bool was_away = upstream_is_away(u), more = now > u->reach;

	u->reach = now;
	if (upstream_is_away(u) != was_away) {
		u->offline_since_s = clock_wall_s();
		u->ops->changed(u->owner, u);
	}
	if (upstream_is_away(u) || u->quitting || !(more || was_away))
		return;
	if (u->well == RESTING && u->nudgeable) {
		u->failures = 0;
		u->unresolved_ms = 0;
		upstream_probe(u);
	} else {
		upstream_offer(u);
	}
}

void
upstream_cut(struct upstream *u)
{
	if (!upstream_is_away(u))
		return;
	for (struct link *l = u->links; l != NULL; l = l->next)
		session_stop(l->session);
}

/* ---- an account that has sent its share ---- */

static void
on_room(void *arg)
{
	struct upstream *u = arg;
	int64_t wait_s = allowance_wait_s(u->allowance, u->full_for, false);

	if (wait_s > 0) {
		u->full_until_s = clock_wall_s() + wait_s;
		timer_set(u->room, wait_s * 1000 < LOOK_MS ? wait_s * 1000 : LOOK_MS);
		return;
	}
	u->full = false;
	if (u->full_said)
		log_info("relay=%s, status=well, reason=there is room again", u->relay->name);
	u->ops->changed(u->owner, u);
	upstream_offer(u);
}

static void
say_full(struct upstream *u)
{
	struct buf until;
	int64_t now_ms = clock_mono_ms();

	u->full_said = u->full_said_ms == 0 || now_ms - u->full_said_ms >= SAY_AGAIN_MS;
	if (!u->full_said)
		return;
	u->full_said_ms = now_ms;
	buf_init(&until, 64);
	text_put_duration(&until, u->full_until_s - clock_wall_s());
	log_info("relay=%s, status=quota, next=%s, reason=%s; mail is kept", u->relay->name, buf_cstr(&until),
	    u->spent.text);
	buf_done(&until);
}

static void
fill(struct upstream *u, size_t nrcpt, int64_t wait_s)
{
	struct buf why;

	buf_init(&why, sizeof(u->spent.text));
	allowance_why(u->allowance, nrcpt, &why);
	status_local(&u->spent, VERDICT_PAUSE, SCOPE_RELAY, "4.7.0", "%s", buf_cstr(&why));
	buf_done(&why);
	u->full = true;
	u->full_for = nrcpt;
	u->full_since_s = clock_wall_s();
	u->full_until_s = u->full_since_s + wait_s;
	timer_set(u->room, wait_s * 1000 < LOOK_MS ? wait_s * 1000 : LOOK_MS);
	say_full(u);
	u->ops->changed(u->owner, u);
}

bool
upstream_has_room(struct upstream *u, size_t nrcpt)
{
	int64_t wait_s;

	if (u->full)
		return false;
	wait_s = allowance_wait_s(u->allowance, nrcpt, false);
	if (wait_s > 0)
		fill(u, nrcpt, wait_s);
	return wait_s == 0;
}

bool
upstream_takes_urgent(const struct upstream *u)
{
	return u->full && !upstream_is_held(u) && u->well != RESTING &&
	    allowance_wait_s(u->allowance, 1, true) == 0;
}

/* ---- life ---- */

void
upstream_hold_start(struct upstream *u, struct ledger *ledger)
{
	u->near = option_is_loopback(u->relay->host);
	u->allowance = allowance_new(ledger, u->relay);
	u->room = timer_new(u->base, on_room, u);
}

void
upstream_hold_quit(struct upstream *u)
{
	timer_off(u->room);
}

void
upstream_hold_done(struct upstream *u)
{
	allowance_free(u->allowance);
	timer_free(u->room);
}

/* ---- for showing ---- */

void
upstream_inherit(struct upstream *u, const struct upstream *from)
{
	u->carried = from->carried;
	u->sent = from->sent;
	if (strcmp(u->relay->host, from->relay->host) == 0)
		u->piece = from->piece;
}

enum well
upstream_well(const struct upstream *u)
{
	return upstream_is_held(u) || u->full ? RESTING : u->well;
}

bool
upstream_is_at_hand(const struct upstream *u)
{
	if (upstream_well(u) != PROBING || u->probing || u->quitting)
		return false;
	for (const struct link *l = u->links; l != NULL; l = l->next)
		if (session_is_idle(l->session))
			return true;
	return false;
}

const struct token *
upstream_token(const struct upstream *u)
{
	return u->token;
}

const struct relay_conf *
upstream_conf(const struct upstream *u)
{
	return u->relay;
}

unsigned
upstream_sessions(const struct upstream *u)
{
	return u->nlinks;
}

const struct status *
upstream_trouble(const struct upstream *u)
{
	if (u->paused)
		return &u->hand;
	if (upstream_is_away(u))
		return &no_network;
	return u->full && u->well != RESTING ? &u->spent : &u->trouble;
}

bool
upstream_needs_person(const struct upstream *u)
{
	return upstream_well(u) != WELL && status_needs_person(upstream_trouble(u));
}

int64_t
upstream_until_s(const struct upstream *u)
{
	if (u->paused)
		return u->paused_until_s;
	if (upstream_is_away(u))
		return 0;
	if (u->full && u->well != RESTING)
		return u->full_until_s;
	return clock_wall_s() + (u->until_ms - clock_mono_ms()) / 1000;
}

int64_t
upstream_since_s(const struct upstream *u)
{
	if (u->paused)
		return u->paused_since_s;
	if (upstream_is_away(u))
		return u->offline_since_s;
	return u->full && u->well != RESTING ? u->full_since_s : u->since_s;
}

uint64_t
upstream_carried(const struct upstream *u)
{
	return u->carried;
}

uint64_t
upstream_sent_minute(const struct upstream *u)
{
	return tally_minute(&u->sent, clock_mono_ms() / 1000);
}

bool
upstream_is_offline(const struct upstream *u)
{
	return upstream_is_away(u);
}

bool
upstream_is_full(const struct upstream *u)
{
	return u->full;
}

size_t
upstream_recipients(const struct upstream *u)
{
	size_t most = allowance_recipients(u->relay), piece = piece_most(&u->piece, clock_mono_ms());

	return piece > 0 && piece < most ? piece : most;
}

const struct allowance *
upstream_allowance(const struct upstream *u)
{
	return u->allowance;
}
