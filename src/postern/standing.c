/* standing.c - how the relays and the queue are; see standing.h. */
#include "postern/standing.h"

#include <string.h>

#include "base/text.h"
#include "postern/rows.h"
#include "postern/told.h"

void
standing_init(struct standing *s)
{
	memset(s, 0, sizeof(*s));
	buf_init(&s->daemon, TOLD_TEXT_MAX);
	buf_init(&s->queue, TOLD_TEXT_MAX);
	buf_init(&s->rate, TOLD_TEXT_MAX);
	kept_init(&s->relays, STANDING_TEXT_MAX);
	kept_init(&s->ages, STANDING_TEXT_MAX);
	buf_init(&s->why, STANDING_TEXT_MAX);
}

void
standing_done(struct standing *s)
{
	buf_done(&s->daemon);
	buf_done(&s->queue);
	buf_done(&s->rate);
	kept_done(&s->relays);
	kept_done(&s->ages);
	buf_done(&s->why);
}

static void
set(struct buf *b, struct span fields)
{
	buf_clear(b);
	buf_span(b, fields);
}

void
standing_record(struct standing *s, struct span line)
{
	struct span fields = line, kind = told_kind(&fields);

	if (span_eq(kind, SPAN("relay")))
		kept_add(&s->relays, fields);
	else if (span_eq(kind, SPAN("age")))
		kept_add(&s->ages, fields);
	else if (span_eq(kind, SPAN("daemon")))
		set(&s->daemon, fields);
	else if (span_eq(kind, SPAN("queue")))
		set(&s->queue, fields);
	else if (span_eq(kind, SPAN("rate")))
		set(&s->rate, fields);
}

const char *
standing_health_name(enum health h)
{
	static const char *const names[] = {
		[HEALTH_WELL] = "well", [HEALTH_DEGRADED] = "degraded", [HEALTH_PERSON] = "needs a person",
	};

	return names[h];
}

/* ---- what it means ---- */

static void
worse(struct standing *s, enum health h)
{
	if (s->health < h)
		s->health = h;
}

static void
put_trouble(struct buf *b, struct span relay)
{
	struct buf text;

	buf_init(&text, TOLD_TEXT_MAX);
	if (told_text(relay, "text", &text) && text.n > 0)
		buf_printf(b, ": %s", buf_cstr(&text));
	if (told_text(relay, "hint", &text) && text.n > 0)
		buf_printf(b, " (%s)", buf_cstr(&text));
	buf_done(&text);
}

/* What each state of a relay says behind its name. */
static const struct {
	const char *state;
	const char *says;
} rests[] = {
	{ "resting", "rests" },
	{ "probing", "is being tried again" },
	{ "offline", "has no network" },
	{ "quota", "has used up its quota" },
};

/* That an account or a configuration is in trouble was to be seen before needs_person was. */
static bool
needs_person(struct span relay)
{
	return told_number(relay, "needs_person") > 0 || told_is(relay, "verdict", "credential") ||
	    told_is(relay, "verdict", "config");
}

static void
judge_consent(struct standing *s, struct span relay, const char *name, int64_t now_s)
{
	int64_t ends_s = (int64_t)told_number(relay, "grant_expires");

	if (ends_s == 0 || ends_s - now_s > STANDING_ENDS_S)
		return;
	worse(s, HEALTH_DEGRADED);
	buf_printf(&s->why, "relay %s: the consent ends in ", name);
	text_put_duration(&s->why, ends_s > now_s ? ends_s - now_s : 0);
	buf_printf(&s->why, ": postern login %s\n", name);
}

static void
judge_relay(struct standing *s, struct span relay, int64_t now_s)
{
	struct buf name;

	buf_init(&name, TOLD_TEXT_MAX);
	told_text(relay, "name", &name);
	if (told_is(relay, "state", "paused")) {
		worse(s, HEALTH_DEGRADED);
		buf_printf(&s->why, "relay %s is paused: postern resume %s\n", buf_cstr(&name), buf_cstr(&name));
	} else if (needs_person(relay)) {
		worse(s, HEALTH_PERSON);
		buf_printf(&s->why, "relay %s needs a person", buf_cstr(&name));
		put_trouble(&s->why, relay);
		buf_char(&s->why, '\n');
	} else {
		for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
			if (!told_is(relay, "state", rests[i].state))
				continue;
			worse(s, HEALTH_DEGRADED);
			buf_printf(&s->why, "relay %s %s", buf_cstr(&name), rests[i].says);
			put_trouble(&s->why, relay);
			buf_char(&s->why, '\n');
		}
	}
	if (!needs_person(relay))
		judge_consent(s, relay, buf_cstr(&name), now_s);
	buf_done(&name);
}

static void
judge_disk(struct standing *s)
{
	uint64_t room = told_number(buf_view(&s->daemon), "disk_free");
	uint64_t kept = told_number(buf_view(&s->daemon), "min_free");

	if (room >= kept)
		return;
	worse(s, HEALTH_PERSON);
	buf_str(&s->why, "no mail is accepted: the disk of the spool has ");
	rows_put_size(&s->why, room);
	buf_str(&s->why, " left, and min-free is ");
	rows_put_size(&s->why, kept);
	buf_str(&s->why, "; make room on it\n");
}

static void
judge_shortage(struct standing *s)
{
	struct buf text;

	buf_init(&text, TOLD_TEXT_MAX);
	if (told_text(buf_view(&s->queue), "shortage", &text) && text.n > 0) {
		worse(s, HEALTH_PERSON);
		buf_printf(&s->why, "nothing can be taken from the queue: %s; mail is kept, "
		    "and tried again each minute\n", buf_cstr(&text));
	}
	buf_done(&text);
}

static void
judge_unremoved(struct standing *s)
{
	uint64_t n = told_number(buf_view(&s->queue), "unremoved");

	if (n == 0)
		return;
	worse(s, HEALTH_PERSON);
	buf_printf(&s->why, "%llu message%s sent or returned, but cannot be removed from the spool: "
	    "postern log says why; is its disk well and writable?\n", (unsigned long long)n, n == 1 ? "" : "s");
}

static void
judge_place(struct standing *s, const char *place, enum health h, const char *what)
{
	uint64_t n = told_number(buf_view(&s->queue), place);

	if (n == 0)
		return;
	worse(s, h);
	buf_printf(&s->why, "%llu message%s %s: postern queue --state %s\n", (unsigned long long)n,
	    n == 1 ? "" : "s", what, place);
}

void
standing_judge(struct standing *s, int64_t now_s)
{
	int64_t oldest = (int64_t)told_number(buf_view(&s->queue), "oldest");

	for (size_t i = 0; i < s->relays.n; i++)
		judge_relay(s, kept_at(&s->relays, i), now_s);
	judge_disk(s);
	judge_shortage(s);
	judge_unremoved(s);
	judge_place(s, "dead", HEALTH_PERSON, "could be neither delivered nor returned");
	judge_place(s, "bad", HEALTH_PERSON, "cannot be read");
	judge_place(s, "hold", HEALTH_DEGRADED, "held");
	if (told_is(buf_view(&s->daemon), "network", "down")) {
		worse(s, HEALTH_DEGRADED);
		buf_str(&s->why, "there is no network\n");
	}
	if (oldest > 0 && now_s - oldest > STANDING_OLD_S) {
		worse(s, HEALTH_DEGRADED);
		buf_str(&s->why, "the oldest message waits for ");
		text_put_duration(&s->why, now_s - oldest);
		buf_str(&s->why, ": postern queue --limit 1\n");
	}
}
