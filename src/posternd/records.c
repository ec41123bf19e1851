#include "posternd/records.h"

#include <string.h>

#include "base/text.h"
#include "relay/allowance.h"
#include "relay/token.h"

/* ---- relays ---- */

static const char *
state_of(const struct upstream *u)
{
	if (upstream_is_paused(u))
		return "paused";
	if (upstream_is_offline(u))
		return "offline";
	if (upstream_is_full(u))
		return "quota";
	switch (upstream_well(u)) {
	case RESTING:
		return "resting";
	case PROBING:
		return "probing";
	default:
		return upstream_sessions(u) > 0 ? "up" : "idle";
	}
}

/* Of each limit that is set: how much of it is used; and when there is room. */
static void
put_quota(struct buf *b, const struct allowance *a)
{
	static const char *const keys[NQUOTAS] = {
		[QUOTA_MINUTE] = "quota_minute", [QUOTA_HOUR] = "quota_hour", [QUOTA_DAY] = "quota_day",
		[QUOTA_RECIPIENTS] = "quota_recipients_day",
	};
	struct allowed n;
	bool any = false;

	for (int k = 0; k < NQUOTAS; k++) {
		if (!allowance_show(a, (enum quota_kind)k, &n))
			continue;
		buf_printf(b, " %s=%llu/%llu", keys[k], (unsigned long long)n.used, (unsigned long long)n.max);
		any = true;
	}
	if (any)
		buf_printf(b, " room_at=%lld", (long long)allowance_room_at_s(a));
}

/* What it logs in with; of tokens when they and the consent end, where that is known. */
static void
put_auth(struct buf *b, const struct upstream *u)
{
	const struct token *t = upstream_token(u);

	buf_printf(b, " auth=%s", t != NULL ? "oauth" : upstream_conf(u)->user != NULL ? "password" : "none");
	if (t == NULL)
		return;
	if (token_expires_s(t) > 0)
		buf_printf(b, " token_expires=%lld", (long long)token_expires_s(t));
	if (token_ends_s(t) > 0)
		buf_printf(b, " grant_expires=%lld", (long long)token_ends_s(t));
	if (token_scope(t)[0] != '\0')
		record_text(b, "scope", token_scope(t));
}

void
record_relay(struct buf *b, const struct upstream *u)
{
	const struct relay_conf *r = upstream_conf(u);
	const struct status *t = upstream_trouble(u);

	buf_str(b, "relay");
	record_text(b, "name", r->name);
	record_text(b, "provider", r->provider);
	record_text(b, "host", r->host);
	buf_printf(b, " port=%u state=%s sessions=%u since=%lld carried=%llu sent_1m=%llu needs_person=%d", r->port,
	    state_of(u), upstream_sessions(u), (long long)upstream_since_s(u),
	    (unsigned long long)upstream_carried(u), (unsigned long long)upstream_sent_minute(u),
	    upstream_needs_person(u));
	put_auth(b, u);
	if (upstream_allowance(u) != NULL)
		put_quota(b, upstream_allowance(u));
	if (upstream_well(u) != WELL && t->verdict != VERDICT_NONE) {
		buf_printf(b, " verdict=%s until=%lld", verdict_name(t->verdict), (long long)upstream_until_s(u));
		record_text(b, "text", t->text);
		if (t->hint != NULL)
			record_text(b, "hint", t->hint);
	}
	buf_char(b, '\n');
}

/* ---- messages ---- */

static const char *const states[] = {
	[SHOWN_READY] = "ready", [SHOWN_ACTIVE] = "active", [SHOWN_LATER] = "later",
	[SHOWN_HOLD] = "hold", [SHOWN_DEAD] = "dead", [SHOWN_BAD] = "bad",
};

static const char *const outcomes[] = {
	[OUTCOME_NONE] = "waiting", [OUTCOME_SENT] = "sent",
	[OUTCOME_DEFERRED] = "deferred", [OUTCOME_FAILED] = "failed",
};

/* The newest outcome; of a dead message the newest failure, which is why. */
static const struct gist_rcpt *
newest(const struct gist *g, bool failed)
{
	const struct gist_rcpt *last = NULL;

	for (size_t i = 0; i < g->nrcpts; i++) {
		const struct gist_rcpt *to = &g->rcpts[i];

		if (to->what != OUTCOME_NONE && (!failed || to->what == OUTCOME_FAILED) &&
		    (last == NULL || to->time_s > last->time_s))
			last = to;
	}
	return last;
}

static void
put_reason(struct buf *b, const struct shown *s, const struct gist *g)
{
	const struct gist_rcpt *failed = s->state == SHOWN_DEAD ? newest(g, true) : NULL;

	if (s->state == SHOWN_HOLD && g->held_by.n > 0)
		record_span(b, "reason", g->held_by);
	else if (failed != NULL && failed->text.p != NULL)
		record_span(b, "reason", failed->text);
}

/* What a message's file need not be read for. */
static void
put_head(struct buf *b, msgid id, uint64_t size, enum shown_state state, uid_t uid, const char *user)
{
	char name[ID_LEN + 1];

	msgid_format(id, name);
	buf_str(b, "message");
	record_word(b, "id", name);
	record_number(b, "size", size);
	record_number(b, "time", (uint64_t)(msgid_time_us(id) / 1000000));
	record_word(b, "state", states[state]);
	record_number(b, "uid", uid);
	record_text(b, "user", user);
}

void
record_message(struct buf *b, const struct shown *s, const struct gist *g, const char *user)
{
	const struct gist_rcpt *last = newest(g, false);

	put_head(b, g->id, g->size, s->state, g->uid, user);
	record_span(b, "sender", g->sender);
	record_number(b, "attempts", g->attempts);
	record_number(b, "last", last != NULL ? (uint64_t)last->time_s : 0);
	if (s->state == SHOWN_LATER)
		record_number(b, "next", s->due_s);
	put_reason(b, s, g);
	buf_char(b, '\n');
}

void
record_unread(struct buf *b, enum shown_state state, const struct stored *st, const char *user, const char *why)
{
	put_head(b, st->id, (uint64_t)st->size, state, st->uid, user);
	buf_str(b, " attempts=0 last=0");
	record_text(b, "reason", why);
	buf_char(b, '\n');
}

void
record_recipient(struct buf *b, const struct gist_rcpt *to)
{
	buf_str(b, "recipient");
	record_span(b, "addr", to->addr);
	record_word(b, "state", outcomes[to->what]);
	if (to->what != OUTCOME_NONE) {
		record_number(b, "time", (uint64_t)to->time_s);
		record_number(b, "code", (uint64_t)to->code);
		record_span(b, "dsn", to->dsn);
		record_span(b, "relay", to->relay);
		record_span(b, "text", to->text);
	}
	buf_char(b, '\n');
}
