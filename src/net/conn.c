/*
 * conn.c - the stream.
 *
 * All work is done in turn(), which only the loop calls.  The public calls
 * change state and then settle(): the events we wait for, and whether a turn
 * is owed, are computed from that state in one place and nowhere else, so no
 * path can forget to arm or to disarm one.
 */
#include <sys/socket.h>
#include <sys/types.h>

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/util.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/conn.h"
#include "net/tls.h"

#define READ_BYTES      (64 * 1024)
#define FLUSH_BYTES     (1024 * 1024)
#define WHY_MAX         1024
#define KEEP_IN_BYTES   (4 * 1024)
#define KEEP_OUT_BYTES  (256 * 1024)    /* what a streaming session uses again and again */

enum layer { PLAIN, SHAKING, SECURE };

/* What a TLS call that could not go on asked for. */
enum want { NOTHING, TO_READ, TO_WRITE };

struct conn {
	int                    fd;      /* own; -1 once stopped */
	const struct conn_ops *ops;     /* borrow */
	void                  *arg;

	/* Own.  soon is a 0 ms timer: unlike event_active(), which would run
	   in the same round again, it lets other connections go first. */
	struct event *readable;
	struct event *writable;
	struct event *soon;
	bool          readable_on;
	bool          writable_on;
	bool          soon_on;

	size_t      line_max;
	struct buf  in;                 /* a line without its end yet; lines behind a pause */
	struct span rest;               /* inside deliver(): what stands behind the present line */
	bool        delivering;
	bool        paused;
	bool        again;              /* bytes may wait where the kernel cannot tell */
	bool        ended;              /* nothing more will be read; why says why */

	struct buf out;
	size_t     out_sent;            /* bytes at the front of out that are gone already */
	size_t     low;
	bool       full;                /* out was at or above low: room() is owed below */
	bool       blocked;             /* the kernel took no more */
	bool       broken;              /* writing failed; what had come in is still read */

	enum layer layer;
	SSL       *ssl;                 /* own */
	size_t     clear;               /* SHAKING: queued bytes that go before the handshake */
	enum want  shake_wants;
	enum want  read_wants;
	enum want  write_wants;
	bool       tls_fatal;           /* the SSL must not be touched any more */
	char      *summary;

	struct buf why;
	bool       why_tls;
	bool       why_clean;
	bool       told;                /* gone() was called */
	bool       turning;
	bool       stopped;
	bool       freeing;
};

/* Shared by all connections: it is empty again before the next one reads,
   and an idle connection holds no buffer.  One loop a process is the rule
   of the house. */
static char scratch[READ_BYTES];

static void turn(evutil_socket_t fd, short what, void *arg);

struct conn *
conn_new(struct event_base *base, int fd, size_t line_max,
    const struct conn_ops *ops, void *arg)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->fd = fd;
	c->ops = ops;
	c->arg = arg;
	c->line_max = line_max;
	evutil_make_socket_nonblocking(fd);
	evutil_make_socket_closeonexec(fd);
	buf_init(&c->in, line_max + 2 + READ_BYTES);
	buf_init(&c->out, CONN_OUT_MAX_BYTES);
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
	buf_done(&c->in);
	buf_done(&c->out);
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

size_t
conn_queued(const struct conn *c)
{
	return c->out.n - c->out_sent;
}

static bool
below_low(const struct conn *c)
{
	return conn_queued(c) < (c->low > 0 ? c->low : 1);
}

static bool
owes_room(const struct conn *c)
{
	return c->full && c->ops->room != NULL && c->layer != SHAKING &&
	    !c->ended && !c->broken && below_low(c);
}

static bool
wants_read(const struct conn *c)
{
	if (c->layer == SHAKING)
		return c->shake_wants == TO_READ;
	if (c->write_wants == TO_READ)
		return true;
	return !c->paused && !c->ended && c->read_wants != TO_WRITE;
}

static bool
wants_write(const struct conn *c)
{
	if (c->layer == SHAKING)
		return c->clear > 0 || c->shake_wants == TO_WRITE;
	if (c->read_wants == TO_WRITE)
		return true;
	return c->blocked && !c->broken && c->write_wants != TO_READ;
}

static bool
owes_turn(const struct conn *c)
{
	if (c->freeing)
		return true;
	if (dead(c))
		return false;
	if (c->layer == SHAKING)
		return c->ended || (c->clear == 0 && c->shake_wants == NOTHING);
	if (c->paused && !c->broken)
		return owes_room(c) || (conn_queued(c) > 0 && !c->blocked);
	return c->again || c->ended || c->broken || owes_room(c) ||
	    (conn_queued(c) > 0 && !c->blocked);
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
end(struct conn *c, const char *why, bool tls, bool clean)
{
	if (!c->ended && !c->broken) {
		buf_str(&c->why, why);
		c->why_tls = tls;
		c->why_clean = clean;
	}
	c->ended = true;
}

static void
note_tls_error(struct conn *c, int rc, struct buf *why, bool *ret_tls)
{
	*ret_tls = SSL_get_error(c->ssl, rc) == SSL_ERROR_SSL;
	if (*ret_tls)
		c->tls_fatal = true;
	tls_error(c->ssl, rc, why);
}

static void
end_tls(struct conn *c, int rc)
{
	struct buf why;
	bool tls;

	buf_init(&why, WHY_MAX);
	note_tls_error(c, rc, &why, &tls);
	end(c, buf_cstr(&why), tls, false);
	buf_done(&why);
}

/*
 * Writing failed.  The peer's last words may stand unread in the socket
 * ("421 closing"), so the end comes only when reading has come to it.
 */
static void
break_off(struct conn *c, const char *why, bool tls)
{
	if (!c->broken && !c->ended) {
		buf_str(&c->why, why);
		c->why_tls = tls;
		c->why_clean = false;
	}
	c->broken = true;
	c->again = true;
}

static bool
complete_line(const struct conn *c)
{
	return c->in.n > 0 && memchr(c->in.p, '\n', c->in.n) != NULL;
}

static void
tell_gone(struct conn *c)
{
	if (dead(c) || !c->ended)
		return;
	if (c->layer != SHAKING && c->paused && !c->broken)
		return;                 /* lines, and the end behind them, wait */
	if (c->why_clean && c->in.n > 0) {
		c->why_clean = false;
		buf_str(&c->why, " inside a line");
	}
	c->told = true;
	c->ops->gone(c->arg, buf_cstr(&c->why), c->why_tls, c->why_clean);
}

/* Writing. */

static ssize_t
put_plain(struct conn *c, const char *p, size_t n)
{
	ssize_t r;

	do
		r = send(c->fd, p, n, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	if (r >= 0)
		return r;
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		break_off(c, strerror(errno), false);
	return 0;
}

static ssize_t
put_tls(struct conn *c, const char *p, size_t n)
{
	struct buf why;
	bool tls;
	int r;

	if (c->tls_fatal) {
		break_off(c, "connection closed", true);
		return 0;
	}
	ERR_clear_error();
	errno = 0;
	r = SSL_write(c->ssl, p, n > INT_MAX ? INT_MAX : (int)n);
	c->write_wants = NOTHING;
	if (r > 0)
		return r;
	switch (SSL_get_error(c->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		c->write_wants = TO_READ;
		return 0;
	case SSL_ERROR_WANT_WRITE:
		return 0;
	}
	buf_init(&why, WHY_MAX);
	note_tls_error(c, r, &why, &tls);
	break_off(c, buf_cstr(&why), tls);
	buf_done(&why);
	return 0;
}

/* The queue is a buffer whose front is sent; the front is given up when that
   costs no more than has been sent since. */
static void
sent(struct conn *c, size_t n)
{
	c->out_sent += n;
	if (c->out_sent == c->out.n) {
		c->out_sent = 0;
		if (c->out.cap > KEEP_OUT_BYTES)
			buf_done(&c->out);
		else
			buf_clear(&c->out);
	} else if (c->out_sent >= READ_BYTES && c->out_sent >= c->out.n / 2) {
		buf_drop(&c->out, c->out_sent);
		c->out_sent = 0;
	}
}

static void
flush(struct conn *c)
{
	size_t budget = FLUSH_BYTES, n;
	ssize_t r;

	if (c->out.over)
		break_off(c, "too much output queued", false);
	if (!below_low(c))
		c->full = true;
	while (!c->broken && !c->blocked && budget > 0) {
		n = c->layer == SHAKING ? c->clear : conn_queued(c);
		if (n > budget)
			n = budget;
		if (n == 0)
			return;
		if (c->layer == SECURE)
			r = put_tls(c, c->out.p + c->out_sent, n);
		else
			r = put_plain(c, c->out.p + c->out_sent, n);
		if (r == 0)
			c->blocked = true;
		if (c->layer == SHAKING)
			c->clear -= (size_t)r;
		budget -= (size_t)r;
		sent(c, (size_t)r);
	}
}

void
conn_flush(struct conn *c)
{
	if (dead(c))
		return;
	if (c->layer != SHAKING)
		flush(c);
	settle(c);
}

void
conn_write(struct conn *c, struct span bytes)
{
	if (dead(c))
		return;
	buf_span(&c->out, bytes);
	settle(c);
}

struct buf *
conn_out(struct conn *c)
{
	if (dead(c)) {
		buf_clear(&c->out);
		c->out_sent = 0;
	} else if (!c->turning && !c->soon_on && !c->blocked) {
		/* Bytes that settle() will not see being added. */
		arm(c->soon, true, &c->soon_on);
	}
	return &c->out;
}

void
conn_set_low(struct conn *c, size_t low_bytes)
{
	c->low = low_bytes;
	settle(c);
}

/* Reading. */

static size_t
get_plain(struct conn *c)
{
	ssize_t r;

	do
		r = recv(c->fd, scratch, sizeof(scratch), 0);
	while (r < 0 && errno == EINTR);
	if (r > 0)
		return (size_t)r;
	if (r == 0)
		end(c, "connection closed", false, true);
	else if (errno != EAGAIN && errno != EWOULDBLOCK)
		end(c, strerror(errno), false, false);
	else if (c->broken)
		c->ended = true;
	return 0;
}

/*
 * Until the library holds nothing more that epoll cannot see, or the buffer
 * is full.  SSL_has_pending() saves the read(2) that would find nothing.
 */
static size_t
get_tls(struct conn *c)
{
	size_t n = 0;
	int r;

	if (c->tls_fatal) {
		c->ended = true;
		return 0;
	}
	while (n < sizeof(scratch)) {
		ERR_clear_error();
		errno = 0;
		r = SSL_read(c->ssl, scratch + n, (int)(sizeof(scratch) - n));
		c->read_wants = NOTHING;
		if (r <= 0)
			break;
		n += (size_t)r;
		if (!SSL_has_pending(c->ssl))
			return n;
	}
	if (n == sizeof(scratch)) {
		c->again = true;
		return n;
	}
	switch (SSL_get_error(c->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		c->ended = c->ended || c->broken;
		break;
	case SSL_ERROR_WANT_WRITE:
		c->read_wants = TO_WRITE;
		break;
	case SSL_ERROR_ZERO_RETURN:
		end(c, "connection closed", false, true);
		break;
	default:
		end_tls(c, r);
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
	while (!c->stopped && !c->paused && c->layer != SHAKING &&
	    next_line(c, &line))
		c->ops->line(c->arg, line, c->rest.n > 0 ||
		    (c->ssl != NULL && SSL_pending(c->ssl) > 0));
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
	if (!complete_line(c) && !c->ended)
		n = c->layer == SECURE ? get_tls(c) : get_plain(c);
	else
		c->again = !c->ended;
	deliver(c, (struct span){ scratch, n });
}

void
conn_reading(struct conn *c, bool on)
{
	c->paused = !on;
	if (on)
		c->again = c->again || c->in.n > 0 || c->ssl != NULL;
	settle(c);
}

/* TLS. */

static void
start_tls(struct conn *c, SSL *ssl)
{
	assert(c->ssl == NULL && c->layer == PLAIN);
	if (dead(c) || ssl == NULL ||
	    (c->delivering ? c->rest.n : c->in.n) > 0) {
		SSL_free(ssl);
		if (ssl == NULL)
			end(c, "TLS cannot be set up for this host name", true, false);
		else
			end(c, "data where the TLS handshake should begin", false,
			    false);
		/* What was smuggled in is not a line; the present one, which
		   may stand in `in`, is still lent. */
		c->rest.n = 0;
		if (!c->delivering)
			buf_clear(&c->in);
	} else {
		c->ssl = ssl;
		c->layer = SHAKING;
		c->clear = conn_queued(c);
		c->shake_wants = NOTHING;
	}
	settle(c);
}

void
conn_give(struct conn *c, const struct conn_ops *ops, void *arg)
{
	c->ops = ops;
	c->arg = arg;
}

void
conn_start_tls(struct conn *c, struct tls *t, const char *host)
{
	if (!dead(c))
		start_tls(c, tls_connect(t, c->fd, host));
}

void
conn_accept_tls(struct conn *c, struct tls *t)
{
	if (!dead(c))
		start_tls(c, tls_accept(t, c->fd));
}

static void
shaken(struct conn *c)
{
	struct buf text;

	buf_init(&text, WHY_MAX);
	tls_summary(c->ssl, &text);
	c->summary = xstrdup(buf_cstr(&text));
	buf_done(&text);
	c->layer = SECURE;
	c->again = true;                /* the peer's first words may be here already */
	if (c->ops->secure != NULL)
		c->ops->secure(c->arg);
}

static void
shake(struct conn *c)
{
	int r;

	flush(c);
	if (c->broken) {
		c->ended = true;
		return;
	}
	if (c->clear > 0)
		return;
	ERR_clear_error();
	errno = 0;
	r = SSL_do_handshake(c->ssl);
	if (r == 1) {
		shaken(c);
		return;
	}
	switch (SSL_get_error(c->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		c->shake_wants = TO_READ;
		break;
	case SSL_ERROR_WANT_WRITE:
		c->shake_wants = TO_WRITE;
		break;
	default:
		buf_str(&c->why, "TLS handshake: ");
		end_tls(c, r);
	}
}

bool
conn_is_tls(const struct conn *c)
{
	return c->layer == SECURE;
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
	if (what & EV_WRITE || (what & EV_READ && c->write_wants == TO_READ))
		c->blocked = false;
	if (c->layer == SHAKING && !c->ended)
		shake(c);
	if (c->stopped || c->layer == SHAKING)
		return;
	if (!c->paused && (what & EV_READ || c->again || c->ended ||
	    c->broken || c->read_wants == TO_WRITE))
		receive(c);
	if (c->stopped || c->layer == SHAKING)
		return;
	flush(c);                       /* also to a peer that closed its half only */
	if (owes_room(c)) {
		c->full = false;
		c->ops->room(c->arg);
		if (!c->stopped && c->layer != SHAKING)
			flush(c);
	}
}

static void
turn(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
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
	if (c->broken && c->paused)
		c->ended = true;
	tell_gone(c);
	c->turning = false;
	settle(c);
}

/*
 * RFC 8446 §6.1.  One SSL_shutdown(), its answer not waited for: it sends
 * close_notify, and without it the library takes the session for a broken
 * one and the next handshake is a full one.
 */
static void
close_tls(struct conn *c)
{
	if (c->layer == SECURE && !c->tls_fatal) {
		SSL_set_shutdown(c->ssl, SSL_RECEIVED_SHUTDOWN);
		SSL_shutdown(c->ssl);
	}
	SSL_free(c->ssl);
	ERR_clear_error();
	c->ssl = NULL;
}

void
conn_stop(struct conn *c)
{
	if (c->stopped)
		return;
	if (c->layer != SHAKING)
		flush(c);
	c->stopped = true;
	close_tls(c);
	event_del(c->readable);
	event_del(c->writable);
	c->readable_on = c->writable_on = false;
	close(c->fd);
	c->fd = -1;
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
