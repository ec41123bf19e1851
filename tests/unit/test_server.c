/*
 * test_server.c - dialogues: what a client says, what it hears, what the
 * owner was told.  Each is run in one piece, octet by octet and with random
 * cuts, with answers at once and with answers later: nothing may differ.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/server.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))
#define CUTS 40

/* In an input: here the client waits; TLS comes if it is due. */
#define WAIT "\x01"

struct row {
	const char *name;
	unsigned    flags;
	unsigned    max_message, max_header, max_rcpts, max_errors;
	const char *in;
	const char *out;        /* without the greeting */
	const char *log;
};

struct owner {
	struct server *s;
	struct buf     log;
	struct buf     content;
	bool           later;
	bool           waits;   /* an answer is owed: */
	int            code;    /* 0: accept, 334: a challenge */
	const char    *dsn, *text;
};

/* ---- the owner ---- */

static void
give(struct owner *o)
{
	o->waits = false;
	if (o->code == 0)
		server_accept(o->s);
	else if (o->code == 334)
		server_challenge(o->s, span_of(o->text));
	else
		server_answer(o->s, o->code, o->dsn, "%s", o->text);
}

static void
owe(struct owner *o, int code, const char *dsn, const char *text)
{
	o->code = code;
	o->dsn = dsn;
	o->text = text;
	o->waits = true;
	if (!o->later)
		give(o);
}

static void
log_envelope(struct owner *o, const struct envelope *e)
{
	static const char *const bodies[] = { "", " 7bit", " 8bitmime" };
	static const char *const rets[] = { "", " full", " hdrs" };

	buf_printf(&o->log, "<%s>%s%s%s", e->sender->text, bodies[e->body], rets[e->ret],
	    e->smtputf8 ? " utf8" : "");
	if (e->envid != NULL)
		buf_printf(&o->log, " id=%s", e->envid);
	for (size_t i = 0; i < e->nrcpts; i++) {
		buf_printf(&o->log, " <%s>", e->rcpts[i].addr->text);
		if (e->rcpts[i].notify != 0)
			buf_printf(&o->log, "n%u", e->rcpts[i].notify);
		if (e->rcpts[i].orcpt != NULL)
			buf_printf(&o->log, "o%s", e->rcpts[i].orcpt);
	}
}

static void
on_mail(void *arg, struct envelope *e, uint64_t size)
{
	struct owner *o = arg;

	buf_printf(&o->log, "mail %llu;", (unsigned long long)size);
	if (strcmp(e->sender->text, "bad@x.org") == 0)
		owe(o, 550, "5.7.1", "not you");
	else
		owe(o, 0, NULL, NULL);
}

static void
on_rcpt(void *arg, const struct rcpt *r)
{
	struct owner *o = arg;

	if (strcmp(r->addr->text, "no@x.org") == 0)
		owe(o, 550, "5.1.1", "nobody\r\n250 by that name");
	else
		owe(o, 0, NULL, NULL);
}

static void
on_data(void *arg, struct envelope *e)
{
	struct owner *o = arg;

	buf_clear(&o->content);
	buf_str(&o->log, "data;");
	if (strcmp(e->sender->text, "full@x.org") == 0)
		owe(o, 452, "4.3.1", "no room");
	else
		owe(o, 0, NULL, NULL);
}

static void
on_content(void *arg, struct span bytes)
{
	struct owner *o = arg;

	buf_span(&o->content, bytes);
	ck_assert(!o->content.over);
}

static void
on_end(void *arg, struct envelope *e)
{
	struct owner *o = arg;

	buf_str(&o->log, "end ");
	log_envelope(o, e);
	buf_str(&o->log, " {");
	buf_span(&o->log, buf_view(&o->content));
	buf_str(&o->log, "};");
	if (span_icontains(buf_view(&o->content), SPAN("REJECT")))
		owe(o, 554, "5.6.0", "not that");
	else if (span_icontains(buf_view(&o->content), SPAN("NAMED")))
		owe(o, 250, "2.0.0", "accepted as 7");
	else
		owe(o, 0, NULL, NULL);
}

static void
on_reset(void *arg)
{
	struct owner *o = arg;

	buf_str(&o->log, "reset;");
}

static void
on_starttls(void *arg)
{
	owe(arg, 0, NULL, NULL);
}

static void
on_login(void *arg, const struct login *l)
{
	struct owner *o = arg;

	buf_printf(&o->log, "login %.*s/%.*s/%.*s;", (int)l->user.n, l->user.p, (int)l->password.n,
	    l->password.p, (int)l->act_as.n, l->act_as.p);
	if (span_eq(l->user, SPAN("ann")) && span_eq(l->password, SPAN("secret")))
		owe(o, 0, NULL, NULL);
	else
		owe(o, 535, "5.7.8", "no");
}

/* TOY: the client says nothing, is asked "who", and says "me". */
static void
on_sasl(void *arg, const char *mechanism, bool begins, struct span message)
{
	struct owner *o = arg;

	buf_printf(&o->log, "sasl %s %s%s;", mechanism, begins ? "" : "on", message.p == NULL ? "-" : "+");
	if (message.p == NULL)
		owe(o, 334, NULL, "who");
	else if (span_eq(message, SPAN("me")))
		owe(o, 0, NULL, NULL);
	else
		owe(o, 535, "5.7.8", "no");
}

static const struct server_ops ops = {
	.mail = on_mail, .rcpt = on_rcpt, .data = on_data, .content = on_content, .end = on_end,
	.reset = on_reset, .starttls = on_starttls, .login = on_login, .sasl = on_sasl,
};

/* ---- the client ---- */

/* The out buffer goes into *all, as a sender would take it. */
static void
drain(struct owner *o, struct buf *all)
{
	struct buf *out = server_out(o->s);

	buf_span(all, buf_view(out));
	buf_drop(out, out->n);
	ck_assert(!all->over);
}

/* All of a piece, however often the server stops in it. */
static void
feed(struct owner *o, struct span piece, struct buf *all)
{
	bool more = true;

	while (more) {
		size_t n = server_take(o->s, piece);

		ck_assert_uint_le(n, piece.n);
		piece.p += n;
		piece.n -= n;
		drain(o, all);
		more = o->waits || piece.n > 0;
		ck_assert(n > 0 || o->waits || piece.n == 0);
		ck_assert(!o->waits || server_wants(o->s) == SERVER_ANSWER);
		if (o->waits)
			give(o);
	}
}

/* cut 0: in one piece; 1: single octets; else random ones. */
static void
say(struct owner *o, struct span text, int cut, struct buf *all)
{
	while (text.n > 0) {
		size_t n = cut == 0 ? text.n : cut == 1 ? 1 : 1 + (size_t)rand() % (cut < 5 ? 200 :
	  7);

		n = n < text.n ? n : text.n;
		feed(o, (struct span){ text.p, n }, all);
		text.p += n;
		text.n -= n;
	}
}

static void
run(const struct row *row, int cut, bool later)
{
	struct server_config config = {
		.name = "mx.x.org", .flags = row->flags, .mechanisms = "PLAIN LOGIN TOY",
		.max_message = row->max_message, .max_header = row->max_header,
		.max_rcpts = row->max_rcpts, .max_errors = row->max_errors,
	};
	struct owner o = { .later = later };
	struct span  rest = span_of(row->in), part;
	struct buf   all;

	buf_init(&all, 1u << 20);
	buf_init(&o.log, 1u << 20);
	buf_init(&o.content, 1u << 20);
	o.s = server_new(&config, &ops, &o);
	while (span_cut(&rest, WAIT[0], &part)) {
		say(&o, part, cut, &all);
		if (server_wants(o.s) == SERVER_HANDSHAKE)
			server_secured(o.s, (row->flags & ~(unsigned)SERVER_STARTTLS) |
	  SERVER_AUTH);
	}
	buf_str(&o.log, server_wants(o.s) == SERVER_OVER ? "over" : "");
	buf_str(&o.log, server_lost(o.s) ? "" : "cut");
	ck_assert_msg(strcmp(buf_cstr(&all), row->out) == 0, "%s, cut %d: heard\n%s\nnot\n%s",
	  row->name, cut,
	    buf_cstr(&all), row->out);
	ck_assert_msg(strcmp(buf_cstr(&o.log), row->log) == 0, "%s, cut %d: told\n%s\nnot\n%s",
	  row->name, cut,
	    buf_cstr(&o.log), row->log);
	server_free(o.s);
	buf_done(&o.content);
	buf_done(&o.log);
	buf_done(&all);
}

/* ---- what is said often ---- */

#define EHLO_SIZE(size) \
	"250-mx.x.org\r\n250-PIPELINING\r\n250-SIZE" size "\r\n"
#define EHLO_REST(n) \
	"250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n" \
	"250-LIMITS RCPTMAX=" n "\r\n250 CHUNKING\r\n"
#define ENVELOPE "MAIL FROM:<a@x.org>\r\nRCPT TO:<b@x.org>\r\n"
#define SENDER_OK "250 2.1.0 sender ok\r\n"
#define RCPT_OK "250 2.1.5 recipient ok\r\n"
#define OKS SENDER_OK RCPT_OK
#define GO "354 end with a lone dot\r\n"
#define TAKEN "250 2.0.0 accepted\r\n"
#define OK "250 2.0.0 ok\r\n"
#define BYE "221 2.0.0 bye\r\n"
#define TEN "xxxxxxxxxx"
#define TOLD "mail 0;data;end <a@x.org> <b@x.org> "
#define TOO_LONG "552 5.3.4 the message is longer than the limit here\r\n"
#define FIRST_MAIL "503 5.5.1 MAIL comes first\r\n"

static const struct row rows[] = {
	/* ---- sessions ---- */
	{ "helo", .in = "HELO me\r\nQUIT\r\n", .out = "250 mx.x.org\r\n" BYE, .log = "over" },
	{ "ehlo", .in = "EHLO me\r\n", .out = EHLO_SIZE("") EHLO_REST("10000"), .log = "" },
	{ "ehlo with limits", .max_message = 5000, .max_rcpts = 7, .in = "ehlo [127.0.0.1]  \r\n",
	  .out = EHLO_SIZE(" 5000") EHLO_REST("7"), .log = "" },
	{ "ehlo of nobody", .in = "EHLO\r\nHELO \r\n",
	  .out = "501 a host name is wanted\r\n501 a host name is wanted\r\n", .log = "" },
	{ "small talk", .in = "NOOP\r\nnoop are you there\r\nRSET\r\nVRFY bob\r\nVRFY\r\n"
	  "EXPN list\r\nHELP\r\n",
	  .out = OK OK OK "252 2.5.2 not looked up; send the mail\r\n"
	  "501 5.5.4 this is VRFY ADDRESS\r\n"
	  "502 5.5.1 not done here\r\n"
	  "214 2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT\r\n",
	  .log = "" },
	{ "nothing of ours", .in = "\r\nFOO bar\r\nMAILFROM:<a>\r\n",
	  .out = "500 5.5.2 no such command\r\n500 5.5.2 no such command\r\n"
	  "500 5.5.2 no such command\r\n", .log = "" },
	{ "a browser with mail in its request", .in = "POST / HTTP/1.1\r\nHost: x\r\n\r\n" ENVELOPE
	  "DATA\r\nSubject: x\r\n\r\nhi\r\n.\r\n",
	  .out = "500 5.5.1 this is SMTP and not HTTP; the session ends\r\n", .log = "over" },
	{ "a control character", .in = "NOOP \x1b[0m\r\nNOOP a\rb\r\nNOOP\tx\r\n",
	  .out = "500 5.5.2 a control character in a command\r\n"
	  "500 5.5.2 a control character in a command\r\n"
	  OK, .log = "" },
	{ "behind the end", .in = "QUIT\r\nNOOP\r\n" ENVELOPE, .out = BYE, .log = "over" },
	{ "no tls, no auth", .in = "STARTTLS\r\nAUTH PLAIN AGFubgBzZWNyZXQ=\r\n",
	  .out = "502 5.5.1 not done here\r\n502 5.5.1 not done here\r\n", .log = "" },

	/* ---- messages ---- */
	{ "one", .in = "EHLO me\r\n" ENVELOPE "DATA\r\nSubject: x\r\n\r\nhi\r\n.\r\nQUIT\r\n",
	  .out = EHLO_SIZE("") EHLO_REST("10000") OKS GO TAKEN BYE, .log = TOLD "{Subject: x\r\n"
	  "\r\nhi\r\n};over" },
	{ "two, behind each other", .in = ENVELOPE "DATA\r\nNAMED\r\n.\r\n" ENVELOPE "DATA\r\n.\r\n"
	  "QUIT\r\n",
	  .out = OKS GO "250 2.0.0 accepted as 7\r\n" OKS GO TAKEN BYE,
	  .log = TOLD "{NAMED\r\n};" TOLD "{};over" },
	{ "refused at the end", .in = ENVELOPE "DATA\r\nREJECT\r\n.\r\n" ENVELOPE,
	  .out = OKS GO "554 5.6.0 not that\r\n" OKS, .log = TOLD "{REJECT\r\n};mail 0;reset;" },
	{ "several recipients", .in = "MAIL FROM:<>\r\nRCPT TO:<b@x.org>\r\nRCPT TO:<no@x.org>\r\n"
	  "RCPT TO:<c@x.org>\r\nRCPT TO:<b@X.ORG> NOTIFY=NEVER\r\nRCPT TO:<postmaster>\r\nDATA\r\n"
	  ".\r\n",
	  .out = OKS "550 5.1.1 nobody??250 by that name\r\n" RCPT_OK RCPT_OK RCPT_OK GO TAKEN,
	  .log = "mail 0;data;end <> <b@x.org> <c@x.org> <postmaster> {};" },
	{ "the sender refused", .in = "MAIL FROM:<bad@x.org>\r\nRCPT TO:<b@x.org>\r\nDATA\r\n"
	  ENVELOPE,
	  .out = "550 5.7.1 not you\r\n" FIRST_MAIL FIRST_MAIL OKS,
	  .log = "mail 0;mail 0;reset;" },
	{ "no room", .in = "MAIL FROM:<full@x.org>\r\nRCPT TO:<b@x.org>\r\nDATA\r\n" ENVELOPE
	  "RSET\r\n",
	  .out = OKS "452 4.3.1 no room\r\n" OKS OK, .log = "mail 0;data;reset;mail 0;reset;" },
	{ "no recipient", .in = "MAIL FROM:<a@x.org>\r\nRCPT TO:<no@x.org>\r\nDATA\r\nRSET\r\n",
	  .out = SENDER_OK "550 5.1.1 nobody??250 by that name\r\n554 5.5.1 no valid recipients\r\n"
	  OK,
	  .log = "mail 0;reset;" },
	{ "out of turn", .in = "DATA\r\nRCPT TO:<b@x.org>\r\n" ENVELOPE "MAIL FROM:<c@x.org>\r\n"
	  "DATA now\r\nEHLO me\r\n"
	  "DATA\r\n",
	  .out = FIRST_MAIL FIRST_MAIL OKS "503 5.5.1 a transaction is open already\r\n"
	  "501 5.5.4 DATA stands alone\r\n" EHLO_SIZE("") EHLO_REST("10000") FIRST_MAIL, .log =
	  "mail 0;reset;" },
	{ "gone between", .in = ENVELOPE, .out = OKS, .log = "mail 0;reset;" },
	{ "gone inside", .in = ENVELOPE "DATA\r\nhalf a mess", .out = OKS GO, .log =
	  "mail 0;data;reset;cut" },
	{ "gone before the dot's line end", .in = ENVELOPE "DATA\r\nall\r\n.", .out = OKS GO,
	  .log = "mail 0;data;reset;cut" },

	/* ---- addresses ---- */
	{ "forms", .in = "MAIL FROM: a@x.org BODY=7bit\r\nRCPT TO: <b@x.org>\r\n"
	  "RCPT TO:<@r.org,@[IPv6:::1]:c@x.org>\r\n"
	  "RCPT TO:<\"d >\\\" d\"@x.org>\r\nRCPT TO:root\r\nDATA\r\n.\r\n",
	  .out = SENDER_OK RCPT_OK RCPT_OK RCPT_OK RCPT_OK GO TAKEN,
	  .log =
	  "mail 0;data;end <a@x.org> 7bit <b@x.org> <c@x.org> <\"d >\\\" d\"@x.org> <root> {};" },
	{ "no forms", .in = "MAIL\r\nMAIL FROM\r\nMAIL FROM:\r\nMAIL TO:<a@x.org>\r\n"
	  "MAIL FROM:<a@x.org\r\n"
	  "MAIL FROM:<a@x.org>SIZE=1\r\nMAIL FROM:<@x.org>\r\n",
	  .out = "501 5.5.4 this is MAIL FROM:<ADDRESS>\r\n"
	  "501 5.5.4 this is MAIL FROM:<ADDRESS>\r\n"
	  "501 5.5.4 this is MAIL FROM:<ADDRESS>\r\n501 5.5.4 this is MAIL FROM:<ADDRESS>\r\n"
	  "501 5.5.4 this is MAIL FROM:<ADDRESS>\r\n501 5.5.4 this is MAIL FROM:<ADDRESS>\r\n"
	  "501 5.5.4 this is MAIL FROM:<ADDRESS>\r\n", .log = "" },
	{ "bad addresses", .in = "MAIL FROM:<a b@x.org>\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<>\r\n"
	  "RCPT TO:<b@x..org>\r\n",
	  .out = "501 5.1.7 blank outside quotes\r\n" SENDER_OK "501 5.1.3 address is empty\r\n"
	  "501 5.1.3 domain has an empty label (a dot too many)\r\n", .log = "mail 0;reset;" },
	{ "utf-8", .in = "MAIL FROM:<\xc3\xa4@x.org>\r\nMAIL FROM:<\xc3\xa4@x.org> SMTPUTF8\r\n"
	  "RCPT TO:<\xc3\xb6@x.org>\r\n"
	  "DATA\r\n.\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<\xc3\xb6@x.org>\r\n",
	  .out = "553 5.6.7 an address that is not ASCII needs SMTPUTF8\r\n" OKS GO TAKEN SENDER_OK
	  "553 5.6.7 an address that is not ASCII needs SMTPUTF8\r\n",
	  .log = "mail 0;data;end <\xc3\xa4@x.org> utf8 <\xc3\xb6@x.org> {};mail 0;reset;" },

	/* ---- parameters ---- */
	{ "all", .in = "MAIL FROM:<a@x.org> size=12 body=8BITMIME smtputf8 ret=hdrs ENVID=x+2Dy\r\n"
	  "RCPT TO:<b@x.org> notify=success,DELAY orcpt=rfc822;b+40x.org\r\nDATA\r\n.\r\n",
	  .out = OKS GO TAKEN,
	  .log =
	  "mail 12;data;end <a@x.org> 8bitmime hdrs utf8 id=x+2Dy <b@x.org>n5orfc822;b+40x.org {};"
	  },
	{ "orcpt in utf-8", .in = "MAIL FROM:<a@x.org> SMTPUTF8\r\n"
	  "RCPT TO:<b@x.org> ORCPT=utf-8;\xc3\xb6@x.org\r\n"
	  "RCPT TO:<c@x.org> ORCPT=rfc822;\xc3\xb6@x.org\r\nDATA\r\n.\r\n",
	  .out = OKS "501 5.5.4 ORCPT is TYPE;ADDRESS in at most 500 characters of xtext\r\n" GO
	  TAKEN,
	  .log = "mail 0;data;end <a@x.org> utf8 <b@x.org>outf-8;\\x{F6}@x.org {};" },
	{ "not MAIL's", .in = "MAIL FROM:<a@x.org> FOO\r\nMAIL FROM:<a@x.org> AUTH=<>\r\n"
	  "MAIL FROM:<a@x.org> NOTIFY=NEVER\r\n",
	  .out = "555 5.5.4 a parameter that is not known here\r\n"
	  "555 5.5.4 a parameter that is not known here\r\n"
	  "555 5.5.4 a parameter that is not known here\r\n", .log = "" },
	{ "MAIL's, badly", .in = "MAIL FROM:<a> SIZE=x\r\nMAIL FROM:<a> BODY=BINARYMIME\r\n"
	  "MAIL FROM:<a> RET=\r\n"
	  "MAIL FROM:<a> ENVID=a=b\r\nMAIL FROM:<a> SMTPUTF8=1\r\nMAIL FROM:<a> SIZE=1 SIZE=1\r\n",
	  .out = "501 5.5.4 SIZE wants a number\r\n501 5.5.4 BODY is 7BIT or 8BITMIME here\r\n"
	  "501 5.5.4 RET is FULL or HDRS\r\n"
	  "501 5.5.4 ENVID wants at most 100 characters of xtext\r\n"
	  "501 5.5.4 SMTPUTF8 has no value\r\n501 5.5.4 a parameter comes twice\r\n", .log = "" },
	{ "the longest ENVID, and a longer one",
	  .in = "MAIL FROM:<a> ENVID=" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "x\r\n"
	  "MAIL FROM:<a> ENVID=" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "\r\n",
	  .out = "501 5.5.4 ENVID wants at most 100 characters of xtext\r\n" SENDER_OK,
	  .log = "mail 0;reset;" },
	{ "RCPT's, badly", .in = "MAIL FROM:<a@x.org>\r\nRCPT TO:<b> NOTIFY=NEVER,DELAY\r\n"
	  "RCPT TO:<b> ORCPT=b@x.org\r\n"
	  "RCPT TO:<b> RET=FULL\r\nRCPT TO:<b> NOTIFY=DELAY NOTIFY=DELAY\r\n"
	  "RCPT TO:<b> ORCPT=rfc822;a ORCPT=rfc822;a\r\n"
	  "DATA\r\n",
	  .out = SENDER_OK "501 5.5.4 NOTIFY is NEVER or a list of the others\r\n"
	  "501 5.5.4 ORCPT is TYPE;ADDRESS in at most 500 characters of xtext\r\n"
	  "555 5.5.4 a parameter that is not known here\r\n"
	  "501 5.5.4 a parameter comes twice\r\n"
	  "501 5.5.4 a parameter comes twice\r\n554 5.5.1 no valid recipients\r\n", .log =
	  "mail 0;reset;" },

	/* ---- limits ---- */
	{ "size announced", .max_message = 50, .in = "MAIL FROM:<a@x.org> SIZE=51\r\n"
	  "MAIL FROM:<a@x.org> SIZE=99999999999999999999999\r\nMAIL FROM:<a@x.org> SIZE=50\r\n",
	  .out = TOO_LONG TOO_LONG SENDER_OK, .log = "mail 50;reset;" },
	{ "size not announced", .max_message = 10, .in = ENVELOPE "DATA\r\n12345678\r\n.\r\n"
	  ENVELOPE
	  "DATA\r\n123456789\r\n.\r\nNOOP\r\n",
	  .out = OKS GO TAKEN OKS GO TOO_LONG OK, .log = TOLD "{12345678\r\n};mail 0;data;reset;" },
	{ "stuffed dots do not count", .max_message = 10, .in = ENVELOPE "DATA\r\n..234567\r\n"
	  "..\r\n.\r\n" ENVELOPE
	  "DATA\r\n..2345\r\n..\r\n.\r\n",
	  .out = OKS GO TOO_LONG OKS GO "250 2.0.0 accepted\r\n",
	  .log = "mail 0;data;reset;" TOLD "{.2345\r\n.\r\n};" },
	{ "a long header", .max_header = 30, .in = ENVELOPE "DATA\r\nSubject: 789012345678901\r\n"
	  " a\r\n\r\nlong text behind it\r\n.\r\n"
	  ENVELOPE "DATA\r\nSubject: 6789012345\r\n a\r\n\r\nlong text behind it\r\n.\r\n" ENVELOPE
	  "DATA\r\nno header, and so no end of it that is too far away\r\n.\r\n",
	  .out = OKS GO "552 5.3.4 the header is longer than the limit here\r\n" OKS GO TAKEN OKS GO
	  TAKEN,
	  .log = "mail 0;data;reset;" TOLD "{Subject: 6789012345\r\n a\r\n\r\n"
	  "long text behind it\r\n};" TOLD
	  "{no header, and so no end of it that is too far away\r\n};" },
	{ "recipients", .max_rcpts = 2, .in = ENVELOPE "RCPT TO:<c@x.org>\r\nRCPT TO:<d@x.org>\r\n"
	  "DATA\r\n.\r\n" ENVELOPE,
	  .out = OKS RCPT_OK "452 4.5.3 too many recipients\r\n" GO TAKEN OKS,
	  .log = "mail 0;data;end <a@x.org> <b@x.org> <c@x.org> {};mail 0;reset;" },
	{ "errors", .max_errors = 3, .in = "FOO\r\nRCPT TO:<a>\r\nNOOP\r\n" ENVELOPE "DATA\r\n.\r\n"
	  "FOO\r\nFOO\r\n" ENVELOPE
	  "FOO\r\nNOOP\r\n",
	  .out = "500 5.5.2 no such command\r\n" FIRST_MAIL OK OKS GO TAKEN
	  "500 5.5.2 no such command\r\n"
	  "500 5.5.2 no such command\r\n" OKS "500 5.5.2 no such command\r\n"
	  "421 4.7.0 too many errors\r\n",
	  .log = TOLD "{};mail 0;reset;over" },

	/* ---- where DATA ends ---- */
	{ "dots", .in = ENVELOPE "DATA\r\n..\r\n...\r\n.a\r\n.\ra\r\n.\r\r\n.\r\n",
	  .out = OKS GO TAKEN, .log = TOLD "{.\r\n..\r\na\r\n\ra\r\n\r\r\n};" },
	{ "LF.LF ends nothing", .in = ENVELOPE "DATA\r\na\n.\nMAIL FROM:<evil@x.org>\n.\n\r\n.\r\n",
	  .out = OKS GO TAKEN, .log = TOLD "{a\n.\nMAIL FROM:<evil@x.org>\n.\n\r\n};" },
	{ "LF.CRLF ends nothing", .in = ENVELOPE "DATA\r\na\n.\r\nMAIL FROM:<evil@x.org>\r\n.\r\n",
	  .out = OKS GO TAKEN, .log = TOLD "{a\n.\r\nMAIL FROM:<evil@x.org>\r\n};" },
	{ "CRLF.LF ends nothing", .in = ENVELOPE "DATA\r\na\r\n.\nMAIL FROM:<evil@x.org>\r\n.\r\n",
	  .out = OKS GO TAKEN, .log = TOLD "{a\r\n\nMAIL FROM:<evil@x.org>\r\n};" },
	{ "CR.CR and the like", .in = ENVELOPE "DATA\r\na\r.\r\nb\r\n.\rc\r\r.\r\r\n.\r\n",
	  .out = OKS GO TAKEN, .log = TOLD "{a\r.\r\nb\r\n\rc\r\r.\r\r\n};" },
	{ "commands end in CRLF", .in = "NOOP\nEHLO me\nMAIL FROM:<a@x.org>\nNOOP\r\n",
	  .out = "500 5.5.2 lines end in CR LF\r\n500 5.5.2 lines end in CR LF\r\n"
	  "500 5.5.2 lines end in CR LF\r\n" OK,
	  .log = "" },
	{ "a pipe of LF", SERVER_LENIENT, .in =
	  "HELO me\nMAIL FROM:<a@x.org>\nRCPT TO:<b@x.org>\nDATA\n"
	  "Subject: x\n\n..a\n.b\n.\nNOOP\n",
	  .out = "250 mx.x.org\r\n" OKS GO TAKEN OK, .log = TOLD "{Subject: x\n\n.a\nb\n};" },
	{ "a pipe of LF, CRLF inside", SERVER_LENIENT, .in =
	  "MAIL FROM:<a@x.org>\nRCPT TO:<b@x.org>\nDATA\na\r\nb\n.\r\nNOOP\n",
	  .out = OKS GO TAKEN OK, .log = TOLD "{a\r\nb\n};" },
	{ "a pipe of CRLF, text of LF", SERVER_LENIENT, .in = ENVELOPE "DATA\r\na\nb\r\n.\nNOOP\r\n"
	  ENVELOPE "DATA\r\n.\nNOOP\r\n",
	  .out = OKS GO TAKEN OK OKS GO TAKEN OK, .log = TOLD "{a\nb\r\n};" TOLD "{};" },
	{ "a pipe of CRLF is held to it", SERVER_LENIENT,
	  .in = ENVELOPE "DATA\r\nSubject: x\r\n\r\na\n.\nMAIL FROM:<evil@x.org>\n.\r\nb\r\n"
	  ".\nc\r\n.\r\nNOOP\r\n",
	  .out = OKS GO TAKEN OK, .log = TOLD "{Subject: x\r\n\r\n"
	  "a\n.\nMAIL FROM:<evil@x.org>\n.\r\nb\r\n\nc\r\n};" },

	/* ---- BDAT ---- */
	{ "one chunk", .in = ENVELOPE "BDAT 5 LAST\r\na\n.\r\nNOOP\r\n", .out = OKS TAKEN OK, .log =
	  TOLD "{a\n.\r\n};" },
	{ "chunks", .in = ENVELOPE "BDAT 3\r\nabcBDAT 0\r\nbdat 7 last\r\nQUIT\r\n.NOOP\r\n",
	  .out = OKS "250 2.0.0 3 octets so far\r\n250 2.0.0 3 octets so far\r\n" TAKEN OK,
	  .log = TOLD "{abcQUIT\r\n.};" },
	{ "an empty last one", .in = ENVELOPE "BDAT 1\r\nxBDAT 0 LAST\r\n", .out = OKS
	  "250 2.0.0 1 octets so far\r\n" TAKEN,
	  .log = TOLD "{x};" },
	{ "BDAT out of turn", .in = "BDAT 6 LAST\r\nQUIT\r\nMAIL FROM:<a@x.org>\r\nBDAT 6\r\n"
	  "QUIT\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n",
	  .out = FIRST_MAIL SENDER_OK "554 5.5.1 no valid recipients\r\n" FIRST_MAIL OK,
	  .log = "mail 0;reset;" },
	{ "other commands between", .in = ENVELOPE "BDAT 1\r\nxRCPT TO:<c@x.org>\r\nDATA\r\n"
	  "MAIL FROM:<c@x.org>\r\nBDAT 0 LAST\r\n",
	  .out = OKS "250 2.0.0 1 octets so far\r\n503 5.5.1 the content has begun\r\n"
	  "503 5.5.1 BDAT has begun\r\n"
	  "503 5.5.1 a transaction is open already\r\n" TAKEN, .log = TOLD "{x};" },
	{ "a reset between", .in = ENVELOPE "BDAT 1\r\nxRSET\r\nBDAT 6 LAST\r\nQUIT\r\n", .out = OKS
	  "250 2.0.0 1 octets so far\r\n" OK FIRST_MAIL, .log = "mail 0;data;reset;" },
	{ "no room for chunks", .in = "MAIL FROM:<full@x.org>\r\nRCPT TO:<b@x.org>\r\nBDAT 6\r\n"
	  "QUIT\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n",
	  .out = OKS "452 4.3.1 no room\r\n" FIRST_MAIL OK, .log = "mail 0;data;reset;" },
	{ "too long a chunk", .max_message = 8, .in = ENVELOPE "BDAT 6\r\nQUIT\r\nBDAT 3 LAST\r\n"
	  "abcNOOP\r\n" ENVELOPE
	  "BDAT 6\r\nQUIT\r\nBDAT 2 LAST\r\nabNOOP\r\n",
	  .out = OKS "250 2.0.0 6 octets so far\r\n" TOO_LONG OK OKS "250 2.0.0 6 octets so far\r\n"
	  TAKEN OK,
	  .log = "mail 0;data;reset;" TOLD "{QUIT\r\nab};" },
	{ "too long a first chunk", .max_message = 8,
	  .in = ENVELOPE "BDAT 9 LAST\r\nQUIT\r\nabcNOOP\r\n", .out = OKS TOO_LONG OK,
	  .log = "mail 0;reset;" },
	{ "a chunk of a header", .max_header = 8, .in = ENVELOPE "BDAT 10\r\nSubject: xNOOP\r\n",
	  .out = OKS "552 5.3.4 the header is longer than the limit here\r\n" OK, .log =
	  "mail 0;data;reset;" },
	{ "no number", .in = ENVELOPE "BDAT x LAST\r\nMAIL FROM:<evil@x.org>\r\n",
	  .out = OKS "501 5.5.4 this is BDAT SIZE [LAST]; the session ends\r\n", .log =
	  "mail 0;reset;over" },
	{ "too large a number", .in = "BDAT 18446744073709551616\r\nNOOP\r\n",
	  .out = "501 5.5.4 this is BDAT SIZE [LAST]; the session ends\r\n", .log = "over" },
	{ "half a last", .in = "BDAT 1 LASTS\r\nx", .out =
	  "501 5.5.4 this is BDAT SIZE [LAST]; the session ends\r\n",
	  .log = "over" },
	{ "gone inside a chunk", .in = ENVELOPE "BDAT 9 LAST\r\nabc", .out = OKS, .log =
	  "mail 0;data;reset;cut" },

	/* ---- STARTTLS ---- */
	{ "starttls", SERVER_STARTTLS, .in = "EHLO me\r\nAUTH PLAIN x\r\nSTARTTLS x\r\nSTARTTLS\r\n"
	  WAIT
	  "EHLO me\r\nSTARTTLS\r\n",
	  .out = EHLO_SIZE("") "250-STARTTLS\r\n" EHLO_REST("10000")
	  "538 5.7.11 STARTTLS comes first\r\n"
	  "501 5.5.4 STARTTLS stands alone\r\n220 2.0.0 go ahead\r\n" EHLO_SIZE("")
	  "250-AUTH PLAIN LOGIN TOY\r\n"
	  EHLO_REST("10000") "502 5.5.1 not done here\r\n", .log = "" },
	{ "injected behind it", SERVER_STARTTLS, .in = ENVELOPE "STARTTLS\r\n"
	  "MAIL FROM:<evil@x.org>\r\nRCPT T" WAIT
	  "RCPT TO:<b@x.org>\r\nNOOP\r\n", .out = OKS "220 2.0.0 go ahead\r\n" FIRST_MAIL OK, .log =
	  "mail 0;reset;" },

	/* ---- AUTH ---- */
	{ "plain", SERVER_AUTH | SERVER_NEEDS_AUTH, .in = "MAIL FROM:<a@x.org>\r\n"
	  "AUTH PLAIN AGFubgBzZWNyZXQ=\r\n"
	  "EHLO me\r\nAUTH PLAIN AGFubgBzZWNyZXQ=\r\nMAIL FROM:<a@x.org> AUTH=<>\r\n",
	  .out = "530 5.7.0 authentication required\r\n235 2.7.0 authenticated\r\n" EHLO_SIZE("")
	  EHLO_REST("10000")
	  "503 5.5.1 already authenticated\r\n" SENDER_OK, .log = "login ann/secret/;mail 0;reset;"
	  },
	{ "plain in two steps", SERVER_AUTH, .in = "auth plain\r\nYm9iAGFubgBzZWNyZXQ=\r\n",
	  .out = "334 \r\n235 2.7.0 authenticated\r\n", .log = "login ann/secret/bob;" },
	{ "login", SERVER_AUTH, .in = "AUTH LOGIN\r\nYW5u\r\nc2VjcmV0\r\n",
	  .out = "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n235 2.7.0 authenticated\r\n", .log =
	  "login ann/secret/;" },
	{ "login with the user", SERVER_AUTH, .in = "AUTH LOGIN YW5u\r\nc2VjcmV0\r\n",
	  .out = "334 UGFzc3dvcmQ6\r\n235 2.7.0 authenticated\r\n", .log = "login ann/secret/;" },
	{ "refused, and the group behind it", SERVER_AUTH | SERVER_NEEDS_AUTH,
	  .in = "AUTH PLAIN AGFubgB4\r\n" ENVELOPE "DATA\r\nAUTH LOGIN YW5u\r\nc2VjcmV0\r\n",
	  .out = "535 5.7.8 no\r\n530 5.7.0 authentication required\r\n" FIRST_MAIL FIRST_MAIL
	  "334 UGFzc3dvcmQ6\r\n235 2.7.0 authenticated\r\n", .log =
	  "login ann/x/;login ann/secret/;" },
	{ "cancelled", SERVER_AUTH, .in = "AUTH LOGIN\r\n*\r\nNOOP\r\n", .out =
	  "334 VXNlcm5hbWU6\r\n501 5.7.0 cancelled\r\n" OK,
	  .log = "" },
	{ "no base64", SERVER_AUTH, .in = "AUTH PLAIN AGF\r\nAUTH PLAIN A===\r\nAUTH LOGIN\r\n"
	  "YW5v=\r\nAUTH PLAIN AB==\r\n"
	  "AUTH LOGIN\r\nYW 5u\r\nNOOP\r\n",
	  .out = "501 5.5.2 this is no base64\r\n501 5.5.2 this is no base64\r\n"
	  "334 VXNlcm5hbWU6\r\n"
	  "501 5.5.2 this is no base64\r\n501 5.5.2 this is no base64\r\n334 VXNlcm5hbWU6\r\n"
	  "501 5.5.2 this is no base64\r\n" OK, .log = "" },
	{ "no login", SERVER_AUTH, .in = "AUTH PLAIN YW5u\r\nAUTH PLAIN =\r\n"
	  "AUTH PLAIN AABzZWNyZXQ=\r\nAUTH LOGIN =\r\n"
	  "AUTH PLAIN AGFubgBzAGVjcmV0\r\n",
	  .out = "501 5.5.2 this is no login\r\n501 5.5.2 this is no login\r\n"
	  "501 5.5.2 this is no login\r\n"
	  "501 5.5.2 this is no login\r\n501 5.5.2 this is no login\r\n", .log = "" },
	{ "wrong use", SERVER_AUTH, .in = "AUTH\r\nAUTH PLAIN a b\r\nAUTH CRAM-MD5\r\nAUTH PLAI\r\n"
	  ENVELOPE "AUTH PLAIN\r\n",
	  .out = "501 5.5.4 this is AUTH MECHANISM [INITIAL-RESPONSE]\r\n"
	  "501 5.5.4 this is AUTH MECHANISM [INITIAL-RESPONSE]\r\n"
	  "504 5.5.4 no such mechanism here\r\n504 5.5.4 no such mechanism here\r\n" OKS
	  "503 5.5.1 not inside a transaction\r\n", .log = "mail 0;reset;" },
	{ "another mechanism", SERVER_AUTH, .in = "AUTH toy\r\neW91\r\nAUTH TOY\r\nbWU=\r\n"
	  "NOOP\r\n",
	  .out = "334 d2hv\r\n535 5.7.8 no\r\n334 d2hv\r\n235 2.7.0 authenticated\r\n" OK,
	  .log = "sasl TOY -;sasl TOY on+;sasl TOY -;sasl TOY on+;" },
	{ "another mechanism, cancelled, then again", SERVER_AUTH, .in = "AUTH TOY\r\n*\r\nAUTH TOY\r\nbWU=\r\n"
	  "NOOP\r\n",
	  .out = "334 d2hv\r\n501 5.7.0 cancelled\r\n334 d2hv\r\n235 2.7.0 authenticated\r\n" OK,
	  .log = "sasl TOY -;sasl TOY -;sasl TOY on+;" },
	{ "a bare LF in the exchange", SERVER_AUTH, .in = "AUTH LOGIN\r\nYW5u\nNOOP\r\n",
	  .out = "334 VXNlcm5hbWU6\r\n500 5.5.2 lines end in CR LF\r\n" OK, .log = "" },
};

START_TEST(dialogues)
{
	srand((unsigned)_i + 1);
	for (int later = 0; later < 2; later++)
		for (int cut = 0; cut < CUTS; cut++)
			run(&rows[_i], cut, later != 0);
}
END_TEST

/* ---- lines at their limits ---- */

/* "VERB " and x up to n octets, CRLF; what is heard. */
static void
long_line(unsigned flags, const char *verb, size_t n, const char *heard)
{
	struct row row = { .name = "a long line", .flags = flags, .out = heard, .log = "" };
	struct buf in;

	buf_init(&in, 100000);
	buf_str(&in, verb);
	while (in.n < n)
		buf_char(&in, 'x');
	buf_str(&in, "\r\nNOOP\r\n");
	row.in = buf_cstr(&in);
	for (int cut = 0; cut < 4; cut++)
		run(&row, cut, false);
	buf_done(&in);
}

START_TEST(long_lines)
{
	long_line(0, "NOOP ", 2048, OK OK);
	long_line(0, "NOOP ", 2049, "500 5.5.2 the line is too long\r\n" OK);
	long_line(0, "NOOP ", 12288, "500 5.5.2 the line is too long\r\n" OK);
	long_line(0, "NOOP ", 90000, "500 5.5.2 the line is too long\r\n" OK);
	long_line(SERVER_AUTH, "AUTH PLAIN ", 12288, "501 5.5.2 this is no base64\r\n" OK);
	long_line(SERVER_AUTH, "AUTH PLAIN ", 12289, "500 5.5.6 the line is too long\r\n" OK);
	long_line(SERVER_AUTH, "AUTH PLAIN ", 50000, "500 5.5.6 the line is too long\r\n" OK);
	long_line(SERVER_AUTH, "AUTH LOGIN\r\n", 12 + 12289,
	    "334 VXNlcm5hbWU6\r\n500 5.5.6 the line is too long\r\n" OK);
	long_line(SERVER_AUTH, "AUTH LOGIN\r\n", 12 + 12287,
	    "334 VXNlcm5hbWU6\r\n501 5.5.2 this is no base64\r\n" OK);
}
END_TEST

/* An address of its own for each, until the envelope would be too large for
   the spool: then 452, long before 10,000, and what is there can be stored. */
START_TEST(large_envelopes)
{
	struct server_config config = { .name = "mx.x.org" };
	static const struct server_ops none = { .mail = NULL };
	struct server *s = server_new(&config, &none, NULL);
	struct buf  line, head;
	size_t      taken = 0;
	bool        full = false;

	buf_init(&line, 4096);
	buf_init(&head, ENVELOPE_MAX_BYTES);
	server_take(s, SPAN("MAIL FROM:<a@x.org>\r\n"));
	for (int i = 0; i < ENVELOPE_MAX_RCPTS && !full; i++) {
		buf_clear(&line);
		buf_printf(&line, "RCPT TO:<%%%%%%%%%%%%%%%%%%%%%%%%%d@x.org> ORCPT=rfc822;", i);
		for (int j = 0; j < 450; j++)
			buf_char(&line, '%');
		buf_str(&line, "\r\n");
		buf_clear(server_out(s));
		ck_assert_uint_eq(server_take(s, buf_view(&line)), line.n);
		full = span_starts(buf_view(server_out(s)), SPAN("452 4.5.3"));
		ck_assert(full || span_starts(buf_view(server_out(s)), SPAN("250 ")));
		taken += !full;
	}
	ck_assert(full && taken > 1000);
	ck_assert_uint_eq(server_envelope(s)->nrcpts, taken);
	server_envelope(s)->host = xstrdup("h");
	envelope_put(&head, server_envelope(s));
	ck_assert(!head.over);
	server_free(s);
	buf_done(&head);
	buf_done(&line);
}
END_TEST

/* A client that writes and never reads: the server stops taking. */
START_TEST(deaf_client)
{
	struct server_config config = { .name = "mx.x.org" };
	static const struct server_ops none = { .mail = NULL };
	struct server *s = server_new(&config, &none, NULL);
	struct buf  in;
	size_t      n;

	buf_init(&in, 1u << 20);
	for (int i = 0; i < 100000; i++)
		buf_str(&in, "NOOP\r\n");
	n = server_take(s, buf_view(&in));
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_lt(n, in.n / 10);
	ck_assert_uint_lt(server_out(s)->n, 20000);
	ck_assert_uint_eq(server_take(s, (struct span){ in.p + n, in.n - n }), 0);
	buf_clear(server_out(s));
	ck_assert_uint_gt(server_take(s, (struct span){ in.p + n, in.n - n }), 0);
	server_free(s);
	buf_done(&in);
}
END_TEST

/* 421 out of turn; not between a message's end and its answer. */
START_TEST(ended_by_the_owner)
{
	struct server_config config = { .name = "mx.x.org" };
	struct owner o = { .later = true };
	const char  *in = ENVELOPE "DATA\r\nx\r\n.\r\nNOOP\r\n";
	struct span  rest = span_of(in);
	struct buf   all;

	buf_init(&all, 4096);
	buf_init(&o.log, 4096);
	buf_init(&o.content, 4096);
	o.s = server_new(&config, &ops, &o);
	server_greet(o.s);
	for (int i = 0; i < 3; i++) {
		rest.p += server_take(o.s, rest);
		rest.n = strlen(rest.p);
		ck_assert(o.waits);
		give(&o);
	}
	rest.p += server_take(o.s, rest);
	rest.n = strlen(rest.p);
	ck_assert(o.waits && server_wants(o.s) == SERVER_ANSWER);
	drain(&o, &all);
	server_end(o.s, 421, "4.3.2", "going down");
	server_end(o.s, 421, "4.3.2", "going down, again");
	ck_assert_uint_eq(server_out(o.s)->n, 0);
	give(&o);
	ck_assert_uint_eq(server_take(o.s, rest), rest.n);
	drain(&o, &all);
	ck_assert_str_eq(buf_cstr(&all), "220 mx.x.org ESMTP Postern\r\n" OKS GO TAKEN
	  "421 4.3.2 going down\r\n");
	ck_assert_str_eq(buf_cstr(&o.log), TOLD "{x\r\n};");
	ck_assert(server_wants(o.s) == SERVER_OVER && server_messages(o.s) == 1);
	server_free(o.s);

	buf_clear(&o.log);
	o.later = false;
	o.s = server_new(&config, &ops, &o);
	server_take(o.s, SPAN(ENVELOPE "DATA\r\nx"));
	buf_clear(server_out(o.s));
	server_end(o.s, 421, "4.4.2", "no more %s", "patience");
	ck_assert_str_eq(buf_cstr(server_out(o.s)), "421 4.4.2 no more patience\r\n");
	ck_assert_str_eq(buf_cstr(&o.log), "mail 0;data;reset;");
	ck_assert(server_lost(o.s));
	server_free(o.s);
	buf_done(&o.content);
	buf_done(&o.log);
	buf_done(&all);
}
END_TEST

/* What others may ask about the session. */
START_TEST(what_is_known)
{
	struct server_config config = { .name = "mx.x.org", .flags = SERVER_STARTTLS | SERVER_AUTH,
		.mechanisms = "PLAIN" };
	struct owner o = { .later = false };

	buf_init(&o.log, 4096);
	buf_init(&o.content, 4096);
	o.s = server_new(&config, &ops, &o);
	ck_assert_str_eq(server_helo(o.s), "");
	server_take(o.s, SPAN("EHLO my\xff printer\r\nAUTH PLAIN AGFubgBzZWNyZXQ=\r\n"));
	ck_assert_str_eq(server_helo(o.s), "my?");
	ck_assert(server_is_esmtp(o.s) && server_is_authenticated(o.s) && !server_is_secured(o.s));
	server_take(o.s, SPAN("STARTTLS\r\n"));
	server_secured(o.s, SERVER_AUTH);
	ck_assert_str_eq(server_helo(o.s), "");
	ck_assert(!server_is_esmtp(o.s) && !server_is_authenticated(o.s) && server_is_secured(o.s));
	server_free(o.s);
	buf_done(&o.content);
	buf_done(&o.log);
}
END_TEST

Suite *suite_server(void);

Suite *
suite_server(void)
{
	Suite *s = suite_create("server");
	TCase *t = tcase_create("server");

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, dialogues, 0, ROWS(rows));
	tcase_add_test(t, long_lines);
	tcase_add_test(t, large_envelopes);
	tcase_add_test(t, deaf_client);
	tcase_add_test(t, ended_by_the_owner);
	tcase_add_test(t, what_is_known);
	suite_add_tcase(s, t);
	return s;
}
