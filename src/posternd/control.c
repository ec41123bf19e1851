#include "posternd/control.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/acceptor.h"
#include "net/conn.h"
#include "net/loop.h"
#include "posternd/local.h"

#define MAX_CLIENTS   32
#define SLICE         32                /* messages read from disk between two looks at the sockets */
#define OUT_ENOUGH    65536
#define CLIENT_MS     60000             /* an asker that does not read */
#define FLUSH_MS      5000

struct client {
	struct control *control;
	struct conn    *conn;
	struct timer   *turn;           /* the next slice */
	struct timer   *deadline;
	struct shown_list list;
	size_t          at;
	bool            asked;
	bool            closing;
	struct client  *next;
};

struct control {
	struct event_base *base;
	struct queue      *queue;
	int                fd;
	struct acceptor   *acceptor;
	struct client     *clients;
	unsigned           nclients;
	int64_t            flushed_ms;
	char               path[LOCAL_PATH_MAX];
};

/* ---- records ---- */

static void
put_text(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, " %s=", key);
	text_put_percent(b, span_of(value));
}

static const char *
relay_state(const struct upstream *u)
{
	switch (upstream_well(u)) {
	case RESTING:
		return "resting";
	case PROBING:
		return "probing";
	default:
		return upstream_sessions(u) > 0 ? "up" : "idle";
	}
}

static void
put_relay(struct buf *b, const struct upstream *u)
{
	const struct status *t = upstream_trouble(u);

	buf_str(b, "relay");
	put_text(b, "name", upstream_conf(u)->name);
	buf_printf(b, " state=%s sessions=%u since=%lld", relay_state(u), upstream_sessions(u),
	    (long long)upstream_since_s(u));
	if (upstream_well(u) != WELL && t->verdict != VERDICT_NONE) {
		buf_printf(b, " verdict=%s until=%lld", verdict_name(t->verdict), (long long)upstream_until_s(u));
		put_text(b, "text", t->text);
		if (t->hint != NULL)
			put_text(b, "hint", t->hint);
	}
	buf_char(b, '\n');
}

static const char *const shown_names[] = {
	[SHOWN_READY] = "ready", [SHOWN_ACTIVE] = "active", [SHOWN_LATER] = "later",
	[SHOWN_HOLD] = "hold", [SHOWN_DEAD] = "dead", [SHOWN_BAD] = "bad",
};

static void
put_recipient(struct buf *b, const struct rcpt *to, const struct outcome_note *n)
{
	static const char *const names[] = {
		[OUTCOME_NONE] = "waiting", [OUTCOME_SENT] = "sent",
		[OUTCOME_DEFERRED] = "deferred", [OUTCOME_FAILED] = "failed",
	};

	buf_str(b, "recipient");
	put_text(b, "addr", to->addr->text);
	buf_printf(b, " state=%s", names[n->what]);
	if (n->what != OUTCOME_NONE) {
		buf_printf(b, " time=%lld code=%d dsn=%s", (long long)n->time_s, n->code, n->dsn);
		put_text(b, "relay", n->relay);
		put_text(b, "text", n->text != NULL ? n->text : "");
	}
	buf_char(b, '\n');
}

/* A message that went away since the list was made is simply not shown. */
static void
put_message(struct buf *b, struct store *store, const struct shown *s)
{
	struct message *m;
	struct stored st;
	char id[ID_LEN + 1];
	const char *why;
	int err = store_load(store, s->place, s->id, &m, &why);

	/* What the disk would not let go to later/ waits in cur/. */
	if (err == -ENOENT && s->place == PLACE_LATER)
		err = store_load(store, PLACE_CUR, s->id, &m, &why);
	msgid_format(s->id, id);
	if (err == -EBADMSG || err == -EAGAIN) {
		if (store_stat(store, s->place, s->id, &st) == 0)
			buf_printf(b, "message id=%s size=%lld time=%lld state=bad uid=%u\n", id, (long long)st.size,
			    (long long)(msgid_time_us(s->id) / 1000000), (unsigned)st.uid);
		return;
	}
	if (err != 0)
		return;
	buf_printf(b, "message id=%s size=%llu time=%lld state=%s uid=%u", id, (unsigned long long)m->size,
	    (long long)(msgid_time_us(s->id) / 1000000), shown_names[s->state], (unsigned)m->uid);
	put_text(b, "sender", m->env.sender->text);
	if (s->state == SHOWN_LATER)
		buf_printf(b, " next=%u", s->due_s);
	buf_char(b, '\n');
	for (size_t i = 0; i < m->env.nrcpts; i++)
		put_recipient(b, &m->env.rcpts[i], &m->notes[i]);
	message_close(store, m);
}

/* ---- a client ---- */

static void
drop(struct client *c)
{
	struct client **at = &c->control->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->control->nclients--;
	conn_stop(c->conn);
	conn_free(c->conn);
	timer_free(c->turn);
	timer_free(c->deadline);
	shown_done(&c->list);
	free(c);
}

static void
on_turn(void *arg)
{
	struct client *c = arg;
	struct store *store = queue_store(c->control->queue);
	struct buf *out = conn_out(c->conn);

	if (c->closing) {
		if (conn_queued(c->conn) == 0)
			drop(c);
		return;
	}
	for (size_t k = 0; k < SLICE && c->at < c->list.n && out->n < OUT_ENOUGH; k++)
		put_message(out, store, &c->list.s[c->at++]);
	if (c->at == c->list.n) {
		buf_str(out, "end\n");
		c->closing = true;
	}
	conn_flush(c->conn);
	timer_set(c->deadline, CLIENT_MS);
	if (conn_queued(c->conn) == 0 || (!c->closing && conn_queued(c->conn) < OUT_ENOUGH))
		timer_set(c->turn, 0);          /* else on_room() goes on */
}

static void
on_room(void *arg)
{
	struct client *c = arg;

	if (c->asked)
		timer_set(c->turn, 0);
}

static void
list(struct client *c, struct buf *out)
{
	struct queue *q = c->control->queue;

	for (size_t i = 0; i < queue_relays(q); i++)
		put_relay(out, queue_relay(q, i));
	queue_list(q, &c->list);
}

/* Anybody may ask, as with Postfix; asked again at once it has just been done. */
static void
flush(struct control *c)
{
	int64_t now = clock_mono_ms();

	if (c->flushed_ms != 0 && now - c->flushed_ms < FLUSH_MS)
		return;
	c->flushed_ms = now;
	queue_flush(c->queue);
}

static void
on_line(void *arg, struct span line, bool more)
{
	struct client *c = arg;
	struct buf *out = conn_out(c->conn);

	(void)more;
	if (c->asked)
		return;
	c->asked = true;
	if (span_eq(line, SPAN("mailq"))) {
		list(c, out);
	} else if (span_eq(line, SPAN("flush"))) {
		flush(c->control);
	} else {
		buf_str(out, "error unknown request\n");
		c->closing = true;
	}
	conn_flush(c->conn);
	timer_set(c->turn, 0);
}

static void
on_gone(void *arg, const char *why, bool tls, bool clean)
{
	(void)why;
	(void)tls;
	(void)clean;
	drop(arg);
}

static void
on_deadline(void *arg)
{
	drop(arg);
}

static const struct conn_ops conn_ops = { .line = on_line, .room = on_room, .gone = on_gone };

static void
on_connection(void *arg, int fd)
{
	struct control *ctl = arg;
	struct client *c;

	if (ctl->nclients >= MAX_CLIENTS) {
		close(fd);                      /* the asker sees no "end" and says so */
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->control = ctl;
	c->conn = conn_new(ctl->base, fd, 1024, &conn_ops, c);
	c->turn = timer_new(ctl->base, on_turn, c);
	c->deadline = timer_new(ctl->base, on_deadline, c);
	c->next = ctl->clients;
	ctl->clients = c;
	ctl->nclients++;
	timer_set(c->deadline, CLIENT_MS);
}

/* ---- the socket ---- */

struct control *
control_start(struct event_base *base, struct queue *q, struct buf *why)
{
	struct control *c = xcalloc(1, sizeof(*c));

	c->base = base;
	c->queue = q;
	c->fd = local_listen("control", c->path, why);
	if (c->fd < 0) {
		free(c);
		return NULL;
	}
	c->acceptor = acceptor_new(base, c->fd, on_connection, c);
	return c;
}

void
control_stop(struct control *c)
{
	if (c == NULL)
		return;
	while (c->clients != NULL)
		drop(c->clients);
	acceptor_free(c->acceptor);
	close(c->fd);
	unlink(c->path);
	free(c);
}
