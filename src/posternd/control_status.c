/* control_status.c - status: how the daemon, its relays and its queue are; see control.h. */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/version.h"
#include "net/loop.h"
#include "posternd/control_private.h"
#include "posternd/records.h"

/* The bucket of the last is all that is older. */
static const int64_t under_s[] = { 900, 3600, 14400, 86400, 432000, 0 };

#define BUCKETS (sizeof(under_s) / sizeof(under_s[0]))

_Static_assert(BUCKETS == sizeof(((struct ages *)0)->under) / sizeof(size_t), "struct ages has a place for each");

/* ---- ages ---- */

static size_t
bucket_of(int64_t age_s)
{
	size_t i = 0;

	while (i + 1 < BUCKETS && age_s >= under_s[i])
		i++;
	return i;
}

/*
 * One walk through memory: some milliseconds for a hundred thousand, and so
 * not more often than makes it a hundredth of the daemon's time.
 */
static void
find_ages(struct control *c)
{
	int64_t now_ms = clock_mono_ms(), now_s = clock_wall_s();
	struct ages *g = &c->ages;
	struct shown_list all;

	if (g->at_ms != 0 && now_ms - g->at_ms < (int64_t)(g->counted / 100))
		return;
	queue_list(c->queue, &all);
	*g = (struct ages){ .at_ms = now_ms, .counted = all.n };
	for (size_t i = 0; i < all.n; i++) {
		int64_t arrival_s = msgid_time_us(all.s[i].id) / 1000000;

		g->under[bucket_of(now_s - arrival_s)]++;
		if (all.s[i].state != SHOWN_ACTIVE && (g->oldest_s == 0 || arrival_s < g->oldest_s))
			g->oldest_s = arrival_s;
	}
	shown_done(&all);
}

/* ---- records ---- */

static const char *const networks[] = {
	[REACH_UNKNOWN] = "unknown", [REACH_NONE] = "down", [REACH_NEAR] = "up", [REACH_FAR] = "up",
};

static void
put_daemon(const struct control *c, struct buf *out)
{
	const struct config *conf = queue_conf(c->queue);
	struct loop_gap gap = loop_longest();

	buf_str(out, "daemon");
	record_text(out, "version", version_text());
	buf_printf(out, " pid=%ld started=%lld", (long)getpid(), (long long)c->started_s);
	record_text(out, "hostname", conf->hostname);
	record_text(out, "config", conf->path);
	buf_printf(out, " network=%s disk_free=%llu min_free=%llu", networks[queue_reach(c->queue)],
	    (unsigned long long)store_free_bytes(queue_store(c->queue)), (unsigned long long)conf->min_free);
	buf_printf(out, " longest_gap_ms=%lld longest_gap_at=%lld\n", (long long)gap.ms, (long long)gap.at_s);
}

static void
put_queue(struct control *c, struct buf *out)
{
	struct queue_counts n;

	queue_count(c->queue, &n);
	find_ages(c);
	buf_printf(out, "queue ready=%zu active=%zu later=%zu hold=%zu dead=%zu bad=%zu new=%zu", n.ready, n.carried,
	    n.waiting, census_count(c->census, PLACE_HOLD), census_count(c->census, PLACE_DEAD),
	    census_count(c->census, PLACE_BAD), census_count(c->census, PLACE_NEW));
	if (queue_shortage(c->queue) != 0)
		record_text(out, "shortage", strerror(-queue_shortage(c->queue)));
	buf_printf(out, " unremoved=%zu oldest=%lld\n", n.unremoved, (long long)c->ages.oldest_s);
	for (size_t i = 0; i < BUCKETS; i++)
		buf_printf(out, "age under=%lld n=%zu\n", (long long)under_s[i], c->ages.under[i]);
}

static void
put_rates(const struct queue *q, struct buf *out)
{
	struct queue_rates n;

	queue_rates(q, &n);
	buf_printf(out, "rate sent_1m=%llu sent_1h=%llu sent_24h=%llu failed_24h=%llu deferred_24h=%llu\n",
	    (unsigned long long)n.sent_minute, (unsigned long long)n.sent_hour, (unsigned long long)n.sent_day,
	    (unsigned long long)n.failed_day, (unsigned long long)n.deferred_day);
}

/* ---- the request ---- */

static void
begin(struct asker *a, struct buf *out)
{
	(void)out;
	census_begin(a->control->census);
	a->job = a->control->census;
}

static bool
turn(struct asker *a, struct buf *out)
{
	struct control *c = a->control;

	if (census_turn(c->census))
		return true;
	put_daemon(c, out);
	for (size_t i = 0; i < queue_relays(c->queue); i++)
		record_relay(out, queue_relay(c->queue, i));
	put_queue(c, out);
	put_rates(c->queue, out);
	return false;
}

const struct request control_status = { .name = "status", .usage = "", .begin = begin, .turn = turn };
