/*
 * queue_network.c - the network comes and goes; see queue_private.h.  While
 * it is away nothing is tried, nothing counts as tried, nothing expires (the
 * report could not leave either), and the log has one line.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "net/dial.h"
#include "relay/queue_private.h"

/*
 * A cable that is plugged into another port, an access point that is left
 * for the next: connections outlive that.  What is away for longer comes
 * back with another address, and what was in flight would wait for its
 * deadlines, ten minutes long, and take the places of new connections.
 */
#define CUT_MS 5000

void
queue_cut(void *arg)
{
	struct queue *q = arg;

	q->away_said = fleet_is_offline(q->fleet);
	if (q->away_said)
		log_info("network: away; mail waits");
	fleet_cut(q->fleet);
	for (struct fleet *f = q->leaving; f != NULL; f = f->next)
		fleet_cut(f);
}

static void
say_back(struct queue *q)
{
	struct buf b;

	buf_init(&b, 64);
	text_put_duration(&b, clock_boot_s() - q->away_since_s);
	log_info("network: back after %s", buf_cstr(&b));
	buf_done(&b);
}

static void
go_away(struct queue *q)
{
	q->away_said = false;
	q->away_since_s = clock_boot_s();
	timer_set(q->cut, CUT_MS);
}

/* What came of age meanwhile was not tried: it gets its chance before it expires. */
static void
come_back(struct queue *q)
{
	timer_off(q->cut);
	q->awake_ms = clock_mono_ms();
	if (q->away_said)
		say_back(q);
}

void
queue_set_reach(struct queue *q, enum reach now)
{
	enum reach before = q->reach;

	q->reach = now;
	if (now == before || q->quitting)
		return;
	if (now == REACH_NONE)
		go_away(q);
	else if (before == REACH_NONE)
		come_back(q);
	dial_forget();                  /* another network may have other names for it */
	fleet_set_reach(q->fleet, now);
	for (struct fleet *f = q->leaving; f != NULL; f = f->next)
		fleet_set_reach(f, now);
}

enum reach
queue_reach(const struct queue *q)
{
	return q->reach;
}
