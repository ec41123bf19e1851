/*
 * test_provider.c - every provider file of the repository: it reads, each of
 * its rules says what the admin can do, and each rule's sample replies, put
 * through the reply parser, are judged by that very rule and no other.
 */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/provider.h"
#include "config/rulefile.h"
#include "config/source.h"

#define PROVIDERS "etc/providers"

#define MAX_FILES 200

static char *names[MAX_FILES];
static int nnames;

static void
list(void)
{
	DIR *d = opendir(PROVIDERS);
	struct dirent *e;
	size_t n;

	while (d != NULL && (e = readdir(d)) != NULL) {
		n = strlen(e->d_name);
		if (n > 5 && strcmp(e->d_name + n - 5, ".conf") == 0 && nnames < MAX_FILES)
			names[nnames++] = strndup(e->d_name, n - 5);
	}
	if (d != NULL)
		closedir(d);
}

static cfg_opt_t sample_schema[] = {
	SOURCE_OPTION("like"), SOURCE_OPTION("host"), SOURCE_OPTION("port"), SOURCE_OPTION("tls"),
	SOURCE_OPTION("auth"), SOURCE_OPTION("user-hint"), SOURCE_OPTION("app-password-letters"),
	SOURCE_LIST("domains"), SOURCE_OPTION("user-default"), SOURCE_OPTION("password-help"), SOURCE_OPTION("connections"),
	SOURCE_OPTION("pipeline-depth"), SOURCE_OPTION("recipients-per-message"),
	SOURCE_OPTION("messages-per-minute"), SOURCE_OPTION("messages-per-hour"),
	SOURCE_OPTION("messages-per-day"), SOURCE_OPTION("recipients-per-day"), SOURCE_OPTION("null-sender"),
	CFG_SEC("oauth", oauth_preset_schema, CFGF_MULTI | CFGF_NODEFAULT),
	CFG_SEC("rule", rulefile_schema, CFGF_MULTI | CFGF_NODEFAULT),
	CFG_END()
};

static unsigned
max1(unsigned n)
{
	return n > 0 ? n : 1;
}

/* Is this hint that of a rule in [from, from + n)?  Each has a copy of its own, so its address tells. */
static bool
is_hint_of(const struct rules *r, size_t from, size_t n, const char *hint)
{
	size_t i;

	for (i = from; i < from + n; i++)
		if (r->rule[i].hint == hint)
			return true;
	return false;
}

static bool
names_one(const void *arg, struct span text)
{
	return *(const bool *)arg && text.n > 0;
}

static void
judge(const struct provider *p, size_t from, size_t n, const struct reply *reply)
{
	unsigned when;
	const struct rule *rule = &p->rules.rule[from];

	for (when = 1; when <= WHEN_OTHER; when <<= 1) {
		struct judged at = { .when = (enum when)when, .some_accepted = true,
		    .with = rule->with == WITH_TOKEN ? WITH_TOKEN : WITH_PASSWORD,
		    .names = names_one, .arg = &rule->names_recipient };
		struct status st;

		if ((rule->when & when) == 0)
			continue;
		rules_judge(&p->rules, &at, reply, &st);
		ck_assert_msg(is_hint_of(&p->rules, from, n, st.hint),
		    "\"%s\" at phase %u went to: %s",
		    buf_cstr(&reply->text), when, st.hint != NULL ? st.hint : "no rule");
		ck_assert_str_eq(verdict_name(st.verdict), verdict_name(rule->verdict));
		ck_assert_int_eq(st.pause_s, rule->pause_s);
	}
}

static unsigned
feed_samples(const struct provider *p, cfg_t *sec, size_t from, size_t n)
{
	struct reply reply;
	unsigned i, replies = 0;
	const char *why = NULL;

	reply_init(&reply);
	for (i = 0; i < cfg_size(sec, "sample"); i++) {
		const char *line = cfg_getnstr(sec, "sample", i);
		enum reply_more more = reply_line(&reply, span_of(line), &why);

		ck_assert_msg(more != REPLY_BAD, "%s: %s", line, why);
		if (more == REPLY_MORE)
			continue;
		judge(p, from, n, &reply);
		reply_clear(&reply);
		replies++;
	}
	ck_assert_msg(reply.nlines == 0, "the last sample is not whole");
	reply_done(&reply);
	return replies;
}

START_TEST(file_reads_and_rules_win)
{
	char path[256];
	struct provider p;
	struct source s;
	struct buf why;
	unsigned i;
	size_t at = 0;
	bool family;

	buf_init(&why, 65536);
	snprintf(path, sizeof(path), "%s/%s.conf", PROVIDERS, names[_i]);
	ck_assert_msg(source_open(path, sample_schema, &s, &why) == 0, "%s", buf_cstr(&why));
	family = source_str(s.root, "host") != NULL && strstr(source_str(s.root, "host"), "REGION")
	    != NULL;
	snprintf(path, sizeof(path), "%s%s", names[_i], family ? "-eu-west-1" : "");
	ck_assert_msg(provider_read(PROVIDERS, path, &p, &why) == 0, "%s", buf_cstr(&why));

	ck_assert(strcmp(names[_i], "generic") == 0 || (p.host != NULL && p.port != 0 && p.tls !=
	    NULL &&
	    p.auth != NULL && p.user_hint != NULL));
	for (i = 0; i < cfg_size(s.root, "rule"); i++) {
		cfg_t *sec = cfg_getnsec(s.root, "rule", i);
		size_t n = max1(cfg_size(sec, "code")) * max1(cfg_size(sec, "dsn"));

		ck_assert_msg(source_str(sec, "hint") != NULL, "rule %u has no hint", i);
		ck_assert_msg(feed_samples(&p, sec, at, n) > 0, "rule %u has no sample", i);
		at += n;
	}
	ck_assert_uint_le(at, p.rules.n);
	provider_done(&p);
	source_close(&s);
	buf_done(&why);
}
END_TEST

/* An address's provider, by its domain; a domain that two files claim would be a lottery. */
START_TEST(domains_have_one_provider)
{
	static const struct { const char *domain, *provider; } rows[] = {
		{ "gmail.com", "gmail" }, { "GoogleMail.com", "gmail" }, { "hotmail.com", "outlook" },
		{ "me.com", "icloud" }, { "gmx.at", "gmx-net" }, { "yahoo.com", "yahoo" }, { "att.net", "att" },
		{ "example.com", NULL }, { "mail.gmail.com", NULL }, { "", NULL }, { "com", NULL },
	};
	struct buf name, seen, why;

	buf_init(&name, 64);
	buf_init(&seen, 65536);
	buf_init(&why, 65536);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(provider_of_domain(PROVIDERS, span_of(rows[i].domain), &name), rows[i].provider != NULL);
		ck_assert_str_eq(buf_cstr(&name), rows[i].provider != NULL ? rows[i].provider : "");
	}
	for (int f = 0; f < nnames; f++) {
		char path[256], **domains;
		struct source s;

		snprintf(path, sizeof(path), "%s/%s.conf", PROVIDERS, names[f]);
		ck_assert_int_eq(source_open(path, sample_schema, &s, &why), 0);
		domains = source_list(s.root, "domains");
		source_close(&s);
		for (size_t i = 0; domains != NULL && domains[i] != NULL; i++) {
			snprintf(path, sizeof(path), " %s ", domains[i]);
			ck_assert_msg(!span_icontains(buf_view(&seen), span_of(path)), "%s is in two files", domains[i]);
			buf_str(&seen, path);
			ck_assert(provider_of_domain(PROVIDERS, span_of(domains[i]), &name));
			ck_assert_str_eq(buf_cstr(&name), names[f]);
		}
		source_list_free(domains);
	}
	buf_done(&name);
	buf_done(&seen);
	buf_done(&why);
}
END_TEST

START_TEST(there_are_files)
{
	ck_assert_int_ge(nnames, 50);
	ck_assert_int_lt(nnames, MAX_FILES);
}
END_TEST

/* What must hold whoever rewrites the files: facts of the services, by their own words. */
static const struct {
	const char  *provider;
	enum when    when;
	const char  *lines[4];
	enum verdict verdict;
	int          pause_s;
} facts[] = {
	{ "gmail", WHEN_AUTH, { "535-5.7.8 Username and Password not accepted. For more "
	    "information, go to",
	    "535 5.7.8  https://support.google.com/mail/?p=BadCredentials x - gsmtp" },
	    VERDICT_CREDENTIAL, 0 },
	{ "gmail", WHEN_AUTH, { "534-5.7.14 <https://accounts.google.com/x> Please log",
	    "534-5.7.14 in via your web browser and then try again.",
	    "534 5.7.14  https://support.google.com/mail/answer/78754 x - gsmtp" },
	    VERDICT_CREDENTIAL, 14400 },
	{ "gmail", WHEN_AUTH, { "454 4.7.0 Too many login attempts, please try again later." },
	    VERDICT_PAUSE, 900 },
	/* A used-up day must not bounce, wherever it is said. */
	{ "gmail", WHEN_MAIL, { "550-5.4.5 Daily user sending limit exceeded. For more "
	    "information on Gmail",
	    "550 5.4.5 sending limits go to x - gsmtp" }, VERDICT_PAUSE, 3600 },
	{ "gmail", WHEN_RCPT, { "550 5.4.5 Daily user sending limit exceeded." }, VERDICT_PAUSE,
	    3600 },
	{ "gmail", WHEN_DATA, { "550 5.4.5 Daily user sending limit exceeded." }, VERDICT_PAUSE,
	    3600 },
	{ "gmail", WHEN_END, { "550 5.4.5 Daily user sending limit exceeded." }, VERDICT_PAUSE,
	    3600 },
	{ "gmail", WHEN_MAIL, { "451 4.4.2 Timeout - closing connection. 11sm1314198wmd.23 - "
	    "gsmtp" }, VERDICT_RECONNECT, 0 },
	{ "gmail", WHEN_MAIL, { "421 4.7.0 Connection expired, try reconnecting" },
	    VERDICT_RECONNECT, 0 },
	{ "gmail", WHEN_RCPT, { "452-4.5.3 Your message has too many recipients. x",
	    "452 4.5.3 y - gsmtp" }, VERDICT_SPLIT, 0 },
	{ "gmail", WHEN_RCPT, { "550-5.1.1 The email account that you tried to reach does not "
	    "exist.", "550 5.1.1 x - gsmtp" }, VERDICT_REJECT, 0 },
	{ "gmail", WHEN_EHLO, { "421-4.7.0 Try again later, closing connection. (EHLO)",
	    "421 4.7.0  x - gsmtp" }, VERDICT_PAUSE, 600 },
	{ "gmail-relay", WHEN_MAIL, { "550-5.7.0 Mail relay denied [203.0.113.7]. Invalid "
	    "credentials for relay for", "550 5.7.0 one of the domains in: x. y - gsmtp" },
	    VERDICT_CONFIG, 0 },
	{ "m365", WHEN_MAIL, { "550 5.7.30 Basic authentication is not supported for Client "
	    "Submission. [x]" }, VERDICT_CREDENTIAL, 0 },
	{ "m365", WHEN_END, { "554 5.2.252 SendAsDenied; a@x not allowed to send as b@x; "
	    "STOREDRV.x" }, VERDICT_CONFIG, 0 },
	{ "m365", WHEN_END, {
	    "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; x" },
	    VERDICT_PAUSE, 3600 },
	{ "m365", WHEN_MAIL, { "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded" },
	    VERDICT_PAUSE, 30 },
	{ "ses-us-east-1", WHEN_END, { "454 Throttling failure: Maximum sending rate exceeded." },
	    VERDICT_PAUSE, 3 },
	{ "ses-us-east-1", WHEN_AUTH, { "535 Authentication Credentials Invalid" },
	    VERDICT_CREDENTIAL, 0 },
	{ "sendgrid", WHEN_AUTH, { "451 Authentication failed: Maximum credits exceeded" },
	    VERDICT_PAUSE, 10800 },
	{ "zoho-eu", WHEN_END, { "553 Relaying disallowed as root@web1" }, VERDICT_CONFIG, 0 },
	{ "generic", WHEN_RCPT, { "554 5.7.1 <a@b>: Relay access denied" }, VERDICT_RECONNECT, 0 },
	{ "generic", WHEN_MAIL, { "553 5.7.1 <a@b>: Sender address rejected: not owned by user c"
	    }, VERDICT_CONFIG, 0 },
	{ "fastmail", WHEN_AUTH, { "535 5.7.0 Incorrect username or password." },
	    VERDICT_CREDENTIAL, 0 },
};

START_TEST(fact)
{
	struct judged at = { .when = facts[_i].when, .some_accepted = true, .with = WITH_PASSWORD };
	struct provider p;
	struct status st;
	struct reply r;
	struct buf why;
	const char *detail;
	int i;

	buf_init(&why, 65536);
	ck_assert_msg(provider_read(PROVIDERS, facts[_i].provider, &p, &why) == 0, "%s",
	    buf_cstr(&why));
	reply_init(&r);
	for (i = 0; i < 4 && facts[_i].lines[i] != NULL; i++)
		ck_assert_int_ne(reply_line(&r, span_of(facts[_i].lines[i]), &detail), REPLY_BAD);
	rules_judge(&p.rules, &at, &r, &st);
	ck_assert_str_eq(verdict_name(st.verdict), verdict_name(facts[_i].verdict));
	ck_assert_int_eq(st.pause_s, facts[_i].pause_s);
	ck_assert_ptr_nonnull(st.hint);
	reply_done(&r);
	provider_done(&p);
	buf_done(&why);
}
END_TEST

/* Where each service takes mail, and how one logs in there: none may be forgotten. */
static const struct {
	const char *name, *host;
	unsigned    port;
	const char *tls, *auth;
} presets[] = {
	{ "gmail", "smtp.gmail.com", 465, "implicit", "PLAIN LOGIN XOAUTH2 OAUTHBEARER" },
	{ "gworkspace", "smtp.gmail.com", 465, "implicit", "PLAIN LOGIN XOAUTH2 OAUTHBEARER" },
	{ "gworkspace-relay", "smtp-relay.gmail.com", 465, "implicit", "PLAIN LOGIN XOAUTH2 OAUTHBEARER" },
	{ "m365", "smtp.office365.com", 587, "starttls", "XOAUTH2 LOGIN" },
	{ "outlook", "smtp-mail.outlook.com", 587, "starttls", "XOAUTH2" },
	{ "ses-eu-west-1", "email-smtp.eu-west-1.amazonaws.com", 465, "implicit", "PLAIN LOGIN" },
	{ "fastmail", "smtp.fastmail.com", 465, "implicit", "PLAIN LOGIN XOAUTH2 OAUTHBEARER" },
	{ "yahoo", "smtp.mail.yahoo.com", 465, "implicit", "PLAIN LOGIN XOAUTH2" },
	{ "aol", "smtp.aol.com", 465, "implicit", "PLAIN LOGIN XOAUTH2" },
	{ "att", "smtp.mail.att.net", 465, "implicit", "PLAIN XOAUTH2" },
	{ "icloud", "smtp.mail.me.com", 587, "starttls", "PLAIN LOGIN" },
	{ "zoho", "smtp.zoho.com", 465, "implicit", "LOGIN PLAIN" },
	{ "zoho-pro", "smtppro.zoho.com", 465, "implicit", "LOGIN PLAIN" },
	{ "zoho-eu", "smtp.zoho.eu", 465, "implicit", "LOGIN PLAIN" },
	{ "zoho-in", "smtp.zoho.in", 465, "implicit", "LOGIN PLAIN" },
	{ "zoho-au", "smtp.zoho.com.au", 465, "implicit", "LOGIN PLAIN" },
	{ "zoho-jp", "smtp.zoho.jp", 465, "implicit", "LOGIN PLAIN" },
	{ "zoho-ca", "smtp.zohocloud.ca", 465, "implicit", "LOGIN PLAIN" },
	{ "gmx-net", "mail.gmx.net", 465, "implicit", "PLAIN LOGIN" },
	{ "gmx-com", "mail.gmx.com", 465, "implicit", "PLAIN LOGIN" },
	{ "mailcom", "smtp.mail.com", 465, "implicit", "PLAIN LOGIN" },
	{ "webde", "smtp.web.de", 465, "implicit", "PLAIN LOGIN" },
	{ "tonline", "securesmtp.t-online.de", 465, "implicit", "PLAIN LOGIN" },
	{ "ionos", "smtp.1und1.de", 465, "implicit", "PLAIN LOGIN" },
	{ "strato", "smtp.strato.de", 465, "implicit", "PLAIN LOGIN" },
	{ "posteo", "posteo.de", 465, "implicit", "PLAIN" },
	{ "proton", "smtp.protonmail.ch", 587, "starttls", "PLAIN LOGIN" },
	{ "yandex", "smtp.yandex.com", 465, "implicit", "PLAIN LOGIN XOAUTH2" },
	{ "mailru", "smtp.mail.ru", 465, "implicit", "PLAIN LOGIN XOAUTH2" },
	{ "comcast", "smtp.comcast.net", 465, "implicit", "PLAIN XOAUTH2" },
	{ "orange", "smtp.orange.fr", 465, "implicit", "PLAIN LOGIN" },
	{ "free", "smtp.free.fr", 465, "implicit", "PLAIN LOGIN" },
	{ "laposte", "smtp.laposte.net", 465, "implicit", "PLAIN LOGIN" },
	{ "sfr", "smtp.sfr.fr", 465, "implicit", "PLAIN LOGIN" },
	{ "ovh", "ssl0.ovh.net", 465, "implicit", "PLAIN LOGIN" },
	{ "gandi", "mail.gandi.net", 465, "implicit", "PLAIN LOGIN" },
	{ "infomaniak", "mail.infomaniak.com", 587, "starttls", "PLAIN LOGIN" },
	{ "bt", "mail.btinternet.com", 465, "implicit", "PLAIN LOGIN" },
	{ "bell", "smtphm.sympatico.ca", 587, "starttls", "PLAIN LOGIN" },
	{ "telstra", "smtp.telstra.com", 465, "implicit", "PLAIN LOGIN" },
	{ "sendgrid", "smtp.sendgrid.net", 465, "implicit", "PLAIN LOGIN" },
	{ "mailgun", "smtp.mailgun.org", 465, "implicit", "PLAIN LOGIN" },
	{ "mailgun-eu", "smtp.eu.mailgun.org", 465, "implicit", "PLAIN LOGIN" },
	{ "postmark", "smtp.postmarkapp.com", 587, "starttls", "PLAIN LOGIN CRAM-MD5" },
	{ "postmark-broadcast", "smtp-broadcasts.postmarkapp.com", 587, "starttls", "PLAIN LOGIN CRAM-MD5" },
	{ "brevo", "smtp-relay.brevo.com", 587, "starttls", "PLAIN LOGIN" },
	{ "sparkpost", "smtp.sparkpostmail.com", 587, "starttls", "LOGIN" },
	{ "sparkpost-eu", "smtp.eu.sparkpostmail.com", 587, "starttls", "LOGIN" },
	{ "mailjet", "in-v3.mailjet.com", 587, "starttls", "PLAIN LOGIN" },
	{ "smtp2go", "mail.smtp2go.com", 465, "implicit", "PLAIN LOGIN" },
	{ "mandrill", "smtp.mandrillapp.com", 587, "starttls", "PLAIN LOGIN" },
	{ "resend", "smtp.resend.com", 465, "implicit", "PLAIN LOGIN" },
	{ "mailersend", "smtp.mailersend.net", 587, "starttls", "PLAIN LOGIN" },
	{ "mailtrap", "live.smtp.mailtrap.io", 587, "starttls", "PLAIN LOGIN" },
};

START_TEST(preset)
{
	struct span rest = span_of(presets[_i].auth), mechanism;
	struct provider p;
	struct buf why;

	buf_init(&why, 65536);
	ck_assert_msg(provider_read(PROVIDERS, presets[_i].name, &p, &why) == 0, "%s", buf_cstr(&why));
	ck_assert_str_eq(p.host, presets[_i].host);
	ck_assert_uint_eq(p.port, presets[_i].port);
	ck_assert_str_eq(p.tls, presets[_i].tls);
	ck_assert_uint_eq(strlen(p.auth), rest.n);
	while (span_cut(&rest, ' ', &mechanism))
		ck_assert(span_icontains(span_of(p.auth), mechanism));
	provider_done(&p);
	buf_done(&why);
}
END_TEST

/* ---- files of our own making ---- */

static char dir[] = "/tmp/postern-provider-XXXXXX";

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.conf", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void
teardown(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while ((e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(dir);
}

static int
read_it(const char *name, struct provider *p, struct buf *why)
{
	buf_init(why, 65536);
	memset(p, 0, sizeof(*p));
	return provider_read(dir, name, p, why);
}

START_TEST(like_fills_the_rest)
{
	struct provider p;
	struct buf why;

	put("base", "host = base port = 465 tls = implicit auth = plain user-hint = x "
	    "connections = 2 app-password-letters = 16\n"
	    "pipeline-depth = 3 recipients-per-message = 4 rule { code = 550 verdict = defer "
	    "hint = b }");
	put("child", "like = base host = child tls = starttls user-hint = \"\" rule { code = "
	    "551 verdict = defer hint = c }");
	ck_assert_int_eq(read_it("child", &p, &why), 0);
	ck_assert_str_eq(p.host, "child");
	ck_assert_uint_eq(p.port, 0);           /* 465 would not fit starttls */
	ck_assert_str_eq(p.tls, "starttls");
	ck_assert_str_eq(p.auth, "plain");
	ck_assert_str_eq(p.user_hint, "");
	ck_assert_uint_eq(p.connections, 2);
	ck_assert_uint_eq(p.app_password_letters, 16);
	ck_assert_uint_eq(p.pipeline_depth, 3);
	ck_assert_uint_eq(p.recipients_per_message, 4);
	ck_assert_uint_eq(p.rules.n, 2);
	ck_assert_str_eq(p.rules.rule[0].hint, "c");
	ck_assert_str_eq(p.rules.rule[1].hint, "b");
	provider_done(&p);
	buf_done(&why);
}
END_TEST

START_TEST(limits_are_inherited_and_lifted)
{
	struct provider p;
	struct buf why;

	put("base", "host = base messages-per-minute = 30 messages-per-hour = 100 "
	    "messages-per-day = 500\nrecipients-per-day = 10000 null-sender = false");
	put("same", "like = base");
	put("more", "like = base messages-per-minute = 0 messages-per-day = 2000 null-sender = yes");
	ck_assert_int_eq(read_it("same", &p, &why), 0);
	ck_assert_uint_eq(p.messages_per_minute, 30);
	ck_assert_uint_eq(p.messages_per_hour, 100);
	ck_assert_uint_eq(p.messages_per_day, 500);
	ck_assert_uint_eq(p.recipients_per_day, 10000);
	ck_assert(p.refuses_null_sender);
	provider_done(&p);
	buf_done(&why);
	ck_assert_int_eq(read_it("more", &p, &why), 0);
	ck_assert_uint_eq(p.messages_per_minute, 0);
	ck_assert_uint_eq(p.messages_per_hour, 100);
	ck_assert_uint_eq(p.messages_per_day, 2000);
	ck_assert(!p.refuses_null_sender);
	provider_done(&p);
	buf_done(&why);
}
END_TEST

START_TEST(a_family_wants_a_region)
{
	struct provider p;
	struct buf why;

	put("fam", "host = x.REGION.example.com");
	put("other", "host = x.example.com");
	ck_assert_int_eq(read_it("fam-eu-west-1", &p, &why), 0);
	ck_assert_str_eq(p.host, "x.eu-west-1.example.com");
	provider_done(&p);
	ck_assert_int_eq(read_it("fam", &p, &why), EX_NOINPUT);
	ck_assert_str_eq(buf_cstr(&why), "provider \"fam\" needs a region; write "
	    "\"fam-REGION\", for example \"fam-eu-west-1\"");
	buf_done(&why);
	ck_assert_int_eq(read_it("other-eu", &p, &why), EX_NOINPUT);
	ck_assert_str_eq(buf_cstr(&why), "unknown provider \"other-eu\"; known: fam, other");
	buf_done(&why);
}
END_TEST

static const struct {
	const char *text;
	int         rc;
	const char *why;        /* behind the file's name */
} bad[] = {
	{ "like = bad", EX_CONFIG, ":1: like: goes round, or through more than 4 files" },
	{ "\nlike = nobody", EX_CONFIG, ":2: like: there is no provider \"nobody\"" },
	{ "host = a\ntls = none", EX_CONFIG, ":2: tls: a provider without TLS is none; write "
	    "\"implicit\" or \"starttls\"" },
	{ "host = a\nrule { verdict = defer }", EX_CONFIG, ":2: rule: matches every reply; add "
	    "code, dsn or contains" },
	{ "host = a\nprot = 1", EX_CONFIG, ":2: unknown option \"prot\"; did you mean \"port\"?" },
};

START_TEST(bad_file)
{
	struct provider p;
	struct buf why;
	char want[512];

	put("bad", bad[_i].text);
	ck_assert_int_eq(read_it("bad", &p, &why), bad[_i].rc);
	snprintf(want, sizeof(want), "%s/bad.conf%s", dir, bad[_i].why);
	ck_assert_str_eq(buf_cstr(&why), want);
	buf_done(&why);
}
END_TEST

START_TEST(no_way_out_of_the_folder)
{
	struct provider p;
	struct buf why;

	put("x", "host = a");
	ck_assert_int_eq(read_it("../x", &p, &why), EX_NOINPUT);
	ck_assert_str_eq(buf_cstr(&why), "unknown provider \"../x\"; known: x");
	buf_done(&why);
}
END_TEST

START_TEST(no_folder)
{
	struct provider p;
	struct buf why;

	buf_init(&why, 1024);
	ck_assert_int_eq(provider_read("/nonexistent", "gmail", &p, &why), EX_NOINPUT);
	ck_assert_str_eq(buf_cstr(&why), "unknown provider \"gmail\"; there are no provider "
	    "files in /nonexistent");
	buf_done(&why);
}
END_TEST

Suite *suite_provider(void);

Suite *
suite_provider(void)
{
	Suite *s = suite_create("provider");
	TCase *files = tcase_create("files");
	TCase *own = tcase_create("own");

	list();
	tcase_add_test(files, there_are_files);
	tcase_add_test(files, domains_have_one_provider);
	tcase_add_loop_test(files, file_reads_and_rules_win, 0, nnames);
	tcase_add_loop_test(files, fact, 0, sizeof(facts) / sizeof(facts[0]));
	tcase_add_loop_test(files, preset, 0, sizeof(presets) / sizeof(presets[0]));
	suite_add_tcase(s, files);
	tcase_add_checked_fixture(own, setup, teardown);
	tcase_add_test(own, like_fills_the_rest);
	tcase_add_test(own, limits_are_inherited_and_lifted);
	tcase_add_test(own, a_family_wants_a_region);
	tcase_add_loop_test(own, bad_file, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(own, no_way_out_of_the_folder);
	tcase_add_test(own, no_folder);
	suite_add_tcase(s, own);
	return s;
}
