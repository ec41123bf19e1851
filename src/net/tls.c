/* tls.c - contexts, connections, tickets. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/tls.h"
#include "net/tls_private.h"

int tls_link_index = -1;

static void
drop_ticket(struct tls *t, unsigned i)
{
	SSL_SESSION_free(t->tickets[i].session);
	free(t->tickets[i].host);
	t->ntickets--;
	memmove(&t->tickets[i], &t->tickets[i + 1],
	    (t->ntickets - i) * sizeof(t->tickets[0]));
}

static void
put_ticket(struct tls *t, const char *host, SSL_SESSION *session)
{
	if (t->ntickets == TICKETS_MAX)
		drop_ticket(t, 0);
	t->tickets[t->ntickets].session = session;
	t->tickets[t->ntickets].host = xstrdup(host);
	t->ntickets++;
}

/*
 * The newest of host's.  A TLS 1.2 session stays in the list, because its
 * resumption brings no new one; a 1.3 ticket leaves it.  A ticket whose
 * handshake then fails is not put back: were it the ticket that displeased
 * the server, it would displease it every time.
 */
static void
offer_ticket(struct tls *t, SSL *s, const char *host)
{
	unsigned i = t->ntickets;
	SSL_SESSION *session;

	while (i-- > 0) {
		if (strcmp(t->tickets[i].host, host) != 0)
			continue;
		session = t->tickets[i].session;
		if (!SSL_SESSION_is_resumable(session)) {
			drop_ticket(t, i);
			continue;
		}
		SSL_set_session(s, session);
		if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION)
			drop_ticket(t, i);
		return;
	}
}

static int
on_new_session(SSL *s, SSL_SESSION *session)
{
	struct link *l = SSL_get_ex_data(s, tls_link_index);

	put_ticket(l->tls, l->host, session);
	return 1;                       /* the reference is ours now */
}

void
tls_drop_tickets(struct tls *t)
{
	while (t->ntickets > 0)
		drop_ticket(t, t->ntickets - 1);
}

unsigned
tls_tickets(const struct tls *t)
{
	return t->ntickets;
}

void
tls_free(struct tls *t)
{
	if (t == NULL || --t->refs > 0)
		return;
	tls_drop_tickets(t);
	SSL_CTX_free(t->ctx);
	free(t->pins);
	free(t->records);
	free(t);
}

static void
on_ssl_freed(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index,
    long argl, void *argp)
{
	struct link *l = ptr;

	(void)parent, (void)ad, (void)index, (void)argl, (void)argp;
	if (l == NULL)
		return;
	tls_free(l->tls);
	free(l->host);
	sk_X509_pop_free(l->refused, X509_free);
	free(l);
}

static bool
set_min_version(SSL_CTX *ctx, const char *version, struct buf *why)
{
	int v = TLS1_2_VERSION;         /* RFC 8996: nothing older */

	if (version != NULL && strcmp(version, "1.3") == 0)
		v = TLS1_3_VERSION;
	else if (tls_set(version) && strcmp(version, "1.2") != 0) {
		buf_printf(why, "unknown TLS version \"%s\": 1.2 and 1.3 are known",
		    version);
		return false;
	}
	return SSL_CTX_set_min_proto_version(ctx, v) == 1;
}

static int
no_passphrase(char *p, int size, int writing, void *arg)
{
	(void)p, (void)size, (void)writing, (void)arg;
	return -1;
}

static void
ignore_sigpipe(void)
{
	struct sigaction sa;

	if (sigaction(SIGPIPE, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL) {
		sa.sa_handler = SIG_IGN;
		sigaction(SIGPIPE, &sa, NULL);
	}
}

static struct tls *
tls_new(const SSL_METHOD *method, const char *min_version, struct buf *why)
{
	struct tls *t = xcalloc(1, sizeof(*t));

	if (tls_link_index < 0) {
		tls_link_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_ssl_freed);
		ignore_sigpipe();
	}
	t->refs = 1;
	ERR_clear_error();
	t->ctx = SSL_CTX_new(method);
	if (t->ctx == NULL || tls_link_index < 0) {
		tls_put_reason(why);
		tls_free(t);
		return NULL;
	}
	/* A bare FIN is an end like another: SMTP replies say themselves where
	   they end, and without this the library calls the session bad. */
	SSL_CTX_set_options(t->ctx,
	    SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	/* One read(2) a record instead of two: its header and its body. */
	SSL_CTX_set_read_ahead(t->ctx, 1);
	SSL_CTX_set_default_passwd_cb(t->ctx, no_passphrase);
	if (!set_min_version(t->ctx, min_version, why)) {
		tls_free(t);
		return NULL;
	}
	return t;
}

static bool
set_client(struct tls *t, const struct tls_client_params *p, struct buf *why)
{
	SSL_CTX *ctx = t->ctx;

	t->verify = p->verify;
	t->npins = p->npins;
	t->pins = xcalloc(p->npins + 1, sizeof(*t->pins));
	if (p->npins > 0)
		memcpy(t->pins, p->pins, p->npins * sizeof(*t->pins));
	SSL_CTX_set_verify(ctx, p->verify || p->npins > 0 ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, tls_verify, NULL);
	if (SSL_CTX_dane_enable(ctx) != 1) {
		tls_put_reason(why);
		return false;
	}
	/* TLS 1.3 tickets come after the handshake, when one reads; only the
	   callback sees them. */
	SSL_CTX_set_session_cache_mode(ctx,
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_new_session);
	if (tls_set(p->ciphers) && !tls_load_ciphers(ctx, p->ciphers, why))
		return false;
	if (tls_set(p->cert) && !tls_load_pair(ctx, p->cert, p->key, why))
		return false;
	return !p->verify || tls_load_trust(ctx, p->ca_file, p->ca_path, why);
}

struct tls *
tls_client(const struct tls_client_params *p, struct buf *why)
{
	struct tls *t = tls_new(TLS_client_method(), p->min_version, why);

	if (t != NULL && !set_client(t, p, why)) {
		tls_free(t);
		return NULL;
	}
	return t;
}

/* Printers: for a listener alone, whose admin says so.  0: not old. */
static int
old_version(const char *version)
{
	if (version != NULL && strcmp(version, "1.0") == 0)
		return TLS1_VERSION;
	return version != NULL && strcmp(version, "1.1") == 0 ? TLS1_1_VERSION : 0;
}

/* Level 0: their signatures have SHA-1, which level 1 refuses.  No anonymous
   and no null cipher comes in with it. */
static bool
allow_old(SSL_CTX *ctx, int version)
{
	return version == 0 || (SSL_CTX_set_min_proto_version(ctx, version) == 1 &&
	    SSL_CTX_set_cipher_list(ctx, "DEFAULT:!aNULL:!eNULL:@SECLEVEL=0") == 1);
}

struct tls *
tls_server(const char *cert_file, const char *key_file,
    const char *min_version, struct buf *why)
{
	int         old = old_version(min_version);
	struct tls *t = tls_new(TLS_server_method(), old != 0 ? NULL : min_version, why);

	if (t == NULL)
		return NULL;
	if (!tls_load_pair(t->ctx, cert_file, key_file, why) || !allow_old(t->ctx, old)) {
		tls_free(t);
		return NULL;
	}
	/* Tickets carry the sessions; the server itself keeps none. */
	SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(t->ctx, (const unsigned char *)"postern", 7);
	return t;
}

static SSL *
ssl_new(struct tls *t, int fd, struct span host)
{
	SSL *s = SSL_new(t->ctx);
	struct link *l = xcalloc(1, sizeof(*l));

	l->tls = t;
	l->host = span_dup(host);
	t->refs++;
	if (s != NULL && SSL_set_ex_data(s, tls_link_index, l) == 1) {
		if (SSL_set_fd(s, fd) == 1)
			return s;
	} else
		on_ssl_freed(NULL, l, NULL, 0, 0, NULL);
	SSL_free(s);
	return NULL;
}

static bool
is_address(const char *host)
{
	unsigned char a[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, a) == 1 || inet_pton(AF_INET6, host, a) == 1;
}

/* RFC 9525 §6.3; RFC 6066 §3: no literal addresses in SNI. */
static bool
name_peer(SSL *s, const char *host)
{
	SSL_set_hostflags(s, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (!tls_set(host) || SSL_set1_host(s, host) != 1)
		return false;
	return is_address(host) || SSL_set_tlsext_host_name(s, host) == 1;
}

/* The name as a certificate has it: without the root's dot or an address'
   zone ("fe80::1%eth0"). */
static struct span
bare_name(const char *host)
{
	struct span name = span_of(host), ret = name;

	span_cut(&name, '%', &ret);
	if (ret.n > 0 && ret.p[ret.n - 1] == '.')
		ret.n--;
	return ret;
}

struct ssl_st *
tls_connect(struct tls *t, int fd, const char *host)
{
	SSL *s = ssl_new(t, fd, bare_name(host));
	struct link *l;

	if (s == NULL)
		return NULL;
	l = SSL_get_ex_data(s, tls_link_index);
	if (!name_peer(s, l->host) || !tls_expect(t, s, l)) {
		ERR_clear_error();
		SSL_free(s);
		return NULL;
	}
	SSL_set_connect_state(s);
	offer_ticket(t, s, l->host);
	return s;
}

struct ssl_st *
tls_accept(struct tls *t, int fd)
{
	SSL *s = ssl_new(t, fd, SPAN(""));

	if (s != NULL)
		SSL_set_accept_state(s);
	return s;
}

void
tls_discard(struct ssl_st *s)
{
	SSL_free(s);
}

char *
tls_summary(const struct ssl_st *s)
{
	struct buf text;
	char *ret;

	buf_init(&text, 256);
	buf_printf(&text, "%s %s%s", SSL_get_version(s), SSL_get_cipher_name(s),
	    SSL_session_reused(s) ? ", resumed" : "");
	ret = xstrdup(buf_cstr(&text));
	buf_done(&text);
	return ret;
}
