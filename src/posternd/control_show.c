/* control_show.c - show and body: one message in full, for its owner and root; see control.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "posternd/control_private.h"
#include "posternd/records.h"
#include "smtp/limits.h"
#include "spool/view.h"

struct viewing {
	struct message *m;
	struct gist     gist;           /* of m */
	struct shown    s;
	size_t          rcpt;           /* how many were told */
	struct view    *view;
};

/* ---- find it ---- */

static void
not_found(struct asker *a, const char *id)
{
	asker_error(a, "notfound", "no message %s is queued here; it has left, or never was", id);
}

/* Of a folder where somebody else's may not be seen, his is not there. */
static bool
may_see(struct asker *a, uid_t owner, const char *id)
{
	if (asker_may_all(a) || owner == a->uid)
		return true;
	if (queue_conf(a->control->queue)->mailq_own)
		not_found(a, id);
	else
		asker_error(a, "denied", "%s is another user's; only he and root may read it", id);
	return false;
}

static void
say_bad(struct asker *a, const struct shown *s, const char *id, const char *why)
{
	struct store *store = queue_store(a->control->queue);
	struct stored st;

	if (store_stat(store, s->place, s->id, &st) < 0)
		not_found(a, id);
	else if (may_see(a, st.uid, id))
		asker_error(a, "failed", "%s/%s cannot be read as a message: %s", place_name(s->place), id, why);
}

static struct viewing *
open_view(struct asker *a)
{
	struct queue *q = a->control->queue;
	const char *id = a->word[0], *why = NULL;
	struct viewing *v = xcalloc(1, sizeof(*v));
	msgid number;
	int err;

	if (!msgid_parse(id, &number)) {
		asker_error(a, "usage", "\"%s\" is no message ID; it has %d digits as mailq shows it", id, ID_LEN);
	} else if (!queue_find(q, number, &v->s)) {
		not_found(a, id);
	} else if ((err = store_load(queue_store(q), v->s.place, number, &v->m, &why)) == -ENOENT) {
		not_found(a, id);
	} else if (err != 0) {
		say_bad(a, &v->s, id, err == -EAGAIN ? "it was never finished" : err == -EBADMSG ? why :
		    strerror(-err));
	} else if (may_see(a, v->m->uid, id)) {
		return v;
	}
	message_close(queue_store(q), v->m);
	free(v);
	return NULL;
}

/* ---- its answer ---- */

/* As many recipients as there is room for, and then what is in the message. */
static bool
turn(struct asker *a, struct buf *out)
{
	struct viewing *v = a->job;

	while (v->rcpt < v->gist.nrcpts && asker_has_room(a))
		record_recipient(out, &v->gist.rcpts[v->rcpt++]);
	return v->rcpt < v->gist.nrcpts || view_turn(v->view, out);
}

static void
end(struct asker *a)
{
	struct viewing *v = a->job;

	view_free(v->view);
	gist_done(&v->gist);
	message_close(queue_store(a->control->queue), v->m);
	free(v);
}

/* ---- the two ---- */

static void
begin_show(struct asker *a, struct buf *out)
{
	struct viewing *v = open_view(a);

	if (v == NULL)
		return;
	a->job = v;
	v->view = view_story(v->m, LIMIT_HEADER_BLOCK);
	gist_of(v->m, &v->gist);
	record_message(out, &v->s, &v->gist, v->m->env.user);
}

static void
begin_body(struct asker *a, struct buf *out)
{
	struct viewing *v = open_view(a);

	(void)out;
	if (v == NULL)
		return;
	a->job = v;
	v->rcpt = v->m->env.nrcpts;
	v->view = view_text(v->m);
}

const struct request control_show = {
	.name = "show", .usage = "ID", .least = 1, .most = 1, .begin = begin_show, .turn = turn, .end = end,
};

const struct request control_body = {
	.name = "body", .usage = "ID", .least = 1, .most = 1, .begin = begin_body, .turn = turn, .end = end,
};
