/* standing.c - how the relays and the queue are; see standing.h. */
#include "postern/standing.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "postern/record.h"

void
standing_init(struct standing *s)
{
	memset(s, 0, sizeof(*s));
	buf_init(&s->text, STANDING_TEXT_MAX);
	buf_init(&s->why, STANDING_TEXT_MAX);
}

void
standing_done(struct standing *s)
{
	buf_done(&s->text);
	buf_done(&s->why);
	free(s->relays.line);
	free(s->ages.line);
	standing_init(s);
}

static void
add(struct standing_lines *l, struct standing_line line)
{
	l->line = xrealloc(l->line, (l->n + 1) * sizeof(*l->line));
	l->line[l->n++] = line;
}

void
standing_record(struct standing *s, struct span line)
{
	struct span fields = line, kind = record_kind(&fields);
	struct standing_line kept = { .at = s->text.n, .n = fields.n };

	buf_span(&s->text, fields);
	if (s->text.over)
		return;
	if (span_eq(kind, SPAN("relay")))
		add(&s->relays, kept);
	else if (span_eq(kind, SPAN("age")))
		add(&s->ages, kept);
	else if (span_eq(kind, SPAN("daemon")))
		s->daemon = kept;
	else if (span_eq(kind, SPAN("queue")))
		s->queue = kept;
	else if (span_eq(kind, SPAN("rate")))
		s->rate = kept;
}

struct span
standing_fields(const struct standing *s, struct standing_line l)
{
	return l.n > 0 ? (struct span){ s->text.p + l.at, l.n } : SPAN("");
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

	buf_init(&text, RECORD_TEXT_MAX);
	if (record_text(relay, "text", &text) && text.n > 0)
		buf_printf(b, ": %s", buf_cstr(&text));
	if (record_text(relay, "hint", &text) && text.n > 0)
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
	return record_number(relay, "needs_person") > 0 || record_is(relay, "verdict", "credential") ||
	    record_is(relay, "verdict", "config");
}

static void
judge_relay(struct standing *s, struct span relay)
{
	struct buf name;

	buf_init(&name, RECORD_TEXT_MAX);
	record_text(relay, "name", &name);
	if (record_is(relay, "state", "paused")) {
		worse(s, HEALTH_DEGRADED);
		buf_printf(&s->why, "relay %s is paused: postern resume %s\n", buf_cstr(&name), buf_cstr(&name));
	} else if (needs_person(relay)) {
		worse(s, HEALTH_PERSON);
		buf_printf(&s->why, "relay %s needs a person", buf_cstr(&name));
		put_trouble(&s->why, relay);
		buf_char(&s->why, '\n');
	} else {
		for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
			if (!record_is(relay, "state", rests[i].state))
				continue;
			worse(s, HEALTH_DEGRADED);
			buf_printf(&s->why, "relay %s %s", buf_cstr(&name), rests[i].says);
			put_trouble(&s->why, relay);
			buf_char(&s->why, '\n');
		}
	}
	buf_done(&name);
}

static void
judge_place(struct standing *s, const char *place, enum health h, const char *what)
{
	uint64_t n = record_number(standing_fields(s, s->queue), place);

	if (n == 0)
		return;
	worse(s, h);
	buf_printf(&s->why, "%llu message%s %s: postern queue --state %s\n", (unsigned long long)n,
	    n == 1 ? "" : "s", what, place);
}

void
standing_judge(struct standing *s, int64_t now_s)
{
	int64_t oldest = (int64_t)record_number(standing_fields(s, s->queue), "oldest");

	for (size_t i = 0; i < s->relays.n; i++)
		judge_relay(s, standing_fields(s, s->relays.line[i]));
	judge_place(s, "dead", HEALTH_PERSON, "could be neither delivered nor returned");
	judge_place(s, "bad", HEALTH_PERSON, "cannot be read");
	judge_place(s, "hold", HEALTH_DEGRADED, "held");
	if (record_is(standing_fields(s, s->daemon), "network", "down")) {
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
