/* test_tls.c - what a context refuses to be made from, and in which words. */
#include <check.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/certs.h"
#include "net/tls.h"

Suite *suite_tls(void);

static struct certs certs;
static char         locked[CERTS_PATH_MAX + 16];        /* a key with a pass phrase */
static char         alien[CERTS_PATH_MAX + 16];         /* a key of no certificate here */
static char         text[CERTS_PATH_MAX + 16];          /* no PEM at all */

static void
write_key(const char *path, const char *phrase)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *f = fopen(path, "w");

	ck_assert(f != NULL && key != NULL);
	ck_assert_int_eq(PEM_write_PrivateKey(f, key,
	    phrase != NULL ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
	    (void *)(uintptr_t)phrase), 1);
	fclose(f);
	EVP_PKEY_free(key);
}

static void
setup(void)
{
	FILE *f;

	certs_make(&certs);
	snprintf(locked, sizeof(locked), "%s/locked.pem", certs.dir);
	snprintf(alien, sizeof(alien), "%s/alien.pem", certs.dir);
	snprintf(text, sizeof(text), "%s/text.pem", certs.dir);
	write_key(locked, "sesame");
	write_key(alien, NULL);
	f = fopen(text, "w");
	ck_assert_ptr_nonnull(f);
	fputs("not a certificate\n", f);
	fclose(f);
}

static void
teardown(void)
{
	certs_remove(&certs);
}

#define NOWHERE "/nonexistent/file.pem"

/* A word of the file's name stands for the path in `why`: %s. */
static const struct {
	const char *ca, *path, *version, *ciphers, *cert, *key;
	const char *why;        /* the beginning; NULL: it works */
} clients[] = {
	{ .why = NULL },
	{ .ca = "", .path = "", .ciphers = "", .cert = "", .version = "", .why = NULL },
	{ .version = "1.2", .why = NULL },
	{ .version = "1.3", .why = NULL },
	{ .version = "1.1", .why = "unknown TLS version \"1.1\"" },
	{ .version = "2", .why = "unknown TLS version \"2\"" },
	{ .ca = NOWHERE, .why = "cannot read ca-file " NOWHERE ": No such file or directory" },
	{ .path = NOWHERE, .why = "cannot read ca-path " NOWHERE ": No such file or directory" },
	{ .path = "/dev/null", .why = "cannot read ca-path /dev/null: Not a directory" },
	{ .path = "/", .why = NULL },
	{ .ca = text, .why = "cannot use ca-file " },
	{ .ciphers = "ECDHE+AESGCM", .why = NULL },
	{ .ciphers = "NO-SUCH-CIPHER", .why = "cannot use cipher list NO-SUCH-CIPHER: no cipher match" },
	{ .cert = certs.good, .key = certs.key, .why = NULL },
	{ .cert = certs.good, .key = NOWHERE, .why = "cannot read key " NOWHERE ": No such" },
	{ .cert = NOWHERE, .key = certs.key, .why = "cannot read certificate " NOWHERE ": No such" },
	{ .cert = certs.good, .why = "cannot use key " },
	{ .cert = certs.good, .key = text, .why = "cannot use key " },
	{ .cert = certs.good, .key = alien, .why = "cannot use key " },
	{ .cert = certs.good, .key = locked, .why = "cannot use key " },
	{ .cert = text, .key = certs.key, .why = "cannot use certificate " },
};

START_TEST(client)
{
	struct tls_client_params p = {
		.ca_file = clients[_i].ca, .ca_path = clients[_i].path,
		.min_version = clients[_i].version, .ciphers = clients[_i].ciphers,
		.cert = clients[_i].cert, .key = clients[_i].key, .verify = true,
	};
	const char *want = clients[_i].why;
	struct buf why;
	struct tls *t;

	buf_init(&why, 1024);
	t = tls_client(&p, &why);
	if (want == NULL) {
		ck_assert_msg(t != NULL, "%s", buf_cstr(&why));
		ck_assert_uint_eq(why.n, 0);
	} else {
		ck_assert_ptr_null(t);
		ck_assert_msg(strncmp(buf_cstr(&why), want, strlen(want)) == 0,
		    "\"%s\"", buf_cstr(&why));
		/* A reason, not "unknown": the file exists, its content is bad. */
		ck_assert_ptr_null(strstr(buf_cstr(&why), "unknown TLS library"));
	}
	tls_free(t);
	buf_done(&why);
}
END_TEST

START_TEST(server_refuses_the_same)
{
	struct buf why;

	buf_init(&why, 1024);
	ck_assert_ptr_null(tls_server(NOWHERE, certs.key, NULL, &why));
	ck_assert(span_starts(buf_view(&why), SPAN("cannot read certificate " NOWHERE)));
	buf_clear(&why);
	ck_assert_ptr_null(tls_server(certs.good, alien, NULL, &why));
	ck_assert(span_starts(buf_view(&why), SPAN("cannot use key ")));
	buf_clear(&why);
	ck_assert_ptr_null(tls_server(certs.good, certs.key, "0.9", &why));
	ck_assert(span_starts(buf_view(&why), SPAN("unknown TLS version")));
	buf_done(&why);
}
END_TEST

static const struct {
	const char *host;
	const char *sni;        /* NULL: none is sent; "!": no SSL at all */
} names[] = {
	{ "smtp.example.org", "smtp.example.org" },
	{ "smtp.example.org.", "smtp.example.org" },
	{ "192.0.2.1", NULL },
	{ "2001:db8::1", NULL },
	{ "fe80::1%eth0", NULL },
	{ "", "!" },
	{ ".", "!" },
};

START_TEST(server_name)
{
	struct tls_client_params p = { .verify = true };
	struct buf why;
	struct tls *t;
	SSL *s;

	buf_init(&why, 1024);
	t = tls_client(&p, &why);
	ck_assert_ptr_nonnull(t);
	s = tls_connect(t, -1, names[_i].host);
	if (names[_i].sni != NULL && strcmp(names[_i].sni, "!") == 0)
		ck_assert_ptr_null(s);
	else {
		ck_assert_ptr_nonnull(s);
		ck_assert_pstr_eq(SSL_get_servername(s, TLSEXT_NAMETYPE_host_name),
		    names[_i].sni);
	}
	SSL_free(s);
	tls_free(t);
}
END_TEST

/* The library writes with write(2); a peer that hangs up must not kill us. */
START_TEST(sigpipe)
{
	struct tls_client_params p = { .verify = false };
	struct sigaction sa;
	struct buf why;

	signal(SIGPIPE, SIG_DFL);
	buf_init(&why, 1024);
	tls_free(tls_client(&p, &why));
	ck_assert_int_eq(sigaction(SIGPIPE, NULL, &sa), 0);
	ck_assert(sa.sa_handler == SIG_IGN);
}
END_TEST

Suite *
suite_tls(void)
{
	Suite *s = suite_create("tls");
	TCase *tc = tcase_create("contexts");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, client, 0, sizeof(clients) / sizeof(clients[0]));
	tcase_add_test(tc, server_refuses_the_same);
	tcase_add_loop_test(tc, server_name, 0, sizeof(names) / sizeof(names[0]));
	tcase_add_test(tc, sigpipe);
	suite_add_tcase(s, tc);
	return s;
}
