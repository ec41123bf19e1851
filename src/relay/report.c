#include "relay/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define COLUMNS   76
#define WORD_MAX  500           /* a longer word is cut: RFC 5322 §2.1.1 allows no line of 999 */

/* ---- wrapped text ---- */

static size_t
column(const struct buf *b)
{
	size_t n = 0;

	while (n < b->n && b->p[b->n - 1 - n] != '\n')
		n++;
	return n;
}

/* The next word of *rest: what stands between blanks, or WORD_MAX of it. */
static struct span
next_word(struct span *rest)
{
	struct span word;
	size_t      n = 0;

	while (rest->n > 0 && (*rest->p == ' ' || *rest->p == '\n')) {
		rest->p++;
		rest->n--;
	}
	while (n < rest->n && n < WORD_MAX && rest->p[n] != ' ' && rest->p[n] != '\n')
		n++;
	word = (struct span){ rest->p, n };
	rest->p += n;
	rest->n -= n;
	return word;
}

/*
 * Words from where the line stands now; later lines begin with indent.  So
 * no line of the report ever begins with what somebody else wrote, and none
 * can pass for a boundary.
 */
static void
put_words(struct buf *b, const char *indent, struct span text)
{
	struct span word;
	size_t      at = column(b);

	while ((word = next_word(&text)).n > 0) {
		if (at > strlen(indent) && at + 1 + word.n > COLUMNS) {
			buf_char(b, '\n');
			buf_str(b, indent);
			at = strlen(indent);
		} else if (at > 0 && b->p[b->n - 1] != ' ') {
			buf_char(b, ' ');
			at++;
		}
		buf_span(b, word);
		at += word.n;
	}
}

static void
put_printable_words(struct buf *b, const char *indent, struct span text)
{
	struct buf clean;

	buf_init(&clean, text.n + 1);
	text_put_printable(&clean, text);
	put_words(b, indent, buf_view(&clean));
	buf_done(&clean);
}

/* ---- what the other side said ---- */

/* An enhanced code of a class that fits what is reported. */
static bool
has_dsn(const struct bounced *b)
{
	const char *classes = b->action == REPORT_RELAYED ? "2" : "45", *s = b->dsn;

	return s != NULL && s[0] != '\0' && strchr(classes, s[0]) != NULL && s[1] == '.' && s[2] != '\0' &&
	    strspn(s, "0123456789.") == strlen(s);
}

/* RFC 3463: what a program should think of it. */
static const char *
dsn_of(const struct bounced *b)
{
	if (has_dsn(b))
		return b->dsn;
	if (b->action == REPORT_RELAYED)
		return "2.0.0";
	return b->expired || b->action == REPORT_DELAYED ? "4.4.7" : "5.0.0";
}

/* "550 5.1.1 No such user", the reply as it was, as far as we have it. */
static void
put_reply(struct buf *b, const struct bounced *x, const char *indent)
{
	struct span text = span_of(x->text);

	if (x->code != 0) {
		buf_printf(b, "%03d", x->code);
		if (has_dsn(x) && !span_starts(text, span_of(x->dsn)))
			buf_printf(b, " %s", x->dsn);
		buf_char(b, ' ');
	}
	put_printable_words(b, indent, text.n > 0 ? text : SPAN("(no text)"));
}

/* ---- for people ---- */

static const struct {
	const char *dsn;        /* prefix */
	const char *advice;
} advices[] = {
	{ "5.1.", "check the address for a mistake, then send the message again." },
	{ "5.2.2", "the mailbox is full: tell its owner another way, or try again in some days." },
	{ "5.2.3", "the message is too large: send a smaller one, or a link to what it carries." },
	{ "5.3.4", "the message is too large: send a smaller one, or a link to what it carries." },
	{ "5.6.3", "the mail service takes plain ASCII only, and re-encoding the message would break it: "
	           "send it unsigned, or encoded from the start." },
	{ "5.6.7", "the address has letters that this mail service cannot carry: "
	           "ask for one in plain ASCII." },
	{ "5.7.", "the other side objects to the sender or the content; its words above say to what. "
	          "The message has to be changed, or its recipient asked to let it in." },
};

static const char *
advice_of(const struct bounced *b)
{
	const char *dsn = dsn_of(b);

	if (b->hint != NULL)
		return b->hint;
	if (b->action == REPORT_DELAYED)
		return "nothing. It is tried again by itself, and you are told if it fails for good.";
	if (b->expired)
		return "if the message still matters, send it again.";
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (span_starts(span_of(dsn), span_of(advices[i].dsn)))
			return advices[i].advice;
	return "show this report to whoever runs the mail service named here.";
}

static void
put_span_of_time(struct buf *b, int64_t s)
{
	static const struct {
		int64_t     s;
		const char *name;
	} units[] = { { 86400, "days" }, { 3600, "hours" }, { 60, "minutes" }, { 1, "seconds" } };
	size_t i = 0;

	while (i < 3 && s < 2 * units[i].s)
		i++;
	buf_printf(b, "%lld %s", (long long)(s < 0 ? 0 : s / units[i].s), units[i].name);
}

static void
put_address_line(struct buf *b, const struct addr *as_given, const struct addr *to)
{
	buf_printf(b, "<%s>", as_given->text);
	if (to != NULL && !addr_eq(to, as_given))
		buf_printf(b, " (sent on to <%s>)", to->text);
	buf_char(b, '\n');
}

/* What to call the server's words, or our own finding. */
static struct span
introduction(const struct bounced *x)
{
	if (x->action == REPORT_RELAYED)
		return SPAN("took it and said:");
	if (x->expired || x->action == REPORT_DELAYED)
		return x->code != 0 ? SPAN("last said:") : SPAN("The last attempt failed here:");
	return x->code != 0 ? SPAN("refused it:") : SPAN("It could not be sent:");
}

static void
put_reason(struct buf *b, const struct report *r, const struct bounced *x)
{
	buf_str(b, "    ");
	if (x->expired || x->action == REPORT_DELAYED) {
		buf_str(b, "Tried for ");
		put_span_of_time(b, r->now_s - r->m->env.time_us / 1000000);
		buf_str(b, " without success. ");
	}
	if (x->code != 0)
		put_printable_words(b, "    ", span_of(x->remote != NULL ? x->remote : "The relay"));
	put_words(b, "    ", introduction(x));
	buf_str(b, "\n        ");
	put_reply(b, x, "        ");
	buf_char(b, '\n');
	if (x->action == REPORT_RELAYED)
		return;
	buf_str(b, "    What to do: ");
	put_words(b, "    ", span_of(advice_of(x)));
	buf_char(b, '\n');
}

/* One or several recipients. */
static struct span
what_happened(const struct report *r)
{
	static const char *const words[][2] = {
		[REPORT_FAILED] = {
			"Your message could not be delivered to the address below. It will not be tried again.",
			"Your message could not be delivered to the addresses below. It will not be tried again.",
		},
		[REPORT_DELAYED] = {
			"Your message has not yet been delivered to the address below. It waits here and is tried "
			"again; there is no need to send it once more.",
			"Your message has not yet been delivered to the addresses below. It waits here and is tried "
			"again; there is no need to send it once more.",
		},
		[REPORT_RELAYED] = {
			"Your message was handed on for the address below. The mail server that took it does not "
			"report deliveries, so this is the last you hear unless it fails.",
			"Your message was handed on for the addresses below. The mail server that took it does not "
			"report deliveries, so this is the last you hear unless it fails.",
		},
	};

	return span_of(words[r->action][r->n != 1]);
}

const char *
report_subject(const struct report *r)
{
	static const char *const subjects[] = {
		[REPORT_FAILED]  = "Undelivered mail returned to sender",
		[REPORT_DELAYED] = "Mail delivery is delayed",
		[REPORT_RELAYED] = "Mail was handed on",
	};

	return subjects[r->action];
}

/* Not r->n: an alias makes several addresses of one.  They stand together. */
static size_t
recipients(const struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += i == 0 || r->b[i].index != r->b[i - 1].index;
	return n;
}

void
report_put_text(struct buf *b, const struct report *r)
{
	buf_str(b, "This is Postern, the mail relay of ");
	text_put_printable(b, span_of(r->c->hostname));
	buf_str(b, ".\n\n");
	put_words(b, "", what_happened(r));
	buf_char(b, '\n');
	for (size_t i = 0; i < r->n; i++) {
		buf_char(b, '\n');
		put_address_line(b, r->m->env.rcpts[r->b[i].index].addr, r->b[i].to);
		put_reason(b, r, &r->b[i]);
	}
	if (r->large)
		buf_printf(b, "\nOnly the header of your message comes back with this: it has %llu octets.\n",
		    (unsigned long long)r->m->size);
	if (recipients(r) < r->m->env.nrcpts)
		buf_str(b, "\nNothing is said here about the other recipients of the message.\n");
}

/* ---- for programs ---- */

/*
 * To a sender in ASCII utf-8-addr-xtext of RFC 6533 §3: the 7-bit form, so
 * that the report needs no extension to get through even if the address it is
 * about did.  To another it needs one anyway.
 */
static void
put_utf8_address(struct buf *b, struct span s, bool global)
{
	if (global) {
		buf_span(b, s);
		return;
	}
	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i++];
		unsigned      point = c;

		if (c < 128 && c > 32 && strchr("\\+=", c) == NULL) {
			buf_char(b, (char)c);
			continue;
		}
		if (c >= 0xc0)
			point = c & (c < 0xe0 ? 0x1fu : c < 0xf0 ? 0x0fu : 0x07u);
		for (; c >= 0xc0 && i < s.n && ((unsigned char)s.p[i] & 0xc0) == 0x80; i++)
			point = point << 6 | ((unsigned char)s.p[i] & 0x3fu);
		buf_printf(b, "\\x{%02X}", point);
	}
}

static void
put_final_recipient(struct buf *b, const struct addr *a, bool global)
{
	if (a->utf8) {
		buf_str(b, "Final-Recipient: utf-8; ");
		put_utf8_address(b, (struct span){ a->text, a->n }, global);
	} else
		buf_printf(b, "Final-Recipient: rfc822; %s", a->text);
	buf_char(b, '\n');
}

/* ORCPT came as "type;xtext" (RFC 3461 §4.2) from the submitter: anything may be in it. */
static void
put_original_recipient(struct buf *b, const char *orcpt, bool global)
{
	struct span rest = span_of(orcpt);
	struct span type;
	struct buf  address;

	if (!span_cut(&rest, ';', &type) || type.n == 0 || rest.n == 0)
		return;
	buf_init(&address, rest.n + 1);
	if (text_xtext(rest, &address) == 0) {
		buf_str(b, "Original-Recipient: ");
		text_put_printable(b, type);
		buf_str(b, "; ");
		if (span_ieq(type, SPAN("utf-8")) && text_is_utf8(buf_view(&address)) &&
		    !text_is_ascii(buf_view(&address)))
			put_utf8_address(b, buf_view(&address), global);
		else
			text_put_printable(b, buf_view(&address));
		buf_char(b, '\n');
	}
	buf_done(&address);
}

static void
put_envelope_id(struct buf *b, const char *envid)
{
	struct buf id;

	if (envid == NULL)
		return;
	buf_init(&id, strlen(envid) + 1);
	if (text_xtext(span_of(envid), &id) == 0) {
		buf_str(b, "Original-Envelope-Id: ");
		text_put_printable(b, buf_view(&id));
		buf_char(b, '\n');
	}
	buf_done(&id);
}

static void
put_date_field(struct buf *b, const char *name, int64_t when_s)
{
	buf_printf(b, "%s: ", name);
	text_put_date(b, when_s);
	buf_char(b, '\n');
}

static void
put_recipient(struct buf *b, const struct report *r, const struct bounced *x)
{
	static const char *const actions[] = {
		[REPORT_FAILED] = "failed", [REPORT_DELAYED] = "delayed", [REPORT_RELAYED] = "relayed",
	};
	const struct rcpt *to = &r->m->env.rcpts[x->index];
	int64_t            last_s = r->m->notes != NULL ? r->m->notes[x->index].time_s : 0;

	buf_char(b, '\n');
	if (!r->of_list)
		put_original_recipient(b, to->orcpt, r->global);
	put_final_recipient(b, x->to != NULL ? x->to : to->addr, r->global);
	buf_printf(b, "Action: %s\nStatus: %s\n", actions[x->action], dsn_of(x));
	if (x->code != 0 && x->remote != NULL) {
		buf_str(b, "Remote-MTA: dns; ");
		put_printable_words(b, " ", span_of(x->remote));
		buf_char(b, '\n');
	}
	buf_printf(b, "Diagnostic-Code: %s ", x->code != 0 ? "smtp;" : "x-postern;");
	put_reply(b, x, " ");
	buf_char(b, '\n');
	put_date_field(b, "Last-Attempt-Date", last_s != 0 ? last_s : r->now_s);
	if (x->action == REPORT_DELAYED)
		put_date_field(b, "Will-Retry-Until", r->m->env.time_us / 1000000 + r->c->expire_s);
}

void
report_put_status(struct buf *b, const struct report *r)
{
	if (!r->of_list)
		put_envelope_id(b, r->m->env.envid);
	buf_str(b, "Reporting-MTA: dns; ");
	text_put_printable(b, span_of(r->c->hostname));
	buf_char(b, '\n');
	put_date_field(b, "Arrival-Date", r->m->env.time_us / 1000000);
	for (size_t i = 0; i < r->n; i++)
		put_recipient(b, r, &r->b[i]);
}
