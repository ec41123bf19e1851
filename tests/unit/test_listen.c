/* test_listen.c - listen { } sections: what is read, what is refused, and networks. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/config.h"
#include "config/network.h"

Suite *suite_listen(void);

static char           dir[] = "/tmp/postern-listen-XXXXXX";
static char           path[64];
static struct buf     why;
static struct config *config;

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/c", dir);
	buf_init(&why, 65536);
	config = NULL;
}

static void
teardown(void)
{
	config_free(config);
	buf_done(&why);
	unlink(path);
	rmdir(dir);
}

static int
read_text(const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fprintf(f, "relay r { host = a.example.com }\n%s\n", text);
	ck_assert_int_eq(fclose(f), 0);
	return config_read(path, "etc/providers", &config, &why);
}

static void
read_good(const char *text)
{
	int rc = read_text(text);

	ck_assert_msg(rc == 0 && why.n == 0, "%d %s", rc, buf_cstr(&why));
}

START_TEST(none_by_default)
{
	read_good("");
	ck_assert_uint_eq(config->nlistens, 0);
}
END_TEST

START_TEST(smallest)
{
	const struct listen_conf *l;

	read_good("listen \"127.0.0.1:25\" { }\nlisten \"[::1]:587\" { }\n"
	    "listen \"/run/postern/smtp.sock\" { }\nlisten \"fd:smtp\" { }");
	ck_assert_uint_eq(config->nlistens, 4);
	l = &config->listens[0];
	ck_assert_str_eq(l->at, "127.0.0.1:25");
	ck_assert_int_eq(l->kind, LISTEN_ADDRESS);
	ck_assert(address_is_loopback(&l->address) && address_is_v4(&l->address));
	ck_assert_uint_eq(l->port, 25);
	ck_assert_int_eq(l->tls, TLS_NONE);
	ck_assert(l->cert == NULL && l->key == NULL && l->users_file == NULL && l->tls_min == NULL);
	ck_assert(l->nallow == 0 && !l->auth_required);
	ck_assert_uint_eq(l->clients, 1000);
	ck_assert_uint_eq(l->clients_per_address, 0);
	ck_assert_uint_eq(l->recipients, 1000);
	ck_assert_uint_eq(l->errors, 10);
	ck_assert_int_eq(l->idle_s, 300);
	l = &config->listens[1];
	ck_assert(address_is_loopback(&l->address) && !address_is_v4(&l->address));
	ck_assert_uint_eq(l->port, 587);
	ck_assert_int_eq(config->listens[2].kind, LISTEN_UNIX);
	ck_assert_int_eq(config->listens[3].kind, LISTEN_PASSED);
}
END_TEST

START_TEST(everything)
{
	const struct listen_conf *l;

	read_good("listen \"192.168.1.2:465\" { allow = { \"192.168.1.0/24\", \"fd00::/8\" }\n"
	    "cert = \"/c\" key = \"/k\" tls = Implicit tls-min = \"1.0\" users-file = \"/u\"\n"
	    "auth-required = yes clients = 7 clients-per-address = 2 recipients = 3 errors = 4\n"
	    "idle = 30s }");
	l = &config->listens[0];
	ck_assert_uint_eq(l->nallow, 2);
	ck_assert_uint_eq(l->allow[0].bits, 120);
	ck_assert_uint_eq(l->allow[1].bits, 8);
	ck_assert_int_eq(l->tls, TLS_IMPLICIT);
	ck_assert_str_eq(l->cert, "/c");
	ck_assert_str_eq(l->key, "/k");
	ck_assert_str_eq(l->tls_min, "1.0");
	ck_assert_str_eq(l->users_file, "/u");
	ck_assert(l->auth_required);
	ck_assert_uint_eq(l->clients, 7);
	ck_assert_uint_eq(l->clients_per_address, 2);
	ck_assert_uint_eq(l->recipients, 3);
	ck_assert_uint_eq(l->errors, 4);
	ck_assert_int_eq(l->idle_s, 30);
}
END_TEST

/* A certificate says STARTTLS, and its file may hold the key too. */
START_TEST(certificate)
{
	read_good("listen \"192.168.1.2:587\" { allow = { \"192.168.1.9\" } cert = \"/c\" }");
	ck_assert_int_eq(config->listens[0].tls, TLS_STARTTLS);
	ck_assert_str_eq(config->listens[0].key, "/c");
}
END_TEST

#define NO_PLACE " is no place to listen at; write \"127.0.0.1:25\", \"[::1]:25\", " \
	"\"/run/postern/smtp.sock\" or \"fd:NAME\""
#define NETWORKS "write networks such as \"192.168.1.0/24\" or addresses"
#define OPEN "it would be open to everybody; " \
	"add allow = { \"192.168.1.0/24\" } or users-file = \"...\""

static const struct {
	const char *text;
	const char *why;
} wrong[] = {
	/* where */
	{ "listen { }", ":2: missing title for section 'listen'; write a name in front of the {" },
	{ "listen \"25\" { }", ":2: listen: \"25\"" NO_PLACE },
	{ "listen \":25\" { }", ":2: listen: \":25\"" NO_PLACE },
	{ "listen \"127.0.0.1\" { }", ":2: listen: \"127.0.0.1\"" NO_PLACE },
	{ "listen \"127.0.0.1:0\" { }", ":2: listen: \"127.0.0.1:0\"" NO_PLACE },
	{ "listen \"127.0.0.1:65536\" { }", ":2: listen: \"127.0.0.1:65536\"" NO_PLACE },
	{ "listen \"localhost:25\" { }", ":2: listen: \"localhost:25\"" NO_PLACE },
	{ "listen \"::1:25\" { }", ":2: listen: \"::1:25\"" NO_PLACE },
	{ "listen \"[::1]\" { }", ":2: listen: \"[::1]\"" NO_PLACE },
	{ "listen \"fd:\" { }", ":2: listen: \"fd:\"" NO_PLACE },
	{ "listen \"fd:a:b\" { }", ":2: listen: \"fd:a:b\"" NO_PLACE },
	{ "listen \"/\" { }", ":2: listen: \"/\"" NO_PLACE },
	{ "listen \"127.0.0.1:25\" { }\nlisten \"127.0.0.1:25\" { }",
	    ":3: found duplicate title '127.0.0.1:25'; give every section of a kind a name of its own" },

	/* an open relay */
	{ "\nlisten \"192.168.1.2:25\" { }", ":3: listen \"192.168.1.2:25\": " OPEN },
	{ "listen \"0.0.0.0:25\" { }", ":2: listen \"0.0.0.0:25\": " OPEN },
	{ "listen \"[::]:25\" { }", ":2: listen \"[::]:25\": " OPEN },
	{ "listen \"0.0.0.0:25\" { allow = { \"0.0.0.0/0\" } }", ":2: allow: \"0.0.0.0/0\" is not "
	    "possible (that is a part of the Internet and no network of yours); " NETWORKS },
	{ "listen \"0.0.0.0:25\" { allow = { \"128.0.0.0/1\" } }", ":2: allow: \"128.0.0.0/1\" is not "
	    "possible (that is a part of the Internet and no network of yours); " NETWORKS },
	{ "listen \"[::]:25\" { allow = { \"::/0\" } }", ":2: allow: \"::/0\" is not "
	    "possible (that is a part of the Internet and no network of yours); " NETWORKS },
	{ "listen \"[::]:25\" { allow = { \"::ffff:0:0/96\" } }", ":2: allow: \"::ffff:0:0/96\" is not "
	    "possible (no address and no network); " NETWORKS },
	{ "listen \"0.0.0.0:25\" { allow = { \"192.168.1.2/24\" } }", ":2: allow: \"192.168.1.2/24\" "
	    "is not possible (the address has bits behind the network's); " NETWORKS },
	{ "listen \"0.0.0.0:25\" { allow = { \"192.168.1.0/33\" } }", ":2: allow: \"192.168.1.0/33\" "
	    "is not possible (no address and no network); " NETWORKS },
	{ "listen \"0.0.0.0:25\" { allow = { \"printers\" } }", ":2: allow: \"printers\" is not "
	    "possible (no address and no network); " NETWORKS },

	/* passwords */
	{ "listen \"192.168.1.2:25\" {\nusers-file = \"/u\" }", ":3: listen \"192.168.1.2:25\": "
	    "passwords would cross the network in the clear; add cert = \"...\" and key = \"...\"" },
	{ "listen \"192.168.1.2:25\" { allow = { \"192.168.1.0/24\" }\nusers-file = \"/u\" }",
	    ":3: listen \"192.168.1.2:25\": "
	    "passwords would cross the network in the clear; add cert = \"...\" and key = \"...\"" },
	{ "listen \"127.0.0.1:25\" { auth-required = true }", ":2: listen \"127.0.0.1:25\": nobody "
	    "could log in; add users-file = \"...\"" },

	/* TLS */
	{ "listen \"127.0.0.1:25\" { tls = starttls }", ":2: listen \"127.0.0.1:25\": TLS needs a "
	    "certificate; add cert = \"...\" and key = \"...\"" },
	{ "listen \"127.0.0.1:25\" { key = \"/k\" }", ":2: listen \"127.0.0.1:25\": a key without a "
	    "certificate; add cert = \"...\"" },
	{ "listen \"127.0.0.1:25\" { cert = \"/c\" tls = none }", ":2: listen \"127.0.0.1:25\": a "
	    "certificate is for TLS; write tls = \"starttls\" or \"implicit\", or take cert out" },
	{ "listen \"127.0.0.1:25\" { tls-min = \"1.2\" }", ":2: listen \"127.0.0.1:25\": tls-min is "
	    "for TLS; add cert = \"...\" and key = \"...\", or take it out" },
	{ "listen \"127.0.0.1:25\" { tls-min = \"0.9\" }", ":2: tls-min: \"0.9\" is not possible; "
	    "write \"1.0\", \"1.1\", \"1.2\" or \"1.3\"" },
	{ "relay s { host = a.b tls-min = \"1.0\" }", ":2: tls-min: \"1.0\" is not possible; "
	    "write \"1.2\" or \"1.3\"" },

	/* the rest */
	{ "listen \"/run/s\" { allow = { \"127.0.0.1\" } }", ":2: listen \"/run/s\": the clients of this "
	    "socket have no address; take allow out" },
	{ "listen \"127.0.0.1:25\" { clients = 0 }", ":2: clients: \"0\" is not possible; "
	    "write a number from 1 to 10000" },
	{ "listen \"127.0.0.1:25\" { cert = certificate }", ":2: cert: \"certificate\" is not "
	    "possible; write the file's full path" },
	{ "listen \"127.0.0.1:25\" { idle = 2h }", ":2: idle: \"2h\" is not possible; "
	    "write a time from \"1s\" to \"1h\"" },
};

START_TEST(refused)
{
	int rc = read_text(wrong[_i].text);

	ck_assert_int_eq(rc, EX_CONFIG);
	ck_assert_ptr_null(config);
	ck_assert_int_eq(strncmp(buf_cstr(&why), path, strlen(path)), 0);
	ck_assert_str_eq(buf_cstr(&why) + strlen(path), wrong[_i].why);
}
END_TEST

static const struct {
	const char *network, *address;
	bool        has;
} members[] = {
	{ "192.168.1.0/24", "192.168.1.0", true },
	{ "192.168.1.0/24", "192.168.1.255", true },
	{ "192.168.1.0/24", "192.168.2.0", false },
	{ "192.168.1.0/24", "::c0a8:0101", false },
	{ "192.168.1.0/24", "::ffff:192.168.1.7", true },
	{ "10.0.0.0/8", "10.255.0.1", true },
	{ "10.0.0.0/8", "11.0.0.0", false },
	{ "172.16.0.0/12", "172.31.255.255", true },
	{ "172.16.0.0/12", "172.32.0.0", false },
	{ "127.0.0.2", "127.0.0.2", true },
	{ "127.0.0.2", "127.0.0.3", false },
	{ "127.0.0.2/32", "127.0.0.3", false },
	{ "fc00::/7", "fdff::1", true },
	{ "fc00::/7", "fe00::1", false },
	{ "2001:db8::/64", "2001:db8::ffff", true },
	{ "2001:db8::/64", "2001:db8:0:1::", false },
	{ "::1", "::1", true },
	{ "::1", "127.0.0.1", false },
};

START_TEST(membership)
{
	struct network n;
	struct address a;
	const char    *reason;

	ck_assert(network_parse(span_of(members[_i].network), &n, &reason));
	ck_assert(address_parse(span_of(members[_i].address), &a));
	ck_assert_int_eq(network_has(&n, &a), members[_i].has);
}
END_TEST

static const struct {
	const char *in, *plain, *tagged;
	bool        loopback;
} written[] = {
	{ "127.0.0.1", "127.0.0.1", "127.0.0.1", true },
	{ "127.9.9.9", "127.9.9.9", "127.9.9.9", true },
	{ "192.0.2.7", "192.0.2.7", "192.0.2.7", false },
	{ "::ffff:127.0.0.1", "127.0.0.1", "127.0.0.1", true },
	{ "::1", "::1", "IPv6:::1", true },
	{ "2001:DB8:0:0::1", "2001:db8::1", "IPv6:2001:db8::1", false },
};

START_TEST(addresses)
{
	struct address a;

	ck_assert(address_parse(span_of(written[_i].in), &a));
	ck_assert_int_eq(address_is_loopback(&a), written[_i].loopback);
	address_put(&why, &a, false);
	ck_assert_str_eq(buf_cstr(&why), written[_i].plain);
	buf_clear(&why);
	address_put(&why, &a, true);
	ck_assert_str_eq(buf_cstr(&why), written[_i].tagged);
}
END_TEST

Suite *
suite_listen(void)
{
	Suite *s = suite_create("listen");
	TCase *tc = tcase_create("listen");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, none_by_default);
	tcase_add_test(tc, smallest);
	tcase_add_test(tc, everything);
	tcase_add_test(tc, certificate);
	tcase_add_loop_test(tc, refused, 0, sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_loop_test(tc, membership, 0, sizeof(members) / sizeof(members[0]));
	tcase_add_loop_test(tc, addresses, 0, sizeof(written) / sizeof(written[0]));
	suite_add_tcase(s, tc);
	return s;
}
