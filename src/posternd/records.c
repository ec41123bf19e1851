#include "posternd/records.h"

#include <string.h>

#include "base/text.h"
#include "relay/allowance.h"
#include "relay/token.h"

/* ---- relays ---- */

bool
record_needs_person(const struct upstream *u)
{
	const struct status *t = upstream_trouble(u);

	return upstream_well(u) != WELL && (t->verdict == VERDICT_CREDENTIAL || t->verdict == VERDICT_CONFIG);
}

const char *
record_relay_state(const struct upstream *u)
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
	    record_relay_state(u), upstream_sessions(u), (long long)upstream_since_s(u),
	    (unsigned long long)upstream_carried(u), (unsigned long long)upstream_sent_minute(u),
	    record_needs_person(u));
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
static const struct outcome_note *
newest(const struct message *m, bool failed)
{
	const struct outcome_note *last = NULL;

	for (size_t i = 0; i < m->env.nrcpts; i++) {
		const struct outcome_note *n = &m->notes[i];

		if (n->what != OUTCOME_NONE && (!failed || n->what == OUTCOME_FAILED) &&
		    (last == NULL || n->time_s > last->time_s))
			last = n;
	}
	return last;
}

static void
put_reason(struct buf *b, const struct shown *s, const struct message *m)
{
	const struct outcome_note *n = newest(m, true);

	if (s->state == SHOWN_HOLD && m->held_by[0] != '\0')
		record_text(b, "reason", m->held_by);
	else if (s->state == SHOWN_DEAD && n != NULL && n->text != NULL)
		record_text(b, "reason", n->text);
}

void
record_message(struct buf *b, const struct shown *s, const struct message *m)
{
	const struct outcome_note *last = newest(m, false);
	char id[ID_LEN + 1];

	msgid_format(s->id, id);
	buf_printf(b, "message id=%s size=%llu time=%lld state=%s uid=%u", id, (unsigned long long)m->size,
	    (long long)(msgid_time_us(s->id) / 1000000), states[s->state], (unsigned)m->uid);
	record_text(b, "user", m->env.user);
	record_text(b, "sender", m->env.sender->text);
	buf_printf(b, " attempts=%u last=%lld", m->attempts, last != NULL ? (long long)last->time_s : 0);
	if (s->state == SHOWN_LATER)
		buf_printf(b, " next=%u", s->due_s);
	put_reason(b, s, m);
	buf_char(b, '\n');
}

void
record_unread(struct buf *b, enum shown_state state, const struct stored *st, const char *user, const char *why)
{
	char id[ID_LEN + 1];

	msgid_format(st->id, id);
	buf_printf(b, "message id=%s size=%lld time=%lld state=%s uid=%u", id, (long long)st->size,
	    (long long)(msgid_time_us(st->id) / 1000000), states[state], (unsigned)st->uid);
	record_text(b, "user", user);
	buf_str(b, " attempts=0 last=0");
	record_text(b, "reason", why);
	buf_char(b, '\n');
}

void
record_recipient(struct buf *b, const struct rcpt *to, const struct outcome_note *n)
{
	buf_str(b, "recipient");
	record_text(b, "addr", to->addr->text);
	buf_printf(b, " state=%s", outcomes[n->what]);
	if (n->what != OUTCOME_NONE) {
		buf_printf(b, " time=%lld code=%d", (long long)n->time_s, n->code);
		record_text(b, "dsn", n->dsn);
		record_text(b, "relay", n->relay);
		record_text(b, "text", n->text != NULL ? n->text : "");
	}
	buf_char(b, '\n');
}
