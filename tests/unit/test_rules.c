/* test_rules.c - the default table cell by cell, and rules before it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "smtp/rules.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

/* One line, or several with '|' between, as a server says them. */
static void
judge(const struct rules *rules, const struct judged *at, const char *said, struct status *ret)
{
	struct span rest = span_of(said), line;
	struct reply r;
	const char *why = "";

	reply_init(&r);
	while (span_cut(&rest, '|', &line))
		ck_assert_msg(reply_line(&r, line, &why) != REPLY_BAD, "%s: %s", said, why);
	memset(ret, 0xff, sizeof(*ret));
	rules_judge(rules, at, &r, ret);
	reply_done(&r);
}

/*
 * Every cell.  Written out, not computed: this table and the code's are to
 * be two opinions.
 */
static const struct cell {
	enum when    when;
	int          code;
	enum verdict verdict;
	enum scope   scope;
} cells[] = {
	{ WHEN_BANNER,   220, VERDICT_NONE,       SCOPE_RELAY },
	{ WHEN_BANNER,   421, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_BANNER,   450, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_BANNER,   554, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_EHLO,     250, VERDICT_NONE,       SCOPE_RELAY },
	{ WHEN_EHLO,     421, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_EHLO,     451, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_EHLO,     502, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_EHLO,     550, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_STARTTLS, 220, VERDICT_NONE,       SCOPE_RELAY },
	{ WHEN_STARTTLS, 421, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_STARTTLS, 454, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_STARTTLS, 501, VERDICT_CONFIG,     SCOPE_RELAY },
	{ WHEN_STARTTLS, 502, VERDICT_CONFIG,     SCOPE_RELAY },
	{ WHEN_AUTH,     235, VERDICT_NONE,       SCOPE_RELAY },
	{ WHEN_AUTH,     334, VERDICT_NONE,       SCOPE_RELAY },
	{ WHEN_AUTH,     421, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_AUTH,     432, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_AUTH,     454, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_AUTH,     504, VERDICT_CREDENTIAL, SCOPE_RELAY },
	{ WHEN_AUTH,     530, VERDICT_CREDENTIAL, SCOPE_RELAY },
	{ WHEN_AUTH,     535, VERDICT_CREDENTIAL, SCOPE_RELAY },
	{ WHEN_MAIL,     250, VERDICT_NONE,       SCOPE_MESSAGE },
	{ WHEN_MAIL,     421, VERDICT_RECONNECT,  SCOPE_SESSION },
	{ WHEN_MAIL,     450, VERDICT_DEFER,      SCOPE_MESSAGE },
	{ WHEN_MAIL,     452, VERDICT_DEFER,      SCOPE_MESSAGE },
	{ WHEN_MAIL,     530, VERDICT_RECONNECT,  SCOPE_SESSION },
	{ WHEN_MAIL,     550, VERDICT_REJECT,     SCOPE_MESSAGE },
	{ WHEN_MAIL,     552, VERDICT_REJECT,     SCOPE_MESSAGE },
	{ WHEN_RCPT,     250, VERDICT_NONE,       SCOPE_RECIPIENT },
	{ WHEN_RCPT,     251, VERDICT_NONE,       SCOPE_RECIPIENT },
	{ WHEN_RCPT,     252, VERDICT_NONE,       SCOPE_RECIPIENT },
	{ WHEN_RCPT,     421, VERDICT_RECONNECT,  SCOPE_SESSION },
	{ WHEN_RCPT,     450, VERDICT_DEFER,      SCOPE_RECIPIENT },
	{ WHEN_RCPT,     452, VERDICT_DEFER,      SCOPE_RECIPIENT },
	{ WHEN_RCPT,     552, VERDICT_DEFER,      SCOPE_RECIPIENT },
	{ WHEN_RCPT,     550, VERDICT_REJECT,     SCOPE_RECIPIENT },
	{ WHEN_RCPT,     530, VERDICT_REJECT,     SCOPE_RECIPIENT },
	{ WHEN_RCPT,     599, VERDICT_REJECT,     SCOPE_RECIPIENT },
	{ WHEN_DATA,     354, VERDICT_NONE,       SCOPE_MESSAGE },
	{ WHEN_DATA,     421, VERDICT_RECONNECT,  SCOPE_SESSION },
	{ WHEN_DATA,     451, VERDICT_DEFER,      SCOPE_MESSAGE },
	{ WHEN_DATA,     503, VERDICT_REJECT,     SCOPE_MESSAGE },
	{ WHEN_DATA,     554, VERDICT_REJECT,     SCOPE_MESSAGE },
	{ WHEN_END,      250, VERDICT_SENT,       SCOPE_MESSAGE },
	{ WHEN_END,      299, VERDICT_SENT,       SCOPE_MESSAGE },
	{ WHEN_END,      421, VERDICT_DEFER,      SCOPE_MESSAGE },
	{ WHEN_END,      452, VERDICT_DEFER,      SCOPE_MESSAGE },
	{ WHEN_END,      552, VERDICT_REJECT,     SCOPE_MESSAGE },
	{ WHEN_END,      554, VERDICT_REJECT,     SCOPE_MESSAGE },
	{ WHEN_OTHER,    250, VERDICT_NONE,       SCOPE_SESSION },
	{ WHEN_OTHER,    421, VERDICT_RECONNECT,  SCOPE_SESSION },
	{ WHEN_OTHER,    451, VERDICT_NONE,       SCOPE_SESSION },
	{ WHEN_OTHER,    502, VERDICT_RECONNECT,  SCOPE_SESSION },
	/* A yes that nobody asked for: out of step, and nothing about a message. */
	{ WHEN_BANNER,   354, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_EHLO,     334, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_STARTTLS, 250, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_AUTH,     354, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_AUTH,     250, VERDICT_PAUSE,      SCOPE_RELAY },
	{ WHEN_MAIL,     354, VERDICT_RECONNECT,  SCOPE_SESSION },
	{ WHEN_RCPT,     354, VERDICT_RECONNECT,  SCOPE_SESSION },
	{ WHEN_DATA,     250, VERDICT_RECONNECT,  SCOPE_SESSION },
	{ WHEN_END,      354, VERDICT_RECONNECT,  SCOPE_SESSION },
	{ WHEN_OTHER,    354, VERDICT_RECONNECT,  SCOPE_SESSION },
};

START_TEST(default_table)
{
	struct judged at = { .when = cells[_i].when, .with = WITH_PASSWORD };
	struct status s;
	char said[32];

	snprintf(said, sizeof(said), "%d some text", cells[_i].code);
	judge(NULL, &at, said, &s);
	ck_assert_msg(s.verdict == cells[_i].verdict && s.scope == cells[_i].scope,
	    "phase %#x, %s: %s, scope %d", (unsigned)cells[_i].when, said,
	    verdict_name(s.verdict), s.scope);
	ck_assert_int_eq(s.code, cells[_i].code);
	ck_assert_str_eq(s.text, "some text");
	if (at.when == WHEN_AUTH && s.verdict == VERDICT_CREDENTIAL)
		ck_assert_str_eq(s.hint, RULES_LOGIN_HINT);
	else if (at.when == WHEN_MAIL && s.code == 530)
		ck_assert_str_eq(s.hint, RULES_AGAIN_HINT);
	else
		ck_assert_ptr_null(s.hint);
	ck_assert_int_eq(s.pause_s, at.when == WHEN_AUTH && s.verdict == VERDICT_PAUSE ? RULES_LOGIN_PAUSE_S : 0);
}
END_TEST

static bool
settles(enum verdict v)
{
	return v == VERDICT_SENT || v == VERDICT_REJECT || v == VERDICT_DEFER || v == VERDICT_SPLIT;
}

/*
 * The promise behind the table: of all the codes there are, in all phases,
 * none about the relay settles a message, and none is lost.
 */
START_TEST(every_code_in_every_phase)
{
	int code;
	unsigned bit;

	for (bit = WHEN_BANNER; bit <= WHEN_OTHER; bit <<= 1) {
		bool about_mail = (bit & (WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_END)) != 0;

		for (code = 200; code < 600; code++) {
			struct judged at = { .when = (enum when)bit };
			struct status s;
			char said[32];

			snprintf(said, sizeof(said), "%d", code);
			judge(NULL, &at, said, &s);
			if (!about_mail)
				ck_assert(!settles(s.verdict));
			if (s.verdict == VERDICT_REJECT)
				ck_assert_int_ge(code, 500);
			if (s.verdict == VERDICT_SENT)
				ck_assert(bit == WHEN_END && code < 300);
			if (code >= 400 && bit != WHEN_OTHER)
				ck_assert_int_ne(s.verdict, VERDICT_NONE);
			ck_assert_int_eq(s.scope == SCOPE_RECIPIENT, bit == WHEN_RCPT &&
			    s.scope != SCOPE_SESSION && s.scope != SCOPE_RELAY);
		}
	}
}
END_TEST

static const struct {
	enum when    when;
	int          code;
	bool         some_accepted;
	enum with    with;
	enum verdict verdict;
	enum scope   scope;
} states[] = {
	{ WHEN_RCPT, 452, true,  WITH_PASSWORD,  VERDICT_SPLIT,     SCOPE_RECIPIENT },
	{ WHEN_RCPT, 552, true,  WITH_PASSWORD,  VERDICT_SPLIT,     SCOPE_RECIPIENT },
	{ WHEN_RCPT, 452, false, WITH_PASSWORD,  VERDICT_DEFER,     SCOPE_RECIPIENT },
	{ WHEN_RCPT, 552, false, WITH_PASSWORD,  VERDICT_DEFER,     SCOPE_RECIPIENT },
	{ WHEN_RCPT, 451, true,  WITH_PASSWORD,  VERDICT_DEFER,     SCOPE_RECIPIENT },
	{ WHEN_RCPT, 550, true,  WITH_PASSWORD,  VERDICT_REJECT,    SCOPE_RECIPIENT },
	{ WHEN_RCPT, 421, true,  WITH_PASSWORD,  VERDICT_RECONNECT, SCOPE_SESSION },
	{ WHEN_MAIL, 452, true,  WITH_PASSWORD,  VERDICT_DEFER,     SCOPE_MESSAGE },
	{ WHEN_END,  452, true,  WITH_PASSWORD,  VERDICT_DEFER,     SCOPE_MESSAGE },
	{ WHEN_END,  552, true,  WITH_PASSWORD,  VERDICT_REJECT,    SCOPE_MESSAGE },
	{ WHEN_MAIL, 530, false, WITH_PASSWORD,  VERDICT_RECONNECT, SCOPE_SESSION },
	{ WHEN_MAIL, 530, false, WITH_NONE, VERDICT_CONFIG,    SCOPE_RELAY },
	{ WHEN_MAIL, 550, false, WITH_NONE, VERDICT_REJECT,    SCOPE_MESSAGE },
};

START_TEST(the_state_of_things)
{
	struct judged at = { .when = states[_i].when, .some_accepted = states[_i].some_accepted,
		.with = states[_i].with };
	struct status s;
	char said[32];

	snprintf(said, sizeof(said), "%d", states[_i].code);
	judge(NULL, &at, said, &s);
	ck_assert_int_eq(s.verdict, states[_i].verdict);
	ck_assert_int_eq(s.scope, states[_i].scope);
}
END_TEST

static const struct {
	const char *said, *dsn, *text;
} words[] = {
	{ "550-5.1.1 The email  account|550 5.1.1 does not exist.", "5.1.1",
	  "5.1.1 The email account does not exist." },
	{ "550 no such user", "5.0.0", "no such user" },
	{ "450 later", "4.0.0", "later" },
	{ "250 2.0.0 OK", "2.0.0", "2.0.0 OK" },
	{ "250 OK", "2.0.0", "OK" },
	{ "354 go", "", "go" },
	/* An enhanced code of another class is none. */
	{ "454 5.5.1 x", "4.0.0", "5.5.1 x" },
	{ "550 a\tb\x1b[1m\xc3\xbc", "5.0.0", "a b?[1m??" },
	{ "550", "5.0.0", "" },
};

START_TEST(quotes_the_reply)
{
	struct judged at = { .when = WHEN_END, .with = WITH_PASSWORD };
	struct status s;

	judge(NULL, &at, words[_i].said, &s);
	ck_assert_str_eq(s.dsn, words[_i].dsn);
	ck_assert_str_eq(s.text, words[_i].text);
}
END_TEST

START_TEST(a_long_text_is_cut)
{
	struct judged at = { .when = WHEN_END, .with = WITH_PASSWORD };
	struct status s;
	char said[1500];

	memset(said, 'x', sizeof(said));
	memcpy(said, "550 ", 4);
	said[sizeof(said) - 1] = '\0';
	judge(NULL, &at, said, &s);
	ck_assert_uint_eq(strlen(s.text), sizeof(s.text) - 1);
	ck_assert_int_eq(s.verdict, VERDICT_REJECT);
}
END_TEST

/* A provider's file, as it will be: tried from top to bottom. */
static char *limit_texts[] = { "sending  limit\texceeded", "Sending Quota exceeded", NULL };
static char *crowd_texts[] = { "too many recipients", NULL };
static char *gone_texts[] = { "", NULL };
static char *empty_list[] = { NULL };
static char dsn_5_7_0[] = "5.7.0", dsn_5_4_6[] = "5.4.6", dsn_empty[] = "";
static char hint_quota[] = "the day's quota is used up", hint_app[] = "an app password is wanted";
static char *login_texts[] = { "not accepted", NULL };
static char *any_texts[] = { "storm", NULL };

static struct rule rule_rows[] = {
	{ .when = WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_END, .code = 550, .contains = limit_texts,
	  .verdict = VERDICT_PAUSE, .pause_s = 3600, .hint = hint_quota },
	{ .when = WHEN_AUTH, .code = 535, .contains = login_texts, .verdict = VERDICT_CREDENTIAL, .hint = hint_app },
	{ .when = WHEN_RCPT | WHEN_DATA, .code = 5, .contains = crowd_texts, .verdict = VERDICT_SPLIT },
	{ .when = WHEN_MAIL, .code = 550, .dsn = dsn_5_7_0, .verdict = VERDICT_CONFIG, .pause_s = 7 },
	{ .when = WHEN_MAIL, .code = 530, .verdict = VERDICT_RECONNECT },
	{ .when = WHEN_DATA, .code = 452, .contains = empty_list, .verdict = VERDICT_PAUSE, .pause_s = 4 },
	{ .when = WHEN_END, .code = 421, .dsn = dsn_empty, .verdict = VERDICT_PAUSE, .pause_s = 60 },
	{ .when = WHEN_ANY, .code = 4, .contains = any_texts, .verdict = VERDICT_DEFER, .hint = hint_quota },
	{ .when = WHEN_ANY, .code = 5, .contains = any_texts, .verdict = VERDICT_REJECT },
	{ .when = WHEN_ANY, .dsn = dsn_5_4_6, .verdict = VERDICT_PAUSE, .pause_s = 5 },
	{ .when = WHEN_ANY, .contains = gone_texts, .verdict = VERDICT_SENT },
};
static const struct rules provider = { rule_rows, sizeof(rule_rows) / sizeof(rule_rows[0]) };

static const struct {
	enum when    when;
	const char  *said;
	enum verdict verdict;
	enum scope   scope;
	int          pause_s;
	const char  *hint;
} ruled[] = {
	/* Any of the texts, in any case, over lines and runs of blanks. */
	{ WHEN_END, "550-5.4.5 Daily user SENDING|550 5.4.5 limit   exceeded.",
	  VERDICT_PAUSE, SCOPE_RELAY, 3600, hint_quota },
	{ WHEN_MAIL, "550 daily sending quota exceeded",
	  VERDICT_PAUSE, SCOPE_RELAY, 3600, hint_quota },
	{ WHEN_RCPT, "550 sending limit exceeded", VERDICT_PAUSE, SCOPE_RELAY, 3600, hint_quota },
	{ WHEN_DATA, "550 sending limit exceeded", VERDICT_PAUSE, SCOPE_RELAY, 3600, hint_quota },
	/* Text, code or phase is another: the table's. */
	{ WHEN_END, "550 sendinglimit exceeded", VERDICT_REJECT, SCOPE_MESSAGE, 0, NULL },
	{ WHEN_END, "550 sending limit exceede", VERDICT_REJECT, SCOPE_MESSAGE, 0, NULL },
	{ WHEN_END, "551 sending limit exceeded", VERDICT_REJECT, SCOPE_MESSAGE, 0, NULL },
	{ WHEN_BANNER, "550 sending limit exceeded", VERDICT_PAUSE, SCOPE_RELAY, 0, NULL },
	{ WHEN_AUTH, "535 5.7.8 Username and Password not accepted",
	  VERDICT_CREDENTIAL, SCOPE_RELAY, 0, hint_app },
	/* A class. */
	{ WHEN_DATA, "550 Too many recipients", VERDICT_SPLIT, SCOPE_MESSAGE, 0, NULL },
	{ WHEN_DATA, "450 Too many recipients", VERDICT_DEFER, SCOPE_MESSAGE, 0, NULL },
	/* Nothing accepted: cannot be split. */
	{ WHEN_RCPT, "550 Too many recipients", VERDICT_DEFER, SCOPE_RECIPIENT, 0, NULL },
	/* An enhanced code; its time is that of the slow look. */
	{ WHEN_MAIL, "550 5.7.0 x", VERDICT_CONFIG, SCOPE_RELAY, 7, NULL },
	{ WHEN_MAIL, "550 5.7.1 x", VERDICT_REJECT, SCOPE_MESSAGE, 0, NULL },
	{ WHEN_MAIL, "550 5.7.01 x", VERDICT_REJECT, SCOPE_MESSAGE, 0, NULL },
	{ WHEN_MAIL, "550 x", VERDICT_REJECT, SCOPE_MESSAGE, 0, NULL },
	/* No login at all: a rule's reconnect would go on for ever. */
	{ WHEN_MAIL, "530 5.7.0 authentication required", VERDICT_CONFIG, SCOPE_RELAY, 0, NULL },
	/* An empty list of texts is any text, an empty enhanced code any. */
	{ WHEN_DATA, "452 x", VERDICT_PAUSE, SCOPE_RELAY, 4, NULL },
	{ WHEN_END, "421 4.7.0 x", VERDICT_PAUSE, SCOPE_RELAY, 60, NULL },
	/* A verdict about messages where it is about none: the table's, with the hint. */
	{ WHEN_MAIL, "451 storm", VERDICT_DEFER, SCOPE_MESSAGE, 0, hint_quota },
	{ WHEN_BANNER, "451 storm", VERDICT_PAUSE, SCOPE_RELAY, 0, hint_quota },
	{ WHEN_AUTH, "451 storm", VERDICT_PAUSE, SCOPE_RELAY, RULES_LOGIN_PAUSE_S, hint_quota },
	{ WHEN_OTHER, "451 storm", VERDICT_NONE, SCOPE_SESSION, 0, hint_quota },
	{ WHEN_AUTH, "535 storm", VERDICT_CREDENTIAL, SCOPE_RELAY, 0, RULES_LOGIN_HINT },
	{ WHEN_EHLO, "550 storm", VERDICT_PAUSE, SCOPE_RELAY, 0, NULL },
	{ WHEN_STARTTLS, "554 storm", VERDICT_CONFIG, SCOPE_RELAY, 0, NULL },
	{ WHEN_END, "554 storm", VERDICT_REJECT, SCOPE_MESSAGE, 0, NULL },
	/* The first that matches. */
	{ WHEN_END, "550 5.4.6 sending limit exceeded",
	  VERDICT_PAUSE, SCOPE_RELAY, 3600, hint_quota },
	{ WHEN_END, "550 5.4.6 else", VERDICT_PAUSE, SCOPE_RELAY, 5, NULL },
	/* An empty text is in none. */
	{ WHEN_END, "550 5.1.1 x", VERDICT_REJECT, SCOPE_MESSAGE, 0, NULL },
	{ WHEN_END, "550", VERDICT_REJECT, SCOPE_MESSAGE, 0, NULL },
	/* What was accepted is accepted, whatever else it says. */
	{ WHEN_END, "250 2.0.0 OK, storm, sending limit exceeded",
	  VERDICT_SENT, SCOPE_MESSAGE, 0, NULL },
	{ WHEN_RCPT, "250 too many recipients", VERDICT_NONE, SCOPE_RECIPIENT, 0, NULL },
};

/* Only a refusal at MAIL, and none that says for certain whom it means. */
static const struct {
	enum when   when;
	const char *line;
	bool        unsure;
} doubts[] = {
	{ WHEN_MAIL, "550 no", true },
	{ WHEN_MAIL, "550 5.7.1 no", true },
	{ WHEN_MAIL, "553 5.1.8 no such domain", true },
	{ WHEN_MAIL, "552 5.2.2 quota", true },
	{ WHEN_MAIL, "501 5.1.7 bad address", false },
	{ WHEN_MAIL, "552 5.3.4 too large", false },
	{ WHEN_MAIL, "550 5.6.7 not in ASCII", false },
	{ WHEN_MAIL, "450 4.7.1 no", false },
	{ WHEN_MAIL, "550 5.7.0 x", false },            /* the relay's, a rule says */
	{ WHEN_MAIL, "571 is malformed", false },       /* a rule by words … */
	{ WHEN_MAIL, "571 5.4.6 no", false },           /* … by an enhanced code … */
	{ WHEN_MAIL, "571 no", true },                  /* … and by the code alone */
	{ WHEN_RCPT, "550 no", false },
	{ WHEN_DATA, "550 no", false },
	{ WHEN_END, "550 no", false },
};

START_TEST(in_doubt)
{
	static char *malformed[] = { "is malformed", NULL };
	struct rule rule[] = {
		{ .when = WHEN_MAIL, .code = 550, .dsn = dsn_5_7_0, .verdict = VERDICT_CONFIG },
		{ .when = WHEN_MAIL, .code = 571, .contains = malformed, .verdict = VERDICT_REJECT },
		{ .when = WHEN_MAIL, .code = 571, .dsn = dsn_5_4_6, .verdict = VERDICT_REJECT },
		{ .when = WHEN_MAIL, .code = 571, .verdict = VERDICT_REJECT },
	};
	const struct rules rules = { rule, sizeof(rule) / sizeof(rule[0]) };
	const struct judged at = { .when = doubts[_i].when, .with = WITH_PASSWORD };
	struct status st;

	judge(&rules, &at, doubts[_i].line, &st);
	ck_assert_msg(st.unsure == doubts[_i].unsure, "%s", doubts[_i].line);
}
END_TEST

START_TEST(rules_first)
{
	struct judged at = { .when = ruled[_i].when };
	struct status s;

	judge(&provider, &at, ruled[_i].said, &s);
	ck_assert_msg(s.verdict == ruled[_i].verdict && s.scope == ruled[_i].scope,
	    "%s: %s, scope %d", ruled[_i].said, verdict_name(s.verdict), s.scope);
	ck_assert_int_eq(s.pause_s, ruled[_i].pause_s);
	ck_assert_pstr_eq(s.hint, ruled[_i].hint);
}
END_TEST

static bool
names_bob(const void *arg, struct span text)
{
	return span_icontains(text, span_of(arg));
}

/* What a verdict comes to where it does not help, and for whom it holds. */
static const struct {
	enum when    when;
	const char  *said;
	bool         some_accepted;
	enum with    with;
	enum verdict verdict, then;
	int          pause_s, pause_max_s;
	bool         named;
} follows[] = {
	{ WHEN_MAIL, "530 5.7.0 log in", false, WITH_PASSWORD, VERDICT_RECONNECT, VERDICT_CREDENTIAL, 0, 0, false },
	{ WHEN_MAIL, "530 5.7.0 log in", false, WITH_NONE, VERDICT_CONFIG, VERDICT_NONE, 0, 0, false },
	{ WHEN_MAIL, "421 4.7.0 bye", false, WITH_PASSWORD, VERDICT_RECONNECT, VERDICT_NONE, 0, 0, false },
	{ WHEN_RCPT, "554 access denied", true, WITH_PASSWORD, VERDICT_RECONNECT, VERDICT_CONFIG, 0, 0, false },
	{ WHEN_RCPT, "550 too many", true, WITH_PASSWORD, VERDICT_SPLIT, VERDICT_PAUSE, 60, 600, false },
	{ WHEN_RCPT, "550 too many", false, WITH_PASSWORD, VERDICT_PAUSE, VERDICT_PAUSE, 60, 600, false },
	{ WHEN_DATA, "550 too many", true, WITH_PASSWORD, VERDICT_SPLIT, VERDICT_PAUSE, 60, 600, false },
	{ WHEN_END, "554 not verified: bob@example.net", true, WITH_PASSWORD, VERDICT_REJECT, VERDICT_NONE, 0, 0, true },
	{ WHEN_END, "554 not verified: eve@example.net", true, WITH_PASSWORD, VERDICT_CONFIG, VERDICT_NONE, 7200, 0, false },
};

START_TEST(what_follows)
{
	static char *denied[] = { "access denied", NULL }, *many[] = { "too many", NULL };
	static char *unverified[] = { "not verified", NULL };
	struct rule rule[] = {
		{ .when = WHEN_RCPT, .contains = denied, .verdict = VERDICT_RECONNECT, .then = VERDICT_CONFIG },
		{ .when = WHEN_ANY, .contains = many, .verdict = VERDICT_SPLIT, .then = VERDICT_PAUSE,
		  .pause_s = 60, .pause_max_s = 600 },
		{ .when = WHEN_END, .contains = unverified, .verdict = VERDICT_REJECT, .names_recipient = true },
		{ .when = WHEN_END, .contains = unverified, .verdict = VERDICT_CONFIG, .pause_s = 7200 },
	};
	const struct rules rules = { rule, sizeof(rule) / sizeof(rule[0]) };
	const struct judged at = {
		.when = follows[_i].when, .some_accepted = follows[_i].some_accepted, .with = follows[_i].with,
		.names = names_bob, .arg = "bob@example.net",
	};
	struct status s;

	judge(&rules, &at, follows[_i].said, &s);
	ck_assert_str_eq(verdict_name(s.verdict), verdict_name(follows[_i].verdict));
	ck_assert_int_eq(s.scope == SCOPE_RELAY, status_is_relay(&s));
	ck_assert_int_eq(s.pause_s, follows[_i].pause_s);
	ck_assert_int_eq(s.pause_max_s, follows[_i].pause_max_s);
	ck_assert_int_eq(s.named, follows[_i].named);
	if (!status_is_relay(&s)) {
		ck_assert_str_eq(verdict_name(s.then), verdict_name(follows[_i].then));
		status_no_help(&s);
		ck_assert_str_eq(verdict_name(s.verdict), verdict_name(follows[_i].then != VERDICT_NONE ?
		    follows[_i].then : follows[_i].verdict));
	}
}
END_TEST

/*
 * Whatever a rule says, at whatever phase and code: a reply that is not
 * about a message settles none, and a reconnect has somewhere to go.
 */
START_TEST(no_rule_breaks_the_promise)
{
	struct rule any = { .when = WHEN_ANY, .verdict = VERDICT_NONE, .pause_s = 9 };
	struct rules one = { &any, 1 };
	unsigned bit;
	int code, v;

	for (v = VERDICT_NONE; v <= VERDICT_CONFIG; v++) {
		any.verdict = (enum verdict)v;
		for (bit = WHEN_BANNER; bit <= WHEN_OTHER; bit <<= 1) {
			for (code = 200; code < 600; code += 3) {
				struct judged at = { .when = (enum when)bit, .some_accepted = code % 2 == 0 };
				struct status s;
				char said[32];

				snprintf(said, sizeof(said), "%d", code);
				judge(&one, &at, said, &s);
				if ((bit & (WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_END)) == 0)
					ck_assert(!settles(s.verdict));
				if (code < 400)
					ck_assert_int_ne(s.verdict, VERDICT_REJECT);
				if (s.verdict == VERDICT_SENT)
					ck_assert(bit == WHEN_END && code < 300);
				if (s.verdict == VERDICT_NONE)
					ck_assert(code < 400 || bit == WHEN_OTHER);
				if (s.verdict == VERDICT_SPLIT && bit == WHEN_RCPT)
					ck_assert(at.some_accepted);
			}
		}
	}
}
END_TEST

START_TEST(done_frees)
{
	struct rules r;

	r.n = 2;
	r.rule = xcalloc(r.n, sizeof(*r.rule));
	r.rule[0].dsn = xstrdup("5.1.1");
	r.rule[0].hint = xstrdup("hint");
	r.rule[0].contains = xcalloc(3, sizeof(char *));
	r.rule[0].contains[0] = xstrdup("a");
	r.rule[0].contains[1] = xstrdup("b");
	rules_done(&r);
	ck_assert_uint_eq(r.n, 0);
	ck_assert_ptr_null(r.rule);
	rules_done(&r);
}
END_TEST

Suite *suite_rules(void);

Suite *
suite_rules(void)
{
	Suite *s = suite_create("rules");
	TCase *t = tcase_create("rules");

	tcase_add_loop_test(t, what_follows, 0, ROWS(follows));
	tcase_add_loop_test(t, default_table, 0, ROWS(cells));
	tcase_add_test(t, every_code_in_every_phase);
	tcase_add_loop_test(t, the_state_of_things, 0, ROWS(states));
	tcase_add_loop_test(t, quotes_the_reply, 0, ROWS(words));
	tcase_add_test(t, a_long_text_is_cut);
	tcase_add_loop_test(t, in_doubt, 0, ROWS(doubts));
	tcase_add_loop_test(t, rules_first, 0, ROWS(ruled));
	tcase_add_test(t, no_rule_breaks_the_promise);
	tcase_add_test(t, done_frees);
	suite_add_tcase(s, t);
	return s;
}
