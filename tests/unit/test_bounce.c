/* test_bounce.c - reports, read back from a spool and sent through compose. */
#include <sys/stat.h>

#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "lib/submission.h"
#include "relay/bounce.h"
#include "relay/compose.h"

#define S(literal) { (literal), sizeof(literal) - 1 }
#define ROWS(a)    (int)(sizeof(a) / sizeof((a)[0]))
#define ORIGINAL   "Message-ID: <o@x>\r\nSubject: hi\r\n\r\nhello\r\n"
#define Y83        "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
#define Y996       Y83 Y83 Y83 Y83 Y83 Y83 Y83 Y83 Y83 Y83 Y83 Y83
#define Y998       Y996 "yy"
#define BOUNDARY   "=_0123456789ABCDEF_0"

static char hostname[] = "web1.example.com";
static char domain[] = "example.com";

static struct config     conf;
static struct relay_conf relay;
static struct store     *store;
static char              root[64];
static struct message   *msg;

static const struct bounced refused = {
	.dsn = "5.1.1", .code = 550, .text = "No such user", .remote = "smtp.example.net",
};

static void
setup(void)
{
	const char *what = "";
	char        path[128];

	setenv("TZ", "UTC", 1);
	tzset();
	conf = (struct config){ .hostname = hostname, .domain = domain };
	strcpy(root, "/tmp/postern-bounce-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	for (int p = 0; p < NPLACE; p++) {
		snprintf(path, sizeof(path), "%s/%s", root, place_name((enum place)p));
		ck_assert_int_eq(mkdir(path, 0700), 0);
	}
	snprintf(path, sizeof(path), "%s/state", root);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_msg(store_open(root, true, &store, &what) == 0, "%s", what);
	clock_set((SUBMISSION_TIME_S + 7200) * 1000000, 1000);
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

static void
teardown(void)
{
	fs = fs_kernel;
	message_close(store, msg);
	store_close(store);
	clock_release();
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
submit(struct span text, const char *sender)
{
	msg = submission_new(text, sender);
	submission_add(msg, "bob@example.net", 0);
}

static int
count(void *arg, const struct stored *m)
{
	(void)m;
	++*(int *)arg;
	return 0;
}

static int
spooled(enum place p)
{
	int n = 0;

	ck_assert_int_eq(store_scan(store, p, false, count, &n), 0);
	return n;
}

/* The report as it lies in the spool, its envelope checked. */
static struct message *
report(const struct bounced *b, size_t n, struct buf *text)
{
	char            id[ID_LEN + 1];
	const char     *why = "";
	msgid           number;
	struct message *r;

	ck_assert_int_eq(bounce_write(&conf, store, msg, b, n, id), 0);
	ck_assert(msgid_parse(id, &number));
	ck_assert_msg(store_load(store, PLACE_NEW, number, &r, &why) == 0, "%s", why);
	ck_assert(addr_is_null(r->env.sender));
	ck_assert_uint_eq(r->env.nrcpts, 1);
	ck_assert(addr_eq(r->env.rcpts[0].addr, msg->env.sender));
	ck_assert_int_eq(r->env.time_us, (SUBMISSION_TIME_S + 7200) * 1000000);
	buf_init(text, 1 << 22);
	ck_assert_int_eq(message_read(r, 0, buf_room(text, r->size), r->size), (ssize_t)r->size);
	buf_took(text, r->size);
	return r;
}

static const char *
find(const struct buf *b, const char *what)
{
	const char *p = memmem(b->p, b->n, what, strlen(what));

	ck_assert_msg(p != NULL, "no \"%s\" in:\n%s", what, buf_cstr(b));
	return p;
}

static void
find_not(const struct buf *b, const char *what)
{
	ck_assert_msg(memmem(b->p, b->n, what, strlen(what)) == NULL, "\"%s\" in:\n%s", what,
	    buf_cstr(b));
}

START_TEST(a_whole_report)
{
	struct bounced  b = refused;
	struct buf      text;
	struct message *r;

	submit((struct span)S(ORIGINAL), "alice");
	msg->notes[0].time_s = SUBMISSION_TIME_S + 60;
	r = report(&b, 1, &text);
	ck_assert_str_eq(buf_cstr(&text),
	    "From: Mail Delivery System <MAILER-DAEMON@example.com>\r\n"
	    "To: <alice>\r\n"
	    "Subject: Undelivered mail returned to sender\r\n"
	    "In-Reply-To: <o@x>\r\n"
	    "References: <o@x>\r\n"
	    "Auto-Submitted: auto-replied\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\r\n"
	    "\tboundary=\"" BOUNDARY "\"\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n"
	    "\r\n"
	    "This is a report in MIME format (RFC 6522).\r\n"
	    "\r\n"
	    "--" BOUNDARY "\r\n"
	    "Content-Type: text/plain; charset=us-ascii\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n"
	    "\r\n"
	    "This is Postern, the mail relay of web1.example.com.\r\n"
	    "\r\n"
	    "Your message could not be delivered to the address below. It will not be\r\n"
	    "tried again.\r\n"
	    "\r\n"
	    "<bob@example.net>\r\n"
	    "    smtp.example.net refused it:\r\n"
	    "        550 5.1.1 No such user\r\n"
	    "    What to do: check the address for a mistake, then send the message\r\n"
	    "    again.\r\n"
	    "\r\n"
	    "--" BOUNDARY "\r\n"
	    "Content-Type: message/delivery-status\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n"
	    "\r\n"
	    "Reporting-MTA: dns; web1.example.com\r\n"
	    "Arrival-Date: Mon, 24 Nov 2025 16:00:00 +0000\r\n"
	    "\r\n"
	    "Final-Recipient: rfc822; bob@example.net\r\n"
	    "Action: failed\r\n"
	    "Status: 5.1.1\r\n"
	    "Remote-MTA: dns; smtp.example.net\r\n"
	    "Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n"
	    "Last-Attempt-Date: Mon, 24 Nov 2025 16:01:00 +0000\r\n"
	    "\r\n"
	    "--" BOUNDARY "\r\n"
	    "Content-Type: message/rfc822\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n"
	    "\r\n"
	    ORIGINAL
	    "\r\n"
	    "--" BOUNDARY "--\r\n");
	buf_done(&text);
	message_close(store, r);
}
END_TEST

/* The report is a message like any other: it gets its Date, ID and a qualified To on the way out. */
START_TEST(through_compose)
{
	struct mail    *mail = xcalloc(1, sizeof(*mail));
	struct bounced  b = refused;
	struct buf      text;
	struct message *r;

	submit((struct span)S(ORIGINAL), "alice");
	r = report(&b, 1, &text);
	mail->msg = r;
	mail->rcpt = xcalloc(1, sizeof(*mail->rcpt));
	mail->nrcpt = 1;
	mail->rcpt[0].to = addr_parse(SPAN("alice@example.com"), NULL);
	relay = (struct relay_conf){ .from = addr_parse(SPAN("ops@x.com"), NULL),
		.from_header = FROM_REWRITE, .null_sender = true };
	ck_assert_int_eq(compose(&conf, &relay, mail), 0);
	ck_assert(addr_is_null(mail->from));
	find(&mail->head, "\r\nTo: <alice@example.com>\r\n");
	find(&mail->head, "\r\nFrom: Mail Delivery System <ops@x.com>\r\n");
	find(&mail->head, "\r\nDate: Mon, 24 Nov 2025 18:00:00 +0000\r\n");
	find(&mail->head, "\r\nMessage-ID: <");
	find_not(&mail->head, "\nReply-To");
	addr_free(relay.from);
	mail_free(mail);
	message_close(store, r);
	buf_done(&text);
}
END_TEST

/* A relay that refuses the null sender; the spool's copy keeps it. */
static const struct {
	bool        null_sender;
	const char *from, *user, *sender;
} accounts[] = {
	{ true, "ops@x.com", "ops@x.com", "" },
	{ false, "ops@x.com", "login@x.com", "ops@x.com" },
	{ false, NULL, "login@x.com", "login@x.com" },
	{ false, NULL, "AKIA123", "" },
	{ false, NULL, "not an address", "" },
	{ false, NULL, NULL, "" },
};

START_TEST(instead_of_the_null_sender)
{
	struct mail    *mail = xcalloc(1, sizeof(*mail));
	struct bounced  b = refused;
	struct buf      text;
	struct message *r;

	submit((struct span)S(ORIGINAL), "alice");
	r = report(&b, 1, &text);
	mail->msg = r;
	mail->rcpt = xcalloc(1, sizeof(*mail->rcpt));
	mail->nrcpt = 1;
	mail->rcpt[0].to = addr_parse(SPAN("alice@example.com"), NULL);
	relay = (struct relay_conf){
		.from = accounts[_i].from != NULL ? addr_parse(span_of(accounts[_i].from), NULL) : NULL,
		.user = accounts[_i].user != NULL ? xstrdup(accounts[_i].user) : NULL,
		.null_sender = accounts[_i].null_sender,
	};
	ck_assert_int_eq(compose(&conf, &relay, mail), 0);
	ck_assert_str_eq(mail->from->text, accounts[_i].sender);
	addr_free(relay.from);
	free(relay.user);
	mail_free(mail);
	message_close(store, r);
	buf_done(&text);
}
END_TEST

/* ---- what is said for each kind of failure ---- */

static const struct {
	struct bounced b;
	const char    *text;            /* in the part for people */
	const char    *status;          /* in the part for programs */
} kinds[] = {
	{ { .dsn = "5.7.1", .code = 550, .text = "5.7.1 Spam", .remote = "h" },
	  "h refused it:\r\n        550 5.7.1 Spam\r\n    What to do: the other side objects",
	  "Status: 5.7.1\r\nRemote-MTA: dns; h\r\nDiagnostic-Code: smtp; 550 5.7.1 Spam\r\n" },
	{ { .dsn = "", .code = 554, .text = "no" }, "The relay refused it:\r\n        554 no\r\n"
	  "    What to do: show this report",
	  "Status: 5.0.0\r\nDiagnostic-Code: smtp; 554 no\r\n" },
	{ { .dsn = NULL, .code = 554, .text = NULL, .remote = "h" }, "        554 (no text)\r\n",
	  "Status: 5.0.0\r\nRemote-MTA: dns; h\r\nDiagnostic-Code: smtp; 554 (no text)\r\n" },
	{ { .dsn = "5.6.7", .code = 0, .text = "no SMTPUTF8 there" },
	  "It could not be sent:\r\n        no SMTPUTF8 there\r\n    What to do: the address has letters",
	  "Status: 5.6.7\r\nDiagnostic-Code: x-postern; no SMTPUTF8 there\r\n" },
	{ { .dsn = "5.1.1", .code = 550, .text = "x", .hint = "ask Gmail, politely" },
	  "    What to do: ask Gmail, politely\r\n", "Status: 5.1.1\r\n" },
	{ { .dsn = "4.2.2", .code = 452, .text = "full", .remote = "h", .expired = true },
	  "    Tried for 2 hours without success. h last said:\r\n        452 4.2.2 full\r\n"
	  "    What to do: if the message still matters, send it again.\r\n",
	  "Status: 4.2.2\r\nRemote-MTA: dns; h\r\nDiagnostic-Code: smtp; 452 4.2.2 full\r\n" },
	{ { .code = 0, .text = "connection refused", .remote = "h", .expired = true },
	  "    Tried for 2 hours without success. The last attempt failed here:\r\n"
	  "        connection refused\r\n",
	  "Status: 4.4.7\r\nDiagnostic-Code: x-postern; connection refused\r\n" },
	/* the other side's words cannot begin a line or a field */
	{ { .dsn = "5.0.0\r\nAction: delivered", .code = 550, .text = "a\r\nAction: delivered\r\n\xff\x1b",
	    .remote = "h\r\nX: y" },
	  "    h??X: y refused it:\r\n        550 a??Action: delivered????\r\n",
	  "Status: 5.0.0\r\nRemote-MTA: dns; h??X: y\r\n"
	  "Diagnostic-Code: smtp; 550 a??Action: delivered????\r\n" },
	{ { .dsn = "2.0.0", .code = 550, .text = "x" }, "        550 x\r\n", "Status: 5.0.0\r\n" },
	{ { .dsn = "5.1.1", .code = 550, .text = "a long text that will not stand on one line because it "
	    "goes on and on, as big providers' texts do" },
	  "        550 5.1.1 a long text that will not stand on one line because it\r\n"
	  "        goes on and on, as big providers' texts do\r\n",
	  "Diagnostic-Code: smtp; 550 5.1.1 a long text that will not stand on one line\r\n"
	  " because it goes on and on, as big providers' texts do\r\n" },
};

START_TEST(kinds_of_failure)
{
	struct buf      text;
	struct message *r;

	submit((struct span)S(ORIGINAL), "alice");
	r = report(&kinds[_i].b, 1, &text);
	find(&text, kinds[_i].text);
	find(&text, kinds[_i].status);
	buf_done(&text);
	message_close(store, r);
}
END_TEST

/* ---- the original in it ---- */

static const struct {
	struct span   in;
	enum ret_mode ret;
	const char   *part;             /* the third part, up to the closing boundary */
	const char   *id;               /* In-Reply-To; NULL: none */
} originals[] = {
	{ S(ORIGINAL), RET_FULL, "message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" ORIGINAL,
	  "<o@x>" },
	{ S(ORIGINAL), RET_HDRS, "text/rfc822-headers\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
	  "Message-ID: <o@x>\r\nSubject: hi\r\n", "<o@x>" },
	{ S("A: b\r\n\r\nh\xc3\xbc\r\n"), RET_UNSET, "message/rfc822\r\nContent-Transfer-Encoding: 8bit"
	  "\r\n\r\nA: b\r\n\r\nh\xc3\xbc\r\n", "<0123456789ABCDEF@web1.example.com>" },
	{ S("A: h\xc3\xbc\r\n\r\nh\r\n"), RET_UNSET, "message/global\r\nContent-Transfer-Encoding: 8bit"
	  "\r\n\r\nA: h\xc3\xbc\r\n\r\nh\r\n", "<0123456789ABCDEF@web1.example.com>" },
	{ S("A: h\xc3\xbc\r\n\r\nh\r\n"), RET_HDRS, "message/global-headers\r\n"
	  "Content-Transfer-Encoding: 8bit\r\n\r\nA: h\xc3\xbc\r\n", "<0123456789ABCDEF@web1.example.com>" },
	{ S("A: h\xfc\r\n\r\nh\r\n"), RET_UNSET, "message/rfc822\r\nContent-Transfer-Encoding: 8bit"
	  "\r\n\r\nA: h\xfc\r\n\r\nh\r\n", "<0123456789ABCDEF@web1.example.com>" },
	{ S("just text\r\n"), RET_UNSET, "message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
	  "\r\njust text\r\n", "<0123456789ABCDEF@web1.example.com>" },
	{ S("just text\r\n"), RET_HDRS, NULL, "<0123456789ABCDEF@web1.example.com>" },
	{ S("From a Mon Jan  1 10:00:00 2024\r\nA: b\r\n\r\nx\r\n"), RET_UNSET,
	  "message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nA: b\r\n\r\nx\r\n",
	  "<0123456789ABCDEF@web1.example.com>" },
	{ S("A: b\r\nX: " Y998 "\r\nC: " Y998 "d\r\n c\r\nE: f\r\n\r\nx\r\n"), RET_UNSET,
	  "message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nA: b\r\nE: f\r\n\r\nx\r\n",
	  "<0123456789ABCDEF@web1.example.com>" },
	{ S("A:" Y996 "\r\n\r\nx\r\n"), RET_UNSET,
	  "message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nA:" Y996 "\r\n\r\nx\r\n",
	  "<0123456789ABCDEF@web1.example.com>" },
	{ S("A:" Y996 "y\r\n\r\nx\r\n"), RET_UNSET,
	  "message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\r\nx\r\n",
	  "<0123456789ABCDEF@web1.example.com>" },
	{ S("Message-ID: <a b>\r\n\r\nx\r\n"), RET_UNSET,
	  "message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nMessage-ID: <a b>\r\n\r\nx\r\n",
	  "<ab@web1.example.com>" },
	{ S("Message-ID: <a@b> <c@d>\r\n\r\nx\r\n"), RET_HDRS, "text/rfc822-headers\r\n"
	  "Content-Transfer-Encoding: 7bit\r\n\r\nMessage-ID: <a@b> <c@d>\r\n", "<a@b>" },
};

START_TEST(the_original)
{
	struct buf      text, want;
	struct message *r;
	const char     *p;
	struct bounced  b = refused;

	submit(originals[_i].in, "alice");
	msg->env.ret = originals[_i].ret;
	r = report(&b, 1, &text);
	buf_init(&want, 4096);
	if (originals[_i].part != NULL) {
		buf_printf(&want, "\r\n--" BOUNDARY "\r\nContent-Type: %s\r\n--" BOUNDARY "--\r\n",
		    originals[_i].part);
		p = find(&text, buf_cstr(&want));
		ck_assert_uint_eq((size_t)(p - text.p) + want.n, text.n);
	} else
		find_not(&text, "rfc822-headers");
	buf_clear(&want);
	if (originals[_i].id != NULL) {
		buf_printf(&want, "\r\nIn-Reply-To: %s\r\nReferences: %s\r\n", originals[_i].id,
		    originals[_i].id);
		find(&text, buf_cstr(&want));
	} else
		find_not(&text, "In-Reply-To");
	buf_done(&want);
	buf_done(&text);
	message_close(store, r);
}
END_TEST

static const struct {
	struct bounced b;
	unsigned       notify;          /* of a recipient who wants it, and of one who does not */
	unsigned       not;
	const char    *text[6];
	const char    *absent;
} notices[] = {
	{ { .action = REPORT_DELAYED, .dsn = "4.2.2", .code = 452, .text = "mailbox full", .remote = "smtp.example.net" },
	  0, NOTIFY_FAILURE,
	  { "Subject: Mail delivery is delayed\r\n",
	    "Tried for 2 hours without success. smtp.example.net last said:\r\n        452 4.2.2 mailbox full\r\n",
	    "Action: delayed\r\nStatus: 4.2.2\r\n", "Will-Retry-Until: Sat, 29 Nov 2025 16:00:00 +0000\r\n",
	    "text/rfc822-headers\r\n", "need to send it once more" }, "message/rfc822" },
	{ { .action = REPORT_DELAYED, .text = "the spool is full" }, NOTIFY_DELAY, NOTIFY_SUCCESS | NOTIFY_FAILURE,
	  { "The last attempt failed here:\r\n", "Action: delayed\r\nStatus: 4.4.7\r\n" }, "Remote-MTA" },
	{ { .action = REPORT_RELAYED, .dsn = "2.0.0", .code = 250, .text = "OK", .remote = "smtp.example.net" },
	  NOTIFY_SUCCESS, 0,
	  { "Subject: Mail was handed on\r\n", "    smtp.example.net took it and said:\r\n        250 2.0.0 OK\r\n",
	    "Action: relayed\r\nStatus: 2.0.0\r\n", "text/rfc822-headers\r\n" }, "What to do" },
	{ { .action = REPORT_RELAYED, .dsn = "5.0.0", .code = 250, .text = "OK" }, NOTIFY_SUCCESS | NOTIFY_DELAY, NOTIFY_NEVER,
	  { "Action: relayed\r\nStatus: 2.0.0\r\n" }, "5.0.0" },
};

/* Delayed and relayed: told to those who want it, the header alone, and no advice where there is none. */
START_TEST(notices_on_the_way)
{
	struct bounced  b = notices[_i].b;
	struct buf      text;
	struct message *r;
	char            id[ID_LEN + 1];

	conf.expire_s = 5 * 86400;
	submit((struct span)S(ORIGINAL), "alice");
	msg->env.rcpts[0].notify = notices[_i].not;
	ck_assert_int_eq(bounce_write(&conf, store, msg, &b, 1, id), -ENOMSG);
	msg->env.rcpts[0].notify = notices[_i].notify;
	r = report(&b, 1, &text);
	for (size_t k = 0; k < 6 && notices[_i].text[k] != NULL; k++)
		find(&text, notices[_i].text[k]);
	find_not(&text, notices[_i].absent);
	buf_done(&text);
	message_close(store, r);
}
END_TEST

static const struct {
	size_t fill;
	bool   whole;
} sizes[] = { { 65536 - 10, true }, { 65536 - 9, false }, { 3u << 20, false } };

/* "A: b" CRLF CRLF fill CRLF */
START_TEST(large_originals)
{
	struct buf      in, text;
	struct message *r;
	struct bounced  b = refused;

	buf_init(&in, 4u << 20);
	buf_str(&in, "A: b\r\n\r\n");
	for (size_t i = 0; i < sizes[_i].fill; i++)
		buf_char(&in, 'x');
	buf_str(&in, "\r\n");
	submit(buf_view(&in), "alice");
	r = report(&b, 1, &text);
	find(&text, sizes[_i].whole ? "message/rfc822\r\n" : "text/rfc822-headers\r\n");
	ck_assert_int_eq(text.n > 60000, sizes[_i].whole);
	if (sizes[_i].whole)
		find_not(&text, "Only the header");
	else
		find(&text, "\r\n\r\nOnly the header of your message comes back with this: it has ");
	find(&text, "\r\n\r\nA: b\r\n");
	buf_done(&in);
	buf_done(&text);
	message_close(store, r);
}
END_TEST

START_TEST(a_header_without_end)
{
	struct buf      in, text;
	struct message *r;
	struct bounced  b = refused;

	buf_init(&in, 4u << 20);
	buf_str(&in, "A: ");
	for (size_t i = 0; i < (2u << 20); i++)
		buf_char(&in, 'x');
	buf_str(&in, "\r\n");
	submit(buf_view(&in), "alice");
	r = report(&b, 1, &text);
	find_not(&text, "rfc822\r\n");
	find(&text, "Final-Recipient: rfc822; bob@example.net\r\n");
	find(&text, "\r\n\r\n--" BOUNDARY "--\r\n");
	buf_done(&in);
	buf_done(&text);
	message_close(store, r);
}
END_TEST

START_TEST(a_boundary_in_the_original)
{
	struct buf      text;
	struct message *r;
	struct bounced  b = refused;

	submit((struct span)S("A: b\r\n\r\n--" BOUNDARY "\r\n--=_0123456789ABCDEF_1--\r\n"), "alice");
	r = report(&b, 1, &text);
	find(&text, "boundary=\"=_0123456789ABCDEF_2\"\r\n");
	find(&text, "\r\n--=_0123456789ABCDEF_2--\r\n");
	buf_done(&text);
	message_close(store, r);
}
END_TEST

/* ---- who is told, and of whom ---- */

static const struct {
	const char *sender;
	unsigned    notify;
	int         result;
} askers[] = {
	{ "alice", 0, 0 },
	{ "alice", NOTIFY_FAILURE, 0 },
	{ "alice", NOTIFY_FAILURE | NOTIFY_DELAY | NOTIFY_SUCCESS, 0 },
	{ "alice@x.org", 0, 0 },
	{ "alice", NOTIFY_NEVER, -ENOMSG },
	{ "alice", NOTIFY_SUCCESS, -ENOMSG },
	{ "alice", NOTIFY_DELAY, -ENOMSG },
	{ NULL, 0, -ENOMSG },
	{ NULL, NOTIFY_FAILURE, -ENOMSG },
};

START_TEST(who_is_told)
{
	char id[ID_LEN + 1];

	msg = submission_new((struct span)S(ORIGINAL), askers[_i].sender);
	submission_add(msg, "bob@example.net", askers[_i].notify);
	ck_assert_int_eq(bounce_write(&conf, store, msg, &refused, 1, id), askers[_i].result);
	ck_assert_int_eq(spooled(PLACE_NEW), askers[_i].result == 0);
	ck_assert_int_eq(spooled(PLACE_TMP), 0);
}
END_TEST

START_TEST(nobody_failed)
{
	char id[ID_LEN + 1];

	submit((struct span)S(ORIGINAL), "alice");
	ck_assert_int_eq(bounce_write(&conf, store, msg, NULL, 0, id), -ENOMSG);
}
END_TEST

START_TEST(several_recipients)
{
	struct bounced  b[4] = { refused, refused, refused, refused };
	struct addr    *to;
	struct buf      text;
	struct message *r;

	submit((struct span)S(ORIGINAL), "alice");
	submission_add(msg, "quiet@example.net", NOTIFY_NEVER);
	submission_add(msg, "root", 0);
	submission_add(msg, "j\xc3\xbc+x@b\xc3\xbc.de", 0);
	submission_add(msg, "fine@example.net", 0);
	msg->env.rcpts[0].orcpt = xstrdup("rfc822;Bob+2Bx@example.net");
	msg->env.rcpts[2].orcpt = xstrdup("rfc822;x+0D+0AAction:y");
	msg->env.rcpts[3].orcpt = xstrdup("broken");
	msg->env.envid = xstrdup("QQ+3D1+0A");
	for (size_t i = 0; i < 4; i++)
		b[i].index = i;
	to = addr_parse(SPAN("root@example.com"), NULL);
	b[2].to = to;
	r = report(b, 4, &text);
	addr_free(to);
	find(&text, "Your message could not be delivered to the addresses below.");
	find(&text, "\r\n<root> (sent on to <root@example.com>)\r\n");
	find(&text, "\r\n<j\xc3\xbc+x@b\xc3\xbc.de>\r\n");
	find(&text, "\r\nNothing is said here about the other recipients of the message.\r\n");
	find(&text, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n");
	find(&text, "\r\nOriginal-Envelope-Id: QQ=1?\r\nReporting-MTA: dns; web1.example.com\r\n");
	find(&text, "\r\n\r\nOriginal-Recipient: rfc822; Bob+x@example.net\r\n"
	    "Final-Recipient: rfc822; bob@example.net\r\n");
	find(&text, "\r\n\r\nOriginal-Recipient: rfc822; x??Action:y\r\n"
	    "Final-Recipient: rfc822; root@example.com\r\n");
	find(&text, "\r\n\r\nFinal-Recipient: utf-8; j\\x{FC}\\x{2B}x@b\\x{FC}.de\r\n");
	find_not(&text, "quiet@");
	find_not(&text, "fine@");
	buf_done(&text);
	message_close(store, r);
}
END_TEST

/* Who is told has such an address himself: nothing needs to be made ASCII for him. */
START_TEST(a_sender_in_utf8)
{
	struct bounced  b[2] = { refused, refused };
	struct buf      text;
	struct message *r;

	submit((struct span)S(ORIGINAL), "j\xc3\xbc@b\xc3\xbc.de");
	submission_add(msg, "k\xc3\xa4@example.net", 0);
	msg->env.rcpts[1].orcpt = xstrdup("utf-8;k+C3+A4@example.net");
	b[1].index = 1;
	r = report(b, 2, &text);
	find(&text, "\r\nTo: <j\xc3\xbc@b\xc3\xbc.de>\r\n");
	find(&text, "\r\nContent-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
	find(&text, "\r\nFinal-Recipient: rfc822; bob@example.net\r\n");
	find(&text, "\r\nOriginal-Recipient: utf-8; k\xc3\xa4@example.net\r\n"
	    "Final-Recipient: utf-8; k\xc3\xa4@example.net\r\n");
	buf_done(&text);
	message_close(store, r);
}
END_TEST

static const struct {
	const char        *copy;
	enum report_action action;
	size_t             recipients;
} copies[] = {
	{ NULL, REPORT_FAILED, 1 },
	{ "pm@example.com", REPORT_FAILED, 2 },
	{ "alice@example.org", REPORT_FAILED, 1 },      /* is told anyway */
	{ "pm@example.com", REPORT_DELAYED, 1 },
	{ "pm@example.com", REPORT_RELAYED, 1 },
};

START_TEST(a_copy_for_the_postmaster)
{
	struct bounced  b = refused;
	char            id[ID_LEN + 1];
	const char     *why;
	msgid           number;
	struct message *r;

	b.action = copies[_i].action;
	conf.postmaster_copy = copies[_i].copy != NULL ? addr_parse(span_of(copies[_i].copy), NULL) : NULL;
	msg = submission_new((struct span)S(ORIGINAL), "alice@example.org");
	submission_add(msg, "bob@example.net", NOTIFY_FAILURE | NOTIFY_DELAY | NOTIFY_SUCCESS);
	ck_assert_int_eq(bounce_write(&conf, store, msg, &b, 1, id), 0);
	ck_assert(msgid_parse(id, &number));
	ck_assert_int_eq(store_load(store, PLACE_NEW, number, &r, &why), 0);
	ck_assert_uint_eq(r->env.nrcpts, copies[_i].recipients);
	ck_assert_str_eq(r->env.rcpts[0].addr->text, "alice@example.org");
	if (r->env.nrcpts > 1)
		ck_assert_str_eq(r->env.rcpts[1].addr->text, copies[_i].copy);
	for (size_t i = 0; i < r->env.nrcpts; i++)
		ck_assert_uint_eq(r->env.rcpts[i].notify, NOTIFY_NEVER);
	message_close(store, r);
	addr_free(conf.postmaster_copy);
}
END_TEST

START_TEST(ten_thousand_recipients)
{
	struct bounced *b = xcalloc(ENVELOPE_MAX_RCPTS, sizeof(*b));
	char            id[ID_LEN + 1];
	char            long_text[500];

	memset(long_text, 'w', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	msg = submission_new((struct span)S(ORIGINAL), "alice");
	for (size_t i = 0; i < ENVELOPE_MAX_RCPTS; i++) {
		char name[40];

		snprintf(name, sizeof(name), "user%zu@example.net", i);
		envelope_add(&msg->env, addr_parse(span_of(name), NULL));
		b[i] = refused;
		b[i].index = i;
		b[i].text = long_text;
	}
	msg->notes = xcalloc(ENVELOPE_MAX_RCPTS, sizeof(*msg->notes));
	ck_assert_int_eq(bounce_write(&conf, store, msg, b, ENVELOPE_MAX_RCPTS, id), 0);
	free(b);
}
END_TEST

/* ---- faults ---- */

static int fail_at, calls;

static int
failing_fsync(int fd)
{
	if (++calls == fail_at) {
		errno = EIO;
		return -1;
	}
	return fs_kernel.fsync(fd);
}

static ssize_t
failing_pread(int fd, void *p, size_t n, off_t at)
{
	(void)fd;
	(void)p;
	(void)n;
	(void)at;
	errno = EIO;
	return -1;
}

/* Not written means not written: the caller keeps the original. */
START_TEST(a_disk_that_fails)
{
	char id[ID_LEN + 1];

	submit((struct span)S(ORIGINAL), "alice");
	fs.fsync = failing_fsync;
	fail_at = 1;
	ck_assert_int_eq(bounce_write(&conf, store, msg, &refused, 1, id), -EIO);
	ck_assert_int_eq(spooled(PLACE_NEW), 0);
	ck_assert_int_eq(spooled(PLACE_TMP), 0);
	fs = fs_kernel;
	fs.pread = failing_pread;
	ck_assert_int_eq(bounce_write(&conf, store, msg, &refused, 1, id), -EIO);
	fs = fs_kernel;
	ck_assert_int_eq(bounce_write(&conf, store, msg, &refused, 1, id), 0);
	ck_assert_int_eq(spooled(PLACE_NEW), 1);
}
END_TEST

/* A file cut short under us. */
START_TEST(an_original_that_shrank)
{
	char id[ID_LEN + 1];

	submit((struct span)S(ORIGINAL), "alice");
	ck_assert_int_eq(ftruncate(msg->fd, 20), 0);
	ck_assert_int_eq(bounce_write(&conf, store, msg, &refused, 1, id), -EIO);
	ck_assert_int_eq(spooled(PLACE_NEW), 0);
}
END_TEST

Suite *suite_bounce(void);

Suite *
suite_bounce(void)
{
	Suite *s = suite_create("bounce");
	TCase *t = tcase_create("bounce");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 20);
	tcase_add_test(t, a_whole_report);
	tcase_add_test(t, through_compose);
	tcase_add_loop_test(t, instead_of_the_null_sender, 0, ROWS(accounts));
	tcase_add_loop_test(t, kinds_of_failure, 0, ROWS(kinds));
	tcase_add_loop_test(t, the_original, 0, ROWS(originals));
	tcase_add_loop_test(t, notices_on_the_way, 0, ROWS(notices));
	tcase_add_loop_test(t, large_originals, 0, ROWS(sizes));
	tcase_add_test(t, a_header_without_end);
	tcase_add_test(t, a_boundary_in_the_original);
	tcase_add_loop_test(t, who_is_told, 0, ROWS(askers));
	tcase_add_test(t, nobody_failed);
	tcase_add_test(t, several_recipients);
	tcase_add_test(t, a_sender_in_utf8);
	tcase_add_loop_test(t, a_copy_for_the_postmaster, 0, ROWS(copies));
	tcase_add_test(t, ten_thousand_recipients);
	tcase_add_test(t, a_disk_that_fails);
	tcase_add_test(t, an_original_that_shrank);
	suite_add_tcase(s, t);
	return s;
}
