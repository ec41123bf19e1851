/*
 * conn.c - lines, the output queue, and the turns of the loop.
 *
 * All work is done in turn(), which only the loop calls.  The public calls
 * change state and then settle(): the events we wait for, and whether a turn
 * is owed, are computed from that state in one place and nowhere else, so no
 * path can forget to arm or to disarm one.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "net/conn.h"
#include "net/loop.h"
#include "net/outq.h"
#include "net/stream.h"
#include "net/tls.h"

#define READ_BYTES      (64 * 1024)
#define FLUSH_BYTES     (1024 * 1024)
#define WHY_MAX         1024
#define KEEP_IN_BYTES   (4 * 1024)

struct conn {
	struct stream          stream;
	const struct conn_ops *ops;     /* borrow */
	void                  *arg;

	/* Own.  soon is a 0 ms timer: unlike event_active(), which would run
	   in the same round again, it lets other connections go first. */
	struct event *readable;
	struct event *writable;
	struct event *soon;
	bool          readable_on, writable_on, soon_on;

	size_t      line_max;
	struct buf  in;                 /* a line without its end yet; lines behind a pause */
	struct span rest;               /* inside deliver(): what stands behind the present line */
	bool        delivering;
	bool        paused;
	bool        again;              /* bytes may wait where the kernel cannot tell */
	bool        ended;              /* nothing more will be read; why says why */

	struct outq out;
	size_t     low;
	bool       full;                /* out was at or above low: room() is owed below */
	bool       blocked;             /* the kernel took no more */
	bool       broken;              /* writing failed; what had come in is still read */

	size_t     clear;               /* queued bytes that go before a handshake */
	char      *summary;

	struct buf why;
	bool       why_tls, why_clean;
	bool       told;                /* gone() was called */
	bool       turning;
	bool       stopped;
	bool       freeing;
};

/* Shared by all connections: it is empty again before the next one reads.
   One loop a process is the rule of the house. */
static char scratch[READ_BYTES];

static void turn(evutil_socket_t fd, short what, void *arg);

struct conn *
conn_new(struct event_base *base, int fd, size_t line_max, const struct conn_ops *ops, void *arg)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	stream_init(&c->stream, fd);
	c->ops = ops;
	c->arg = arg;
	c->line_max = line_max;
	buf_init(&c->in, line_max + 2 + READ_BYTES);
	outq_init(&c->out, CONN_OUT_MAX_BYTES);
	buf_init(&c->why, WHY_MAX);
	c->readable = event_new(base, fd, EV_READ | EV_PERSIST, turn, c);
	c->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, turn, c);
	c->soon = evtimer_new(base, turn, c);
	assert(c->readable != NULL && c->writable != NULL && c->soon != NULL);
	event_add(c->readable, NULL);
	c->readable_on = true;
	return c;
}

static void
destroy(struct conn *c)
{
	event_free(c->readable);
	event_free(c->writable);
	event_free(c->soon);
	stream_done(&c->stream);
	buf_done(&c->in);
	outq_done(&c->out);
	buf_done(&c->why);
	free(c->summary);
	free(c);
}

/* What we wait for, what we owe. */

static bool
dead(const struct conn *c)
{
	return c->stopped || c->told;
}

static bool
shaking(const struct conn *c)
{
	return c->stream.layer == LAYER_SHAKING;
}

size_t
conn_queued(const struct conn *c)
{
	return outq_left(&c->out).n;
}

static bool
below_low(const struct conn *c)
{
	return conn_queued(c) < (c->low > 0 ? c->low : 1);
}

static bool
owes_room(const struct conn *c)
{
	return c->full && c->ops->room != NULL && !shaking(c) && !c->ended && !c->broken && below_low(c);
}

static bool
wants_read(const struct conn *c)
{
	if (shaking(c))
		return c->stream.shake_wants == WANT_READ;
	if (c->stream.write_wants == WANT_READ)
		return true;
	return !c->paused && !c->ended && c->stream.read_wants != WANT_WRITE;
}

static bool
wants_write(const struct conn *c)
{
	if (shaking(c))
		return c->clear > 0 || c->stream.shake_wants == WANT_WRITE;
	if (c->stream.read_wants == WANT_WRITE)
		return true;
	return c->blocked && !c->broken && c->stream.write_wants != WANT_READ;
}

static bool
owes_turn(const struct conn *c)
{
	if (c->freeing)
		return true;
	if (dead(c))
		return false;
	if (shaking(c))
		return c->ended || (c->clear == 0 && c->stream.shake_wants == WANT_NOTHING);
	if (c->paused && !c->broken)
		return owes_room(c) || (conn_queued(c) > 0 && !c->blocked);
	return c->again || c->ended || c->broken || owes_room(c) || (conn_queued(c) > 0 && !c->blocked);
}

static void
arm(struct event *e, bool want, bool *is)
{
	static const struct timeval now = { 0, 0 };

	if (want == *is)
		return;
	if (!want)
		event_del(e);
	else
		event_add(e, event_get_fd(e) < 0 ? &now : NULL);
	*is = want;
}

static void
settle(struct conn *c)
{
	if (c->turning)
		return;                 /* turn() does it when it is through */
	arm(c->readable, !dead(c) && wants_read(c), &c->readable_on);
	arm(c->writable, !dead(c) && wants_write(c), &c->writable_on);
	arm(c->soon, owes_turn(c), &c->soon_on);
}

/* Ends.  The first reason is the one that is told. */

static void
note(struct conn *c, const char *why, bool tls, bool clean)
{
	if (c->ended || c->broken)
		return;
	buf_str(&c->why, why);
	c->why_tls = tls;
	c->why_clean = clean;
}

static void
end(struct conn *c, const char *why, bool tls, bool clean)
{
	note(c, why, tls, clean);
	c->ended = true;
}

/* Writing failed.  The peer's last words may stand unread in the socket
   ("421 closing"), so the end comes only when reading has come to it. */
static void
break_off(struct conn *c, const char *why, bool tls)
{
	note(c, why, tls, false);
	c->broken = true;
	c->again = true;
}

/* Something to give out stands in `in`. */
static bool
holds_some(const struct conn *c)
{
	return c->in.n > 0 && (c->ops->bytes != NULL || memchr(c->in.p, '\n', c->in.n) != NULL);
}

static void
tell_gone(struct conn *c)
{
	if (dead(c) || !c->ended)
		return;
	if (!shaking(c) && c->paused && !c->broken)
		return;                 /* lines, and the end behind them, wait */
	if (c->why_clean && c->in.n > 0) {
		c->why_clean = false;
		buf_str(&c->why, " inside a line");
	}
	c->told = true;
	c->ops->gone(c->arg, buf_cstr(&c->why), c->why_tls, c->why_clean);
}

/* Writing. */

static void
flush(struct conn *c)
{
	size_t budget = FLUSH_BYTES, n;
	struct span left;
	enum flow flow;

	if (c->out.bytes.over)
		break_off(c, "too much output queued", false);
	if (!below_low(c))
		c->full = true;
	while (!c->broken && !c->blocked && budget > 0) {
		left = outq_left(&c->out);
		if (shaking(c))
			left.n = c->clear;
		if (left.n > budget)
			left.n = budget;
		if (left.n == 0)
			return;
		flow = stream_put(&c->stream, left, &n);
		if (flow == FLOW_WAIT)
			c->blocked = true;
		else if (flow == FLOW_FAILED)
			break_off(c, buf_cstr(&c->stream.error), c->stream.error_tls);
		if (shaking(c))
			c->clear -= n;
		budget -= n;
		outq_took(&c->out, n);
	}
}

void
conn_flush(struct conn *c)
{
	if (dead(c))
		return;
	if (!shaking(c))
		flush(c);
	settle(c);
}

void
conn_write(struct conn *c, struct span bytes)
{
	if (dead(c))
		return;
	buf_span(&c->out.bytes, bytes);
	settle(c);
}

struct buf *
conn_out(struct conn *c)
{
	if (dead(c)) {
		outq_clear(&c->out);
	} else if (!c->turning && !c->soon_on && !c->blocked) {
		/* Bytes that settle() will not see being added. */
		arm(c->soon, true, &c->soon_on);
	}
	return &c->out.bytes;
}

void
conn_set_low(struct conn *c, size_t low_bytes)
{
	c->low = low_bytes;
	settle(c);
}

/* Reading. */

static size_t
get(struct conn *c)
{
	size_t n;

	switch (stream_get(&c->stream, scratch, sizeof(scratch), &n, &c->again)) {
	case FLOW_DONE:
		break;
	case FLOW_WAIT:
		c->ended = c->broken;   /* all that had come is read */
		break;
	case FLOW_END:
		end(c, "connection closed", false, true);
		break;
	case FLOW_FAILED:
		end(c, buf_cstr(&c->stream.error), c->stream.error_tls, false);
		break;
	}
	return n;
}

static bool
next_line(struct conn *c, struct span *ret)
{
	const char *lf = NULL;
	size_t n;

	if (c->rest.n > 0)
		lf = memchr(c->rest.p, '\n', c->rest.n);
	n = lf != NULL ? (size_t)(lf - c->rest.p) : c->rest.n;
	*ret = (struct span){ c->rest.p, n };
	if (lf != NULL && n > 0 && lf[-1] == '\r')
		ret->n--;
	/* Without its end a line may still turn out to have a CR there. */
	if (ret->n > c->line_max + (lf == NULL)) {
		end(c, "line too long", false, false);
		c->rest.n = 0;
		return false;
	}
	if (lf == NULL)
		return false;
	c->rest.p = lf + 1;
	c->rest.n -= n + 1;
	return true;
}

static void
give_bytes(struct conn *c)
{
	struct span all = c->rest;
	size_t n;

	c->rest.n = 0;                  /* theirs, until they say how many they took */
	n = c->ops->bytes(c->arg, all);
	assert(n <= all.n && (all.n - n <= c->line_max || c->stopped));
	if (n == all.n || c->stopped)
		return;
	if (shaking(c)) {
		end(c, "data where the TLS handshake should begin", false, false);
		return;
	}
	c->paused = true;
	c->rest = (struct span){ all.p + n, all.n - n };
}

/*
 * Give out what is in `in` and behind it the fresh bytes.  A callback may
 * stop, pause or start TLS; it cannot add to `in`, so lent lines stay put.
 */
static void
deliver(struct conn *c, struct span fresh)
{
	bool joined = c->in.n > 0;
	struct span line;

	if (joined) {
		buf_span(&c->in, fresh);
		fresh = buf_view(&c->in);
	}
	c->rest = fresh;
	c->delivering = true;
	if (c->ops->bytes != NULL && c->rest.n > 0)
		give_bytes(c);
	while (c->ops->bytes == NULL && !c->stopped && !c->paused && !shaking(c) && next_line(c, &line))
		c->ops->line(c->arg, line, c->rest.n > 0 || stream_holds_bytes(&c->stream));
	c->delivering = false;
	if (joined)
		buf_drop(&c->in, c->in.n - c->rest.n);
	else
		buf_span(&c->in, c->rest);
	if (c->in.n == 0 && c->in.cap > KEEP_IN_BYTES)
		buf_done(&c->in);
}

static void
receive(struct conn *c)
{
	size_t n = 0;

	c->again = false;
	/* What a pause left comes first, and reading must not pile up on it. */
	if (!holds_some(c) && !c->ended)
		n = get(c);
	else
		c->again = !c->ended;
	deliver(c, (struct span){ scratch, n });
}

void
conn_reading(struct conn *c, bool on)
{
	c->paused = !on;
	if (on)
		c->again = true;        /* of what waits, epoll may not know */
	settle(c);
}

/* TLS. */

static void
start_tls(struct conn *c, struct ssl_st *ssl)
{
	if (ssl == NULL) {
		end(c, "TLS cannot be set up for this host name", true, false);
		c->rest.n = 0;
	} else if ((c->delivering ? c->rest.n : c->in.n) > 0) {
		tls_discard(ssl);
		end(c, "data where the TLS handshake should begin", false, false);
		/* What was smuggled in is not a line; the present one, which
		   may stand in `in`, is still lent. */
		c->rest.n = 0;
		if (!c->delivering)
			buf_clear(&c->in);
	} else {
		stream_secure(&c->stream, ssl);
		c->clear = conn_queued(c);
	}
	settle(c);
}

void
conn_give(struct conn *c, const struct conn_ops *ops, void *arg)
{
	c->ops = ops;
	c->arg = arg;
	outq_wipe(&c->out);
}

void
conn_start_tls(struct conn *c, struct tls *t, const char *host)
{
	if (!dead(c))
		start_tls(c, tls_connect(t, c->stream.fd, host));
}

void
conn_accept_tls(struct conn *c, struct tls *t)
{
	if (!dead(c))
		start_tls(c, tls_accept(t, c->stream.fd));
}

static void
shaken(struct conn *c)
{
	c->summary = tls_summary(c->stream.ssl);
	c->again = true;                /* the peer's first words may be here already */
	if (c->ops->secure != NULL)
		c->ops->secure(c->arg);
}

static void
shake(struct conn *c)
{
	enum flow flow;

	flush(c);
	c->ended = c->ended || c->broken;
	if (c->broken || c->clear > 0)
		return;
	flow = stream_shake(&c->stream);
	if (flow == FLOW_DONE)
		shaken(c);
	else if (flow == FLOW_FAILED)
		end(c, buf_cstr(&c->stream.error), c->stream.error_tls, false);
}

bool
conn_is_tls(const struct conn *c)
{
	return c->stream.layer == LAYER_TLS;
}

enum tls_binding
conn_binding(const struct conn *c, struct buf *ret)
{
	return conn_is_tls(c) ? tls_binding(c->stream.ssl, ret) : TLS_BINDING_NONE;
}

const struct ssl_st *
conn_ssl(const struct conn *c)
{
	return c->stream.ssl;
}

const char *
conn_tls_summary(const struct conn *c)
{
	return c->summary != NULL ? c->summary : "";
}

/* The turn. */

static void
work(struct conn *c, short what)
{
	if (what & EV_WRITE || (what & EV_READ && c->stream.write_wants == WANT_READ))
		c->blocked = false;
	if (shaking(c) && !c->ended)
		shake(c);
	if (c->stopped || shaking(c))
		return;
	if (!c->paused && (what & EV_READ || c->again || c->ended || c->broken || c->stream.read_wants == WANT_WRITE))
		receive(c);
	if (c->stopped || shaking(c))
		return;
	flush(c);                       /* also to a peer that closed its half only */
	if (owes_room(c)) {
		c->full = false;
		c->ops->room(c->arg);
		if (!c->stopped && !shaking(c))
			flush(c);
	}
}

static void
turn(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	loop_woke();
	if (what & EV_TIMEOUT)
		c->soon_on = false;
	if (c->freeing) {
		destroy(c);
		return;
	}
	if (dead(c))
		return;
	c->turning = true;
	work(c, what);
	c->ended = c->ended || (c->broken && c->paused);
	tell_gone(c);
	c->turning = false;
	settle(c);
}

void
conn_stop(struct conn *c)
{
	if (c->stopped)
		return;
	if (!shaking(c))
		flush(c);
	c->stopped = true;
	event_del(c->readable);
	event_del(c->writable);
	c->readable_on = c->writable_on = false;
	stream_close(&c->stream);
	settle(c);
}

void
conn_free(struct conn *c)
{
	if (c == NULL)
		return;
	conn_stop(c);
	c->freeing = true;
	settle(c);
}
