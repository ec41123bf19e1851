/* control_actions.c - retry, hold, release, delete, bounce, requeue of a list of messages; see control.h. */
#include <string.h>

#include "posternd/control_private.h"
#include "posternd/records.h"
#include "relay/actions.h"

static void
on_refused(void *arg, msgid id, const char *why)
{
	struct asker *a = arg;
	struct buf *out = conn_out(a->conn);
	char name[ID_LEN + 1];

	msgid_format(id, name);
	buf_printf(out, "refused id=%s", name);
	record_text(out, "text", why);
	buf_char(out, '\n');
}

static void
begin(struct asker *a, enum action action, const char *relay)
{
	const struct action_order order = {
		.action = action, .relay = relay, .uid = a->uid, .user = asker_name(a), .all = asker_may_all(a),
		.own = queue_conf(a->control->queue)->mailq_own,
	};

	a->job = actions_new(a->control->queue, &order, &a->ids,
	    &(struct action_ear){ .refused = on_refused, .arg = a });
}

static bool
turn(struct asker *a, struct buf *out)
{
	const struct action_counts *n = actions_counts(a->job);

	if (actions_turn(a->job))
		return true;
	buf_printf(out, "result done=%zu gone=%zu denied=%zu refused=%zu\n", n->done, n->gone, n->denied, n->refused);
	return false;
}

static void
end(struct asker *a)
{
	actions_free(a->job);
}

#define ACTION(verb, what) \
	static void \
	begin_##verb(struct asker *a, struct buf *out) \
	{ \
		(void)out; \
		begin(a, what, NULL); \
	} \
	const struct request control_##verb = { \
		.name = #verb, .usage = "", .list = true, .large = true, \
		.begin = begin_##verb, .turn = turn, .end = end, \
	}

ACTION(retry, ACTION_RETRY);
ACTION(hold, ACTION_HOLD);
ACTION(release, ACTION_RELEASE);
ACTION(delete, ACTION_DELETE);
ACTION(bounce, ACTION_BOUNCE);

static void
begin_requeue(struct asker *a, struct buf *out)
{
	const struct queue *q = a->control->queue;

	(void)out;
	for (size_t i = 0; i < queue_relays(q); i++) {
		if (strcmp(upstream_conf(queue_relay(q, i))->name, a->word[0]) == 0) {
			begin(a, ACTION_REQUEUE, a->word[0]);
			return;
		}
	}
	asker_no_relay(a);
}

const struct request control_requeue = {
	.name = "requeue", .usage = "RELAY", .least = 1, .most = 1, .root = true, .list = true, .large = true,
	.begin = begin_requeue, .turn = turn, .end = end,
};
