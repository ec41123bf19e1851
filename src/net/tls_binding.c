/* tls_binding.c - what a login can be bound to; see tls.h. */
#include <openssl/ssl.h>

#include <string.h>

#include "net/tls.h"

#define EXPORTER_LABEL  "EXPORTER-Channel-Binding"      /* RFC 9266 §2 */
#define EXPORTER_BYTES  32
#define FINISHED_MAX    64

static void
put_exporter(struct ssl_st *s, struct buf *ret)
{
	unsigned char out[EXPORTER_BYTES];

	if (SSL_export_keying_material(s, out, sizeof(out), EXPORTER_LABEL, sizeof(EXPORTER_LABEL) - 1,
	    (const unsigned char *)"", 0, 1) == 1)
		buf_add(ret, out, sizeof(out));
	explicit_bzero(out, sizeof(out));
}

/* The first Finished message: the client's, but the server's where a session was resumed (RFC 5929 §3.1). */
static void
put_finished(struct ssl_st *s, struct buf *ret)
{
	unsigned char out[FINISHED_MAX];
	bool ours = !SSL_is_server(s) == !SSL_session_reused(s);
	size_t n = ours ? SSL_get_finished(s, out, sizeof(out)) : SSL_get_peer_finished(s, out, sizeof(out));

	if (n <= sizeof(out))
		buf_add(ret, out, n);
	explicit_bzero(out, sizeof(out));
}

enum tls_binding
tls_binding(struct ssl_st *s, struct buf *ret)
{
	if (SSL_version(s) >= TLS1_3_VERSION) {
		put_exporter(s, ret);
		return ret->n > 0 ? TLS_BINDING_EXPORTER : TLS_BINDING_NONE;
	}
	/* Without it one key can belong to two connections: the triple handshake (RFC 7627 §1). */
	if (SSL_get_extms_support(s) != 1)
		return TLS_BINDING_NONE;
	put_finished(s, ret);
	return ret->n > 0 ? TLS_BINDING_UNIQUE : TLS_BINDING_NONE;
}
