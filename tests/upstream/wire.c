#include <sys/socket.h>

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire.h"

#define OUT_MAX_BYTES (1u << 20)
#define DRIP_MS       1

struct wire *
wire_open(int fd, bool drip)
{
	struct wire *w = xcalloc(1, sizeof(*w));

	w->fd = fd;
	w->drip = drip;
	buf_init(&w->out, OUT_MAX_BYTES);
	return w;
}

static void
release(struct wire *w)
{
	SSL_free(w->ssl);
	close(w->fd);
	buf_done(&w->out);
	free(w);
}

/*
 * Closing with input unread would make the kernel send RST, and the peer
 * could lose an answer it has not read yet: so the write side closes first
 * and the rest of the input is read away.
 */
void
wire_close(struct wire *w)
{
	char sink[4096];

	wire_flush(w);
	if (w->ssl != NULL && !w->gone) {
		ERR_clear_error();
		SSL_shutdown(w->ssl);
	}
	shutdown(w->fd, SHUT_WR);
	while (!w->gone && read(w->fd, sink, sizeof(sink)) > 0)
		;
	release(w);
}

void
wire_reset(struct wire *w)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	release(w);
}

bool
wire_accept_tls(struct wire *w, SSL_CTX *ctx)
{
	wire_flush(w);
	ERR_clear_error();
	w->ssl = SSL_new(ctx);
	if (w->ssl == NULL || SSL_set_fd(w->ssl, w->fd) != 1 || SSL_accept(w->ssl) != 1)
		w->gone = true;
	return !w->gone;
}

static ssize_t
read_once(struct wire *w, char *p, size_t n)
{
	int got;

	if (w->ssl == NULL) {
		ssize_t plain;

		do
			plain = read(w->fd, p, n);
		while (plain < 0 && errno == EINTR);
		return plain;
	}
	ERR_clear_error();
	got = SSL_read(w->ssl, p, (int)n);
	return got > 0 ? got : 0;
}

/* More input behind what is there; answers go out first if that may wait. */
static bool
fill(struct wire *w)
{
	ssize_t got;

	if (w->gone)
		return false;
	if (w->at > 0 && w->have == sizeof(w->in)) {
		memmove(w->in, w->in + w->at, w->have - w->at);
		w->have -= w->at;
		w->at = 0;
	}
	if (w->have == sizeof(w->in))
		return false;
	if (w->ssl == NULL || SSL_pending(w->ssl) == 0)
		wire_flush(w);
	got = read_once(w, w->in + w->have, sizeof(w->in) - w->have);
	if (got <= 0) {
		w->gone = true;
		return false;
	}
	w->have += (size_t)got;
	return true;
}

bool
wire_line(struct wire *w, struct span *ret)
{
	size_t seen = 0;

	for (;;) {
		const char *from = w->in + w->at;
		const char *lf = memchr(from + seen, '\n', w->have - w->at - seen);

		if (lf != NULL) {
			*ret = (struct span){ from, (size_t)(lf - from) + 1 };
			w->at += ret->n;
			return true;
		}
		seen = w->have - w->at;
		if (seen == 0)
			w->at = w->have = 0;
		if (!fill(w))
			return false;
	}
}

struct span
wire_some(struct wire *w, size_t max)
{
	struct span got;

	if (w->at == w->have) {
		w->at = w->have = 0;
		if (!fill(w))
			return (struct span){ NULL, 0 };
	}
	got = (struct span){ w->in + w->at, w->have - w->at };
	if (got.n > max)
		got.n = max;
	w->at += got.n;
	return got;
}

size_t
wire_waiting(const struct wire *w)
{
	return w->have - w->at + (w->ssl != NULL ? (size_t)SSL_pending(w->ssl) : 0);
}

void
wire_say(struct wire *w, const char *text)
{
	if (w->out.n > OUT_MAX_BYTES / 2)
		wire_flush(w);
	buf_str(&w->out, text);
}

static bool
write_once(struct wire *w, const char *p, size_t n, size_t *ret_done)
{
	ssize_t put;

	if (w->ssl != NULL) {
		ERR_clear_error();
		put = SSL_write(w->ssl, p, (int)n);
	} else {
		do
			put = send(w->fd, p, n, MSG_NOSIGNAL);
		while (put < 0 && errno == EINTR);
	}
	if (put <= 0)
		return false;
	*ret_done = (size_t)put;
	return true;
}

void
wire_flush(struct wire *w)
{
	size_t done = 0, put = 0;

	while (!w->gone && done < w->out.n) {
		if (!write_once(w, w->out.p + done, w->drip ? 1 : w->out.n - done, &put))
			w->gone = true;
		done += put;
		if (w->drip)
			poll(NULL, 0, DRIP_MS);
	}
	buf_clear(&w->out);
}
