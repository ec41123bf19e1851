/* test_import.c - what foreign configurations become, line by line. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/model.h"
#include "import/sources.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

struct file {
	const char *path, *text;
};

static const struct row {
	const char *name;
	enum import_kind kind;
	struct file file[6];
	const char *has[16];            /* lines, without what is between a value and its comment */
	const char *lacks[6];
	const char *password;           /* of the first relay; "": none has one */
} rows[] = {
	{ "ssmtp: names, TLS by its two words, a password with what else separates", IMPORT_SSMTP,
	  { { "/etc/ssmtp/ssmtp.conf", "# c\nroot=ops@example.com\nMAILHUB = mail.example.net:587\n"
	      "rewriteDomain=example.com\nUseTLS=YES\nUseSTARTTLS=yes\nAuthUser=me\nAuthPass=a#b=c d\nFromLineOverride=NO\n"
	      "Odd=1\n" } },
	  { "local-mail = \"ops@example.com\" # /etc/ssmtp/ssmtp.conf:2", "host = \"mail.example.net\" # /etc/ssmtp/ssmtp.conf:3",
	    "port = 587 # /etc/ssmtp/ssmtp.conf:3", "tls = \"starttls\" # /etc/ssmtp/ssmtp.conf:6",
	    "user = \"me\" # /etc/ssmtp/ssmtp.conf:7",
	    "password-file = \"/d/mailhub.password\" # /etc/ssmtp/ssmtp.conf:8", "#   /etc/ssmtp/ssmtp.conf:9: FromLineOverride: ",
	    "#   /etc/ssmtp/ssmtp.conf:10: Odd: not known here" }, { "a#b", "insecure" }, "a#b=c d\n" },
	{ "ssmtp: in the clear, as it was", IMPORT_SSMTP,
	  { { "/etc/ssmtp/ssmtp.conf", "mailhub=mail\n" } },
	  { "host = \"mail\" # /etc/ssmtp/ssmtp.conf:1", "port = 25", "tls = \"none\"", "insecure = true", "goes to mail in the clear" },
	  { "user" }, "" },
	{ "ssmtp: senders, and a mailhub of one's own", IMPORT_SSMTP,
	  { { "/etc/ssmtp/ssmtp.conf", "mailhub=mail.example.net:465\nUseTLS=YES\nAuthUser=me\nAuthPass=x\n" },
	    { "/etc/ssmtp/revaliases", "root:ops@example.com\nweb:web@example.com:other.example.net:465\n"
	      "x:x@y.org:mail.example.net\nbroken\n" } },
	  { "tls = \"implicit\"", "user-file = \"/d/senders\"", "relays = { \"mailhub\" }", "route { # /etc/ssmtp/revaliases:2",
	    "user = \"web\" # /etc/ssmtp/revaliases:2", "relays = { \"web\" } # /etc/ssmtp/revaliases:2",
	    "host = \"other.example.net\" # /etc/ssmtp/revaliases:2", "#   /etc/ssmtp/revaliases:4: line: not understood" },
	  { "broken", "relay \"x\"" }, "x\n" },
	{ "a user without a password does not log in", IMPORT_SSMTP,
	  { { "/etc/ssmtp/ssmtp.conf", "mailhub=[::1]:2525\nAuthUser=me\nAuthMethod=CRAM-MD5\n" } },
	  { "host = \"::1\"", "port = 2525", "tls = \"none\"", "user: relay mailhub: there is no password for it" },
	  { "user = ", "auth = ", "insecure" }, "" },
	{ "a password after a broken line is shown nowhere", IMPORT_SSMTP,
	  { { "/etc/ssmtp/ssmtp.conf", "mailhub=mail.example.net\nhunter2\nhunter2/ x\nAuthPass=\n" } },
	  { "ssmtp.conf:2: line: not understood", "ssmtp.conf:3: line: not understood",
	    "ssmtp.conf:4: password: it is empty" }, { "hunter2" }, "" },
	{ "msmtp: accounts, each with its defaults", IMPORT_MSMTP,
	  { { "/etc/msmtprc", "defaults\ntls on\nauth on\naliases /etc/msmtp.aliases\n\naccount a\nhost smtp.a.example\n"
	      "from me@a.example\n"
	      "user me\npassword \"s'e c\\ret\"\naccount b : a\nhost smtp.b.example\nport 465\ntls_starttls off\nfrom *@b.example\n"
	      "passwordeval \"cat x\"\ntls_certcheck off\ntls_crl_file /x\naccount default : a\n" },
	    { "/etc/msmtp.aliases", "root: x@y.org\ndefault: ops@example.com\n" } },
	  { "relays = { \"a\" } # /etc/msmtprc:19", "local-mail = \"ops@example.com\" # /etc/msmtp.aliases:2",
	    "aliases = \"/etc/msmtp.aliases\" # /etc/msmtprc:4", "tls = \"starttls\" # /etc/msmtprc:2", "port = 25 # /etc/msmtprc:7",
	    "from = \"me@a.example\" # /etc/msmtprc:8", "sender = \"*@b.example\" # /etc/msmtprc:15", "relays = { \"b\" }",
	    "tls = \"implicit\"",
	    "tls-verify = false", "password-command = { \"/bin/sh\", \"-c\", \"cat x\" }",
	    "msmtprc:16: passwordeval: relay b: ", "msmtprc:18: tls_crl_file: " },
	  { "b.password", "e c", "relay \"default\"" }, "s'e c\\ret\n" },
	{ "msmtp: a sender with the user's name in it", IMPORT_MSMTP,
	  { { "/etc/msmtprc", "account default\nhost smtp.a.example\ntls on\nfrom %U@a.example\nset_from_header on\n" } },
	  { "host = \"smtp.a.example\"", "msmtprc:4: from: relay default: each user keeps his own address" },
	  { "from = ", "from-header" }, "" },
	{ "msmtp: an account's own password goes before an inherited command", IMPORT_MSMTP,
	  { { "/etc/msmtprc", "account a\nhost smtp.a.example\ntls on\nauth plain\nuser me\npasswordeval cat x\n"
	      "account default : a\npassword y\n" } },
	  { "relays = { \"default\" }", "auth = \"plain\"", "password-file = \"/d/default.password\"" }, { "a.password" }, "y\n" },
	{ "msmtp: no default, an unknown parent, auth off", IMPORT_MSMTP,
	  { { "/etc/msmtprc", "account one : none\nhost smtp.one.example\nuser me\npassword x\ntls on\naccount two\n"
	      "host smtp.two.example\n"
	      "account one\nhost other.example\n" } },
	  { "msmtprc:1: account: none is no account before it", "no account is the default; one is taken",
	    "msmtprc:8: account: there is one of this name",
	    "relays = { \"one\" }", "host = \"smtp.one.example\"" }, { "user = ", "other.example" }, "" },
	{ "nullmailer: words as a shell has them, and a file a thing", IMPORT_NULLMAILER,
	  { { "/etc/nullmailer/remotes", "# c\n"
	      "mail.example.net smtp --port=587 --starttls --user='m e' --pass=\"p\\\"q r\" --auth-login\n"
	      "other.example.net smtp ssl port=465 --insecure --x\nq.example.net qmqp\n" },
	    { "/etc/nullmailer/me", "web1.example.com\n" }, { "/etc/nullmailer/adminaddr", "ops@example.com\n" },
	    { "/etc/nullmailer/defaulthost", "example.com\n" }, { "/etc/nullmailer/helohost", "helo.example.com\n" },
	    { "/etc/nullmailer/queuelifetime", "86400\n" } },
	  { "hostname = \"web1.example.com\" # /etc/nullmailer/me:1", "domain = \"example.com\"", "local-mail = \"ops@example.com\"",
	    "user = \"m e\"", "auth = \"LOGIN\"", "tls = \"starttls\"", "tls = \"implicit\"", "tls-verify = false",
	    "helo = \"helo.example.com\"",
	    "expire = 86400", "remotes:3: x: not known here", "remotes:4: q.example.net: only the protocol smtp" },
	  { "q r", "relay \"q.example.net\"" }, "p\"q r\n" },
	{ "dma: a login with '|' and ':' in its password", IMPORT_DMA,
	  { { "/etc/dma/dma.conf", "SMARTHOST mail.example.net\nPORT 587\nSECURETRANSFER\nSTARTTLS\nAUTHPATH /etc/dma/auth.conf\n"
	      "MAILNAME /etc/mailname\nMASQUERADE @example.com\nFULLBOUNCE\n" },
	    { "/etc/dma/auth.conf", "x|other.example.net:y\nme|mail.example.net:p:q|r\n" }, { "/etc/mailname", "web1.example.com\n" } },
	  { "hostname = \"web1.example.com\" # /etc/mailname:1", "domain = \"example.com\" # /etc/dma/dma.conf:7",
	    "user = \"me\" # /etc/dma/auth.conf:2",
	    "tls = \"starttls\" # /etc/dma/dma.conf:4", "auth.conf:1: login: for another host", "dma.conf:8: FULLBOUNCE: " },
	  { "p:q" }, "p:q|r\n" },
	{ "dma: it delivers by itself", IMPORT_DMA,
	  { { "/etc/dma/dma.conf", "#SMARTHOST\nALIASES /etc/aliases\nMAILNAME web1.example.com\n" } },
	  { "aliases = \"/etc/aliases\"", "smarthost: it has no host" }, { "relay \"" }, "" },
	{ "postfix: continuation lines, variables, tables", IMPORT_POSTFIX,
	  { { "/etc/postfix/main.cf", "mydomain = example.com\nmyhostname = web1.$mydomain\nmyorigin = ${mydomain}\nrelayhost =\n"
	      "# c\n  [mail.example.net]:587\nsmtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps =\n"
	      " hash:$config_directory/sasl,\n ldap:x\n"
	      "smtp_tls_security_level = encrypt\nsmtp_generic_maps = hash:/etc/postfix/generic\nmynetworks = 127.0.0.0/8 [fd00::]/8\n"
	      "inet_interfaces = 192.168.1.2, localhost\nmessage_size_limit = 20480000\nmaximal_queue_lifetime = 3\n"
	      "masquerade_domains = $mydomain\nmailbox_size_limit = 0\nodd = 1\n" },
	    { "/etc/postfix/sasl", "# c\nmail.example.net\twrong:pw\n[mail.example.net]:587 me:p:w\n" },
	    { "/etc/postfix/generic", "@web1.example.com @example.com\nroot@web1.example.com ops@example.com\nbob a@x.org, b@x.org\n" } },
	  { "hostname = \"web1.example.com\" # /etc/postfix/main.cf:2", "domain = \"example.com\"",
	    "host = \"mail.example.net\" # /etc/postfix/main.cf:4",
	    "user = \"me\" # /etc/postfix/sasl:3", "tls = \"starttls\"", "masquerade = { \"example.com\" }",
	    "max-message = 20480000", "expire = \"3d\"",
	    "allow = { \"127.0.0.0/8\", \"fd00::/8\" }", "listen \"192.168.1.2:25\" { # /etc/postfix/main.cf:14",
	    "generic:3: bob: several addresses",
	    "main.cf:19: odd: not known here" },
	  { "p:w", "mailbox_size_limit", "mydomain" }, "p:w\n" },
	{ "postfix: relays by sender, each with its login", IMPORT_POSTFIX,
	  { { "/etc/postfix/main.cf", "relayhost = mail.example.net:465\nsmtp_sasl_auth_enable = yes\n"
	      "smtp_sender_dependent_authentication = yes\n"
	      "smtp_sasl_password_maps = texthash:/s\nsender_dependent_relayhost_maps = texthash:/r\nsmtp_tls_wrappermode = yes\n"
	      "smtp_tls_security_level = verify\ninet_interfaces = loopback-only\n" },
	    { "/s", "mail.example.net me:one\nshop@example.com shop:two\n" }, { "/r", "shop@example.com [other.example.net]:465\n"
	      "@x.org [mail.x.org]\n" } },
	  { "relays = { \"relayhost\" }", "relay \"shop-example.com\" {", "sender = \"shop@example.com\"", "sender = \"*@x.org\"",
	    "relays = { \"x.org\" }",
	    "password-file = \"/d/shop-example.com.password\" # /s:2", "listen \"127.0.0.1:25\" {", "listen \"[::1]:25\" {",
	    "no login for relay x.org" },
	  { "two" }, "one\n" },
	{ "postfix: static logins, TLS where offered, what refers to itself", IMPORT_POSTFIX,
	  { { "/etc/postfix/main.cf", "relayhost = mail.example.net\nsmtp_sasl_auth_enable = yes\n"
	      "smtp_sasl_password_maps = static:me:pw\n"
	      "smtp_use_tls = yes\nmyhostname = $a\na = $b\nb = $a\ncanonical_maps = pcre:/x\n" } },
	  { "user = \"me\" # /etc/postfix/main.cf:3", "tls = \"starttls\"", "TLS is used always or never",
	    "main.cf:5: myhostname: it refers to itself",
	    "canonical_maps: pcre: only tables" }, { "hostname = \"" }, "pw\n" },
	{ "postfix: a network's door that nobody but this machine may use", IMPORT_POSTFIX,
	  { { "/etc/postfix/main.cf", "relayhost = 127.0.0.1:1025\ninet_interfaces = all\nmynetworks = 127.0.0.0/8\n" } },
	  { "listen \"127.0.0.1:25\" {", "listen \"[::1]:25\" {", "tls = \"none\"" }, { "0.0.0.0", "allow", "insecure" }, "" },
	{ "postfix: it delivers by itself", IMPORT_POSTFIX,
	  { { "/etc/postfix/main.cf", "relayhost =\nmyhostname = $mydomain\n" } }, { "# What postfix" }, { "relay \"" }, "" },
	{ "exim: a smarthost, its login by a star, names", IMPORT_EXIM,
	  { { "/etc/exim4/update-exim4.conf.conf", "dc_eximconfig_configtype='smarthost'\ndc_other_hostnames=''\n"
	      "dc_local_interfaces='127.0.0.1 ; ::1'\n"
	      "dc_readhost='example.com'\ndc_smarthost='mail.example.net::587'\ndc_hide_mailname='true'\n"
	      "dc_localdelivery='mail_spool'\n" },
	    { "/etc/exim4/passwd.client", "# c\nother.org:x:y\n*.example.net:me:p^w:more\n*:no:no\n" }, { "/etc/email-addresses",
	    "alice: alice@example.com\n" },
	    { "/etc/mailname", "web1.example.com\n" } },
	  { "domain = \"example.com\" # /etc/exim4/update-exim4.conf.conf:4", "host = \"mail.example.net\"", "port = 587",
	    "tls = \"starttls\"",
	    "user = \"me\" # /etc/exim4/passwd.client:3", "file = \"/d/sender-addresses\"", "apply = \"sender\"",
	    "listen \"[::1]:25\" {" },
	  { "allow", "other_hostnames", "p^w" }, "p^w:more\n" },
	{ "exim: no smarthost", IMPORT_EXIM,
	  { { "/etc/exim4/update-exim4.conf.conf", "dc_eximconfig_configtype='local'\ndc_smarthost='mail.example.net'\n" } },
	  { "conf:1: dc_eximconfig_configtype: it has no smarthost" }, { "relay \"" }, "" },
	{ "esmtp: identities", IMPORT_ESMTP,
	  { { "/etc/esmtprc", "hostname = mail.example.net:587\nusername = \"me\"\npassword = 'q w'\nstarttls = required\n"
	      "mda \"/usr/bin/procmail\"\n"
	      "identity shop@example.com\nhostname = other.example.net:25\nstarttls = enabled\n" } },
	  { "relays = { \"default\" }", "user = \"me\" # /etc/esmtprc:2", "tls = \"starttls\" # /etc/esmtprc:4", "esmtprc:5: mda: ",
	    "from = \"shop@example.com\" # /etc/esmtprc:6", "sender = \"shop@example.com\"", "esmtprc:8: starttls: TLS is used always" },
	  { "q w", "procmail" }, "q w\n" },
	{ "values that would end a string, a line or a comment", IMPORT_SSMTP,
	  { { "/etc/ssmtp/ssmtp.conf", "mailhub=mail.example.net:465\nUseTLS=YES\nAuthUser=a\"b\\c${d}'e\nAuthPass=x\n"
	      "hostname=a\"} relay\n"
	      "root=a\x01@b\n" } },
	  { "user = 'a\"b\\\\c${d}\\'e'", "ssmtp.conf:5: hostname: not a value that hostname can have", "ssmtp.conf:6: local-mail: " },
	  { "} relay" }, "x\n" },
};

static int
read_row(void *arg, const char *path, struct buf *ret)
{
	const struct row *row = arg;

	for (size_t i = 0; i < 6 && row->file[i].path != NULL; i++)
		if (strcmp(row->file[i].path, path) == 0) {
			buf_str(ret, row->file[i].text);
			return 0;
		}
	return -ENOENT;
}

/* Blanks in front, and those before a comment, are for the eye. */
static void
squeeze(struct buf *out, struct span text)
{
	struct span line;

	while (span_cut(&text, '\n', &line)) {
		line = span_trim(line);
		for (size_t i = 0; i < line.n; i++)
			if (line.p[0] == '#' || line.p[i] != ' ' || i + 1 == line.n || line.p[i + 1] != ' ')
				buf_char(out, line.p[i]);
		buf_char(out, '\n');
	}
}

typedef int (*reader)(struct import *im, const char *path);
static const reader readers[IMPORT_KINDS] = {
	[IMPORT_POSTFIX] = postfix_read, [IMPORT_EXIM] = exim_read, [IMPORT_NULLMAILER] = nullmailer_read,
	[IMPORT_DMA] = dma_read, [IMPORT_SSMTP] = ssmtp_read, [IMPORT_MSMTP] = msmtp_read, [IMPORT_ESMTP] = esmtp_read,
};

START_TEST(becomes)
{
	const struct row *row = &rows[_i];
	struct import    *im = model_new(row->kind);
	const struct import_file *f;
	struct buf        conf, text;
	const char       *password = "";
	size_t            n;

	im->read = read_row;
	im->arg = (void *)row;
	ck_assert_int_eq(readers[row->kind](im, row->file[0].path), 0);
	model_settle(im, "/nonexistent");
	buf_init(&conf, IMPORT_TEXT_MAX);
	buf_init(&text, IMPORT_TEXT_MAX);
	import_put(im, "/d", &conf);
	squeeze(&text, buf_view(&conf));
	for (size_t i = 0; i < 16 && row->has[i] != NULL; i++)
		ck_assert_msg(strstr(buf_cstr(&text), row->has[i]) != NULL, "%s: no '%s' in\n%s", row->name, row->has[i],
		    buf_cstr(&text));
	for (size_t i = 0; i < 6 && row->lacks[i] != NULL; i++)
		ck_assert_msg(strstr(buf_cstr(&text), row->lacks[i]) == NULL, "%s: '%s' in\n%s", row->name, row->lacks[i],
		    buf_cstr(&text));
	n = import_files(im, &f);
	for (size_t i = n; i > 0; i--)
		if (f[i - 1].secret)
			password = buf_cstr(&f[i - 1].text);
	ck_assert_str_eq(password, row->password);
	buf_done(&conf);
	buf_done(&text);
	import_free(im);
}
END_TEST

/* The first key of the source is the only one that can be missing. */
START_TEST(not_there)
{
	static const struct row nothing = { .name = "nothing" };

	for (enum import_kind k = 0; k < IMPORT_KINDS; k++) {
		struct import *im = model_new(k);

		im->read = read_row;
		im->arg = (void *)&nothing;
		ck_assert_int_eq(readers[k](im, "/etc/x"), -ENOENT);
		import_free(im);
		ck_assert_int_eq(import_kind_of(import_name(k)), k);
	}
	ck_assert_int_eq(import_kind_of("sendmail"), IMPORT_KINDS);
}
END_TEST

/* A list that never ends has an end, and says that it has. */
START_TEST(bounded)
{
	struct import *im = model_new(IMPORT_SSMTP);
	struct place   at = model_place(im, "/f", 1);
	struct buf     out;

	for (unsigned i = 0; i < 3 * MODEL_LEFT; i++)
		model_left(im, model_place(im, "/f", i), SPAN("x"), "y");
	ck_assert_uint_eq(import_left(im), 3 * MODEL_LEFT);
	for (unsigned i = 0; i < 2 * MODEL_SECTIONS; i++)
		model_add(im, SECTION_RELAY, SPAN("same name"), at);
	ck_assert_uint_eq(model_relays(im), MODEL_SECTIONS - 1);
	ck_assert_ptr_nonnull(model_relay(im, SPAN("same-name-2")));
	ck_assert_uint_gt(import_left(im), 3 * MODEL_LEFT);
	buf_init(&out, IMPORT_TEXT_MAX);
	import_put(im, "/d", &out);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "#   ... and"));
	buf_done(&out);
	import_free(im);
}
END_TEST

/* A map of many lines, where each name comes twice: the first counts, in any case of letters. */
START_TEST(each_once)
{
	struct import *im = model_new(IMPORT_POSTFIX);
	struct place   at = model_place(im, "/f\n", 1);
	const struct import_file *f;
	struct span    rest, line;
	size_t         n = 0;
	char           name[2][40];

	for (unsigned i = 0; i < 20000; i++) {
		snprintf(name[0], sizeof(name[0]), "u%u@example.com", i);
		snprintf(name[1], sizeof(name[1]), "U%u@Example.COM", i);
		model_map(im, MAP_SENDERS, span_of(name[i % 2]), SPAN("first@example.com"), at);
		model_map(im, MAP_SENDERS, span_of(name[1 - i % 2]), SPAN("second@example.com"), at);
	}
	ck_assert_uint_eq(import_files(im, &f), 1);
	ck_assert_uint_eq(import_left(im), 20000);
	ck_assert_ptr_null(strstr(buf_cstr(&f->text), "second"));
	for (rest = buf_view(&f->text); span_cut(&rest, '\n', &line); n++)
		ck_assert_ptr_nonnull(memmem(line.p, line.n, "\tfirst@example.com\t# /f?:1", 26));
	ck_assert_uint_eq(n, 20000);
	import_free(im);
}
END_TEST

Suite *suite_import(void);

Suite *
suite_import(void)
{
	Suite *s = suite_create("import");
	TCase *tc = tcase_create("import");

	tcase_add_loop_test(tc, becomes, 0, ROWS(rows));
	tcase_add_test(tc, not_there);
	tcase_add_test(tc, bounded);
	tcase_add_test(tc, each_once);
	suite_add_tcase(s, tc);
	return s;
}
