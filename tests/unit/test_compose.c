/* test_compose.c - the header block on the wire, for every kind of submission. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/submission.h"
#include "relay/compose.h"
#include "smtp/limits.h"

#define S(literal) { (literal), sizeof(literal) - 1 }
#define ROWS(a)    (int)(sizeof(a) / sizeof((a)[0]))

#define RECEIVED                                                                                   \
	"Received: by web1.example.com (Postern) with local id 0123456789ABCDEF\r\n"               \
	"\t(from user alice, uid 1000);\r\n"                                                       \
	"\tMon, 24 Nov 2025 16:00:00 +0000\r\n"
#define DATE "Date: Mon, 24 Nov 2025 16:00:00 +0000\r\n"
#define ID   "Message-ID: <0123456789ABCDEF@web1.example.com>\r\n"
#define FROM "From: Alice Example <alice@example.com>\r\n"
#define TO   "To: undisclosed-recipients:;\r\n"
#define D    "Date: 24 Nov 2025 16:00:00 +0000\r\n" /* present fields, as short as can be */
#define M    "Message-ID: <x@y>\r\n"
#define F    "From: a@b.c\r\n"
#define T    "To: d@e.f\r\n"

static char hostname[] = "web1.example.com";
static char domain[] = "example.com";

static struct map_conf maps[] = {
	{ .from = (char *)"www-data", .to = (char *)"shop@y.org", .apply = MAP_SENDER },
	{ .from = (char *)"*@old.org", .to = (char *)"*@new.org", .apply = MAP_RECIPIENT },
};
static char *masks[] = { (char *)"hid.org", NULL };

static struct config     conf;
static struct relay_conf relay;

static void
setup(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	conf = (struct config){ .hostname = hostname, .domain = domain };
	conf.maps = maps;
	conf.nmaps = ROWS(maps);
	conf.masquerade = masks;
	relay = (struct relay_conf){ .name = hostname, .null_sender = true };
}

static void
teardown(void)
{
	addr_free(relay.from);
}

static struct mail *
mail_for(struct message *m, const char *to)
{
	struct mail *mail = xcalloc(1, sizeof(*mail));

	mail->msg = m;
	mail->nrcpt = 1;
	mail->rcpt = xcalloc(1, sizeof(*mail->rcpt));
	mail->rcpt[0].to = addr_parse(span_of(to), NULL);
	return mail;
}

static struct message *
submit(struct span text)
{
	struct message *m = submission_new(text, "alice");

	m->env.full_name = xstrdup("Alice Example");
	return m;
}

/* Everything on the wire: head, then the body as content.read gives it. */
static void
wire(struct mail *mail, struct buf *out)
{
	struct body_source *src = &mail->content;
	uint64_t            at = src->at;

	buf_span(out, src->head);
	while (at < src->at + src->n) {
		char    p[7];
		ssize_t n = src->read(src->arg, at, p, sizeof(p));

		ck_assert_int_gt(n, 0);
		buf_add(out, p, (size_t)n);
		at += (uint64_t)n;
	}
	ck_assert_uint_eq(at, src->at + src->n);
}

static void
expect(struct message *m, const char *want)
{
	struct mail *mail = mail_for(m, "bob@example.net");
	struct buf   got;

	buf_init(&got, 1 << 22);
	ck_assert_int_eq(compose(&conf, &relay, mail), 0);
	wire(mail, &got);
	ck_assert_str_eq(buf_cstr(&got), want);

	/* Once more, and later: the same bytes. */
	buf_clear(&got);
	ck_assert_int_eq(compose(&conf, &relay, mail), 0);
	wire(mail, &got);
	ck_assert_str_eq(buf_cstr(&got), want);
	buf_done(&got);
	mail_free(mail);
	message_close(NULL, m);
}

static const struct {
	struct span in;
	const char *out;
} rows[] = {
	/* what is there stays as it is */
	{ S(D M F T "Subject: x\r\n\r\nbody\r\n"), RECEIVED D M F T "Subject: x\r\n\r\nbody\r\n" },
	{ S("X-Odd :  y \r\n\tz\r\n" D M F T "\r\n.\r\n"),
	  RECEIVED "X-Odd:  y \r\n\tz\r\n" D M F T "\r\n.\r\n" },
	{ S("Received: from x\r\n" D M F T "\r\n"), RECEIVED "Received: from x\r\n" D M F T "\r\n" },
	{ S("DATE: 1 Jan 2000 00:00 +0000\r\nmessage-id: <x@y>\r\nfrom: a@b.c\r\ncc: d@e.f\r\n\r\n"),
	  RECEIVED "DATE: 1 Jan 2000 00:00 +0000\r\nmessage-id: <x@y>\r\nfrom: a@b.c\r\ncc: d@e.f\r\n\r\n" },
	/* what others would replace is repaired, and kept beside where it said more */
	{ S("Date: x\r\n" M F T "\r\n"), RECEIVED DATE "X-Original-Date: x\r\n" M F T "\r\n" },
	{ S("date: Mon, 24 Nov 2025 17:00:00 PST\r\n" M F T "\r\n"),
	  RECEIVED "Date: Mon, 24 Nov 2025 17:00:00 -0800\r\n" M F T "\r\n" },
	{ S("Date: Mon, 24 Nov 2025 17:00:00 K\r\n" M F T "\r\n"),
	  RECEIVED "Date: Mon, 24 Nov 2025 17:00:00 -0000\r\nX-Original-Date: Mon, 24 Nov 2025 17:00:00 K\r\n"
	  M F T "\r\n" },
	{ S("Date:\r\nMessage-ID: \r\n" F T "\r\n"), RECEIVED DATE ID F T "\r\n" },
	{ S(D "Message-Id: <a@web1.>\r\n" F T "\r\n"),
	  RECEIVED D "Message-ID: <a@web1>\r\nX-Original-Message-Id: <a@web1.>\r\n" F T "\r\n" },
	{ S(D "Message-ID: <a\r\n\tb@x.>\r\n" F T "\r\n"),
	  RECEIVED D "Message-ID: <ab@x>\r\nX-Original-Message-ID: <a\r\n\tb@x.>\r\n" F T "\r\n" },
	{ S(D "Message-ID: <@>\r\n" F T "\r\n"),
	  RECEIVED D ID "X-Original-Message-ID: <@>\r\n" F T "\r\n" },
	/* a domain in other letters is ASCII for every server; a local part is not */
	{ S(D M "From: B\xc3\xbc" "cher <a@b\xc3\xbc" "cher.example>\r\nTo: bob@B\xc3\x9c" "CHER.example, d@e.f\r\n\r\n"),
	  RECEIVED D M "From: B\xc3\xbc" "cher <a@xn--bcher-kva.example>\r\n"
	  "To: bob@xn--bcher-kva.example, d@e.f\r\n\r\n" },
	/* but not under a signature */
	{ S("DKIM-Signature: x\r\nDate: x\r\nMessage-ID: <a@b.>\r\n" F T "\r\n"),
	  RECEIVED "DKIM-Signature: x\r\nDate: x\r\nMessage-ID: <a@b.>\r\n" F T "\r\n" },
	/* what is missing is added, in this order */
	{ S("Subject: x\r\n\r\nbody\r\n"), RECEIVED "Subject: x\r\n" DATE ID FROM TO "\r\nbody\r\n" },
	{ S(M F T "\r\n"), RECEIVED M F T DATE "\r\n" },
	{ S(D F T "\r\n"), RECEIVED D F T ID "\r\n" },
	{ S(D M T "\r\n"), RECEIVED D M T FROM "\r\n" },
	{ S(D M F "\r\n"), RECEIVED D M F TO "\r\n" },
	/* no header, half a header, only a header, nothing at all */
	{ S("hello\r\nworld\r\n"), RECEIVED DATE ID FROM TO "\r\nhello\r\nworld\r\n" },
	{ S("\r\nhello\r\n"), RECEIVED DATE ID FROM TO "\r\nhello\r\n" },
	{ S(" hello: x\r\n"), RECEIVED DATE ID FROM TO "\r\n hello: x\r\n" },
	{ S(T "hello\r\n\r\nworld\r\n"), RECEIVED T DATE ID FROM "\r\nhello\r\n\r\nworld\r\n" },
	{ S(D M F T), RECEIVED D M F T "\r\n" },
	{ S(""), RECEIVED DATE ID FROM TO "\r\n" },
	{ S("\r\n"), RECEIVED DATE ID FROM TO "\r\n" },
	{ S("From alice Fri Nov 27 19:22:43 2026\r\n" D M F T "\r\nbody\r\n"),
	  RECEIVED D M F T "\r\nbody\r\n" },
	{ S("From now on\r\nit is text\r\n"), RECEIVED DATE ID FROM TO "\r\nFrom now on\r\nit is text\r\n" },
	/* what must not leave */
	{ S("Bcc: x@y\r\n" D M F T "bcc : z,\r\n w\r\nReturn-Path: <a@b>\r\nResent-Bcc: q\r\n\r\n"),
	  RECEIVED D M F T "\r\n" },
	{ S(D M F "Bcc: x@y\r\n\r\n"), RECEIVED D M F TO "\r\n" },
	{ S(D M F "Resent-To: d@e.f\r\n\r\n"), RECEIVED D M F "Resent-To: d@e.f\r\n\r\n" },
	/* bare addresses */
	{ S(D M "From: root (Cron Daemon)\r\nTo: root\r\nCc: a, b@c.d\r\nReply-To: x\r\nSender: y\r\n"
	    "Resent-From: r\r\nResent-To: s\r\nResent-Sender: t\r\nErrors-To: u\r\nSubject: v\r\n\r\n"),
	  RECEIVED D M "From: root@example.com (Cron Daemon)\r\nTo: root@example.com\r\n"
	  "Cc: a@example.com, b@c.d\r\nReply-To: x@example.com\r\nSender: y@example.com\r\n"
	  "Resent-From: r@example.com\r\nResent-To: s@example.com\r\nResent-Sender: t@example.com\r\n"
	  "Errors-To: u\r\nSubject: v\r\n\r\n" },
	/* a spool file that the shim did not write: no stray line end gets through */
	{ S("A: b\rBcc: c\n" D M F T "\n"), RECEIVED "A: b Bcc: c\r\n" D M F T "\r\n" },
};

START_TEST(composes)
{
	expect(submit(rows[_i].in), rows[_i].out);
}
END_TEST

/* ---- who it is from ---- */

static const struct {
	const char *account;            /* relay `from`; NULL: none */
	enum from_header rewrite;
	const char *sender;             /* NULL: the null path */
	const char *full_name;
	const char *in;                 /* fields beside Date, Message-ID, To */
	const char *out;
	const char *path;               /* envelope sender on the wire */
} senders[] = {
	/* From kept or made */
	{ NULL, FROM_KEEP, "alice", "Alice Example", "", FROM, "alice@example.com" },
	{ NULL, FROM_KEEP, "alice", NULL, "", "From: alice on web1 <alice@example.com>\r\n",
	  "alice@example.com" },
	{ NULL, FROM_KEEP, "alice", "alice", "", "From: alice on web1 <alice@example.com>\r\n",
	  "alice@example.com" },
	{ NULL, FROM_KEEP, "alice", " ", "", "From: alice on web1 <alice@example.com>\r\n",
	  "alice@example.com" },
	{ NULL, FROM_KEEP, "bob@x.org", "Doe, J\xc3\xbcrgen", "",
	  "From: =?utf-8?q?Doe=2C_J=C3=BCrgen?= <bob@x.org>\r\n", "bob@x.org" },
	{ NULL, FROM_KEEP, "alice", "J. \"Ali\" Ce", "",
	  "From: \"J. \\\"Ali\\\" Ce\" <alice@example.com>\r\n", "alice@example.com" },
	{ NULL, FROM_KEEP, "alice", "x\r\nBcc: y@z", "", "From: \"x Bcc: y@z\" <alice@example.com>\r\n",
	  "alice@example.com" },
	{ NULL, FROM_KEEP, NULL, "Alice Example", "", FROM, "" },
	{ NULL, FROM_REWRITE, "alice", NULL, "From: root\r\n", "From: root@example.com\r\n",
	  "alice@example.com" },
	{ NULL, FROM_KEEP, "alice@localhost", NULL, F, F, "alice@example.com" },
	{ NULL, FROM_KEEP, "alice@web1.example.com", NULL, F, F, "alice@web1.example.com" },

	/* the account in the envelope alone */
	{ "ops@x.com", FROM_KEEP, "alice", "Alice Example", "", FROM, "ops@x.com" },
	{ "ops@x.com", FROM_KEEP, NULL, NULL, F, F, "" },
	{ "ops@x.com", FROM_KEEP, "alice", NULL, F "Sender: s@t.u\r\n", F "Sender: s@t.u\r\n", "ops@x.com" },

	/* the account as author */
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: root\r\n", "From: root on web1 <ops@x.com>\r\n",
	  "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: <root@localhost>\r\n",
	  "From: root on web1 <ops@x.com>\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: root (Cron Daemon)\r\n",
	  "From: \"Cron Daemon (root on web1)\" <ops@x.com>\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: root (=?utf-8?q?x=C3=BC?=)\r\n",
	  "From: =?utf-8?q?x=C3=BC?= \"(root on web1)\" <ops@x.com>\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: root (a \\) b)\r\n",
	  "From: \"a ) b (root on web1)\" <ops@x.com>\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: Root <root>\r\n",
	  "From: \"Root (root on web1)\" <ops@x.com>\r\n",
	  "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: \"Doe, J\" <root@web1>\r\n",
	  "From: \"Doe, J (root on web1)\" <ops@x.com>\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: =?utf-8?q?x?=\r\n =?utf-8?q?y?= <root>\r\n",
	  "From: =?utf-8?q?x?= =?utf-8?q?y?= \"(root on web1)\" <ops@x.com>\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: [bot] a@b <root>\r\n",
	  "From: \"[bot] a@b (root on web1)\" <ops@x.com>\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: root@web1.example.com\r\n",
	  "From: root on web1 <ops@x.com>\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", "Super User", "",
	  "From: \"Super User (alice on web1)\" <ops@x.com>\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", "alice", "", "From: alice on web1 <ops@x.com>\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: not an address\r\n",
	  "From: alice on web1 <ops@x.com>\r\n", "ops@x.com" },
	/* the original goes to Reply-To, if somebody can answer to it */
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: Shop <sales@shop.org>\r\n",
	  "From: Shop <ops@x.com>\r\nReply-To: sales@shop.org\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: sales@shop.org\r\n",
	  "From: sales on web1 <ops@x.com>\r\nReply-To: sales@shop.org\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: a@b.c, D <d@e.f>, ops@x.com, root\r\n",
	  "From: a on web1 <ops@x.com>\r\nReply-To: a@b.c, d@e.f\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: a@b.c\r\nFrom: d@e.f\r\n",
	  "From: a on web1 <ops@x.com>\r\nReply-To: a@b.c, d@e.f\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: a@b.c\r\nReply-To: r@s.t\r\n",
	  "From: a on web1 <ops@x.com>\r\nReply-To: r@s.t\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "sales@shop.org", NULL, "",
	  "From: alice on web1 <ops@x.com>\r\nReply-To: sales@shop.org\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: a@intranet\r\n", "From: a on web1 <ops@x.com>\r\n",
	  "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, NULL, NULL, "From: Mail Delivery System <MAILER-DAEMON@example.com>\r\n",
	  "From: Mail Delivery System <ops@x.com>\r\n", "" },
	/* the account already */
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From:  Ops  <ops@X.COM> (x)\r\nSender: s@t.u\r\n",
	  "From:  Ops  <ops@X.COM> (x)\r\nSender: s@t.u\r\n", "ops@x.com" },
	{ "root@example.com", FROM_REWRITE, "root", NULL, "From: Root <root>\r\n",
	  "From: Root <root@example.com>\r\n", "root@example.com" },
	/* and then there is no Sender beside it */
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "Sender: s@t.u\r\nFrom: A <a@b.c>\r\n",
	  "From: A <ops@x.com>\r\nReply-To: a@b.c\r\n", "ops@x.com" },
	/* a name that says it already, one that is somebody else's */
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: Root at Web1 <root>\r\n",
	  "From: Root at Web1 <ops@x.com>\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "root", NULL, "From: Al <al@box.lan>\r\n",
	  "From: Al <ops@x.com>\r\nReply-To: al@box.lan\r\n", "ops@x.com" },

	/* of this host alone */
	{ "ops@x.com", FROM_REWRITE_LOCAL, "root", NULL, "From: root (Cron Daemon)\r\n",
	  "From: \"Cron Daemon (root on web1)\" <ops@x.com>\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE_LOCAL, "root", NULL, "From: Al <al@web1.example.com>\r\n",
	  "From: \"Al (al on web1)\" <ops@x.com>\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE_LOCAL, "root", NULL, "From: Al <al@example.com>\r\n",
	  "From: Al <al@example.com>\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE_LOCAL, "root", NULL,
	  "From: Al <al@y.org>\r\nSender: root\r\nReply-To: al@y.org, root@localhost\r\n",
	  "From: Al <al@y.org>\r\nSender: ops@x.com\r\nReply-To: al@y.org, ops@x.com\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE_LOCAL, "root", NULL, "From: Al <al@y.org>, root\r\n",
	  "From: Al <ops@x.com>\r\nReply-To: al@y.org\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE_LOCAL, "root", NULL, "", "From: alice on web1 <ops@x.com>\r\n",
	  "ops@x.com" },

	/* maps and masks */
	{ NULL, FROM_KEEP, "www-data", NULL, "From: Shop <www-data>\r\nSender: x@db.hid.org\r\n",
	  "From: Shop <shop@y.org>\r\nSender: x@hid.org\r\n", "shop@y.org" },
	{ NULL, FROM_KEEP, "x@db.hid.org", NULL, F "Reply-To: \"X, Y\" <x@db.hid.org>\r\n",
	  F "Reply-To: \"X, Y\" <x@hid.org>\r\n", "x@hid.org" },
	{ NULL, FROM_KEEP, "root@hid.org", NULL, F "Cc: www-data, to@old.org\r\n",
	  F "Cc: www-data@example.com, to@new.org\r\n", "root@hid.org" },
	{ "ops@x.com", FROM_REWRITE_LOCAL, "www-data", NULL, "From: Shop <www-data>\r\n",
	  "From: Shop <shop@y.org>\r\n", "ops@x.com" },
	{ "ops@x.com", FROM_REWRITE, "www-data", NULL, "From: Shop <www-data>\r\n",
	  "From: Shop <ops@x.com>\r\nReply-To: shop@y.org\r\n", "ops@x.com" },
	{ "shop@y.org", FROM_REWRITE, "www-data", NULL, "From: Shop <www-data>\r\n",
	  "From: Shop <shop@y.org>\r\n", "shop@y.org" },
	{ "ops@x.com", FROM_REWRITE, "www-data", NULL, "",
	  "From: alice on web1 <ops@x.com>\r\nReply-To: shop@y.org\r\n", "ops@x.com" },
};

/* Appended fields come behind T: the expected text is put together the same way. */
START_TEST(senders_and_authors)
{
	struct buf      text, want, got;
	struct message *m;
	struct mail    *mail;
	bool            has_from = strstr(senders[_i].in, "From:") != NULL;
	const char     *reply = strstr(senders[_i].out, "Reply-To:");
	bool            moved = has_from && reply != NULL && strstr(senders[_i].in, "Reply-To:") == NULL;
	size_t          kept = moved ? (size_t)(reply - senders[_i].out) : strlen(senders[_i].out);

	buf_init(&text, 4096);
	buf_init(&want, 4096);
	buf_init(&got, 4096);
	buf_printf(&text, "%s" D M T "\r\nbody\r\n", senders[_i].in);
	if (has_from)
		buf_printf(&want, RECEIVED "%.*s" D M T "%s\r\nbody\r\n", (int)kept, senders[_i].out,
		    senders[_i].out + kept);
	else
		buf_printf(&want, RECEIVED D M T "%s\r\nbody\r\n", senders[_i].out);

	if (senders[_i].account != NULL)
		relay.from = addr_parse(span_of(senders[_i].account), NULL);
	relay.from_header = senders[_i].rewrite;
	m = submission_new(buf_view(&text), senders[_i].sender);
	if (senders[_i].full_name != NULL)
		m->env.full_name = xstrdup(senders[_i].full_name);
	mail = mail_for(m, "bob@example.net");
	ck_assert_int_eq(compose(&conf, &relay, mail), 0);
	wire(mail, &got);
	ck_assert_str_eq(buf_cstr(&got), buf_cstr(&want));
	ck_assert_str_eq(mail->from->text, senders[_i].path);
	mail_free(mail);
	message_close(NULL, m);
	buf_done(&text);
	buf_done(&want);
	buf_done(&got);
}
END_TEST

/* Who may not say so sends as himself; his From is his affair. */
START_TEST(an_untrusted_sender)
{
	static char    *trusted[] = { (char *)"www-data", NULL };
	struct message *m = submission_new((struct span)S(D M F T "\r\n"), "boss@x.org");
	struct mail    *mail = mail_for(m, "bob@example.net");

	m->uid = m->env.uid = getuid() + 1;
	conf.trusted_users = trusted;
	ck_assert_int_eq(compose(&conf, &relay, mail), 0);
	ck_assert_str_eq(mail->from->text, "alice@example.com");
	ck_assert_ptr_nonnull(strstr(buf_cstr(&mail->head), F));
	m->uid = getuid();
	ck_assert_int_eq(compose(&conf, &relay, mail), 0);
	ck_assert_str_eq(mail->from->text, "boss@x.org");
	mail_free(mail);
	message_close(NULL, m);
}
END_TEST

START_TEST(a_submitter_the_kernel_does_not_confirm)
{
	struct message *m = submit((struct span)S(D M F T "\r\n"));

	m->uid = 33;
	expect(m, "Received: by web1.example.com (Postern) with local id 0123456789ABCDEF\r\n"
	    "\t(from uid 33);\r\n\tMon, 24 Nov 2025 16:00:00 +0000\r\n" D M F T "\r\n");
}
END_TEST

START_TEST(a_user_name_that_would_end_the_comment)
{
	struct message *m = submit((struct span)S(D M F T "\r\n"));

	free(m->env.user);
	m->env.user = xstrdup("a) by evil (\\\r\nX: y\xff");
	expect(m, "Received: by web1.example.com (Postern) with local id 0123456789ABCDEF\r\n"
	    "\t(from user a\\) by evil \\(\\\\??X: y?, uid 1000);\r\n"
	    "\tMon, 24 Nov 2025 16:00:00 +0000\r\n" D M F T "\r\n");
}
END_TEST

static const struct {
	const char *address, *helo, *with, *user, *received;
} vias[] = {
	{ "192.0.2.7", "printer", "SMTP", NULL,
	    "from printer ([192.0.2.7])\r\n\tby web1.example.com (Postern) with SMTP "
	    "id 0123456789ABCDEF;\r\n" },
	{ "IPv6:2001:db8::1", "[IPv6:2001:db8::1]", "ESMTPSA", "scanner (2)",
	    "from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])\r\n\tby web1.example.com (Postern) with "
	    "ESMTPSA id 0123456789ABCDEF\r\n\t(authenticated as scanner \\(2\\));\r\n" },
	{ "192.0.2.7", "a (b) ; c@[d]", "ESMTP", NULL,
	    "from a--b----c--d- ([192.0.2.7])\r\n\tby web1.example.com (Postern) with ESMTP "
	    "id 0123456789ABCDEF;\r\n" },
	{ "192.0.2.7", "[1] by (x]", "ESMTP", NULL,
	    "from [1--by--x] ([192.0.2.7])\r\n\tby web1.example.com (Postern) with ESMTP "
	    "id 0123456789ABCDEF;\r\n" },
	{ "local", "web1", "ESMTP", NULL,
	    "from web1 (local socket)\r\n\tby web1.example.com (Postern) with ESMTP "
	    "id 0123456789ABCDEF\r\n\t(from user alice, uid 1000);\r\n" },
};

static struct message *
submit_via(int row, struct span text)
{
	struct message *m = submit(text);

	m->env.via.address = xstrdup(vias[row].address);
	m->env.via.helo = xstrdup(vias[row].helo);
	m->env.via.with = xstrdup(vias[row].with);
	m->env.via.user = vias[row].user != NULL ? xstrdup(vias[row].user) : NULL;
	return m;
}

START_TEST(from_a_listener)
{
	struct buf want;

	buf_init(&want, 4096);
	buf_printf(&want, "Received: %s\tMon, 24 Nov 2025 16:00:00 +0000\r\n" D M F T "\r\n",
	    vias[_i].received);
	expect(submit_via(_i, (struct span)S(D M F T "\r\n")), buf_cstr(&want));
	buf_done(&want);
}
END_TEST

/* A printer's mail without From is not from a user of this host. */
START_TEST(from_a_listener_without_from)
{
	struct message *m = submit_via(0, (struct span)S(D M T "\r\n"));
	struct buf      want;

	free(m->env.full_name);
	m->env.full_name = NULL;
	buf_init(&want, 4096);
	buf_printf(&want, "Received: %s\tMon, 24 Nov 2025 16:00:00 +0000\r\n" D M T
	    "From: <alice@example.com>\r\n\r\n", vias[0].received);
	expect(m, buf_cstr(&want));
	buf_done(&want);
}
END_TEST

static const struct {
	const char *hostname, *id;
} ids[] = {
	{ "web1.example.com", "<0123456789ABCDEF@web1.example.com>" },
	{ "web1.example.com.", "<0123456789ABCDEF@web1.example.com>" },
	{ ".web1..x", "<0123456789ABCDEF@web1.x>" },
	{ "my_host", "<0123456789ABCDEF@my_host>" },
	{ "a b@c>", "<0123456789ABCDEF@a-b-c->" },
	{ "b\xc3\xbc.de", "<0123456789ABCDEF@b--.de>" },
	{ "", "<0123456789ABCDEF@localhost>" },
	{ "..", "<0123456789ABCDEF@localhost>" },
};

START_TEST(message_ids)
{
	struct buf b;
	char       name[64];

	buf_init(&b, 1024);
	conf.hostname = strcpy(name, ids[_i].hostname);
	compose_message_id(&b, &conf, SUBMISSION_ID);
	ck_assert_str_eq(buf_cstr(&b), ids[_i].id);
	buf_done(&b);
}
END_TEST

static const struct {
	const char *in, *to, *sender;
	bool        eightbit, utf8;
} widths[] = {
	{ D M F T "\r\nbody\r\n", "a@b", "c@d", false, false },
	{ D M F T "\r\nb\xc3\xbc\r\n", "a@b", "c@d", true, false },
	{ D M F T "Subject: b\xc3\xbc\r\n\r\n", "a@b", "c@d", true, true },
	{ D M F T "Subject: b\xfc\r\n\r\n", "a@b", "c@d", true, false },
	{ D M F T "Bcc: b\xc3\xbc\r\n\r\n", "a@b", "c@d", true, false },
	{ D M F T "\r\n", "j\xc3\xbc@b", "c@d", false, true },
	{ D M F T "\r\n", "a@b\xc3\xbc", "c@d", false, true },
	{ D M F T "\r\n", "a@b", "j\xc3\xbc@d", false, true },
};

START_TEST(needs)
{
	struct message *m = submission_new(span_of(widths[_i].in), widths[_i].sender);
	struct mail    *mail = mail_for(m, widths[_i].to);

	ck_assert_int_eq(compose(&conf, &relay, mail), 0);
	ck_assert_int_eq(mail->eightbit, widths[_i].eightbit);
	ck_assert_int_eq(mail->utf8, widths[_i].utf8);
	mail_free(mail);
	message_close(NULL, m);
}
END_TEST

/* A name in UTF-8 makes no raw octet: it is encoded. */
START_TEST(our_own_fields_are_ascii)
{
	struct message *m = submission_new((struct span)S("body\r\n"), "alice");
	struct mail    *mail = mail_for(m, "a@b");

	m->env.full_name = xstrdup("\xc3\x84lice");
	ck_assert_int_eq(compose(&conf, &relay, mail), 0);
	ck_assert(!mail->eightbit && !mail->utf8);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&mail->head), "From: =?utf-8?q?=C3=84lice?= <alice@"));
	mail_free(mail);
	message_close(NULL, m);
}
END_TEST

/* ---- sizes ---- */

static int
compose_filler(const char *start, size_t fill, const char *end, struct mail **ret)
{
	struct buf      text;
	struct message *m;

	buf_init(&text, 8u << 20);
	buf_str(&text, start);
	for (size_t i = 0; i < fill; i++)
		buf_char(&text, 'x');
	buf_str(&text, end);
	m = submission_new(buf_view(&text), "alice");
	*ret = mail_for(m, "a@b.c");
	buf_done(&text);
	return compose(&conf, &relay, *ret);
}

static const struct {
	const char *start;
	size_t      fill;
	const char *end;
	int         result;
} sizes[] = {
	{ "Subject: ", 100000, "\r\n\r\nbody\r\n", 0 },
	{ "Subject: ", LIMIT_HEADER_BLOCK - 4096, "\r\n\r\nbody\r\n", 0 },
	{ "Subject: ", LIMIT_HEADER_BLOCK - 40, "\r\n\r\nbody\r\n", -EMSGSIZE },
	{ "Subject: ", LIMIT_HEADER_BLOCK, "\r\n\r\nbody\r\n", -EMSGSIZE },
	{ "Subject: ", 4u << 20, "\r\n\r\nbody\r\n", -EMSGSIZE },
	{ "Subject: ", 4u << 20, "", -EMSGSIZE },
	/* no header at all: a body of any size is fine */
	{ "", 4u << 20, "\r\n", 0 },
	{ "hello\r\n", 4u << 20, "\r\n", 0 },
	{ "From x Mon Jan  1 10:00:00 2024\r\nSubject: s\r\n\r\n", 4u << 20, "\r\n", 0 },
	{ "Subject: s\r\n", 4u << 20, "\r\n", 0 },
};

START_TEST(long_headers)
{
	struct mail *mail;

	ck_assert_int_eq(compose_filler(sizes[_i].start, sizes[_i].fill, sizes[_i].end, &mail),
	    sizes[_i].result);
	if (sizes[_i].result == 0) {
		ck_assert_uint_le(mail->head.n, LIMIT_HEADER_BLOCK);
		ck_assert_uint_eq(mail->content.at + mail->content.n, mail->msg->size);
		ck_assert(memcmp(mail->head.p + mail->head.n - 4, "\r\n\r\n", 4) == 0);
	}
	message_close(NULL, mail->msg);
	mail_free(mail);
}
END_TEST

START_TEST(settles)
{
	struct mail *mail = xcalloc(1, sizeof(*mail));
	struct status s = { .verdict = VERDICT_DEFER, .code = 451 };

	mail->nrcpt = 3;
	mail->rcpt = xcalloc(3, sizeof(*mail->rcpt));
	mail->rcpt[1].status.verdict = VERDICT_REJECT;
	ck_assert(!mail_is_settled(mail));
	mail_settle_rest(mail, &s);
	ck_assert(mail_is_settled(mail));
	ck_assert_int_eq(mail->rcpt[0].status.code, 451);
	ck_assert_int_eq(mail->rcpt[1].status.verdict, VERDICT_REJECT);
	ck_assert_int_eq(mail->rcpt[2].status.verdict, VERDICT_DEFER);
	mail_free(mail);
	mail_free(NULL);
}
END_TEST

Suite *suite_compose(void);

Suite *
suite_compose(void)
{
	Suite *s = suite_create("compose");
	TCase *t = tcase_create("compose");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, composes, 0, ROWS(rows));
	tcase_add_loop_test(t, senders_and_authors, 0, ROWS(senders));
	tcase_add_test(t, an_untrusted_sender);
	tcase_add_test(t, a_submitter_the_kernel_does_not_confirm);
	tcase_add_test(t, a_user_name_that_would_end_the_comment);
	tcase_add_loop_test(t, from_a_listener, 0, ROWS(vias));
	tcase_add_test(t, from_a_listener_without_from);
	tcase_add_loop_test(t, message_ids, 0, ROWS(ids));
	tcase_add_loop_test(t, needs, 0, ROWS(widths));
	tcase_add_test(t, our_own_fields_are_ascii);
	tcase_add_loop_test(t, long_headers, 0, ROWS(sizes));
	tcase_add_test(t, settles);
	suite_add_tcase(s, t);
	return s;
}
