/* test_conn_tls.c - the stream over TLS: handshakes, verification, tickets. */
#include <sys/socket.h>

#include <check.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/pin.h"
#include "base/tlsa.h"
#include "lib/certs.h"
#include "net/stream.h"
#include "net/tls.h"
#include "net/tls_report.h"
#include "unit/ends.h"

Suite *suite_conn_tls(void);

static struct certs certs;
static struct tls  *client, *server;

static struct tls *
make_server(const char *cert, const char *min_version)
{
	struct buf why;
	struct tls *t;

	buf_init(&why, 1024);
	t = tls_server(cert, certs.key, min_version, &why);
	ck_assert_msg(t != NULL, "%s", buf_cstr(&why));
	return t;
}

static struct tls *
make_client(const char *ca, bool verify)
{
	struct tls_client_params p = { .ca_file = ca, .verify = verify };
	struct buf why;
	struct tls *t;

	buf_init(&why, 1024);
	t = tls_client(&p, &why);
	ck_assert_msg(t != NULL, "%s", buf_cstr(&why));
	return t;
}

static void
setup(void)
{
	ends_setup();
	certs_make(&certs);
	client = make_client(certs.ca, true);
	server = make_server(certs.good, NULL);
}

static void
teardown(void)
{
	tls_free(client);
	tls_free(server);
	certs_remove(&certs);
	ends_teardown();
}

/* No interface of ours asks for this; only a peer's age does. */
static void
cap_at_tls12(struct tls *t)
{
	SSL *s = tls_accept(t, -1);

	SSL_CTX_set_max_proto_version(SSL_get_SSL_CTX(s), TLS1_2_VERSION);
	SSL_free(s);
}

static void
begin(enum pair kind, const char *host)
{
	ends_open(kind);
	conn_start_tls(a.conn, client, host);
	conn_accept_tls(b.conn, server);
}

static void
connect_as(const char *host)
{
	begin(UNIX_PAIR, host);
	UNTIL((a.nsecure == 1 && b.nsecure == 1) || a.ngone == 1);
	ck_assert_msg(a.ngone == 0, "%s", a.why);
}

static const char *good_hosts[] = { "localhost", "127.0.0.1", "::1", "LOCALHOST", "localhost." };

START_TEST(handshake)
{
	begin(UNIX_PAIR, good_hosts[_i]);
	ck_assert(!conn_is_tls(a.conn));
	ck_assert_str_eq(conn_tls_summary(a.conn), "");
	conn_write(b.conn, SPAN("220 hello\r\n"));
	conn_write(a.conn, SPAN("EHLO a\r\n"));
	UNTIL(a.nline == 1 && b.nline == 1);
	ck_assert_uint_eq(a.nsecure, 1);
	ck_assert(conn_is_tls(a.conn));
	ck_assert(strncmp(conn_tls_summary(a.conn), "TLSv1.3 TLS_", 12) == 0);
	ck_assert_ptr_null(strstr(conn_tls_summary(a.conn), "resumed"));
	ck_assert_str_eq(buf_cstr(&a.lines), "220 hello,");
	ck_assert_str_eq(buf_cstr(&b.lines), "EHLO a,");
	conn_stop(b.conn);
	UNTIL(a.ngone == 1);
	ck_assert_str_eq(a.why, "connection closed");
	ck_assert(a.clean && !a.tls);
	ck_assert_uint_le(ends_turns_in_ms(20), 3);
}
END_TEST

#define REFUSED "certificate verify failed: "

static const struct {
	const char *name;
	size_t      cert;       /* offset in struct certs */
	size_t      ca;
	const char *host;
	const char *why;
	const char *seen;
} refusals[] = {
	{ "wrong name", offsetof(struct certs, wrong_name), offsetof(struct certs, ca), "localhost",
	    "localhost: " REFUSED "hostname mismatch; the certificate is for other.test",
	    "; seen: CN=other.test, issued by CN=Postern test CA, from 20" },
	{ "wrong address", offsetof(struct certs, good), offsetof(struct certs, ca), "127.0.0.2",
	    "127.0.0.2: " REFUSED "IP address mismatch; "
	    "the certificate is for localhost, 127.0.0.1, ::1",
	    "; seen: CN=localhost, issued by CN=Postern test CA, from 20" },
	{ "expired", offsetof(struct certs, expired), offsetof(struct certs, ca), "localhost",
	    "localhost: " REFUSED "certificate has expired",
	    "; seen: CN=localhost, issued by CN=Postern test CA, from 20" },
	{ "self-signed", offsetof(struct certs, self_signed), offsetof(struct certs, ca), "localhost",
	    "localhost: " REFUSED "self-signed certificate",
	    "; seen: CN=localhost, issued by CN=localhost, from 20" },
	{ "another authority", offsetof(struct certs, good), offsetof(struct certs, self_signed),
	    "localhost", "localhost: " REFUSED "unable to get local issuer certificate",
	    "; seen: CN=localhost, issued by CN=Postern test CA, from 20" },
};

static void
use(size_t cert, size_t ca, bool verify)
{
	tls_free(client);
	tls_free(server);
	client = make_client((const char *)&certs + ca, verify);
	server = make_server((const char *)&certs + cert, NULL);
}

START_TEST(refused)
{
	use(refusals[_i].cert, refusals[_i].ca, true);
	begin(UNIX_PAIR, refusals[_i].host);
	say(&a, "AUTH PLAIN secret\r\n");
	UNTIL(a.ngone == 1 && b.ngone == 1);
	ck_assert_msg(strncmp(a.why + strlen("TLS handshake: "), refusals[_i].why, strlen(refusals[_i].why)) == 0,
	    "%s: \"%s\"", refusals[_i].name, a.why);
	ck_assert_msg(strstr(a.why, refusals[_i].seen) != NULL, "%s: \"%s\"", refusals[_i].name, a.why);
	ck_assert(a.tls && b.tls && !a.clean);
	ck_assert_uint_eq(a.nsecure + b.nsecure + b.nline, 0);
	ck_assert_uint_eq(tls_tickets(client), 0);
}
END_TEST

/* The configuration said so in words. */
START_TEST(unverified)
{
	use(refusals[_i].cert, refusals[_i].ca, false);
	connect_as(refusals[_i].host);
}
END_TEST

static const struct {
	const char *name;
	const char *bytes;
	bool        reset;
	const char *why;
	bool        tls;
} strangers[] = {
	{ "speaks plain SMTP", "220 mail.example ESMTP\r\n", false,
	    "TLS handshake: wrong version number", true },
	{ "hangs up", "", false, "TLS handshake: connection closed", false },
	{ "resets", "", true, "TLS handshake: Connection reset by peer", false },
};

START_TEST(not_a_tls_server)
{
	struct linger hard = { 1, 0 };
	int fd[2];

	ends_pair(TCP_PAIR, fd);
	end_open(&a, fd[0]);
	conn_start_tls(a.conn, client, "localhost");
	put(fd[1], strangers[_i].bytes, strlen(strangers[_i].bytes));
	ends_turn("client hello");
	if (strangers[_i].reset)
		setsockopt(fd[1], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	else
		shutdown(fd[1], SHUT_WR);
	if (strangers[_i].reset)
		close(fd[1]);
	UNTIL(a.ngone == 1);
	if (!strangers[_i].reset)
		close(fd[1]);
	ck_assert_str_eq(a.why, strangers[_i].why);
	ck_assert_int_eq(a.tls, strangers[_i].tls);
	ck_assert_uint_le(ends_turns_in_ms(20), 3);
}
END_TEST

START_TEST(not_a_host_name)
{
	ends_open(UNIX_PAIR);
	conn_start_tls(a.conn, client, "");
	UNTIL(a.ngone == 1);
	ck_assert(a.tls);
}
END_TEST

/* Who we are: RFC 8446 §4.3.2's question, and our answer. */

static void
demand_certificate(struct tls *t)
{
	SSL *s = tls_accept(t, -1);
	SSL_CTX *ctx = SSL_get_SSL_CTX(s);

	ck_assert_int_eq(SSL_CTX_load_verify_file(ctx, certs.ca), 1);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_free(s);
}

static const char *
no_client(const struct tls_client_params *p)
{
	static char text[1024];
	struct buf why;

	buf_init(&why, sizeof(text));
	ck_assert_ptr_null(tls_client(p, &why));
	snprintf(text, sizeof(text), "%s", buf_cstr(&why));
	buf_done(&why);
	return text;
}

START_TEST(client_certificate)
{
	struct tls_client_params p = {
		.ca_file = certs.ca, .cert = certs.client, .key = certs.client_key, .verify = true,
	};
	int64_t left_s;
	struct buf why;

	buf_init(&why, 1024);
	tls_free(client);
	client = tls_client(&p, &why);
	ck_assert_msg(client != NULL, "%s", buf_cstr(&why));
	demand_certificate(server);
	if (_i == 1)
		cap_at_tls12(server);
	connect_as("localhost");
	say(&a, "EHLO a\r\n");
	UNTIL(b.nline == 1);
	left_s = tls_until_s(client) - clock_wall_s();
	ck_assert(left_s > 20 * 86400 && left_s < 21 * 86400);
	buf_done(&why);
}
END_TEST

/* TLS 1.3's client is done before the server has said so: the refusal is the first thing that it reads. */
START_TEST(no_client_certificate)
{
	demand_certificate(server);
	ck_assert_int_eq(tls_until_s(client), 0);
	begin(UNIX_PAIR, "localhost");
	UNTIL(a.ngone == 1 && b.ngone == 1);
	ck_assert_msg(strstr(a.why, "certificate required: the peer wants a certificate of ours and none is configured") !=
	    NULL, "%s", a.why);
	ck_assert(a.tls);
}
END_TEST

START_TEST(client_certificate_of_another_authority)
{
	struct tls_client_params p = {
		.ca_file = certs.ca, .cert = certs.self_signed, .key = certs.key, .verify = true,
	};
	struct buf why;

	buf_init(&why, 1024);
	tls_free(client);
	client = tls_client(&p, &why);
	demand_certificate(server);
	begin(UNIX_PAIR, "localhost");
	UNTIL(a.ngone == 1 && b.ngone == 1);
	ck_assert_msg(strstr(a.why, "the peer refuses our certificate") != NULL, "%s", a.why);
	buf_done(&why);
}
END_TEST

START_TEST(unfit_params)
{
	struct tls_client_params other = { .cert = certs.client, .key = certs.key };
	struct tls_client_params none = { .cert = certs.client };
	struct tls_client_params missing = { .cert = certs.client, .key = "/nonexistent/key" };
	struct tls_client_params words = { .ciphers = "ECDHE+AESGCM:TLS_AES_1" };
	struct tls_client_params old = { .ciphers = "nonsense" };
	char want[2048];

	snprintf(want, sizeof(want), "cannot use key %s: it is not the key of certificate %s", certs.key, certs.client);
	ck_assert_str_eq(no_client(&other), want);
	snprintf(want, sizeof(want), "cannot use key %s: ", certs.client);
	ck_assert_ptr_eq(strstr(no_client(&none), want), no_client(&none));
	ck_assert_str_eq(no_client(&missing), "cannot read key /nonexistent/key: No such file or directory");
	ck_assert_str_eq(no_client(&words), "cannot use cipher list ECDHE+AESGCM:TLS_AES_1: no cipher match");
	ck_assert_str_eq(no_client(&old), "cannot use cipher list nonsense: no cipher match");
}
END_TEST

START_TEST(ciphers)
{
	struct tls_client_params p = {
		.ca_file = certs.ca, .verify = true,
		.ciphers = "TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256",
	};
	struct buf why;

	buf_init(&why, 1024);
	tls_free(client);
	client = tls_client(&p, &why);
	ck_assert_msg(client != NULL, "%s", buf_cstr(&why));
	if (_i == 1)
		cap_at_tls12(server);
	connect_as("localhost");
	ck_assert_str_eq(conn_tls_summary(a.conn), _i == 1 ? "TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256" :
	    "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256");
	buf_done(&why);
}
END_TEST

START_TEST(too_old)
{
	struct tls_client_params p = { .ca_file = certs.ca, .verify = true, .min_version = "1.3" };
	struct buf why;

	buf_init(&why, 1024);
	tls_free(client);
	client = tls_client(&p, &why);
	cap_at_tls12(server);
	begin(UNIX_PAIR, "localhost");
	UNTIL(a.ngone == 1 && b.ngone == 1);
	ck_assert_msg(strstr(a.why, "the peer speaks no TLS version that tls-min allows") != NULL, "%s", a.why);
	buf_done(&why);
}
END_TEST

/* Whom we take it for: pins, and what DNS says. */

static struct pin
pin_of_server(void)
{
	struct tls_report *r;
	struct pin pin;

	connect_as("localhost");
	r = tls_report(conn_ssl(a.conn));
	ck_assert_uint_eq(r->n, 1);
	ck_assert(pin_parse(span_of(r->certs[0].pin), &pin));
	tls_report_free(r);
	return pin;
}

static void
use_pins(const struct pin *pins, size_t n, bool verify)
{
	struct tls_client_params p = { .ca_file = certs.self_signed, .verify = verify, .pins = pins, .npins = n };
	struct buf why;

	buf_init(&why, 1024);
	tls_free(client);
	client = tls_client(&p, &why);
	ck_assert_msg(client != NULL, "%s", buf_cstr(&why));
	buf_done(&why);
}

static void
close_both(void)
{
	conn_free(a.conn);
	conn_free(b.conn);
	a.conn = b.conn = NULL;
	ends_turn("to free them");
}

/* Whatever its name, its dates and its authority, all servers of the tests have the one key. */
START_TEST(pinned)
{
	static const size_t all[] = {
		offsetof(struct certs, good), offsetof(struct certs, expired), offsetof(struct certs, wrong_name),
		offsetof(struct certs, self_signed),
	};
	struct pin pins[2] = { { { 1 } }, pin_of_server() };

	close_both();
	tls_free(server);
	server = make_server((const char *)&certs + all[_i], NULL);
	use_pins(pins, 2, false);
	connect_as("localhost");
	ck_assert(!tls_is_stranger(conn_ssl(a.conn)));
}
END_TEST

START_TEST(not_pinned)
{
	struct pin right = pin_of_server(), other = right;
	struct tls_report *r;
	struct buf want;

	close_both();
	other.sha256[31] ^= 1;
	use_pins(&other, 1, _i == 1);
	begin(UNIX_PAIR, "localhost");
	UNTIL(a.ngone == 1 && b.ngone == 1);
	buf_init(&want, 200);
	buf_str(&want, "localhost: " REFUSED "the certificate's key is not a pinned one; if it is the right one, "
	    "write fingerprint = \"");
	pin_put(&want, &right);
	buf_str(&want, "\"; seen: CN=localhost, issued by CN=Postern test CA, from ");
	ck_assert_msg(strstr(a.why, buf_cstr(&want)) != NULL, "%s", a.why);
	ck_assert(tls_is_stranger(conn_ssl(a.conn)));
	r = tls_report(conn_ssl(a.conn));
	ck_assert_uint_eq(r->n, 1);
	ck_assert_ptr_nonnull(strstr(r->failure, "is not a pinned one"));
	tls_report_free(r);
	buf_done(&want);
}
END_TEST

/* Both are asked for, and the one that is right does not make up for the other. */
START_TEST(pinned_and_untrusted)
{
	struct pin pin = pin_of_server();

	close_both();
	use_pins(&pin, 1, true);
	begin(UNIX_PAIR, "localhost");
	UNTIL(a.ngone == 1 && b.ngone == 1);
	ck_assert_msg(strstr(a.why, "unable to get local issuer certificate") != NULL, "%s", a.why);
	ck_assert(!tls_is_stranger(conn_ssl(a.conn)));
}
END_TEST

static struct tlsa
record(unsigned usage, struct pin pin)
{
	struct tlsa t = { .usage = (uint8_t)usage, .selector = 1, .type = 1, .n = PIN_BYTES };

	memcpy(t.data, pin.sha256, PIN_BYTES);
	return t;
}

/* DANE-EE stands for the key alone: not for a name, nor for dates. */
START_TEST(dane_ee)
{
	struct pin pin = pin_of_server();
	struct tlsa t[2] = { record(3, (struct pin){ { 1 } }), record(3, pin) };

	close_both();
	use(_i == 0 ? offsetof(struct certs, good) : _i == 1 ? offsetof(struct certs, expired) :
	    offsetof(struct certs, self_signed), offsetof(struct certs, ca), true);
	ck_assert_uint_eq(tls_set_records(client, t, 2), 2);
	connect_as(_i == 0 ? "elsewhere.test" : "localhost");
}
END_TEST

START_TEST(dane_refuses)
{
	struct tlsa t = record((unsigned)_i, (struct pin){ { 1 } });

	ck_assert_uint_eq(tls_set_records(client, &t, 1), 1);
	begin(UNIX_PAIR, "localhost");
	UNTIL(a.ngone == 1 && b.ngone == 1);
	ck_assert_msg(strstr(a.why, "(by the TLSA records in DNS)") != NULL, "%s", a.why);
	ck_assert(tls_is_stranger(conn_ssl(a.conn)));
}
END_TEST

/* Records that nobody knows the use of say nothing; other records make old tickets worthless. */
START_TEST(dane_changes)
{
	struct pin pin = pin_of_server();
	struct tlsa odd = record(9, pin), good = record(3, pin);

	say(&b, "220 hello\r\n");
	UNTIL(a.nline == 1);
	ck_assert_uint_gt(tls_tickets(client), 0);
	ck_assert_uint_eq(tls_set_records(client, &odd, 1), 0);
	ck_assert_uint_gt(tls_tickets(client), 0);
	ck_assert_uint_eq(tls_set_records(client, &good, 1), 1);
	ck_assert_uint_eq(tls_tickets(client), 0);
	close_both();
	connect_as("localhost");
	ck_assert_ptr_null(strstr(conn_tls_summary(a.conn), "resumed"));
	ck_assert_uint_eq(tls_set_records(client, &good, 1), 1);
}
END_TEST

START_TEST(report)
{
	struct tls_report *r;

	ck_assert_ptr_null(tls_report(NULL));
	connect_as("localhost");
	r = tls_report(conn_ssl(a.conn));
	ck_assert_str_eq(r->version, "TLSv1.3");
	ck_assert(strncmp(r->cipher, "TLS_", 4) == 0);
	ck_assert(!r->resumed);
	ck_assert_ptr_null(r->failure);
	ck_assert_str_eq(r->checked, "chain and name (localhost)");
	ck_assert_uint_eq(r->n, 1);
	ck_assert_str_eq(r->certs[0].subject, "CN=localhost");
	ck_assert_str_eq(r->certs[0].issuer, "CN=Postern test CA");
	ck_assert_str_eq(r->certs[0].names, "localhost, 127.0.0.1, ::1");
	ck_assert_str_eq(r->certs[0].key, "id-ecPublicKey, 256 bits");
	ck_assert(r->certs[0].from_s < clock_wall_s() && r->certs[0].until_s > clock_wall_s());
	tls_report_free(r);
}
END_TEST

/* STARTTLS, and what may be smuggled in behind its 220 (RFC 3207 §6). */

static void
client_starts(struct end *e, struct span line, bool more)
{
	(void)line, (void)more;
	if (e->nline == 1)
		conn_start_tls(e->conn, client, "localhost");
}

static void
server_starts(struct end *e, struct span line, bool more)
{
	(void)line, (void)more;
	if (e->nline > 1)
		return;
	conn_write(e->conn, SPAN("220 go\r\n"));
	conn_accept_tls(e->conn, server);
	conn_write(e->conn, SPAN("first inside\r\n"));
}

START_TEST(starttls)
{
	ends_open(UNIX_PAIR);
	a.on_line = client_starts;
	b.on_line = server_starts;
	say(&a, "STARTTLS\r\n");
	UNTIL(a.nline == 2 && b.nsecure == 1);
	ck_assert_str_eq(buf_cstr(&a.lines), "220 go,first inside,");
	ck_assert_uint_eq(a.nsecure, 1);
	say(&a, "EHLO again\r\n");
	UNTIL(b.nline == 2);
}
END_TEST

/* At once: `more` says so, and TLS is not begun; the line is not given out. */
START_TEST(injection_at_once)
{
	ends_open(UNIX_PAIR);
	a.on_line = client_starts;
	if (_i == 1) {                  /* through conn's own buffer */
		say(&b, "22");
		ends_turn("half a line");
		say(&b, "0 go\r\n250 injected\r\n");
	} else
		say(&b, "220 go\r\n250 injected\r\n");
	UNTIL(a.ngone == 1);
	ck_assert_str_eq(buf_cstr(&a.lines), "220 go+,");
	ck_assert_str_eq(a.why, "data where the TLS handshake should begin");
	ck_assert(!a.clean);
}
END_TEST

/* A moment later: it is not TLS. */
START_TEST(injection_later)
{
	ends_open(UNIX_PAIR);
	a.on_line = client_starts;
	say(&b, "220 go\r\n");
	UNTIL(a.nline == 1);
	say(&b, "250 injected\r\n");
	UNTIL(a.ngone == 1);
	ck_assert_str_eq(buf_cstr(&a.lines), "220 go,");
	ck_assert(a.tls);
}
END_TEST

/* While reading was paused. */
START_TEST(injection_before)
{
	ends_open(UNIX_PAIR);
	say(&b, "half");
	ends_turn("half a line");
	conn_start_tls(a.conn, client, "localhost");
	UNTIL(a.ngone == 1);
	ck_assert_uint_eq(a.nline, 0);
	ck_assert_str_eq(a.why, "data where the TLS handshake should begin");
}
END_TEST

/* Tickets. */

static bool abrupt;

static bool
resumed(const char *host)
{
	bool yes;

	connect_as(host);
	/* TLS 1.3 tickets come with what is read first. */
	say(&b, "220 hello\r\n");
	UNTIL(a.nline == 1);
	yes = strstr(conn_tls_summary(a.conn), ", resumed") != NULL;
	if (abrupt)
		shutdown(b.fd, SHUT_RDWR);
	else
		conn_stop(b.conn);
	UNTIL(a.ngone == 1);
	conn_stop(a.conn);
	return yes;
}

/* Both ends see the same, another connection something else; 1.2 has what 1.3 has not. */
static void
take_binding(enum tls_binding want, bool again, struct buf *ret)
{
	struct buf theirs;

	buf_init(&theirs, 64);
	connect_as("localhost");
	ck_assert_int_eq(strstr(conn_tls_summary(a.conn), ", resumed") != NULL, again);
	ck_assert_int_eq(conn_binding(a.conn, ret), want);
	ck_assert_int_eq(conn_binding(b.conn, &theirs), want);
	ck_assert(span_eq(buf_view(ret), buf_view(&theirs)));
	say(&b, "220 hello\r\n");
	UNTIL(a.nline == 1);
	conn_stop(b.conn);
	UNTIL(a.ngone == 1);
	conn_stop(a.conn);
	buf_done(&theirs);
}

/* The second is resumed: with TLS 1.2 it is the server then that finishes first. */
START_TEST(binding)
{
	enum tls_binding want = _i == 0 ? TLS_BINDING_EXPORTER : TLS_BINDING_UNIQUE;
	struct buf first, second;

	buf_init(&first, 64);
	buf_init(&second, 64);
	if (want == TLS_BINDING_UNIQUE)
		cap_at_tls12(server);
	take_binding(want, false, &first);
	take_binding(want, true, &second);
	ck_assert_uint_ge(first.n, 12);
	ck_assert(!span_eq(buf_view(&first), buf_view(&second)));
	buf_done(&first);
	buf_done(&second);
}
END_TEST

/* RFC 7627: without the extended master secret nothing is one connection's alone. */
START_TEST(no_binding)
{
	struct buf got;
	SSL *s = tls_accept(server, -1);

	SSL_CTX_set_options(SSL_get_SSL_CTX(s), SSL_OP_NO_EXTENDED_MASTER_SECRET);
	SSL_free(s);
	cap_at_tls12(server);
	buf_init(&got, 64);
	take_binding(TLS_BINDING_NONE, false, &got);
	ck_assert_uint_eq(got.n, 0);
	buf_done(&got);
}
END_TEST

/* { TLS 1.3, 1.2 } x { orderly end, a bare FIN } */
START_TEST(resumption)
{
	abrupt = _i & 1;
	if (_i & 2)
		cap_at_tls12(server);
	ck_assert(!resumed("localhost"));
	ck_assert_uint_gt(tls_tickets(client), 0);
	for (int i = 0; i < 5; i++)
		ck_assert(resumed("localhost"));
	ck_assert_uint_le(tls_tickets(client), 4);
	/* Another name was not verified by that handshake. */
	ck_assert(!resumed("127.0.0.1"));
	ck_assert(resumed("127.0.0.1"));
	ck_assert(strncmp(conn_tls_summary(a.conn),
	    _i & 2 ? "TLSv1.2" : "TLSv1.3", 7) == 0);
}
END_TEST

/* We end it ourselves, without a word from the server after the banner. */
START_TEST(resumption_after_our_own_stop)
{
	connect_as("localhost");
	say(&b, "220 hello\r\n");
	UNTIL(a.nline == 1);
	conn_stop(a.conn);
	UNTIL(b.ngone == 1);
	ck_assert(b.clean);
	ck_assert(resumed("localhost"));
}
END_TEST

START_TEST(a_13_ticket_is_used_once)
{
	unsigned before;

	ck_assert(!resumed("localhost"));
	before = tls_tickets(client);
	ends_open(UNIX_PAIR);
	conn_start_tls(a.conn, client, "localhost");
	ck_assert_uint_eq(tls_tickets(client), before - 1);
}
END_TEST

/* Ends of all kinds. */

START_TEST(no_close_notify)
{
	connect_as("localhost");
	say(&b, _i == 0 ? "one\r\n" : "one\r\ntwo");
	UNTIL(a.nline == 1);
	shutdown(b.fd, SHUT_RDWR);
	UNTIL(a.ngone == 1);
	ck_assert_str_eq(a.why, _i == 0 ? "connection closed" : "connection closed inside a line");
	ck_assert_int_eq(a.clean, _i == 0);
}
END_TEST

START_TEST(garbage_inside)
{
	char junk[64];

	memset(junk, 0x41, sizeof(junk));
	connect_as("localhost");
	say(&b, "one\r\n");
	UNTIL(a.nline == 1);
	put(b.fd, junk, sizeof(junk));
	UNTIL(a.ngone == 1);
	ck_assert(a.tls && !a.clean);
	ck_assert_uint_le(ends_turns_in_ms(20), 4);
}
END_TEST

START_TEST(reset_inside)
{
	struct linger hard = { 1, 0 };

	begin(TCP_PAIR, "localhost");
	UNTIL(a.nsecure == 1 && b.nsecure == 1);
	/* Written by the kernel, not by b: no close_notify goes out. */
	ck_assert_int_eq(setsockopt(b.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
	conn_stop(b.conn);
	say(&a, "hello\r\n");
	UNTIL(a.ngone == 1);
	ck_assert(!a.tls);
}
END_TEST

START_TEST(last_words_inside)
{
	connect_as("localhost");
	say(&b, "421 busy\r\n");
	conn_stop(b.conn);
	say(&a, "EHLO a\r\n");
	UNTIL(a.ngone == 1);
	ck_assert_str_eq(buf_cstr(&a.lines), "421 busy,");
	ck_assert_str_eq(a.why, "Broken pipe");
	ck_assert(!a.tls);
}
END_TEST

START_TEST(pause_inside)
{
	connect_as("localhost");
	conn_reading(a.conn, false);
	say(&b, "one\r\ntwo\r\n");
	conn_stop(b.conn);
	ck_assert_uint_le(ends_turns_in_ms(20), 3);
	ck_assert_uint_eq(a.nline + a.ngone, 0);
	conn_reading(a.conn, true);
	UNTIL(a.ngone == 1);
	ck_assert_str_eq(buf_cstr(&a.lines), "one+,two,");
}
END_TEST

START_TEST(contexts_freed_first)
{
	connect_as("localhost");
	tls_free(client);
	tls_free(server);
	client = server = NULL;
	tls_free(NULL);
	say(&b, "one\r\n");
	UNTIL(a.nline == 1);
}
END_TEST

/* What the library took from the kernel and did not give out, epoll will
   never speak of. */
START_TEST(rest_inside_the_library)
{
	struct stream near, far;
	size_t n, got = 0;
	bool more = true;
	char p[10];
	int fd[2];

	ends_pair(UNIX_PAIR, fd);
	stream_init(&near, fd[0]);
	stream_init(&far, fd[1]);
	stream_secure(&near, tls_connect(client, fd[0], "localhost"));
	stream_secure(&far, tls_accept(server, fd[1]));
	while (near.layer == LAYER_SHAKING || far.layer == LAYER_SHAKING) {
		if (near.layer == LAYER_SHAKING)
			ck_assert_int_ne(stream_shake(&near), FLOW_FAILED);
		if (far.layer == LAYER_SHAKING)
			ck_assert_int_ne(stream_shake(&far), FLOW_FAILED);
	}
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(stream_put(&far, SPAN("0123456789abcdef"), &n), FLOW_DONE);
	while (more) {
		ck_assert_int_eq(stream_get(&near, p, sizeof(p), &n, &more), FLOW_DONE);
		got += n;
	}
	ck_assert_uint_eq(got, 48);
	ck_assert_int_eq(stream_get(&near, p, sizeof(p), &n, &more), FLOW_WAIT);
	stream_close(&far);
	stream_close(&far);
	ck_assert_int_eq(stream_get(&near, p, sizeof(p), &n, &more), FLOW_END);
	stream_close(&near);
	stream_done(&near);
	stream_done(&far);
}
END_TEST

/* What a callback may do to its own connection: as in test_conn.c. */

static void
stop_it(struct end *e)
{
	e->over = true;
	conn_stop(e->conn);
}

static void
free_it(struct end *e)
{
	e->over = true;
	conn_free(e->conn);
	e->conn = NULL;
}

static void
stop_on_line(struct end *e, struct span line, bool more)
{
	ck_assert(more && span_eq(line, SPAN("one")));
	stop_it(e);
}

static void
free_on_line(struct end *e, struct span line, bool more)
{
	ck_assert(more && span_eq(line, SPAN("one")));
	free_it(e);
}

START_TEST(acts_in_callbacks)
{
	void (*act)(struct end *) = _i % 2 ? free_it : stop_it;

	begin(UNIX_PAIR, "localhost");
	conn_write(b.conn, SPAN("one\r\ntwo\r\n"));
	switch (_i / 2) {
	case 0:
		a.on_secure = act;
		break;
	case 1:
		a.on_line = _i % 2 ? free_on_line : stop_on_line;
		break;
	case 2:
		a.on_room = act;
		conn_write(a.conn, SPAN("x\r\n"));
		break;
	case 3:
		a.on_gone = act;
		b.on_secure = stop_it;
		break;
	case 4:                         /* in the middle of the handshake */
		ends_turn("hello");
		act(&a);
		break;
	}
	UNTIL(a.over);
	ck_assert_uint_le(ends_turns_in_ms(20), 6);
}
END_TEST

static char block[64 * 1024];

static void
pour(struct end *e)
{
	while (e->left > 0 && conn_queued(e->conn) < sizeof(block)) {
		size_t n = e->left < sizeof(block) ? e->left : sizeof(block);

		conn_write(e->conn, (struct span){ block, n });
		e->left -= n;
	}
	conn_flush(e->conn);
}

START_TEST(fifty_megabytes_each_way)
{
	const size_t total = 50 * 1024 * 1024;
	struct end *both[] = { &a, &b };

	memset(block, 'x', sizeof(block));
	for (size_t i = 63; i < sizeof(block); i += 64)
		block[i] = '\n';
	begin(_i == 0 ? UNIX_PAIR : TCP_PAIR, "localhost");
	for (int i = 0; i < 2; i++) {
		both[i]->quiet = true;
		both[i]->left = total;
		both[i]->on_room = pour;
		conn_set_low(both[i]->conn, sizeof(block) / 2);
		pour(both[i]);
	}
	UNTIL(a.nline == total / 64 && b.nline == total / 64);
	ck_assert_uint_eq(a.bytes, total / 64 * 63);
	ck_assert_uint_eq(b.bytes, total / 64 * 63);
	ck_assert_uint_eq(a.ngone + b.ngone, 0);
}
END_TEST

Suite *
suite_conn_tls(void)
{
	const int nrefusals = sizeof(refusals) / sizeof(refusals[0]);
	Suite *s = suite_create("conn_tls");
	TCase *tc = tcase_create("tls");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, binding, 0, 2);
	tcase_add_test(tc, no_binding);
	tcase_add_loop_test(tc, handshake, 0, sizeof(good_hosts) / sizeof(good_hosts[0]));
	tcase_add_loop_test(tc, refused, 0, nrefusals);
	tcase_add_loop_test(tc, unverified, 0, nrefusals);
	tcase_add_loop_test(tc, not_a_tls_server, 0, sizeof(strangers) / sizeof(strangers[0]));
	tcase_add_test(tc, not_a_host_name);
	tcase_add_loop_test(tc, client_certificate, 0, 2);
	tcase_add_test(tc, no_client_certificate);
	tcase_add_test(tc, client_certificate_of_another_authority);
	tcase_add_test(tc, unfit_params);
	tcase_add_loop_test(tc, ciphers, 0, 2);
	tcase_add_test(tc, too_old);
	tcase_add_loop_test(tc, pinned, 0, 4);
	tcase_add_loop_test(tc, not_pinned, 0, 2);
	tcase_add_test(tc, pinned_and_untrusted);
	tcase_add_loop_test(tc, dane_ee, 0, 3);
	tcase_add_loop_test(tc, dane_refuses, 0, 4);
	tcase_add_test(tc, dane_changes);
	tcase_add_test(tc, report);
	tcase_add_test(tc, starttls);
	tcase_add_loop_test(tc, injection_at_once, 0, 2);
	tcase_add_test(tc, injection_later);
	tcase_add_test(tc, injection_before);
	tcase_add_loop_test(tc, resumption, 0, 4);
	tcase_add_test(tc, resumption_after_our_own_stop);
	tcase_add_test(tc, a_13_ticket_is_used_once);
	tcase_add_loop_test(tc, no_close_notify, 0, 2);
	tcase_add_test(tc, garbage_inside);
	tcase_add_test(tc, reset_inside);
	tcase_add_test(tc, last_words_inside);
	tcase_add_test(tc, pause_inside);
	tcase_add_test(tc, contexts_freed_first);
	tcase_add_test(tc, rest_inside_the_library);
	tcase_add_loop_test(tc, acts_in_callbacks, 0, 10);
	tcase_add_loop_test(tc, fifty_megabytes_each_way, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}
