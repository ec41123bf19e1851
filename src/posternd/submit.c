#include "posternd/submit.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "net/acceptor.h"
#include "net/loop.h"
#include "posternd/local.h"
#include "posternd/pool.h"
#include "spool/draft.h"
#include "spool/place.h"
#include "spool/refusal.h"
#include "spool/unwrap.h"

#define WHY_MAX     1024
#define COMPLAIN_MS (60 * 1000) /* a full house is logged this often */

struct client {
	struct submit      *submit;
	int                 fd;
	uid_t               uid;
	struct watch       *watch;      /* NULL: not read from now */
	struct timer       *deadline;
	struct buf          piece;      /* read, not looked at */
	bool                over;       /* the stream has ended */
	bool                lost;       /* what there is of it is to be thrown away */
	bool                first;      /* no piece was handed on yet */
	int64_t             handed_ms;
	size_t              held;       /* its part of submit.held */
	struct client      *next;

	/* The thread's while the task is with the pool. */
	struct task         task;
	int                 spool;
	struct draft_limits limits;
	struct unwrap       unwrap;
	struct draft       *draft;
	int                 error;
	bool                maybe;
	char                id[ID_LEN + 1];
};

struct submit {
	struct event_base *base;
	struct queue      *queue;
	struct pool       *pool;
	int                fd;
	struct acceptor   *acceptor;
	struct client     *clients;
	unsigned           nclients;
	size_t             held;
	int64_t            complained_ms;
	bool               stopping;
	char               path[LOCAL_PATH_MAX];
};

/* ---- in a thread: checking and writing ---- */

/*
 * What the client says of himself is replaced, and the time, which may be
 * any.  The host he may name: in a container it is another than ours.
 */
static int
begin(struct client *c)
{
	struct envelope *e = &c->unwrap.envelope;
	struct buf       host;
	int              r;

	buf_init(&host, ENVELOPE_MAX_NAME);
	text_put_printable(&host, span_of(e->host));
	free(e->host);
	e->host = (char *)buf_steal(&host).p;
	free(e->user);
	e->user = NULL;
	envelope_forget_via(e);
	e->uid = c->uid;
	e->time_us = clock_wall_us();
	r = draft_begin(c->spool, e, &c->limits, &c->draft);
	envelope_done(e);
	return r;
}

static int
take_in(struct client *c)
{
	struct unwrap *u = &c->unwrap;
	struct buf     message;
	int            r;

	buf_init(&message, SUBMIT_PIECE + UNWRAP_TAIL);
	r = unwrap_put(u, buf_view(&c->piece), &message);
	if (r == 0 && c->over)
		r = unwrap_end(u, &message);
	buf_done(&c->piece);
	if (r == 0 && u->addressed && c->draft == NULL)
		r = begin(c);
	if (r == 0 && c->draft != NULL)
		r = draft_write(c->draft, buf_view(&message));
	buf_done(&message);
	return r;
}

static void
work(void *arg)
{
	struct client *c = arg;

	if (!c->lost)
		c->error = take_in(c);
	if (c->lost || c->error < 0)
		draft_abort(c->draft);
	else if (c->over)
		c->error = draft_commit(c->draft, c->id, &c->maybe);
	if (c->lost || c->error < 0 || c->over)
		c->draft = NULL;
}

/* ---- a client's end ---- */

static void
release(struct client *c)
{
	struct client **at = &c->submit->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->submit->nclients--;
	c->submit->held -= c->held;
	watch_free(c->watch);
	timer_free(c->deadline);
	unwrap_done(&c->unwrap);
	buf_done(&c->piece);
	close(c->fd);
	free(c);
}

static void
hand(struct client *c)
{
	watch_free(c->watch);
	c->watch = NULL;
	timer_off(c->deadline);
	pool_put(c->submit->pool, &c->task);
}

/* The line fits any socket's buffer; who has gone does not hear it. */
static void
say(int fd, const struct buf *line)
{
	(void)!send(fd, line->p, line->n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
say_no(int fd, int rc, const char *why)
{
	struct buf line;

	buf_init(&line, WHY_MAX + 16);
	buf_printf(&line, "no %d %s\n", rc, why);
	say(fd, &line);
	buf_done(&line);
}

/* A draft is removed where it was made: unlink frees blocks, which takes time. */
static void
refuse(struct client *c, int rc, const char *why)
{
	log_info("submit: uid %u: refused: %s", (unsigned)c->uid, why);
	say_no(c->fd, rc, why);
	if (c->draft == NULL) {
		release(c);
	} else if (c->submit->stopping) {
		draft_abort(c->draft);
		release(c);
	} else {
		c->lost = true;
		hand(c);
	}
}

static void
refuse_error(struct client *c)
{
	struct buf why;
	int        rc = EX_DATAERR;

	buf_init(&why, WHY_MAX);
	if (c->error == -EBADMSG)
		buf_printf(&why, "not a message of this version: %s", unwrap_why(&c->unwrap));
	else
		rc = refusal_put(&why, c->error, c->maybe, &c->limits, place_spool());
	refuse(c, rc, buf_cstr(&why));
	buf_done(&why);
}

static void
accept_message(struct client *c)
{
	struct buf line;

	buf_init(&line, 64);
	buf_printf(&line, "ok %s\n", c->id);
	say(c->fd, &line);
	buf_done(&line);
	release(c);
}

/* ---- a client's octets ---- */

static void on_readable(void *arg);

static bool
too_many_envelopes(struct client *c)
{
	struct submit *s = c->submit;

	s->held -= c->held;
	c->held = unwrap_held(&c->unwrap);
	s->held += c->held;
	return s->held > SUBMIT_ENVELOPES;
}

static void
on_done(void *arg)
{
	struct client *c = arg;

	if (c->lost) {
		release(c);
	} else if (c->error < 0) {
		refuse_error(c);
	} else if (c->over) {
		accept_message(c);
	} else if (c->submit->stopping) {
		refuse(c, EX_TEMPFAIL, "the daemon is stopping");
	} else if (too_many_envelopes(c)) {
		refuse(c, EX_TEMPFAIL, "too many long envelopes at once");
	} else {
		c->first = false;
		c->handed_ms = clock_mono_ms();
		c->watch = watch_fd(c->submit->base, c->fd, on_readable, c);
		timer_set(c->deadline, SUBMIT_QUIET_MS);
	}
}

/* A draft that grows slowly must be touched, or it counts as an orphan. */
static bool
enough(const struct client *c)
{
	return c->over || c->piece.n == SUBMIT_PIECE ||
	    (!c->first && clock_mono_ms() - c->handed_ms >= DRAFT_QUIET_MS);
}

static void
on_readable(void *arg)
{
	static char    scratch[SUBMIT_PIECE];
	struct client *c = arg;
	ssize_t        n = read(c->fd, scratch, SUBMIT_PIECE - c->piece.n);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		buf_add(&c->piece, scratch, (size_t)n);
	else
		c->over = true;         /* broken is ended: what is whole says so itself */
	if (enough(c))
		hand(c);
	else if (!c->first)
		timer_set(c->deadline, SUBMIT_QUIET_MS);
}

static void
on_deadline(void *arg)
{
	refuse(arg, EX_TEMPFAIL, "nothing more came");
}

/* ---- clients come ---- */

static unsigned
clients_of(const struct submit *s, uid_t uid)
{
	unsigned n = 0;

	for (const struct client *c = s->clients; c != NULL; c = c->next)
		n += c->uid == uid;
	return n;
}

static bool
has_room(struct submit *s, uid_t uid)
{
	if (s->nclients < SUBMIT_CLIENTS && clients_of(s, uid) < SUBMIT_OF_ONE_USER)
		return true;
	if (s->complained_ms == 0 || clock_mono_ms() - s->complained_ms >= COMPLAIN_MS) {
		log_warn("submit: %u submissions at once, uid %u is told to come again", s->nclients,
		    (unsigned)uid);
		s->complained_ms = clock_mono_ms();
	}
	return false;
}

static void
add_client(struct submit *s, int fd, uid_t uid)
{
	const struct config *conf = queue_conf(s->queue);
	struct client       *c = xcalloc(1, sizeof(*c));

	c->submit = s;
	c->fd = fd;
	c->uid = uid;
	c->first = true;
	c->spool = store_spool_fd(queue_store(s->queue));
	c->limits = (struct draft_limits){ conf->max_message, conf->min_free };
	c->task = (struct task){ .work = work, .done = on_done, .arg = c };
	unwrap_init(&c->unwrap);
	buf_init(&c->piece, SUBMIT_PIECE);
	c->watch = watch_fd(s->base, fd, on_readable, c);
	c->deadline = timer_new(s->base, on_deadline, c);
	timer_set(c->deadline, SUBMIT_FIRST_MS);
	c->next = s->clients;
	s->clients = c;
	s->nclients++;
}

/*
 * SO_PEERCRED is who connected, in our user namespace: root of another one
 * is the user it was made by.
 */
static void
greet(void *arg, int fd)
{
	struct submit *s = arg;
	struct ucred who;
	socklen_t    n = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0) {
		say_no(fd, EX_TEMPFAIL, "the daemon cannot tell who sends");
		close(fd);
	} else if (!has_room(s, who.uid)) {
		say_no(fd, EX_TEMPFAIL, "too many submissions at once");
		close(fd);
	} else {
		add_client(s, fd, who.uid);
	}
}

/* ---- start and stop ---- */

struct submit *
submit_start(struct event_base *base, struct queue *q, struct buf *why)
{
	struct submit *s = xcalloc(1, sizeof(*s));
	int            err;

	s->base = base;
	s->queue = q;
	s->fd = local_listen("submit", s->path, why);
	if (s->fd < 0) {
		free(s);
		return NULL;
	}
	s->pool = pool_new(base, SUBMIT_THREADS, &err);
	if (s->pool == NULL) {
		buf_printf(why, "no descriptor for the threads: %s", strerror(-err));
		unlink(s->path);
		close(s->fd);
		free(s);
		return NULL;
	}
	s->acceptor = acceptor_new(base, s->fd, greet, s);
	return s;
}

void
submit_stop(struct submit *s)
{
	if (s == NULL)
		return;
	s->stopping = true;
	acceptor_free(s->acceptor);
	unlink(s->path);
	close(s->fd);
	pool_free(s->pool);
	while (s->clients != NULL)
		refuse(s->clients, EX_TEMPFAIL, "the daemon is stopping");
	free(s);
}
