/* stream.c - recv, send, SSL_read, SSL_write, and what their errors mean. */
#include <sys/socket.h>
#include <sys/types.h>

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include <event2/util.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/stream.h"
#include "net/tls.h"

#define ERROR_MAX 1024

void
stream_init(struct stream *s, int fd)
{
	*s = (struct stream){ .fd = fd };
	buf_init(&s->error, ERROR_MAX);
	evutil_make_socket_nonblocking(fd);
	evutil_make_socket_closeonexec(fd);
}

/* Errors. */

static enum flow
fail(struct stream *s)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return FLOW_WAIT;
	buf_clear(&s->error);
	buf_str(&s->error, strerror(errno));
	s->error_tls = false;
	return FLOW_FAILED;
}

static enum flow
fail_tls(struct stream *s, int rc, const char *where)
{
	s->error_tls = SSL_get_error(s->ssl, rc) == SSL_ERROR_SSL;
	s->fatal = s->fatal || s->error_tls;
	buf_clear(&s->error);
	buf_str(&s->error, where);
	tls_error(s->ssl, rc, &s->error);
	return FLOW_FAILED;
}

static bool
is_fatal(struct stream *s)
{
	if (!s->fatal)
		return false;
	if (s->error.n == 0)
		buf_str(&s->error, "connection closed");
	return true;
}

/* What every call into the library begins with: an error that an earlier
   one, of another connection, left in the queue would be taken for ours. */
static void
clean(void)
{
	ERR_clear_error();
	errno = 0;
}

/* Writing. */

static enum flow
put_plain(struct stream *s, struct span bytes, size_t *ret_n)
{
	ssize_t r;

	do
		r = send(s->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	s->write_wants = r < 0 ? WANT_WRITE : WANT_NOTHING;
	if (r < 0)
		return fail(s);
	*ret_n = (size_t)r;
	return FLOW_DONE;
}

static enum flow
put_tls(struct stream *s, struct span bytes, size_t *ret_n)
{
	int r;

	if (is_fatal(s))
		return FLOW_FAILED;
	clean();
	r = SSL_write(s->ssl, bytes.p, bytes.n > INT_MAX ? INT_MAX : (int)bytes.n);
	s->write_wants = WANT_NOTHING;
	if (r > 0) {
		*ret_n = (size_t)r;
		return FLOW_DONE;
	}
	switch (SSL_get_error(s->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		s->write_wants = WANT_READ;
		return FLOW_WAIT;
	case SSL_ERROR_WANT_WRITE:
		s->write_wants = WANT_WRITE;
		return FLOW_WAIT;
	}
	return fail_tls(s, r, "");
}

enum flow
stream_put(struct stream *s, struct span bytes, size_t *ret_n)
{
	*ret_n = 0;
	return s->layer == LAYER_TLS ?
	    put_tls(s, bytes, ret_n) : put_plain(s, bytes, ret_n);
}

/* Reading. */

/* One call: what the kernel has beyond it, epoll sees. */
static enum flow
get_plain(struct stream *s, char *p, size_t max, size_t *ret_n)
{
	ssize_t r;

	do
		r = recv(s->fd, p, max, 0);
	while (r < 0 && errno == EINTR);
	s->read_wants = WANT_READ;
	if (r < 0)
		return fail(s);
	*ret_n = (size_t)r;
	return r == 0 ? FLOW_END : FLOW_DONE;
}

/*
 * A call gives one record.  Go on until the library holds nothing that epoll
 * cannot see; asking it first saves the read(2) that would find nothing.
 */
static enum flow
get_tls(struct stream *s, char *p, size_t max, size_t *ret_n, bool *ret_more)
{
	int r = 0;

	if (is_fatal(s))
		return FLOW_FAILED;
	s->read_wants = WANT_READ;
	while (*ret_n < max) {
		size_t room = max - *ret_n;

		clean();
		r = SSL_read(s->ssl, p + *ret_n, room > INT_MAX ? INT_MAX : (int)room);
		if (r <= 0)
			break;
		*ret_n += (size_t)r;
		if (!SSL_has_pending(s->ssl))
			return FLOW_DONE;
	}
	if (*ret_n == max) {
		*ret_more = true;
		return FLOW_DONE;
	}
	switch (SSL_get_error(s->ssl, r)) {
	case SSL_ERROR_WANT_WRITE:
		s->read_wants = WANT_WRITE;
		return FLOW_WAIT;
	case SSL_ERROR_WANT_READ:
		return FLOW_WAIT;
	case SSL_ERROR_ZERO_RETURN:
		return FLOW_END;
	}
	return fail_tls(s, r, "");
}

enum flow
stream_get(struct stream *s, char *p, size_t max, size_t *ret_n, bool *ret_more)
{
	assert(max > 0);
	*ret_n = 0;
	*ret_more = false;
	if (s->layer == LAYER_TLS)
		return get_tls(s, p, max, ret_n, ret_more);
	return get_plain(s, p, max, ret_n);
}

bool
stream_holds_bytes(const struct stream *s)
{
	return s->layer == LAYER_TLS && SSL_pending(s->ssl) > 0;
}

/* TLS. */

void
stream_secure(struct stream *s, struct ssl_st *ssl)
{
	assert(s->layer == LAYER_PLAIN);
	s->ssl = ssl;
	s->layer = LAYER_SHAKING;
	s->shake_wants = WANT_NOTHING;
}

enum flow
stream_shake(struct stream *s)
{
	int r;

	clean();
	r = SSL_do_handshake(s->ssl);
	if (r == 1) {
		s->layer = LAYER_TLS;
		return FLOW_DONE;
	}
	switch (SSL_get_error(s->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		s->shake_wants = WANT_READ;
		return FLOW_WAIT;
	case SSL_ERROR_WANT_WRITE:
		s->shake_wants = WANT_WRITE;
		return FLOW_WAIT;
	}
	return fail_tls(s, r, "TLS handshake: ");
}

/*
 * RFC 8446 §6.1.  One SSL_shutdown(), its answer not waited for: it sends
 * close_notify, and without it the library takes the session for a broken
 * one and the next handshake is a full one.
 */
void
stream_close(struct stream *s)
{
	if (s->fd < 0)
		return;
	if (s->layer == LAYER_TLS && !s->fatal) {
		SSL_set_shutdown(s->ssl, SSL_RECEIVED_SHUTDOWN);
		SSL_shutdown(s->ssl);
	}
	SSL_free(s->ssl);
	ERR_clear_error();
	s->ssl = NULL;
	close(s->fd);
	s->fd = -1;
}

void
stream_done(struct stream *s)
{
	assert(s->fd < 0);
	buf_done(&s->error);
}
