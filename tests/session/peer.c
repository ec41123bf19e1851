#include "peer.h"

#include <event2/event.h>

#include <openssl/err.h>

#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_BYTES (32u << 10)
#define MAX_IN     (64u << 20)
#define MAX_OUT    (1u << 20)

struct peer {
	int           fd;
	SSL          *ssl;
	bool          handshaking;
	bool          reading;
	bool          fin_due;          /* the end once the output has gone … */
	enum peer_end how;              /* … in this way */
	bool          deaf;             /* ended by us: what still comes is thrown away */
	struct event *rd, *wr;
	struct buf    in, out;
	const struct peer_ops *ops;
	void         *arg;
};

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);

struct peer *
peer_new(struct event_base *base, int fd, const struct peer_ops *ops, void *arg)
{
	struct peer *p = xcalloc(1, sizeof(*p));
	int          one = 1;

	/* Nagle would hold a second reply for the client's delayed ACK, in real time. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)evutil_make_socket_nonblocking(fd);
	p->fd = fd;
	p->ops = ops;
	p->arg = arg;
	p->reading = true;
	buf_init(&p->in, MAX_IN);
	buf_init(&p->out, MAX_OUT);
	p->rd = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, p);
	p->wr = event_new(base, fd, EV_WRITE, on_writable, p);
	(void)event_add(p->rd, NULL);
	return p;
}

/* The client has closed already: answered by RST its side leaves no TIME_WAIT behind. */
static void
close_at_once(int fd)
{
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	(void)close(fd);
}

static void
drop_socket(struct peer *p)
{
	if (p->fd < 0)
		return;
	(void)event_del(p->rd);
	(void)event_del(p->wr);
	SSL_free(p->ssl);
	p->ssl = NULL;
	close_at_once(p->fd);
	p->fd = -1;
}

void
peer_free(struct peer *p)
{
	if (p == NULL)
		return;
	drop_socket(p);
	event_free(p->rd);
	event_free(p->wr);
	buf_done(&p->in);
	buf_done(&p->out);
	free(p);
}

static void
lost(struct peer *p)
{
	drop_socket(p);
	if (!p->deaf)
		p->ops->gone(p->arg);
}

/* >0: bytes; 0: the end or an error; -1: later. */
static ssize_t
take(struct peer *p, char *to, size_t n)
{
	ssize_t got;

	if (p->ssl == NULL) {
		got = recv(p->fd, to, n, 0);
		if (got < 0)
			return errno == EAGAIN || errno == EINTR ? -1 : 0;
		return got;
	}
	ERR_clear_error();
	got = SSL_read(p->ssl, to, (int)n);
	if (got > 0)
		return got;
	switch (SSL_get_error(p->ssl, (int)got)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return -1;
	default:
		return 0;
	}
}

static ssize_t
give(struct peer *p, const char *from, size_t n)
{
	ssize_t put;

	if (p->ssl == NULL) {
		put = send(p->fd, from, n, MSG_NOSIGNAL);
		if (put < 0)
			return errno == EAGAIN || errno == EINTR ? -1 : 0;
		return put;
	}
	ERR_clear_error();
	put = SSL_write(p->ssl, from, (int)n);
	if (put > 0)
		return put;
	switch (SSL_get_error(p->ssl, (int)put)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return -1;
	default:
		return 0;
	}
}

static void
shake(struct peer *p)
{
	int rc;

	ERR_clear_error();
	rc = SSL_accept(p->ssl);
	if (rc == 1) {
		p->handshaking = false;
		p->ops->secure(p->arg, true);
		return;
	}
	switch (SSL_get_error(p->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return;
	case SSL_ERROR_WANT_WRITE:
		(void)event_add(p->wr, NULL);
		return;
	default:
		p->handshaking = false;
		p->ops->secure(p->arg, false);
		lost(p);
	}
}

static void
discard(struct peer *p)
{
	char    bin[4096];
	ssize_t n;

	do {
		n = recv(p->fd, bin, sizeof(bin), 0);
	} while (n > 0);
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		drop_socket(p);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;
	ssize_t      n;

	(void)fd;
	(void)what;
	if (p->handshaking) {
		shake(p);
		return;
	}
	if (p->deaf) {
		discard(p);
		return;
	}
	do {
		n = take(p, buf_room(&p->in, READ_BYTES), READ_BYTES);
		if (n < 0)
			return;
		if (n == 0) {
			lost(p);
			return;
		}
		buf_took(&p->in, (size_t)n);
		p->ops->bytes(p->arg);
	} while (p->ssl != NULL && !p->deaf && p->reading && SSL_pending(p->ssl) > 0);
}

static void
finish(struct peer *p)
{
	p->fin_due = false;
	if (p->how == PEER_FIN && p->ssl != NULL && !p->handshaking)
		(void)SSL_shutdown(p->ssl);
	p->handshaking = false;
	(void)shutdown(p->fd, SHUT_WR);
}

static void
flush(struct peer *p)
{
	ssize_t n;

	while (p->out.n > 0) {
		n = give(p, p->out.p, p->out.n);
		if (n < 0) {
			(void)event_add(p->wr, NULL);
			return;
		}
		if (n == 0) {
			/* Reading will find the same, after what the client still had to say. */
			buf_clear(&p->out);
			return;
		}
		buf_drop(&p->out, (size_t)n);
	}
	if (p->fin_due)
		finish(p);
	else
		p->ops->sent(p->arg);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;

	(void)fd;
	(void)what;
	if (p->handshaking)
		shake(p);
	else
		flush(p);
}

void
peer_accept_tls(struct peer *p, SSL_CTX *ctx)
{
	p->ssl = SSL_new(ctx);
	SSL_set_mode(p->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	(void)SSL_set_fd(p->ssl, p->fd);
	p->handshaking = true;
}

bool
peer_is_tls(const struct peer *p)
{
	return p->ssl != NULL;
}

struct buf *
peer_in(struct peer *p)
{
	return &p->in;
}

void
peer_say(struct peer *p, struct span bytes)
{
	if (p->fd < 0 || p->deaf || bytes.n == 0)
		return;
	buf_span(&p->out, bytes);
	flush(p);
}

bool
peer_has_sent(const struct peer *p)
{
	return p->out.n == 0 && p->fd >= 0;
}

void
peer_reading(struct peer *p, bool on)
{
	p->reading = on;
	if (p->fd < 0)
		return;
	if (on)
		(void)event_add(p->rd, NULL);
	else
		(void)event_del(p->rd);
}

void
peer_end(struct peer *p, enum peer_end how)
{
	if (p->fd < 0 || p->deaf)
		return;
	p->deaf = true;
	if (how == PEER_RESET) {
		drop_socket(p);
		return;
	}
	p->how = how;
	if (p->out.n > 0)
		p->fin_due = true;
	else
		finish(p);
	/* A close() here would answer the client's next packet with RST and so take back what was said. */
	(void)event_add(p->rd, NULL);
}

bool
peer_is_open(const struct peer *p)
{
	return p->fd >= 0;
}
