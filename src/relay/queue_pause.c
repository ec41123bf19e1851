/* queue_pause.c - an admin's hand on the relays; see queue.h. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "relay/queue_private.h"

#define LOOK_S 60                       /* the wall clock may be set while a pause runs */

static struct upstream *
find(const struct queue *q, const char *relay)
{
	for (size_t i = 0; i < q->fleet->n; i++)
		if (strcmp(upstream_conf(q->fleet->up[i])->name, relay) == 0)
			return q->fleet->up[i];
	return NULL;
}

static int
with_state(const struct queue *q, int (*act)(struct pauses *p, int state), struct pauses *p)
{
	int state = fs_open_dir(store_spool_fd(q->store), "state"), err;

	if (state < 0)
		return state;
	err = act(p, state);
	fs_close(state);
	return err;
}

static int
write_file(struct pauses *p, int state)
{
	return pauses_write(p, state);
}

/* Of what is not noted for the next start, nothing is done. */
static int
put_to_use(struct queue *q, const struct pauses *was)
{
	int err = with_state(q, write_file, &q->pauses);

	if (err != 0)
		q->pauses = *was;
	return err;
}

static void
arm(struct queue *q)
{
	int64_t next_s = pauses_next_s(&q->pauses), wait_s = next_s - clock_wall_s();

	if (next_s == 0 || q->quitting)
		timer_off(q->unpause);
	else
		timer_set(q->unpause, wait_s <= 0 ? 0 : wait_s > LOOK_S ? LOOK_S * 1000 : wait_s * 1000);
}

void
queue_pauses_end(void *arg)
{
	struct queue *q = arg;
	struct pause ended;
	struct upstream *u;
	bool any = false;
	int err;

	while (pauses_take_ended(&q->pauses, clock_wall_s(), &ended)) {
		any = true;
		log_info("relay=%s, status=resumed: the pause by %s is over", ended.name, ended.by);
		if ((u = find(q, ended.name)) != NULL)
			upstream_resume(u);
	}
	if (any && (err = with_state(q, write_file, &q->pauses)) != 0)
		log_err("state/paused cannot be written: %s", strerror(-err));
	arm(q);
}

void
queue_pauses_read(struct queue *q)
{
	int err = with_state(q, pauses_read, &q->pauses);

	if (err == -EBADMSG)
		log_warn("state/paused: some lines cannot be read and are passed over; "
		    "pause those relays again: postern pause RELAY");
	else if (err != 0)
		log_err("state/paused cannot be read: %s; relays that were paused are not: postern pause RELAY",
		    strerror(-err));
}

void
queue_pauses_apply(struct queue *q)
{
	for (size_t i = 0; i < q->fleet->n; i++) {
		const struct pause *p = pauses_find(&q->pauses, upstream_conf(q->fleet->up[i])->name);

		if (p != NULL)
			upstream_pause(q->fleet->up[i], p->by, p->since_s, p->until_s);
	}
	arm(q);
}

int
queue_pause(struct queue *q, const char *relay, const char *by, int64_t for_s)
{
	struct upstream *u = find(q, relay);
	struct pauses was = q->pauses;
	int64_t now_s = clock_wall_s(), until_s = for_s > 0 ? now_s + for_s : 0;
	int err;

	if (u == NULL)
		return -ENOENT;
	if ((err = pauses_add(&q->pauses, relay, by, now_s, until_s)) != 0 || (err = put_to_use(q, &was)) != 0)
		return err;
	log_info("relay=%s, status=paused by %s, for=%llds; mail is kept", relay, by, (long long)for_s);
	upstream_pause(u, by, now_s, until_s);
	arm(q);
	return 0;
}

/* Of one that the configuration no longer has, what was noted is forgotten. */
int
queue_resume(struct queue *q, const char *relay, const char *by)
{
	struct upstream *u = find(q, relay);
	struct pauses was = q->pauses;
	int err;

	if (!pauses_remove(&q->pauses, relay))
		return u == NULL ? -ENOENT : 0;
	if ((err = put_to_use(q, &was)) != 0)
		return err;
	log_info("relay=%s, status=resumed by %s", relay, by);
	if (u != NULL)
		upstream_resume(u);
	arm(q);
	return 0;
}
