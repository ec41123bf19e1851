/*
 * bounce.c - the report as a message of our own: its envelope, its MIME
 * frame, the original in it, and its way into the spool.
 */
#include "relay/bounce.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "mail/header.h"
#include "relay/compose.h"
#include "relay/own.h"
#include "relay/repair.h"
#include "relay/report.h"
#include "relay/sender.h"
#include "relay/submitted.h"
#include "smtp/limits.h"

#define ORIGINAL_MAX (64u << 10)        /* a larger original is shown by its header alone */
#define LINE_LIMIT   998                /* RFC 5322 §2.1.1 */
#define TEXT_MAX     (64u << 20)        /* ENVELOPE_MAX_RCPTS failures of 2 KB each, thrice */

/* What of the original goes along. */
struct original {
	struct buf  text;
	bool        all;                /* false: the header alone */
	bool        global;             /* raw UTF-8 in its header (RFC 6533 §3) */
	struct buf  id;                 /* its Message-ID; empty: none worth quoting */
};

/* ---- the original ---- */

static int
read_rest(const struct message *m, uint64_t at, struct buf *b)
{
	while (at < m->size) {
		size_t  n = (size_t)(m->size - at);
		ssize_t r = message_read(m, at, buf_room(b, n), n);

		if (r <= 0)
			return r < 0 ? (int)r : -EIO;
		buf_took(b, (size_t)r);
		at += (size_t)r;
	}
	return 0;
}

static void
find_id(struct original *o, const struct config *c, const struct message *m, struct span fields)
{
	struct field f;

	while (header_next(&fields, &f)) {
		if (header_is(&f, "Message-ID")) {
			repair_put_id(&o->id, f.body, c, m);
			return;
		}
	}
	compose_message_id(&o->id, c, m->id);
}

/* Did it fail for content that may not be re-encoded?  Within a report it may not either. */
static bool
is_unchangeable(const struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->b[i].dsn != NULL && strcmp(r->b[i].dsn, "5.6.3") == 0)
			return true;
	return false;
}

/* A failure may bring the whole message back; of what still goes its way, the header is enough. */
static bool
wants_all(const struct report *r)
{
	if (is_unchangeable(r))
		return false;
	return r->action == REPORT_FAILED && r->m->size <= ORIGINAL_MAX && (r->of_list || r->m->env.ret != RET_HDRS);
}

static bool
has_long_line(struct span s)
{
	struct span line;

	while (span_cut(&s, '\n', &line))
		if (line.n > LINE_LIMIT + 1)    /* its CR */
			return true;
	return false;
}

/* A line that no server took must not hold up the report about it too. */
static void
put_short_fields(struct buf *b, struct span fields)
{
	struct field f;

	while (header_next(&fields, &f))
		if (!has_long_line(f.whole))
			buf_span(b, f.whole);
}

/*
 * As it was submitted, but for an mbox line in front; a text that came
 * without a header gets the empty line that ends an empty one.  An original
 * whose header has no end within the limit is left out: RFC 6522 §3 makes
 * the part optional.
 */
static int
take_original(struct original *o, const struct report *r, struct message *m)
{
	struct submitted sub;
	int              e = submitted_read(m, &sub);

	if (e == 0) {
		o->all = wants_all(r);
		o->global = !text_is_ascii(sub.fields) && text_is_utf8(sub.fields);
		find_id(o, r->c, m, sub.fields);
		put_short_fields(&o->text, sub.fields);
		if (o->all) {
			buf_char(&o->text, '\n');
			e = read_rest(m, sub.body, &o->text);
		}
	}
	submitted_done(&sub);
	return e == -EMSGSIZE ? 0 : e;
}

/* ---- the message ---- */

/*
 * Only the original can hold a line that looks like a boundary: no line of
 * the other parts begins with anybody else's words (report.c).
 */
static void
choose_boundary(struct buf *b, const struct original *o, msgid id)
{
	for (unsigned n = 0;; n++) {
		buf_clear(b);
		buf_printf(b, "=_%016llX_%u", (unsigned long long)id, n);
		if (o->text.n == 0 || memmem(o->text.p, o->text.n, b->p, b->n) == NULL)
			return;
	}
}

static const char *
encoding_of(struct span s)
{
	return text_is_ascii(s) ? "7bit" : "8bit";
}

static void
put_part(struct buf *b, const char *boundary, const char *type, struct span content)
{
	buf_printf(b, "\n--%s\nContent-Type: %s\nContent-Transfer-Encoding: %s\n\n",
	    boundary, type, encoding_of(content));
	buf_span(b, content);
}

static const char *
type_of(const struct original *o)
{
	if (o->all)
		return o->global ? "message/global" : "message/rfc822";
	return o->global ? "message/global-headers" : "text/rfc822-headers";
}

/* No Date and no Message-ID: compose() adds them, as to any message, from the time and the ID. */
static void
put_header(struct buf *b, const struct report *r, const struct original *o,
    const char *boundary, bool eightbit)
{
	own_put_from(b, r->c);
	buf_printf(b, "To: <%s>\n", r->sender->text);
	buf_printf(b, "Subject: %s\n", report_subject(r));
	if (o->id.n > 0)
		buf_printf(b, "In-Reply-To: %s\nReferences: %s\n", buf_cstr(&o->id), buf_cstr(&o->id));
	own_put_auto(b, "auto-replied");
	buf_str(b, "Content-Type: multipart/report; report-type=delivery-status;\n");
	buf_printf(b, "\tboundary=\"%s\"\nContent-Transfer-Encoding: %s\n", boundary,
	    eightbit ? "8bit" : "7bit");
	buf_str(b, "\nThis is a report in MIME format (RFC 6522).\n");
}

static int
put_report(struct buf *out, const struct report *r, const struct original *o)
{
	struct buf  text, status, boundary;
	const char *mark;
	bool        over;

	buf_init(&text, TEXT_MAX);
	buf_init(&status, TEXT_MAX);
	buf_init(&boundary, 128);
	report_put_text(&text, r);
	report_put_status(&status, r);
	choose_boundary(&boundary, o, r->m->id);
	mark = buf_cstr(&boundary);
	put_header(out, r, o, mark,
	    !text_is_ascii(buf_view(&text)) || !text_is_ascii(buf_view(&status)) ||
	    !text_is_ascii(buf_view(&o->text)));
	put_part(out, mark, text_is_ascii(buf_view(&text)) ? "text/plain; charset=us-ascii" :
	    "text/plain; charset=utf-8", buf_view(&text));
	put_part(out, mark, r->global ? "message/global-delivery-status" : "message/delivery-status",
	    buf_view(&status));
	if (o->text.n > 0)
		put_part(out, mark, type_of(o), buf_view(&o->text));
	buf_printf(out, "\n--%s--\n", mark);
	over = text.over || status.over || out->over;
	buf_done(&text);
	buf_done(&status);
	buf_done(&boundary);
	return over ? -E2BIG : 0;
}

/* ---- into the spool ---- */

/* The copy is part of the same message: it cannot be there while the report is not. */
static int
spool_report(struct store *s, const struct report *r, struct span text, char ret_id[static ID_LEN + 1])
{
	const struct addr *to[2] = { r->sender, r->c->postmaster_copy };
	size_t             n = to[1] != NULL && r->action == REPORT_FAILED ? 2 : 1;

	return own_write(r->c, s, to, n, text, ret_id);
}

/* RFC 3461 §4.1: nothing said means failures and delays are reported, and success is not. */
static bool
wants_report(unsigned notify, enum report_action action)
{
	static const unsigned asks[] = {
		[REPORT_FAILED] = NOTIFY_FAILURE, [REPORT_DELAYED] = NOTIFY_DELAY, [REPORT_RELAYED] = NOTIFY_SUCCESS,
	};

	if (notify == 0)
		return action != REPORT_RELAYED;
	return (notify & NOTIFY_NEVER) == 0 && (notify & asks[action]) != 0;
}

static int
write_report(struct store *s, const struct report *r, struct message *m,
    char ret_id[static ID_LEN + 1])
{
	struct original o = { .all = false };
	struct buf      out;
	int             e;

	buf_init(&o.text, LIMIT_HEADER_BLOCK + ORIGINAL_MAX);
	buf_init(&o.id, 1024);
	buf_init(&out, 3 * (size_t)TEXT_MAX);
	if ((e = take_original(&o, r, m)) == 0 && (e = put_report(&out, r, &o)) == 0)
		e = spool_report(s, r, buf_view(&out), ret_id);
	buf_done(&out);
	buf_done(&o.text);
	buf_done(&o.id);
	return e;
}

int
bounce_write(const struct config *c, struct store *s, struct message *m,
    const struct bounced *b, size_t n, char ret_id[static ID_LEN + 1])
{
	struct bounced *told;
	const struct addr *owner = n > 0 ? b[0].owner : NULL;
	struct addr    *sender = owner != NULL ? addr_dup(owner) : sender_of(c, m);
	struct report   r = {
		.c = c, .m = m, .sender = sender, .now_s = clock_wall_s(), .global = sender->utf8,
		.large = m->size > ORIGINAL_MAX, .of_list = owner != NULL,
	};
	int             e = -ENOMSG;

	/* A report about a report could go on for ever (RFC 5321 §6.1). */
	if (addr_is_null(sender))
		n = 0;
	r.action = n > 0 ? b[0].action : REPORT_FAILED;
	r.large &= r.action == REPORT_FAILED;
	told = xcalloc(n + 1, sizeof(*told));
	for (size_t i = 0; i < n; i++)
		if (wants_report(owner != NULL ? 0 : m->env.rcpts[b[i].index].notify, b[i].action))
			told[r.n++] = b[i];
	r.b = told;
	if (r.n > 0)
		e = write_report(s, &r, m, ret_id);
	free(told);
	addr_free(sender);
	return e;
}
