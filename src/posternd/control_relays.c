/* control_relays.c - flush, pause, resume, reload: what is about relays, and done at once; see control.h. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "posternd/control_private.h"

#define FLUSH_MS    5000
#define PAUSE_MAX_S (INT64_C(366) * 24 * 3600)

/* Anybody may ask, as with Postfix; asked again at once it has just been done. */
static void
flush(struct asker *a, struct buf *out)
{
	struct control *c = a->control;
	int64_t now = clock_mono_ms();

	(void)out;
	if (c->flushed_ms != 0 && now - c->flushed_ms < FLUSH_MS)
		return;
	c->flushed_ms = now;
	queue_flush(c->queue);
}

void
asker_no_relay(struct asker *a)
{
	const struct queue *q = a->control->queue;
	struct buf known;

	buf_init(&known, 4096);
	for (size_t i = 0; i < queue_relays(q); i++)
		buf_printf(&known, "%s%s", i > 0 ? ", " : "", upstream_conf(queue_relay(q, i))->name);
	asker_error(a, "notfound", "there is no relay \"%s\"; there is %s", a->word[0], buf_cstr(&known));
	buf_done(&known);
}

static void
say_trouble(struct asker *a, int err)
{
	if (err == -ENOENT)
		asker_no_relay(a);
	else
		asker_error(a, "failed", "the spool's state/paused cannot be written: %s; nothing has changed",
		    strerror(-err));
}

static void
pause(struct asker *a, struct buf *out)
{
	uint64_t for_s = 0;
	int err;

	(void)out;
	if (a->nwords == 2 && (text_number(span_of(a->word[1]), PAUSE_MAX_S, &for_s) < 0 || for_s == 0)) {
		asker_error(a, "usage", "\"%s\" is no time to pause for; write 1 to %lld seconds, or none",
		    a->word[1], (long long)PAUSE_MAX_S);
		return;
	}
	err = queue_pause(a->control->queue, a->word[0], asker_name(a), (int64_t)for_s);
	if (err != 0)
		say_trouble(a, err);
}

static void
resume(struct asker *a, struct buf *out)
{
	int err = queue_resume(a->control->queue, a->word[0], asker_name(a));

	(void)out;
	if (err != 0)
		say_trouble(a, err);
}

static void
reload(struct asker *a, struct buf *out)
{
	const struct control_daemon *d = &a->control->daemon;
	struct buf why;

	(void)out;
	buf_init(&why, 4096);
	if (!d->reload(d->arg, &why))
		asker_error(a, "failed", "%s; the running configuration stays", buf_cstr(&why));
	buf_done(&why);
}

const struct request control_flush = { .name = "flush", .usage = "", .begin = flush };

const struct request control_pause = {
	.name = "pause", .usage = "RELAY [SECONDS]", .least = 1, .most = 2, .root = true, .begin = pause,
};

const struct request control_resume = {
	.name = "resume", .usage = "RELAY", .least = 1, .most = 1, .root = true, .begin = resume,
};

const struct request control_reload = { .name = "reload", .usage = "", .root = true, .begin = reload };
