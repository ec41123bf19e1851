/*
 * stream.h - bytes into and out of one socket, in the clear or over TLS,
 * never waiting.  Says after each call what to wait for; waits for nothing
 * itself.  Knows no lines, no queue, no events: those are conn's, and conn
 * is the only one to use this.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct ssl_st;

enum flow {
	FLOW_DONE,              /* bytes were moved; the handshake is complete */
	FLOW_WAIT,              /* not now: see the wants */
	FLOW_END,               /* get: the peer closed in an orderly way */
	FLOW_FAILED,            /* error says why; the same call will not work again */
};

/* What a call that must wait waits for.  With TLS a write may have to read,
   and the reverse. */
enum want { WANT_NOTHING, WANT_READ, WANT_WRITE };

enum layer { LAYER_PLAIN, LAYER_SHAKING, LAYER_TLS };

struct stream {
	int            fd;              /* own; -1 once closed */
	enum layer     layer;
	struct ssl_st *ssl;             /* own */
	enum want      shake_wants;     /* WANT_NOTHING: not begun */
	enum want      read_wants;
	enum want      write_wants;
	bool           fatal;           /* the TLS state is past use, close_notify included */
	struct buf     error;           /* of the last FLOW_FAILED: one line for people */
	bool           error_tls;       /* it came from the TLS layer */
};

void stream_init(struct stream *s, int fd);     /* makes fd non-blocking, close-on-exec */

/* In the clear while LAYER_SHAKING: what goes before a handshake. */
enum flow stream_put(struct stream *s, struct span bytes, size_t *ret_n);

/*
 * As much as there is, up to max.  *ret_n may be above 0 whatever comes
 * back.  *ret_more: there may be more where epoll cannot see it, so ask
 * again instead of waiting.
 */
enum flow stream_get(struct stream *s, char *p, size_t max, size_t *ret_n, bool *ret_more);

/* Decrypted or half-decrypted bytes wait inside. */
bool      stream_holds_bytes(const struct stream *s);

/* Takes ssl (tls_connect, tls_accept), which is LAYER_SHAKING from now on. */
void      stream_secure(struct stream *s, struct ssl_st *ssl);
enum flow stream_shake(struct stream *s);

/* close_notify, once, and close(2); may be called twice. */
void stream_close(struct stream *s);
void stream_done(struct stream *s);             /* after stream_close() */

#endif
