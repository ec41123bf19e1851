/* test_advice.c - what to do about our own findings. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "posternd/advice.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

/* The texts are those of net/dial, net/tls and relay/login, as the system ring sees them. */
static const struct {
	const char *step, *text;
	const char *says;       /* in the advice; NULL: there is none */
} rows[] = {
	{ "resolve", "resolve mx.example: no such host", "look at host, mx.example" },
	{ "resolve", "resolve mx.example: no answer in time", "/etc/resolv.conf" },
	{ "resolve", "resolve mx.example: postern-resolve: No such file or directory", "install Postern again" },
	{ "connect", "connect to mx.example[192.0.2.1]:25: No route to host", "no way to" },
	{ "connect", "connect to mx.example[192.0.2.1]:25: Connection refused", "465 (tls = \"implicit\")" },
	{ "connect", "connect to mx.example[192.0.2.1]:25: Connection timed out", "no port 25" },
	{ "connect", "connect to mx.example[192.0.2.1]:25: Network is unreachable", "routes" },
	{ "TLS", "TLS: wrong version number", "587" },
	{ "TLS", "certificate verify failed: hostname mismatch; the certificate is for other.test", "a name that" },
	{ "TLS", "certificate verify failed: certificate has expired", "out of date" },
	{ "TLS", "certificate verify failed: self-signed certificate", "ca-file" },
	{ "TLS", "certificate verify failed: unable to get local issuer certificate", "ca-certificates" },
	{ "TLS", "TLS: connection closed", "speaks TLS" },
	{ "TLS", "certificate verify failed: the certificate's key is not a pinned one; if it is", "the new key of" },
	{ "EHLO", "the server offers only PLAIN LOGIN, the configuration allows only CRAM-MD5", "look at auth" },
	{ "configuration", "relay up: cannot read ca-file /none.pem: No such file or directory", "the file is there" },
	{ "banner", "timed out at banner", "implicit" },
	{ "EHLO", "does not offer STARTTLS, and nothing is sent in the clear", "465" },
	{ "EHLO", "does not offer AUTH, but a user is configured", "587" },
	{ "AUTH", "535 5.7.8 no", NULL },
	{ "MAIL", "550 no", NULL },
};

START_TEST(advice)
{
	struct relay_conf r = { .host = (char *)"mx.example" };
	struct status     st;
	struct buf        b;

	buf_init(&b, 4096);
	status_local(&st, VERDICT_PAUSE, SCOPE_RELAY, "4.4.1", "%s", rows[_i].text);
	advice_put(&b, rows[_i].step, &st, &r);
	if (rows[_i].says == NULL)
		ck_assert_str_eq(buf_cstr(&b), "");
	else
		ck_assert_msg(strstr(buf_cstr(&b), rows[_i].says) != NULL, "\"%s\"", buf_cstr(&b));
	ck_assert(strstr(buf_cstr(&b), "%s") == NULL);
	ck_assert(rows[_i].says == NULL || strstr(buf_cstr(&b), "mx.example") != NULL || strcmp(rows[_i].step, "TLS") == 0);
	buf_done(&b);
}
END_TEST

Suite *suite_advice(void);

Suite *
suite_advice(void)
{
	Suite *s = suite_create("advice");
	TCase *t = tcase_create("advice");

	tcase_add_loop_test(t, advice, 0, ROWS(rows));
	suite_add_tcase(s, t);
	return s;
}
