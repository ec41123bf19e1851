/* test_config.c - whole configurations: what is read, and each error's exact line. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "base/fs.h"
#include "config/config.h"
#include "config/mapfile.h"
#include "config/names.h"
#include "config/notices.h"
#include "config/oauth.h"
#include "config/options.h"
#include "config/relay.h"
#include "config/rulefile.h"

#define PROVIDERS "etc/providers"

static char dir[] = "/tmp/postern-config-XXXXXX";
static char path[64];
static struct buf why;
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
	chmod(path, 0600);
	unlink(path);
	rmdir(dir);
}

static void
put(const char *text, size_t n, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static int
read_text(const char *text)
{
	put(text, strlen(text), 0644);
	return config_read(path, PROVIDERS, &config, &why);
}

static void
read_good(const char *text)
{
	int rc = read_text(text);

	ck_assert_msg(rc == 0 && why.n == 0, "%d %s", rc, buf_cstr(&why));
	ck_assert_ptr_nonnull(config);
}

/* The line without the temporary path in front. */
static const char *
line(void)
{
	const char *s = buf_cstr(&why);

	return strncmp(s, path, strlen(path)) == 0 ? s + strlen(path) : s;
}

#define MINIMAL \
	"local-mail = \"ops@example.com\"\n" \
	"relay gmail {\n" \
	"    provider      = \"gmail\"\n" \
	"    user          = \"ops@example.com\"\n" \
	"    password-file = \"/etc/postern/gmail.password\"\n" \
	"}\n"

START_TEST(smallest)
{
	const struct relay_conf *r;
	char name[256] = "";

	read_good(MINIMAL);
	r = &config->relays[0];
	ck_assert_uint_eq(config->nrelays, 1);
	ck_assert_str_eq(config->path, path);
	ck_assert_str_eq(config->local_mail->text, "ops@example.com");
	ck_assert_str_eq(r->name, "gmail");
	ck_assert_str_eq(r->host, "smtp.gmail.com");
	ck_assert_uint_eq(r->port, 465);
	ck_assert_int_eq(r->tls, TLS_IMPLICIT);
	ck_assert_str_eq(r->auth, "PLAIN LOGIN XOAUTH2 OAUTHBEARER");
	ck_assert_str_eq(r->user, "ops@example.com");
	ck_assert_str_eq(r->password_file, "/etc/postern/gmail.password");
	ck_assert(r->verify && r->chunking && !r->insecure);
	ck_assert_ptr_null(r->from);
	ck_assert_ptr_null(r->helo);
	ck_assert_uint_eq(r->connections, 3);
	ck_assert_uint_eq(r->pipeline_depth, 8);
	ck_assert_int_eq(r->idle_s, 30);
	ck_assert_uint_eq(r->recipients_per_message, 100);
	ck_assert_uint_eq(r->messages_per_minute, 0);
	ck_assert_uint_eq(r->messages_per_day, 500);
	ck_assert(!r->null_sender);
	ck_assert_uint_gt(r->rules.n, 40);
	ck_assert_int_eq(config->expire_s, 5 * 86400);
	ck_assert_int_eq(config->warn_after_s, 4 * 3600);
	ck_assert_uint_eq(config->max_message, 35u << 20);
	ck_assert_uint_eq(config->min_free, 64u << 20);
	ck_assert_int_eq(config->log_to, LOG_TO_SYSLOG);
	ck_assert_int_eq(config->log_facility, LOG_MAIL);
	ck_assert_int_eq(config->log_level, LOG_LEVEL_INFO);
	ck_assert_int_eq(gethostname(name, sizeof(name) - 1), 0);
	ck_assert_str_eq(config->hostname, name);
	ck_assert_str_eq(config->domain, name);
	ck_assert_str_eq(config->aliases, "/etc/aliases");
	ck_assert_uint_eq(config->nmaps, 0);
	ck_assert(config->masquerade == NULL && config->masquerade_exceptions == NULL);
	ck_assert_ptr_null(config->trusted_users);
	ck_assert_uint_eq(config->flood.per_user, 0);
	ck_assert_uint_eq(config->reports_per_hour, 100);
	ck_assert(config->postmaster_copy == NULL && config->alert_command == NULL);
}
END_TEST

START_TEST(names)
{
	read_good("aliases = /etc/mail/aliases\n"
	    "masquerade = { \"!mail.example.com\", example.com }\n"
	    "masquerade-exceptions = { root }\ntrusted-users = { www-data, \"list\" }\n"
	    "map { from = \"*@old.example.com\" to = \"*@example.com\" }\n"
	    "map { from = www-data to = \"web@example.com\" apply = sender }\n"
	    "relay r { host = a.example.com from = ops@example.com from-header = rewrite-local }\n"
	    "map { apply = Recipient to = \"ops@*\" from = \"bob@*\" }\n"
	    "map { file = \"/etc/postern/addresses\" }\nmap { user-file = \"/etc/postern/users\" }\n"
	    "map { user = \"www-*\" to = \"web@example.com\" }\n"
	    "map { user = cron from = \"*@*\" to = \"cron@example.com\" }\n");
	ck_assert_str_eq(config->aliases, "/etc/mail/aliases");
	ck_assert_str_eq(config->masquerade[0], "!mail.example.com");
	ck_assert_str_eq(config->masquerade[1], "example.com");
	ck_assert_ptr_null(config->masquerade[2]);
	ck_assert_str_eq(config->masquerade_exceptions[0], "root");
	ck_assert_ptr_null(config->masquerade_exceptions[1]);
	ck_assert_str_eq(config->trusted_users[0], "www-data");
	ck_assert_str_eq(config->trusted_users[1], "list");
	ck_assert_ptr_null(config->trusted_users[2]);
	ck_assert_uint_eq(config->nmaps, 7);
	ck_assert_str_eq(config->maps[0].from, "*@old.example.com");
	ck_assert_str_eq(config->maps[0].to, "*@example.com");
	ck_assert_uint_eq(config->maps[0].apply, MAP_BOTH);
	ck_assert_str_eq(config->maps[1].from, "www-data");
	ck_assert_uint_eq(config->maps[1].apply, MAP_SENDER);
	ck_assert_str_eq(config->maps[2].to, "ops@*");
	ck_assert_uint_eq(config->maps[2].apply, MAP_RECIPIENT);
	ck_assert_str_eq(mapfile_path(config->maps[3].file), "/etc/postern/addresses");
	ck_assert(config->maps[3].apply == MAP_BOTH && !config->maps[3].by_user);
	ck_assert_str_eq(mapfile_path(config->maps[4].file), "/etc/postern/users");
	ck_assert(config->maps[4].apply == MAP_SENDER && config->maps[4].by_user);
	ck_assert_str_eq(config->maps[5].user, "www-*");
	ck_assert_str_eq(config->maps[5].from, "*");
	ck_assert_uint_eq(config->maps[5].apply, MAP_SENDER);
	ck_assert_str_eq(config->maps[6].from, "*@*");
	ck_assert_uint_eq(config->maps[6].apply, MAP_BOTH);
	ck_assert_int_eq(config->relays[0].from_header, FROM_REWRITE_LOCAL);
}
END_TEST

/* Names in other letters are what the wire has of them. */
START_TEST(letters)
{
	read_good("hostname = \"web1.b\xc3\xbc" "cher.example\"\ndomain = \"B\xc3\x9c" "CHER.example\"\n"
	    "local-mail = \"\xc3\xb6ps@\xc3\xb6ps.example\"\nmasquerade = { \"!m.b\xc3\xbc" "cher.example\" }\n"
	    "map { from = \"*@*.b\xc3\xbc" "cher.example\" to = \"*@b\xc3\xbc" "cher.example\" }\n"
	    "relay r { host = \"smtp.b\xc3\xbc" "cher.example\" from = \"a@b\xc3\xbc" "cher.example\" "
	    "helo = \"h.b\xc3\xbc" "cher.example\" }\n");
	ck_assert_str_eq(config->hostname, "web1.xn--bcher-kva.example");
	ck_assert_str_eq(config->domain, "xn--bcher-kva.example");
	ck_assert_str_eq(config->local_mail->text, "\xc3\xb6ps@xn--ps-eka.example");
	ck_assert_str_eq(config->masquerade[0], "!m.xn--bcher-kva.example");
	ck_assert_str_eq(config->maps[0].from, "*@*.xn--bcher-kva.example");
	ck_assert_str_eq(config->maps[0].to, "*@xn--bcher-kva.example");
	ck_assert_str_eq(config->relays[0].host, "smtp.xn--bcher-kva.example");
	ck_assert_str_eq(config->relays[0].helo, "h.xn--bcher-kva.example");
	ck_assert_str_eq(config->relays[0].from->text, "a@xn--bcher-kva.example");
}
END_TEST

#define PIN "q/mHL2PoHw3b0V1cO2VvCPqxkjvPX9W3Ngy0xDvsOTk="

START_TEST(pins)
{
	read_good("relay a { host = a.example.com fingerprint = { \"" PIN "\", \"sha256:" PIN "\" } }\n"
	    "relay b { host = b.example.com fingerprint = \"sha256//" PIN "\" tls-verify = true }\n"
	    "relay c { host = c.example.com fingerprint = \"" PIN "\" ca-file = /c }\n"
	    "relay d { host = d.example.com }\n");
	ck_assert_uint_eq(config->relays[0].npins, 2);
	ck_assert_int_eq(memcmp(&config->relays[0].pins[0], &config->relays[0].pins[1], sizeof(struct pin)), 0);
	ck_assert(!config->relays[0].verify);
	ck_assert(config->relays[1].verify && config->relays[2].verify && config->relays[3].verify);
	ck_assert_uint_eq(config->relays[1].npins, 1);
	ck_assert_uint_eq(config->relays[3].npins, 0);
}
END_TEST

static void
check_isp(const struct relay_conf *r)
{
	ck_assert_str_eq(r->name, "isp");
	ck_assert_str_eq(r->tls_min, "1.3");
	ck_assert(!r->verify && !r->chunking);
	ck_assert_str_eq(r->ca_file, "/etc/ca.pem");
	ck_assert_str_eq(r->ca_path, "/etc/ca");
	ck_assert_str_eq(r->client_cert, "/etc/me.pem");
	ck_assert_str_eq(r->client_key, "/etc/me.key");
	ck_assert_str_eq(r->tls_ciphers, "TLS_AES_128_GCM_SHA256:HIGH");
	ck_assert_str_eq(r->auth, "SCRAM-SHA-256 PLAIN");
	ck_assert_str_eq(r->credential, "isp");
	ck_assert_str_eq(r->from->text, "ops@example.com");
	ck_assert_int_eq(r->from_header, FROM_REWRITE);
	ck_assert_str_eq(r->helo, "[192.0.2.1]");
	ck_assert_uint_eq(r->connections, 100);
	ck_assert_uint_eq(r->pipeline_depth, 64);
	ck_assert_int_eq(r->idle_s, 3600);
	ck_assert_uint_eq(r->recipients_per_message, 1);
	ck_assert_uint_eq(r->messages_per_minute, 30);
	ck_assert_uint_eq(r->messages_per_hour, 100);
	ck_assert_uint_eq(r->messages_per_day, 2000);
	ck_assert_uint_eq(r->recipients_per_day, 10000000);
	ck_assert(r->null_sender);
}

static void
check_isps_rules(const struct rules *r)
{
	ck_assert_uint_ge(r->n, 3);
	ck_assert_uint_eq(r->rule[0].when, WHEN_MAIL);
	ck_assert_int_eq(r->rule[0].code, 550);
	ck_assert_int_eq(r->rule[1].code, 551);
	ck_assert_str_eq(r->rule[1].dsn, "5.7.1");
	ck_assert_str_eq(r->rule[1].contains[0], "no way");
	ck_assert_int_eq(r->rule[1].verdict, VERDICT_PAUSE);
	ck_assert_int_eq(r->rule[1].pause_s, 3600);
	ck_assert_int_eq(r->rule[1].pause_max_s, 21600);
	ck_assert_int_eq(r->rule[1].then, VERDICT_NONE);
	ck_assert_int_eq(r->rule[2].then, VERDICT_CONFIG);
	ck_assert_int_eq(r->rule[2].pause_s, 7200);
	ck_assert_str_eq(r->rule[1].hint, "ask them");
}

START_TEST(everything)
{
	read_good("/* a comment */ hostname = web1.example.com // another\n"
	    "domain = 'example.com'\nlocal-mail = \"<ops@example.com>\"\n"
	    "relays = { \"isp\", # first\n  \"lab\" }\n"
	    "relay unused { host = a.example.com }\n"
	    "relay lab { host = \"127.0.0.1\" tls = none port = 2525 }\n"
	    "relay isp { host = smtp.isp.net port = 465 tls = implicit tls-min = 1.3 "
	    "tls-verify = no\n"
	    "  client-cert = /etc/me.pem client-key = /etc/me.key tls-ciphers = \"TLS_AES_128_GCM_SHA256:HIGH\"\n"
	    "  ca-file = /etc/ca.pem ca-path = /etc/ca auth = \"scram-sha-256 plain\" user = x\n"
	    "  credential = isp from = ops@example.com from-header = rewrite helo = "
	    "\"[192.0.2.1]\"\n"
	    "  connections = 100 pipeline-depth = 64 idle = 1h recipients-per-message = 1 "
	    "chunking = off\n"
	    "  messages-per-minute = 30 messages-per-hour = 100 messages-per-day = 2000 "
	    "recipients-per-day = 10000000\n"
	    "  rule { when = { mail } code = { 550, 551 } dsn = 5.7.1 contains = { \"no way\" "
	    "} verdict = pause\n"
	    "    pause = 1h pause-max = 6h hint = \"ask them\" }\n"
	    "  rule { when = rcpt code = 554 verdict = reconnect then = config pause = 2h } }\n"
	    "queue { expire = 1w warn-after = 90 max-message = 1G min-free = 0\n"
	    "  reports-per-hour = 7 postmaster-copy = pm@example.com }\n"
	    "flood { per-user = 20 per = 10m exempt = { www-data, \"192.168.1.0/24\" } }\n"
	    "alert-command = { /bin/page, \"-t\" }\n"
	    "log { to = stderr facility = local3 level = debug }\n");
	ck_assert_str_eq(config->hostname, "web1.example.com");
	ck_assert_str_eq(config->domain, "example.com");
	ck_assert_str_eq(config->local_mail->text, "ops@example.com");
	ck_assert_uint_eq(config->nrelays, 2);
	ck_assert_str_eq(config->relays[1].name, "lab");
	ck_assert_int_eq(config->relays[1].tls, TLS_NONE);
	ck_assert_uint_eq(config->relays[1].port, 2525);
	ck_assert_ptr_null(config->relays[1].user);
	ck_assert(config->relays[1].null_sender);
	check_isp(&config->relays[0]);
	check_isps_rules(&config->relays[0].rules);
	ck_assert_int_eq(config->expire_s, 7 * 86400);
	ck_assert_int_eq(config->warn_after_s, 90);
	ck_assert_uint_eq(config->max_message, 1u << 30);
	ck_assert_uint_eq(config->min_free, 0);
	ck_assert_uint_eq(config->reports_per_hour, 7);
	ck_assert_str_eq(config->postmaster_copy->text, "pm@example.com");
	ck_assert_uint_eq(config->flood.per_user, 20);
	ck_assert_int_eq(config->flood.per_s, 600);
	ck_assert_str_eq(config->flood.exempt[0], "www-data");
	ck_assert_str_eq(config->flood.exempt[1], "192.168.1.0/24");
	ck_assert_ptr_null(config->flood.exempt[2]);
	ck_assert_str_eq(config->alert_command[0], "/bin/page");
	ck_assert_str_eq(config->alert_command[1], "-t");
	ck_assert_int_eq(config->log_to, LOG_TO_STDERR);
	ck_assert_int_eq(config->log_facility, LOG_LOCAL3);
	ck_assert_int_eq(config->log_level, LOG_LEVEL_DEBUG);
}
END_TEST

/* A preset's limits give way to the admin's, who may have paid for more. */
START_TEST(limits_lifted)
{
	ck_assert_int_eq(read_text("relay r { host = a.example.com\nmessages-per-day = 10000001 }"),
	    EX_CONFIG);
	ck_assert_str_eq(line(), ":2: messages-per-day: \"10000001\" is not possible; "
	    "write a number up to 10000000, or 0 for no limit");
	buf_clear(&why);
	read_good("relay r { provider = m365 user = a@example.com password-file = /p\n"
	    "messages-per-minute = 0 recipients-per-day = 20000 null-sender = on }");
	ck_assert_uint_eq(config->relays[0].messages_per_minute, 0);
	ck_assert_uint_eq(config->relays[0].recipients_per_day, 20000);
	ck_assert(config->relays[0].null_sender);
}
END_TEST

/* Port and TLS follow each other. */
static const struct {
	const char *relay;
	enum tls_mode tls;
	unsigned port;
} endpoints[] = {
	{ "host = a.example.com", TLS_IMPLICIT, 465 },
	{ "host = a.example.com tls = starttls", TLS_STARTTLS, 587 },
	{ "host = a.example.com tls = implicit", TLS_IMPLICIT, 465 },
	{ "host = a.example.com port = 587", TLS_STARTTLS, 587 },
	{ "host = a.example.com port = 25", TLS_STARTTLS, 25 },
	{ "host = a.example.com port = 2525", TLS_STARTTLS, 2525 },
	{ "host = a.example.com port = 465", TLS_IMPLICIT, 465 },
	{ "host = a.example.com port = 2465 tls = implicit", TLS_IMPLICIT, 2465 },
	{ "host = 127.9.0.1 tls = none", TLS_NONE, 25 },
	{ "host = \"::1\" tls = none", TLS_NONE, 25 },
	{ "host = LOCALHOST tls = none", TLS_NONE, 25 },
	{ "host = a.example.com tls = none insecure = true port = 26", TLS_NONE, 26 },
	{ "provider = gmail-relay", TLS_IMPLICIT, 465 },
	{ "provider = gmail-relay tls = starttls", TLS_STARTTLS, 587 },
	{ "provider = gmail-relay port = 587", TLS_STARTTLS, 587 },
	{ "provider = gmail-relay port = 8465", TLS_IMPLICIT, 8465 },
	{ "provider = gmail-relay host = 127.0.0.1 tls = none port = 99", TLS_NONE, 99 },
	{ "provider = postmark user = a credential = b tls = implicit", TLS_IMPLICIT, 465 },
	{ "provider = postmark user = a credential = b port = 465", TLS_IMPLICIT, 465 },
	{ "provider = postmark user = a credential = b port = 2525", TLS_STARTTLS, 2525 },
};

START_TEST(endpoint)
{
	char text[512];

	snprintf(text, sizeof(text), "relay r { %s }", endpoints[_i].relay);
	read_good(text);
	ck_assert_int_eq(config->relays[0].tls, endpoints[_i].tls);
	ck_assert_uint_eq(config->relays[0].port, endpoints[_i].port);
}
END_TEST

#define R "relay r { host = a.example.com "

static const struct {
	const char *text;
	const char *why;
} wrong[] = {
	/* syntax */
	{ "", ":1: no relay; add relay NAME { provider = \"gmail\" user = \"you@gmail.com\" "
	    "password-file = \"...\" }" },
	{ "hostname \"a\"\n", ":1: missing equal sign after option 'hostname'; write NAME = VALUE"
	    },
	{ "relay { }\n", ":1: missing title for section 'relay'; write a name in front of the {" },
	{ "relay x\n\n", ":3: premature end of file; a } or a value is missing" },
	{ "}\n", ":1: unexpected closing brace; there is one } more than {" },
	{ "\n" R "\n", ":2: the { of this line is never closed; add a }" },
	{ "\nrelays = { a\n" R "}\n", ":2: the { of this line is never closed; add a }" },
	{ "{{{{{\n{{{{", ":2: too many { inside of each other; close them with }" },
	{ "hostname = {\n}", ":1: unexpected token '{'; put values with blanks or special "
	    "characters in \"quotes\"" },
	{ "\nhostname = \"a\ndomain = \"b\"\n", ":2: the string that begins here is not closed "
	    "on this line; add the missing quote" },
	{ "hostname = 'a", ":1: the string that begins here is not closed on this line; add the "
	    "missing quote" },
	{ "\n/* x\n\n", ":2: the comment that begins here never ends; close it with */" },
	{ R "port = 25; }", ":1: a ; does not belong here; options end with their line" },
	{ "hostname = \"${HOME}\"",
	    ":1: \"${\" is not expanded here; write the value itself, or put it in "
	    "'single quotes'" },
	{ "hostname = ${HOME}",
	    ":1: \"${\" is not expanded here; write the value itself, or put it in "
	    "'single quotes'" },
	{ "hostname = \"\\101\"", ":1: a \\ in a string stands only before \\ or the quote; "
	    "double it" },
	{ R "}\n" R "}\n", ":2: found duplicate title 'r'; give every section of a kind a name of its own" },
	{ R "port = 1\n port = 2 }", ":2: port: given twice, first in line 1; keep one of them" },
	{ "relays = { a }\nrelays = { b }", ":2: relays: given twice, first in line 1; keep one "
	    "of them" },

	/* unknown options */
	{ "host-name = a\n", ":1: unknown option \"host-name\"; did you mean \"hostname\"?" },
	{ R "\n password_file = a }", ":2: unknown option \"password_file\"; did you mean "
	    "\"password-file\"?" },
	{ "expire = 5d", ":1: unknown option \"expire\"; it belongs into queue { ... }" },
	{ R "}\nfloods { }", ":2: unknown option \"floods\"; did you mean \"flood\"?" },
	{ "flood { per-usr = 4 }\n" R "}", ":1: unknown option \"per-usr\"; did you mean \"per-user\"?" },
	{ "per-user = 4\n" R "}", ":1: unknown option \"per-user\"; it belongs into flood { ... }" },
	{ R "oaut { } }", ":1: unknown option \"oaut\"; did you mean \"oauth\"?" },
	{ R "password-comand = { a } }", ":1: unknown option \"password-comand\"; did you mean "
	    "\"password-command\"?" },
	{ R "user = a password-command = { pass, show } }", ":1: relay r: password-command: \"pass\" is no full path, "
	    "and nothing is searched for it; write { \"/usr/bin/pass\", \"show\", \"smtp\" }" },
	{ R "user = a password-command = { /a } password-file = /b }", ":1: relay r: more than one password; "
	    "keep one of password-file, password-command, credential, password and oauth { ... }" },
	{ R "password-command = { /a } }", ":1: relay r: password without a user; add user = \"...\" "
	    "(the login name)" },
	{ R "user = a password-file = /b\npassword-ttl = 1h }", ":2: relay r: password-ttl is for password-command; "
	    "take it out (a file is read for each login)" },
	{ R "user = a password-command = { /a } password-ttl = 8d }", ":1: password-ttl: \"8d\" is not possible; "
	    "write a time from \"0s\" to \"7d\"" },
	{ "x\ax = a\n", ":1: unknown option \"x?x\"; postern.conf(5) lists the known ones" },
	{ "lissten x { }", ":1: unknown option \"lissten\"; did you mean \"listen\"?" },
	{ "include(\"/etc/passwd\")", ":1: unknown option \"include\"; postern.conf(5) lists "
	    "the known ones" },

	/* values */
	{ "flood { per-user = 0 }\n" R "}", ":1: per-user: \"0\" is not possible; write a number from 1 to 1000000" },
	{ "flood { per = 5s }\n" R "}", ":1: per: \"5s\" is not possible; write a time from \"1m\" to \"7d\"" },
	{ "flood { exempt = { \"a@b.example\" } }\n" R "}", ":1: exempt: \"a@b.example\" is not possible (a name has no "
	    "domain); write login names such as \"www-data\", or networks" },
	{ "alert-command = { page-me }\n" R "}", ":1: alert-command: \"page-me\" is no full path, and nothing is searched "
	    "for it; write \"/usr/local/bin/page-me\"" },
	{ "queue { reports-per-hour = 0 }\n" R "}", ":1: reports-per-hour: \"0\" is not possible; write a number from 1 to "
	    "100000" },
	{ "queue { postmaster-copy = root }\n" R "}", ":1: postmaster-copy: \"root\" is not possible (it has no domain); "
	    "write one address such as \"postmaster@example.com\"" },
	{ "hostname = \"a b\"", ":1: hostname: \"a b\" is not possible; write a full name such "
	    "as \"web1.example.com\"" },
	{ "hostname = 192.0.2.1", ":1: hostname: \"192.0.2.1\" is not possible; write a full "
	    "name such as \"web1.example.com\"" },
	{ "local-mail = ops", ":1: local-mail: \"ops\" is not possible (it has no domain); "
	    "write one address such as \"ops@example.com\"" },
	{ "hostname = h.example.com\nlocal-mail = a@H.example.com " R "}",
	    ":2: local-mail: a@H.example.com is on this host, whose mail it should receive; "
	    "write an address elsewhere" },
	{ R "port = 025x }", ":1: port: \"025x\" is not possible; write a number from 1 to 65535" },
	{ R "port = 0 }", ":1: port: \"0\" is not possible; write a number from 1 to 65535" },
	{ R "port = 65536 }", ":1: port: \"65536\" is not possible; write a number from 1 to "
	    "65535" },
	{ R "port = \"\" }", ":1: port: \"\" is not possible; write a number from 1 to 65535" },
	{ R "tls = ssl }", ":1: tls: \"ssl\" is not possible; write \"implicit\", \"starttls\" "
	    "or \"none\"" },
	{ R "fingerprint = abc }", ":1: fingerprint: \"abc\" is not possible; write the SHA-256 of the server's public key, "
	    "43 letters and \"=\" or 64 hexadecimal digits" },
	{ R "fingerprint = \"" PIN "\" dane = yes }", ":1: relay r: fingerprint and dane both say which key the server may have; "
	    "keep one of them" },
	{ R "tls-verify = no dane = yes }", ":1: relay r: dane verifies, and tls-verify = false does not; keep one of them" },
	{ "relay a { host = 192.0.2.1 dane = yes }", ":1: relay a: an address has no TLSA records; write the host's name, or "
	    "take dane out" },
	{ R "client-key = /k }", ":1: relay r: a key without a certificate; add client-cert = \"...\"" },
	{ R "client-cert = k.pem }", ":1: client-cert: \"k.pem\" is not possible; write the file's full path" },
	{ "relay a { host = localhost tls = none client-cert = /k }", ":1: relay a: client-cert is for TLS; write tls = "
	    "\"implicit\" or \"starttls\", or take it out" },
	{ "relay a { host = localhost tls = none tls-ciphers = HIGH }", ":1: relay a: tls-ciphers is for TLS; write tls = "
	    "\"implicit\" or \"starttls\", or take it out" },
	{ R "tls-min = 1.1 }", ":1: tls-min: \"1.1\" is not possible; write \"1.2\" or \"1.3\"" },
	{ R "tls-verify = maybe }", ":1: tls-verify: \"maybe\" is not possible; write true or "
	    "false" },
	{ R "idle = 2h }", ":1: idle: \"2h\" is not possible; write a time from \"1s\" to \"1h\"" },
	{ R "connections = 101 }", ":1: connections: \"101\" is not possible; write a number "
	    "from 1 to 100" },
	{ R "password-file = secret }", ":1: password-file: \"secret\" is not possible; write "
	    "the file's full path" },
	{ R "credential = \"../x\" }", ":1: credential: \"../x\" is not possible; write the "
	    "name given to LoadCredential=" },
	{ R "credential = \"a/x\" }", ":1: credential: \"a/x\" is not possible; write the name "
	    "given to LoadCredential=" },
	{ R "auth = \"PLA(IN\" }", ":1: auth: \"PLA(IN\" is not possible; write SASL mechanisms "
	    "such as \"PLAIN LOGIN\"" },
	{ R "user = \"a\tb\" }", ":1: user: a control character in the value; take it out" },
	{ R "password = \"\" }", ":1: password: empty or too long; write the password, or "
	    "better use password-file" },
	{ R "from = root }", ":1: from: \"root\" is not possible (it has no domain); write the "
	    "account's address such as \"ops@example.com\"" },
	{ "queue { expire = 61d }", ":1: expire: \"61d\" is not possible; write a time from "
	    "\"1s\" to \"60d\"" },
	{ "queue { max-message = 35X }", ":1: max-message: \"35X\" is not possible; write a "
	    "size from \"1k\" to \"4G\"" },
	{ "log { level = loud }", ":1: level: \"loud\" is not possible; write \"alert\", "
	    "\"err\", \"warn\", \"info\" or \"debug\"" },
	{ "log { facility = mial }", ":1: facility: \"mial\" is not possible; write a syslog "
	    "facility such as \"mail\" or \"local0\"" },
	{ "aliases = none", ":1: aliases: \"none\" is not possible; write the file's full path" },
	{ "masquerade = { \"*.example.com\" }", ":1: masquerade: \"*.example.com\" is not "
	    "possible; write a domain, or \"!\" and one to leave alone" },
	{ "trusted-users = { \"a@b\" }", ":1: trusted-users: \"a@b\" is not possible (a name has "
	    "no domain); write login names such as \"www-data\"" },
	{ "map { from = \"a b@c\" }", ":1: from: \"a b@c\" is not possible (blank outside quotes); "
	    "write an address, perhaps with stars: \"*@old.example.com\"" },
	{ "map { to = \"a*@c\" }", ":1: to: \"a*@c\" is not possible (a star must be all of the "
	    "local part or of the domain); write an address such as \"ops@example.com\" or "
	    "\"*@example.com\"" },
	{ "map { apply = header }", ":1: apply: \"header\" is not possible; write \"sender\", "
	    "\"recipient\" or \"both\"" },
	{ "log { to = \"a@b\" }", ":1: to: \"a@b\" is not possible; write \"syslog\" or \"stderr\"" },
	{ R "from-header = always }", ":1: from-header: \"always\" is not possible; write \"keep\", "
	    "\"rewrite\" or \"rewrite-local\"" },
	{ "relay ../x { host = a }", ":1: relay: the name \"../x\" is not possible; letters, "
	    "digits and - only" },

	/* what does not fit together */
	{ "\nrelay r {\n}\n", ":3: relay r: neither provider nor host; add provider = \"gmail\" "
	    "or host = \"smtp.example.com\"" },
	{ "\nrelay r {\n\nport = 1 tls = none\n}\n", ":2: relay r: neither provider nor host; "
	    "add provider = \"gmail\" or host = \"smtp.example.com\"" },
	{ "relay r {\n provider = generic }", ":2: relay r: provider generic has no host of its "
	    "own; add host = \"smtp.example.com\"" },
	{ R "\nuser = a }", ":2: relay r: user without a password; add password-file = "
	    "\"/etc/postern/r.password\"" },
	{ "\n" R "\npassword-file = /a }", ":2: relay r: password without a user; add user = "
	    "\"...\" (the login name)" },
	{ "relay r { provider = gmail password-file = /a }", ":1: relay r: password without a "
	    "user; add user = \"...\" (the account's full address)" },
	{ "relay r { provider = gmail }", ":1: relay r: provider gmail wants a login; add user "
	    "= \"...\" (the account's full address) and password-file" },
	{ R "user = a password-file = /a credential = b }", ":1: relay r: more than one "
	    "password; keep one of password-file, password-command, credential, password and oauth { ... }" },
	{ "relay r { provider = outlook user = a credential = b }",
	    ":1: relay r: outlook takes no passwords, only OAuth tokens (XOAUTH2); write oauth { "
	    "client-id = \"...\" } instead of the password" },
	{ R "user = a\noauth { } }", ":2: relay r: no client-id; register a client at a.example.com and add its "
	    "client-id = \"...\"" },
	{ R "user = a oauth { client-id = c } }", ":1: relay r: it is not known where a.example.com gives tokens; "
	    "add token-endpoint = \"https://...\", or discovery" },
	{ R "user = a oauth { client-id = c token-endpoint = 'https://a/t' } }", ":1: relay r: it is not known where "
	    "a.example.com gives tokens; add authorize-endpoint = \"https://...\", or discovery" },
	{ R "user = a oauth { client-id = c discovery = 'https://a' } }", ":1: relay r: it is not known what to ask "
	    "a.example.com for; add scope = \"...\"" },
	{ R "user = a oauth { token-endpoint = 'http://a/t' } }", ":1: token-endpoint: \"http://a/t\" is not possible (a "
	    "secret would go there in the clear); write an address that begins with https://" },
	{ R "user = a oauth { clientid = c } }", ":1: unknown option \"clientid\"; did you mean \"client-id\"?" },
	{ R "user = a oauth { flow = refresh } }", ":1: flow: \"refresh\" is not possible; write \"authorization-code\", "
	    "\"device-code\", \"client-credentials\" or \"service-account\"" },
	{ R "user = a oauth { client-id = c } oauth { } }", ":1: relay r: oauth stands there twice; keep one of them" },
	{ R "oauth { client-id = c discovery = 'https://a' scope = s } }", ":1: relay r: oauth without a user; add user = "
	    "\"...\" (the login name)" },
	{ R "user = a auth = PLAIN oauth { client-id = c discovery = 'https://a' scope = s } }",
	    ":1: relay r: PLAIN allows no mechanism of tokens; add XOAUTH2 or OAUTHBEARER to auth" },
	{ "relay r { provider = gmail user = a oauth { client-id = c flow = device-code } }",
	    ":1: relay r: gmail has no device code for mail; take flow out, or add device-endpoint" },
	{ "relay r { provider = gmail user = a oauth { client-id = c tenant = b } }",
	    ":1: relay r: gmail has no tenants; take tenant out" },
	{ "relay r { provider = gmail user = a oauth { flow = service-account } }", ":1: relay r: a service account "
	    "has a key; add key-file = \"/etc/postern/r.json\"" },
	{ "relay r { provider = gmail user = a oauth { client-id = c key-file = /k flow = authorization-code } }",
	    ":1: relay r: key-file is for flow = \"service-account\"; take one of the two out" },
	{ "relay r { provider = m365 user = a oauth { client-id = c flow = client-credentials } }", ":1: relay r: client "
	    "credentials are an id and a secret; add client-secret-file = \"/etc/postern/r.secret\"" },
	{ "relay r { provider = m365 user = a oauth { client-id = c flow = client-credentials client-secret-file = /s } }",
	    ":1: relay r: client credentials are of one tenant; add tenant = \"example.com\"" },
	{ "relay r { provider = gmail user = a password = b oauth { client-id = c } }", ":1: relay r: more than one "
	    "password; keep one of password-file, password-command, credential, password and oauth { ... }" },
	{ R "\ntls = none }", ":2: relay r: tls = \"none\" would send mail to a.example.com in "
	    "the clear; write \"starttls\" or \"implicit\", or say insecure = true" },
	{ "relay r { host = 128.0.0.1\ntls = none }", ":2: relay r: tls = \"none\" would send "
	    "mail to 128.0.0.1 in the clear; write \"starttls\" or \"implicit\", or say "
	    "insecure = true" },
	{ R "\ninsecure = true }", ":2: relay r: insecure is for tls = \"none\"; take it out (a "
	    "certificate is left unchecked by tls-verify = false)" },
	{ R "\nport = 465 tls = starttls }", ":2: relay r: port 465 begins with TLS; write tls "
	    "= \"implicit\", or port = 587" },
	{ R "\nport = 587 tls = implicit }", ":2: relay r: port 587 does not begin with TLS; "
	    "write tls = \"starttls\", or port = 465" },
	{ R "\nfrom-header = rewrite }", ":2: relay r: nothing to rewrite the header to; add "
	    "from = \"you@example.com\"" },
	{ R "\nfrom-header = rewrite-local }", ":2: relay r: nothing to rewrite the header to; add "
	    "from = \"you@example.com\"" },
	{ "\nmap {\n from = a }\n" R "}", ":2: map: no to; write map { from = "
	    "\"*@old.example.com\"  to = \"*@example.com\" }, or map { file = "
	    "\"/etc/postern/addresses\" }" },
	{ "map { to = a }\n" R "}", ":1: map: no from; write map { from = "
	    "\"*@old.example.com\"  to = \"*@example.com\" }, or map { file = "
	    "\"/etc/postern/addresses\" }" },
	{ "map { file = \"/a\"\n user-file = \"/b\" }\n" R "}", ":2: map: file and user-file at once; "
	    "write two maps" },
	{ "map { user-file = \"/b\"\n user = b }\n" R "}", ":2: map: the lines of user-file say which user; "
	    "take user out" },
	{ "map { file = \"/b\"\n to = b }\n" R "}", ":2: map: the lines of file say from and to; take to out, "
	    "or write two maps" },
	{ "domain = \"\xe2\x80\xae.example\"\n" R "}", ":1: domain: \"\xe2\x80\xae.example\" is not possible "
	    "(string contains a disallowed character); write a domain such as \"example.com\"" },
	{ "map { file = b }\n" R "}", ":1: file: \"b\" is not possible; write the file's full path" },
	{ "map { user = \"a@b\" to = b }\n" R "}", ":1: user: \"a@b\" is not possible (a name has no domain); "
	    "write a login name such as \"www-data\", perhaps with stars" },
	{ "masquerade-exceptions = { root }\n" R "}", ":1: masquerade-exceptions: nothing is "
	    "masqueraded; add masquerade = { \"example.com\" }, or take it out" },
	{ R "user = a\npassword = b }", ":2: relay r: other users can read the password here; "
	    "use password-file, or chmod 0600 @" },
	{ "relays = { r, gmial }\n" R "} relay gmail { host = b }",
	    ":1: relays: there is no relay \"gmial\"; did you mean \"gmail\"?" },
	{ "relays = { zz }\n" R "}", ":1: relays: there is no relay \"zz\"; add relay zz { ... "
	    "}, or take it out" },
	{ "relays = { r, r }\n" R "}", ":1: relays: \"r\" stands there twice; take one out" },

	/* rules */
	{ R "rule { code = 550 } }", ":1: rule: no verdict; add verdict = \"defer\" or another" },
	{ R "rule { code = 550 verdict = sent } }", ":1: verdict: \"sent\" is not possible; "
	    "write defer, reject, split, reconnect, pause, credential or config" },
	{ R "rule { verdict = defer } }", ":1: rule: matches every reply; add code, dsn or "
	    "contains" },
	{ R "rule { code = 250 verdict = defer } }", ":1: code: \"250\" is not possible; write "
	    "a reply code such as 550, or its class: 4 or 5" },
	{ R "rule { dsn = 2.0.0 verdict = defer } }", ":1: dsn: \"2.0.0\" is not possible; "
	    "write an enhanced status code such as \"5.7.8\"" },
	{ R "rule { code = 550 when = { auth }\nverdict = reject } }",
	    ":1: rule: only replies to mail, rcpt, data and end are about a message; for "
	    "others write verdict = \"pause\"" },
	{ R "rule { code = 550 when = { quit }\nverdict = reject } }",
	    ":1: when: \"quit\" is not possible; write some of banner, ehlo, starttls, auth, "
	    "mail, rcpt, data, end, other, any" },
	{ R "rule { code = 550 verdict = defer\npause = 5m } }",
	    ":2: rule: only a relay that rests has a time; take pause out, or write verdict = \"pause\"" },
	{ R "rule { code = 450 verdict = pause pause = 5m\npause-max = 5m } }",
	    ":2: rule: a pause grows; let pause-max be more than pause, or take it out" },
	{ R "rule { code = 450 verdict = defer\ntoo-many = connections } }",
	    ":2: rule: too-many is for verdict = \"pause\"; take it out, or change the verdict" },
	{ R "rule { code = 450 verdict = pause\npause-max = 5m } }",
	    ":2: rule: pause-max without pause; add pause = \"15m\"" },
	{ R "rule { code = 550 verdict = config\nthen = pause } }",
	    ":2: rule: then follows on verdict = \"reconnect\" or \"split\"; take it out, or change the verdict" },
	{ R "rule { code = 550 verdict = split\nthen = reject } }",
	    ":2: then: \"reject\" is not possible; write \"pause\", \"credential\" or \"config\"" },
	{ R "rule { code = 550 when = { rcpt } verdict = reject\nnames = recipient } }",
	    ":2: rule: names is for verdict = \"reject\" of a reply to the content; write when = { \"end\" }" },
	{ R "rule { code = 550 when = { end } verdict = reject\nnames = sender } }",
	    ":2: names: \"sender\" is not possible; write \"recipient\"" },
};

START_TEST(refused)
{
	char *want = strdup(wrong[_i].why), *at = strstr(want, "chmod 0600 @");
	int rc = read_text(wrong[_i].text);

	if (at != NULL)
		at[strlen("chmod 0600 ")] = '\0';
	ck_assert_int_eq(rc, EX_CONFIG);
	ck_assert_ptr_null(config);
	if (at != NULL)
		ck_assert_int_eq(strncmp(line(), want, strlen(want)), 0);
	else
		ck_assert_str_eq(line(), want);
	free(want);

	/* A bad file leaves nothing behind in the lexer: the next one is read as ever. */
	buf_clear(&why);
	read_good(MINIMAL);
}
END_TEST

START_TEST(unknown_provider_lists_the_known)
{
	ck_assert_int_eq(read_text("\nrelay r {\n\n provider = gmial }"), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(line(), ":4: relay r: unknown provider \"gmial\"; did you "
	    "mean \"gmail\"? the others are in "));
	ck_assert_int_eq(read_text("\nrelay r {\n\n provider = nobodyknows }"), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(line(), "unknown provider \"nobodyknows\"; known: aol, att, bell, "));
	ck_assert_ptr_nonnull(strstr(line(), ", zoho-pro"));
}
END_TEST

START_TEST(files_that_are_none)
{
	static char big[(1 << 20) + 1];

	ck_assert_int_eq(config_read(path, PROVIDERS, &config, &why), EX_NOINPUT);
	ck_assert_str_eq(line(), ": No such file or directory; postern setup writes one");
	buf_clear(&why);

	ck_assert_int_eq(config_read(dir, PROVIDERS, &config, &why), EX_NOINPUT);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&why), ": not a regular file; name the "
	    "configuration file itself"));
	buf_clear(&why);

	memset(big, '\n', sizeof(big));
	put(big, sizeof(big), 0644);
	ck_assert_int_eq(config_read(path, PROVIDERS, &config, &why), EX_CONFIG);
	ck_assert_str_eq(line(), ": longer than 1 MiB; this is no configuration");
	buf_clear(&why);

	put("hostname = a\0b", 14, 0644);
	ck_assert_int_eq(config_read(path, PROVIDERS, &config, &why), EX_CONFIG);
	ck_assert_str_eq(line(), ":1: a NUL byte; this is no text file");
	buf_clear(&why);

	put(MINIMAL, strlen(MINIMAL), 0666);
	ck_assert_int_eq(config_read(path, PROVIDERS, &config, &why), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(line(), ": writable by every user, who could then take all "
	    "mail; chmod o-w "));
}
END_TEST

START_TEST(inline_password_of_a_closed_file)
{
	const char *text = R "user = a password = 'b c\\\\d' }";

	put(text, strlen(text), 0600);
	ck_assert_int_eq(config_read(path, PROVIDERS, &config, &why), 0);
	ck_assert_str_eq(config->relays[0].password, "b c\\d");
}
END_TEST

START_TEST(oauth_by_provider)
{
	const struct oauth_conf *o;

	read_good("relay r { provider = m365 user = a oauth { client-id = c } }");
	o = config->relays[0].oauth;
	ck_assert_int_eq(o->flow, FLOW_BROWSER);
	ck_assert_str_eq(o->token_endpoint, "https://login.microsoftonline.com/organizations/oauth2/v2.0/token");
	ck_assert_str_eq(o->scope, "https://outlook.office.com/SMTP.Send offline_access");
	ck_assert_str_eq(o->redirect_host, "localhost");
	ck_assert_int_eq(relay_conf_with(&config->relays[0]), WITH_TOKEN);
	config_free(config);
	read_good("relay r { provider = outlook user = a oauth { client-id = c flow = device-code } }");
	ck_assert_str_eq(config->relays[0].oauth->device_endpoint,
	    "https://login.microsoftonline.com/consumers/oauth2/v2.0/devicecode");
	config_free(config);
	read_good("relay r { provider = m365 user = a oauth { client-id = c client-secret-file = /s tenant = corp.example "
	    "flow = client-credentials } }");
	o = config->relays[0].oauth;
	ck_assert_str_eq(o->token_endpoint, "https://login.microsoftonline.com/corp.example/oauth2/v2.0/token");
	ck_assert_str_eq(o->scope, "https://outlook.office365.com/.default");
}
END_TEST

START_TEST(oauth_of_its_own)
{
	const struct oauth_conf *o;

	read_good("relay r { provider = gmail user = box@example.com oauth { key-file = /k } }");
	o = config->relays[0].oauth;
	ck_assert_int_eq(o->flow, FLOW_KEY);
	ck_assert_str_eq(o->subject, "box@example.com");
	ck_assert_str_eq(o->scope, "https://mail.google.com/");
	ck_assert_str_eq(o->token_endpoint, "https://oauth2.googleapis.com/token");
	ck_assert_ptr_null(o->client_id);
	config_free(config);
	read_good(R "user = a oauth { client-id = c discovery = 'https://id.example.com' scope = 'x y' token-file = /t "
	    "redirect-port = 8080 ca-file = /ca } }");
	o = config->relays[0].oauth;
	ck_assert_str_eq(o->discovery, "https://id.example.com");
	ck_assert_str_eq(o->token_file, "/t");
	ck_assert_str_eq(o->ca_file, "/ca");
	ck_assert_uint_eq(o->redirect_port, 8080);
	ck_assert_ptr_null(o->token_endpoint);
}
END_TEST

/* What is known of a provider is no reason to use it: a password stays one. */
START_TEST(oauth_only_when_asked_for)
{
	read_good(MINIMAL);
	ck_assert_ptr_null(config->relays[0].oauth);
	ck_assert_int_eq(relay_conf_with(&config->relays[0]), WITH_PASSWORD);
}
END_TEST

START_TEST(crlf_and_utf8)
{
	read_good("# \xc3\xa4\r\nrelay r {\r\n host = a.example.com\r\n user = "
	    "\"j\xc3\xbcrgen\"\r\n credential = c\r\n}\r\n");
	ck_assert_str_eq(config->relays[0].user, "j\xc3\xbcrgen");
}
END_TEST

/* A value of 025 is 25: nobody means octal here. */
/* Each mistake has its line; what it drags along has none. */
static const struct {
	const char *text;
	const char *said;       /* "LINE: how it begins", one a line */
} several[] = {
	{ "hostnam = web1.example.com\nmailq = nobody\nqueue { expire = 3x\n warn-after = 4h\n warn-after = 5h }\n"
	  "relay a { port = 70000\n hosst = x\n user = you }\nlog { level = loud }\n",
	  "1: unknown option \"hostnam\"\n2: mailq: \n3: expire: \n5: warn-after: given twice\n6: port: \n"
	  "7: unknown option \"hosst\"\n9: level: \n" },
	{ "rule-of = { a, b }\nmailq = nobody\n", "1: unknown option \"rule-of\"\n2: mailq: \n" },
	{ "mailq = nobody\nfloods { expire = 3x }\nlog { level = loud }\n", "1: mailq: \n2: unknown option \"floods\"\n" },
	{ "mailq = nobody\nrelay r { host h }\n", "1: mailq: \n2: missing equal sign" },
	{ "local-mail = you@localhost\nalert-command = { page-me }\nrelay a { provider = gmial }\n"
	  "relay b { host = h.example.com\n port = 465\n tls = starttls }\nroute { recipient = \"*@x.example\"\n relays = { c } }\n",
	  "1: local-mail: \n3: relay a: unknown provider\n5: relay b: port 465\n2: alert-command: \n" },
	{ MINIMAL "listen one { }\nlisten two { }\n", "7: listen: \"one\"\n8: listen: \"two\"" },
};

START_TEST(says_all_mistakes)
{
	struct span rest, wanted = span_of(several[_i].said), line, begin;

	ck_assert_int_eq(read_text(several[_i].text), EX_CONFIG);
	ck_assert_ptr_null(config);
	rest = buf_view(&why);
	while (span_cut(&wanted, '\n', &begin) && begin.n > 0) {
		ck_assert_msg(span_cut(&rest, '\n', &line), "no line for %.*s", (int)begin.n, begin.p);
		ck_assert(span_starts(line, span_of(path)));
		line = (struct span){ line.p + strlen(path) + 1, line.n - strlen(path) - 1 };
		ck_assert_msg(span_starts(line, begin), "%.*s, not %.*s", (int)line.n, line.p, (int)begin.n, begin.p);
	}
	ck_assert_msg(rest.n == 0, "and %.*s", (int)rest.n, rest.p);
}
END_TEST

START_TEST(says_that_there_are_more)
{
	struct buf text;
	struct span rest, line;
	unsigned n = 0;

	buf_init(&text, 65536);
	for (unsigned i = 0; i < 500; i++)
		buf_printf(&text, "relay r%u { host = h  port = %u }\n", i, 70000 + i);
	buf_done(&why);
	buf_init(&why, 8192);
	ck_assert_int_eq(read_text(buf_cstr(&text)), EX_CONFIG);
	buf_done(&text);
	ck_assert(!why.over);
	for (rest = buf_view(&why); span_cut(&rest, '\n', &line); n++)
		ck_assert(rest.n > 0 || span_eq(line, SPAN("there are more mistakes; correct these first")));
	ck_assert_uint_gt(n, 20);
}
END_TEST

START_TEST(no_octal)
{
	read_good(R "port = 0587 }");
	ck_assert_uint_eq(config->relays[0].port, 587);
}
END_TEST

START_TEST(nothing_expands)
{
	setenv("POSTERN_TEST", "1", 1);
	read_good(R "user = '${POSTERN_TEST}' credential = c }");
	ck_assert_str_eq(config->relays[0].user, "${POSTERN_TEST}");
}
END_TEST

/* The sample file is the documentation people copy from. */
START_TEST(sample_is_good)
{
	int rc = config_read("etc/postern.conf", PROVIDERS, &config, &why);

	ck_assert_msg(rc == 0, "%s", buf_cstr(&why));
}
END_TEST

/* Whoever adds an option to a relay or a rule writes down what it does. */
START_TEST(manual_has_every_option)
{
	static const cfg_opt_t *const schemas[] = {
		relay_schema, rulefile_schema, names_map_schema, notices_flood_schema, oauth_schema,
	};
	const cfg_opt_t *opt = schemas[_i];
	struct buf manual;
	char item[64];

	buf_init(&manual, 1 << 20);
	ck_assert_int_eq(fs_slurp(AT_FDCWD, "src/posternd/postern.conf.5", 1 << 20, &manual), 0);
	for (; opt->name != NULL; opt++) {
		snprintf(item, sizeof(item), ".It Ic %s", opt->name);
		ck_assert_msg(strstr(buf_cstr(&manual), item) != NULL, "no \"%s\"", item);
	}
	buf_done(&manual);
}
END_TEST

static const struct {
	const char *name;
	const char *near;
} guesses[] = {
	{ "gmial", "gmail" }, { "GMAIL", "gmail" }, { "gmail", "gmail" }, { "password_file",
	    "password-file" },
	{ "passwordfile", "password-file" }, { "x", NULL }, { "", NULL }, { "pots", "post" }, {
	    "banana", NULL },
	{ "0123456789012345678901234567890123456789012345678901234567890123456789", NULL },
};

START_TEST(nearest)
{
	static const char *const known[] = { "gmail", "password-file", "post", NULL };
	const char *near = option_nearest(guesses[_i].name, known);

	if (guesses[_i].near == NULL)
		ck_assert_ptr_null(near);
	else
		ck_assert_pstr_eq(near, guesses[_i].near);
}
END_TEST

Suite *suite_config(void);

Suite *
suite_config(void)
{
	Suite *s = suite_create("config");
	TCase *tc = tcase_create("config");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, smallest);
	tcase_add_test(tc, pins);
	tcase_add_test(tc, everything);
	tcase_add_test(tc, names);
	tcase_add_test(tc, letters);
	tcase_add_test(tc, limits_lifted);
	tcase_add_loop_test(tc, endpoint, 0, sizeof(endpoints) / sizeof(endpoints[0]));
	tcase_add_loop_test(tc, refused, 0, sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(tc, unknown_provider_lists_the_known);
	tcase_add_test(tc, files_that_are_none);
	tcase_add_test(tc, inline_password_of_a_closed_file);
	tcase_add_test(tc, oauth_by_provider);
	tcase_add_test(tc, oauth_of_its_own);
	tcase_add_test(tc, oauth_only_when_asked_for);
	tcase_add_test(tc, crlf_and_utf8);
	tcase_add_loop_test(tc, says_all_mistakes, 0, sizeof(several) / sizeof(several[0]));
	tcase_add_test(tc, says_that_there_are_more);
	tcase_add_test(tc, no_octal);
	tcase_add_test(tc, nothing_expands);
	tcase_add_test(tc, sample_is_good);
	tcase_add_loop_test(tc, manual_has_every_option, 0, 5);
	tcase_add_loop_test(tc, nearest, 0, sizeof(guesses) / sizeof(guesses[0]));
	suite_add_tcase(s, tc);
	return s;
}
