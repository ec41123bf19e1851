/* standing_print.c - the same for people; see standing.h. */
#include "postern/standing.h"

#include "base/text.h"
#include "postern/plain.h"
#include "postern/told.h"
#include "postern/table.h"

static const struct column columns[] = {
	{ "RELAY", 12, 1, false },
	{ "STATE", 7, 0, false },
	{ "FOR", 6, 0, true },
	{ "SESS", 4, 0, true },
	{ "PER MIN", 7, 0, true },
	{ "CARRIED", 9, 0, true },
	{ "SERVER", 24, 3, false },
};

#define NCOLUMNS (sizeof(columns) / sizeof(columns[0]))

static enum paint
paint_of(struct span relay)
{
	if (told_number(relay, "needs_person") > 0)
		return PAINT_BAD;
	return told_is(relay, "state", "up") || told_is(relay, "state", "idle") ? PAINT_GOOD : PAINT_WARN;
}

static void
put_field(struct buf *b, struct span fields, const char *key)
{
	struct buf text;

	buf_init(&text, TOLD_TEXT_MAX);
	told_text(fields, key, &text);
	buf_span(b, buf_view(&text));
	buf_done(&text);
}

static void
print_line(FILE *out, const char *before, struct span text)
{
	struct buf plain;

	buf_init(&plain, 3 * STANDING_TEXT_MAX);
	plain_put(&plain, text);
	fprintf(out, "%s%s\n", before, buf_cstr(&plain));
	buf_done(&plain);
}

static void
print_field(FILE *out, struct span fields, const char *key)
{
	struct buf text;

	buf_init(&text, TOLD_TEXT_MAX);
	if (told_text(fields, key, &text) && text.n > 0)
		print_line(out, "  ", buf_view(&text));
	buf_done(&text);
}

static void
put_when(struct buf *b, const char *what, int64_t at_s, int64_t now_s)
{
	if (at_s <= now_s)
		return;
	buf_printf(b, "%s%s ", b->n > 0 ? "; " : "", what);
	text_put_ctime(b, at_s);
	buf_str(b, ", in ");
	text_put_duration(b, at_s - now_s);
}

/* "quota_hour=480/500" and its kin, in words. */
static void
print_quota(FILE *out, struct span relay, int64_t now_s)
{
	static const struct {
		const char *key, *per;
	} quotas[] = {
		{ "quota_minute", "a minute" }, { "quota_hour", "an hour" }, { "quota_day", "a day" },
		{ "quota_recipients_day", "recipients a day" },
	};
	struct buf line, used;

	buf_init(&line, 4096);
	buf_init(&used, 256);
	for (size_t i = 0; i < sizeof(quotas) / sizeof(quotas[0]); i++)
		if (told_text(relay, quotas[i].key, &used))
			buf_printf(&line, "%s%s %s", line.n > 0 ? ", " : "quota ", buf_cstr(&used), quotas[i].per);
	if (line.n > 0)
		put_when(&line, "room", (int64_t)told_number(relay, "room_at"), now_s);
	if (line.n > 0)
		print_line(out, "  ", buf_view(&line));
	buf_done(&line);
	buf_done(&used);
}

/* "token until …, in 59m; consent until …, in 6d; for mail" */
static void
print_auth(FILE *out, struct span relay, int64_t now_s)
{
	struct buf line, scope;

	if (!told_is(relay, "auth", "oauth"))
		return;
	buf_init(&line, 2 * TOLD_TEXT_MAX);
	buf_init(&scope, TOLD_TEXT_MAX);
	put_when(&line, "token until", (int64_t)told_number(relay, "token_expires"), now_s);
	put_when(&line, "consent until", (int64_t)told_number(relay, "grant_expires"), now_s);
	if (told_text(relay, "scope", &scope) && scope.n > 0)
		buf_printf(&line, "%sfor %s", line.n > 0 ? "; " : "", buf_cstr(&scope));
	if (line.n > 0)
		print_line(out, "  ", buf_view(&line));
	buf_done(&line);
	buf_done(&scope);
}

static void
print_relay(struct table *t, struct span relay, int64_t now_s)
{
	struct buf cell[NCOLUMNS];
	struct cell cells[NCOLUMNS];
	int64_t since = (int64_t)told_number(relay, "since");

	for (size_t i = 0; i < NCOLUMNS; i++)
		buf_init(&cell[i], TOLD_TEXT_MAX * 2);
	put_field(&cell[0], relay, "name");
	put_field(&cell[1], relay, "state");
	if (since > 0)
		text_put_duration(&cell[2], now_s - since);
	buf_printf(&cell[3], "%llu", (unsigned long long)told_number(relay, "sessions"));
	buf_printf(&cell[4], "%llu", (unsigned long long)told_number(relay, "sent_1m"));
	buf_printf(&cell[5], "%llu", (unsigned long long)told_number(relay, "carried"));
	put_field(&cell[6], relay, "host");
	if (told_number(relay, "port") > 0)
		buf_printf(&cell[6], ":%llu", (unsigned long long)told_number(relay, "port"));
	for (size_t i = 0; i < NCOLUMNS; i++)
		cells[i] = (struct cell){ buf_view(&cell[i]), i == 1 ? paint_of(relay) : PAINT_NONE };
	table_row(t, cells);
	for (size_t i = 0; i < NCOLUMNS; i++)
		buf_done(&cell[i]);
}

static void
print_trouble(FILE *out, struct span relay, int64_t now_s)
{
	struct buf when;

	print_field(out, relay, "text");
	print_field(out, relay, "hint");
	print_quota(out, relay, now_s);
	print_auth(out, relay, now_s);
	buf_init(&when, 256);
	put_when(&when, told_is(relay, "state", "paused") ? "paused until" : "next attempt",
	    (int64_t)told_number(relay, "until"), now_s);
	if (when.n > 0)
		print_line(out, "  ", buf_view(&when));
	buf_done(&when);
}

static void
print_daemon(FILE *out, struct span daemon, int64_t now_s)
{
	struct buf line;
	int64_t started = (int64_t)told_number(daemon, "started");

	if (daemon.n == 0)
		return;
	buf_init(&line, 4 * TOLD_TEXT_MAX);
	buf_str(&line, "posternd ");
	put_field(&line, daemon, "version");
	buf_str(&line, " on ");
	put_field(&line, daemon, "hostname");
	if (started > 0) {
		buf_str(&line, ", up ");
		text_put_duration(&line, now_s - started);
	}
	buf_printf(&line, ", pid %llu, network ", (unsigned long long)told_number(daemon, "pid"));
	put_field(&line, daemon, "network");
	print_line(out, "", buf_view(&line));
	buf_done(&line);
}

static void
print_counts(FILE *out, const char *title, struct span fields, const char *const *keys)
{
	fprintf(out, "%-7s", title);
	for (size_t i = 0; keys[i] != NULL; i += 2)
		fprintf(out, "%s %llu %s", i > 0 ? "," : "", (unsigned long long)told_number(fields, keys[i]),
		    keys[i + 1]);
	fputc('\n', out);
}

/* Only the buckets that hold something. */
static void
print_ages(FILE *out, const struct standing *s, int64_t now_s)
{
	int64_t oldest = (int64_t)told_number(buf_view(&s->queue), "oldest");
	struct buf line;

	buf_init(&line, 8192);
	for (size_t i = 0; i < s->ages.n; i++) {
		struct span age = kept_at(&s->ages, i);
		uint64_t n = told_number(age, "n");
		int64_t under = (int64_t)told_number(age, "under");

		if (n == 0)
			continue;
		buf_printf(&line, "%s %llu %s", line.n > 0 ? "," : "", (unsigned long long)n,
		    under > 0 ? "under " : "older");
		if (under > 0)
			text_put_duration(&line, under);
	}
	if (oldest > 0) {
		buf_str(&line, "; the oldest ");
		text_put_duration(&line, now_s - oldest);
	}
	if (line.n > 0)
		fprintf(out, "age    %s\n", buf_cstr(&line));
	buf_done(&line);
}

static void
print_health(FILE *out, const struct standing *s, const struct term *term)
{
	static const enum paint paints[] = {
		[HEALTH_WELL] = PAINT_GOOD, [HEALTH_DEGRADED] = PAINT_WARN, [HEALTH_PERSON] = PAINT_BAD,
	};
	struct span rest = buf_view(&s->why), line;

	fprintf(out, "%s%s%s\n", term_paint(term, paints[s->health]), standing_health_name(s->health),
	    term_plain(term));
	while (span_cut(&rest, '\n', &line))
		print_line(out, "  ", line);
}

void
standing_print(const struct standing *s, FILE *out, const struct term *term, int64_t now_s)
{
	static const char *const queue[] = {
		"ready", "ready", "active", "active", "later", "later", "new", "new", "hold", "held",
		"dead", "dead", "bad", "bad", NULL,
	};
	static const char *const rate[] = {
		"sent_1m", "sent in a minute", "sent_1h", "in an hour", "sent_24h", "in a day",
		"failed_24h", "failed", "deferred_24h", "deferred", NULL,
	};
	struct table t;

	print_daemon(out, buf_view(&s->daemon), now_s);
	if (s->relays.n > 0)
		table_begin(&t, out, term, columns, NCOLUMNS);
	for (size_t i = 0; i < s->relays.n; i++) {
		print_relay(&t, kept_at(&s->relays, i), now_s);
		print_trouble(out, kept_at(&s->relays, i), now_s);
	}
	print_counts(out, "queue", buf_view(&s->queue), queue);
	print_ages(out, s, now_s);
	if (s->rate.n > 0)
		print_counts(out, "rate", buf_view(&s->rate), rate);
	print_health(out, s, term);
}
