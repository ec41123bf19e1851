/*
 * compose.c - the header block as it leaves.  Two walks over the submitted
 * fields: survey() learns what is there, put_fields() writes it out with the
 * gaps filled.  Nothing here asks the clock: a retry must send the same
 * bytes, or two copies of one message would not be seen to be one.
 */
#include "relay/compose.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "idna/idna.h"
#include "relay/author.h"
#include "relay/fields.h"
#include "relay/repair.h"
#include "relay/sender.h"
#include "relay/single.h"
#include "relay/submitted.h"
#include "route/route.h"
#include "smtp/crlf.h"
#include "smtp/limits.h"

/* The first author as submitted. */
struct author {
	struct addr *addr;      /* owned; NULL: no From, or none that parses */
	struct span  display;   /* into the header */
	struct span  comment;
	size_t       count;     /* mailboxes in all From fields */
	bool         any_own;   /* one of them at least is of this host */
};

struct work {
	const struct config     *c;
	const struct relay_conf *r;
	struct mail             *mail;
	const struct envelope   *env;
	struct origin            origin;
	struct span              fields;
	struct author            author;
	struct addr             *typed;         /* the envelope's sender, as he may say; owned */
	struct addr             *sender;        /* the same, rewritten; owned */
	bool                     has_date, has_id, has_from, has_reply_to, has_recipients;
	bool                     sealed;        /* signed: its fields stay as they are */
	bool                     rewrite;       /* From becomes r->from */
	bool                     from_done;     /* and the first From is written */
};

/* ---- survey ---- */

static int
note_author(void *arg, const struct mailbox *m)
{
	struct work   *w = arg;
	struct author *a = &w->author;

	a->count++;
	if (m->addr != NULL && route_is_own(w->c, &w->origin, m->addr))
		a->any_own = true;
	if (a->addr != NULL || m->addr == NULL)
		return 0;
	a->addr = addr_dup(m->addr);
	a->display = m->display;
	a->comment = m->comment;
	return 0;
}

static bool
is_recipient_field(const struct field *f)
{
	return header_is(f, "To") || header_is(f, "Cc") ||
	    header_is(f, "Resent-To") || header_is(f, "Resent-Cc");
}

static void
survey(struct work *w)
{
	struct span  rest = w->fields;
	struct field f;

	while (header_next(&rest, &f)) {
		w->has_date = w->has_date || header_is(&f, "Date");
		w->has_id = w->has_id || header_is(&f, "Message-ID");
		w->has_reply_to = w->has_reply_to || header_is(&f, "Reply-To");
		w->has_recipients = w->has_recipients || is_recipient_field(&f);
		if (header_is(&f, "From")) {
			w->has_from = true;
			header_mailboxes(f.body, note_author, w);
		}
	}
}

/* Only a From that is the account's already, and alone, needs no rewriting. */
static bool
must_rewrite(const struct work *w)
{
	const struct author *a = &w->author;
	struct addr         *seen;
	bool                 is_account;

	if (w->r->from == NULL || w->r->from_header == FROM_KEEP)
		return false;
	if (w->r->from_header == FROM_REWRITE_LOCAL && a->addr != NULL)
		return a->any_own;
	if (a->addr == NULL || a->count != 1)
		return true;
	seen = route_sender(w->c, &w->origin, a->addr);
	is_account = addr_eq(seen, w->r->from);
	addr_free(seen);
	return !is_account;
}

/* ---- the pieces of a field ---- */

/* A host name, cut to what may stand in a message identifier: a dot-atom (RFC 5322 §3.6.4). */
static void
put_dot_atom(struct buf *b, struct span host)
{
	size_t began = b->n;
	bool   dot = true;              /* no dot may follow: at the start, behind a dot */

	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || c == '-' || c == '_';

		if (c == '.' && dot)
			continue;
		dot = c == '.';
		buf_char(b, plain || dot ? c : '-');
	}
	if (b->n > began && dot)
		buf_cut(b, b->n - 1);
	if (b->n == began)
		buf_str(b, "localhost");
}

void
compose_message_id(struct buf *b, const struct config *c, msgid id)
{
	char hex[ID_LEN + 1];

	msgid_format(id, hex);
	buf_printf(b, "<%s@", hex);
	put_dot_atom(b, span_of(c->hostname));
	buf_char(b, '>');
}

static void
put_comment_text(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("()\\", s.p[i]) != NULL)
			buf_char(b, '\\');
		text_put_printable(b, (struct span){ s.p + i, 1 });
	}
}

static bool
is_from_network(const struct work *w)
{
	const char *address = w->env->via.address;

	return address != NULL && strcmp(address, VIA_LOCAL) != 0;
}

static void
put_submitting_user(const struct work *w, struct buf *b)
{
	buf_str(b, "(from ");
	if (w->env->uid == w->mail->msg->uid && w->env->user != NULL) {
		buf_str(b, "user ");
		put_comment_text(b, span_of(w->env->user));
		buf_str(b, ", ");
	}
	buf_printf(b, "uid %lu)", (unsigned long)w->mail->msg->uid);
}

/* What may stand between the brackets of an address literal (RFC 5321 §4.1.3). */
static void
put_literal(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_char(b, isalnum((unsigned char)s.p[i]) || strchr(".:-", s.p[i]) != NULL ? s.p[i] : '-');
}

/*
 * The other end of the connection: what it says of itself, and in the comment
 * where it was (RFC 5321 §4.4).  A name that is no domain and no literal is
 * made one: it stands outside of any comment.
 */
static void
put_other_end(struct buf *b, const struct via *v)
{
	struct span helo = span_of(v->helo);
	bool        literal = helo.n > 2 && helo.p[0] == '[' && helo.p[helo.n - 1] == ']';

	buf_str(b, "from ");
	if (literal) {
		buf_char(b, '[');
		put_literal(b, (struct span){ helo.p + 1, helo.n - 2 });
		buf_char(b, ']');
	} else {
		put_dot_atom(b, helo);
	}
	if (strcmp(v->address, VIA_LOCAL) == 0)
		buf_str(b, " (" VIA_LOCAL " socket)");
	else
		buf_printf(b, " ([%s])", v->address);
	buf_str(b, CRLF "\t");
}

/*
 * RFC 5321 §4.4; without its "from", which names the host at the other end of
 * a connection, where there was none.  The name is the caller's claim, the uid
 * the kernel's word; where the claim had another uid the name is left out.
 */
static void
put_received(struct work *w, struct buf *b)
{
	const struct via *v = &w->env->via;
	char hex[ID_LEN + 1];

	msgid_format(w->mail->msg->id, hex);
	buf_str(b, "Received: ");
	if (v->address != NULL)
		put_other_end(b, v);
	buf_str(b, "by ");
	put_dot_atom(b, span_of(w->c->hostname));
	buf_printf(b, " (Postern) with %s id %s", v->address != NULL ? v->with : "local", hex);
	if (v->user != NULL) {
		buf_str(b, CRLF "\t(authenticated as ");
		put_comment_text(b, span_of(v->user));
		buf_str(b, ")");
	}
	if (!is_from_network(w)) {
		buf_str(b, CRLF "\t");
		put_submitting_user(w, b);
	}
	buf_str(b, ";" CRLF "\t");
	text_put_date(b, w->env->time_us / 1000000);
	buf_str(b, CRLF);
}
/* ---- From ---- */

static struct span
short_host(const struct work *w)
{
	struct span host = span_of(w->env->host);
	struct span ret;

	if (host.n == 0)
		host = span_of(w->c->hostname);
	return span_cut(&host, '.', &ret) ? ret : SPAN("localhost");
}

/* Whose of this host's the author is; empty: somebody else. */
static struct span
own_user(const struct work *w)
{
	const struct addr *a = w->author.addr;

	if (!w->rewrite || a == NULL || !route_is_own(w->c, &w->origin, a))
		return SPAN("");
	return addr_local(a);
}

static void
put_kept_name(struct work *w, struct buf *b)
{
	const struct author *a = &w->author;

	if (a->display.n > 0 || span_trim(a->comment).n > 0)
		author_put_kept(b, a->display, a->comment, own_user(w), short_host(w));
	else
		author_put_name(b, SPAN(""), a->addr != NULL ? addr_local(a->addr) : span_of(w->env->user),
		    short_host(w));
}

/* A full name that only repeats the login tells less than user and host do. */
static void
put_submitter_name(struct work *w, struct buf *b)
{
	struct span full = span_trim(span_of(w->env->full_name)), user = span_of(w->env->user);

	if (is_from_network(w))
		return;                 /* nobody of this host: the address says it all */
	if (full.n == 0 || span_eq(full, user))
		author_put_name(b, SPAN(""), user, short_host(w));
	else
		author_put_name(b, full, w->rewrite ? user : SPAN(""), short_host(w));
}

/*
 * The author of a message without From: the envelope sender; for the null
 * sender, the user who submitted it.
 */
static struct addr *
submitter(const struct work *w)
{
	struct addr *bare, *ret;

	if (!addr_is_null(w->sender))
		return addr_dup(w->sender);
	if ((bare = addr_of_user(span_of(w->env->user), NULL)) == NULL)
		bare = addr_parse(SPAN("MAILER-DAEMON"), NULL);
	ret = addr_qualify(bare, span_of(w->c->domain));
	if (ret == NULL)
		return bare;
	addr_free(bare);
	return ret;
}

static void
put_from(struct work *w, struct buf *out)
{
	struct addr *who = w->rewrite ? addr_dup(w->r->from) : submitter(w);
	struct buf   b;

	buf_init(&b, out->max);
	buf_str(&b, "From: ");
	if (w->has_from)
		put_kept_name(w, &b);
	else
		put_submitter_name(w, &b);
	buf_printf(&b, "%s<%s>", b.p[b.n - 1] == ' ' ? "" : " ", who->text);
	fields_fold(out, buf_view(&b));
	out->over = out->over || b.over;
	buf_done(&b);
	addr_free(who);
	w->from_done = true;
}

/* ---- Reply-To ---- */

struct reply_list {
	struct work *w;
	struct buf  *b;
	size_t       n;
};

/* Could somebody out there answer to it, and would it come elsewhere than to the account? */
static bool
is_answerable(const struct work *w, const struct addr *a)
{
	struct span domain = addr_domain(a);

	return domain.n > 0 && memchr(domain.p, '.', domain.n) != NULL && !addr_eq(a, w->r->from);
}

/* As others see it; one of this host's that had to be completed is nobody's address out there. */
static void
put_reply(struct reply_list *l, const struct addr *a)
{
	struct addr *seen = route_sender(l->w->c, &l->w->origin, a);

	if (!route_is_own(l->w->c, &l->w->origin, a) && is_answerable(l->w, seen))
		buf_printf(l->b, "%s%s", l->n++ > 0 ? ", " : "Reply-To: ", seen->text);
	addr_free(seen);
}

static int
add_reply(void *arg, const struct mailbox *m)
{
	if (m->addr != NULL)
		put_reply(arg, m->addr);
	return 0;
}

/*
 * The authors that rewriting took out of From.  Not for the null sender:
 * nobody is to answer a report.
 */
static void
put_reply_to(struct work *w, struct buf *out)
{
	struct buf        b;
	struct reply_list l = { .w = w, .b = &b };
	struct span       rest = w->fields;
	struct field      f;

	if (addr_is_null(w->sender))
		return;
	buf_init(&b, out->max);
	while (header_next(&rest, &f))
		if (header_is(&f, "From"))
			header_mailboxes(f.body, add_reply, &l);

	if (!w->has_from)
		put_reply(&l, w->typed);
	if (l.n > 0)
		fields_fold(out, buf_view(&b));
	out->over = out->over || b.over;
	buf_done(&b);
}

/* ---- the block ---- */

static bool
is_dropped(const struct work *w, const struct field *f)
{
	if (header_is(f, "Bcc") || header_is(f, "Resent-Bcc") || header_is(f, "Return-Path"))
		return true;

	/*
	 * With From rewritten the account is author and sender in one, and
	 * then there should be no Sender (RFC 5322 §3.6.2); what it said would
	 * be the very address that the relay does not let us use.
	 */
	if (w->rewrite && header_is(f, "Sender"))
		return true;

	/* A second From is against RFC 5322 §3.6, and Gmail refuses it. */
	return w->rewrite && w->from_done && header_is(f, "From");
}

/* Which maps are for the addresses in a field; 0: it has none. */
static unsigned
use_of(const struct field *f)
{
	struct field plain = *f;

	if (span_istarts(plain.name, SPAN("Resent-"))) {
		plain.name.p += 7;
		plain.name.n -= 7;
	}
	if (header_is(&plain, "To") || header_is(&plain, "Cc"))
		return MAP_RECIPIENT;
	if (header_is(&plain, "From") || header_is(&plain, "Sender") || header_is(&plain, "Reply-To"))
		return MAP_SENDER;
	return 0;
}

/* With rewrite-local nothing of this host's leaves as an author, wherever it stands. */
static struct addr *
change_sender(void *arg, const struct addr *a)
{
	const struct work *w = arg;

	if (w->r->from != NULL && w->r->from_header == FROM_REWRITE_LOCAL &&
	    route_is_own(w->c, &w->origin, a))
		return addr_dup(w->r->from);
	return route_rewrite(w->c, &w->origin, a, MAP_SENDER);
}

static struct addr *
change_recipient(void *arg, const struct addr *a)
{
	const struct work *w = arg;

	return route_rewrite(w->c, &w->origin, a, MAP_RECIPIENT);
}

static void
put_fields(struct work *w, struct buf *out)
{
	struct span  rest = w->fields;
	struct field f;

	while (header_next(&rest, &f) && !out->over) {
		if (is_dropped(w, &f))
			continue;
		if (w->rewrite && header_is(&f, "From"))
			put_from(w, out);
		else if (use_of(&f) != 0)
			fields_rewrite(out, &f, use_of(&f) == MAP_SENDER ? change_sender :
			    change_recipient, w);
		else if (w->sealed || !repair_put(out, &f, w->c, w->mail->msg))
			fields_copy(out, &f);
	}
}

static void
put_missing(struct work *w, struct buf *out)
{
	if (!w->has_date) {
		buf_str(out, "Date: ");
		text_put_date(out, w->env->time_us / 1000000);
		buf_str(out, CRLF);
	}
	if (!w->has_id) {
		buf_str(out, "Message-ID: ");
		compose_message_id(out, w->c, w->mail->msg->id);
		buf_str(out, CRLF);
	}
	if (!w->has_from)
		put_from(w, out);
	if (w->rewrite && !w->has_reply_to)
		put_reply_to(w, out);
	if (!w->has_recipients)
		buf_str(out, "To: undisclosed-recipients:;" CRLF);
}

/* ---- the whole ---- */

static ssize_t
read_content(void *arg, uint64_t at, void *p, size_t n)
{
	return message_read(arg, at, p, n);
}

/*
 * By now only local parts of addresses can have UTF-8: domains are A-labels.
 * Octets above 127 in the header that are no UTF-8 are 8-bit and no more:
 * SMTPUTF8 would promise what they are not.
 */
static bool
needs_utf8(const struct mail *mail)
{
	struct span head = buf_view(&mail->head);

	for (size_t i = 0; i < mail->nrcpt; i++)
		if (mail->rcpt[i].to->utf8)
			return true;
	return mail->from->utf8 || (!text_is_ascii(head) && text_is_utf8(head));
}

static int
fill_mail(struct work *w, uint64_t body)
{
	struct mail    *mail = w->mail;
	struct message *msg = mail->msg;
	struct addr    *ascii;

	/*
	 * The null sender stays null: a report about a report must not come
	 * about (RFC 5321 §6.1).  Where it is refused, the account's address
	 * makes no loop of ours either: for the spool it is the null sender still.
	 */
	if (addr_is_null(w->sender))
		mail->from = sender_for_null(w->r);
	else
		mail->from = addr_dup(w->r->from != NULL ? w->r->from :
		    mail->list_owner != NULL ? mail->list_owner : w->sender);
	mail->eightbit = msg->eightbit || !text_is_ascii(buf_view(&mail->head));
	mail->content = (struct body_source){
		.head = buf_view(&mail->head),
		.read = read_content,
		.arg = msg,
		.at = body,
		.n = msg->size - body,
	};
	if ((ascii = idna_addr(mail->from, NULL)) == NULL)
		return -EDOM;
	addr_free(mail->from);
	mail->from = ascii;
	mail->utf8 = needs_utf8(mail);
	return 0;
}

/* The header block into mail->head. */
static int
put_block(struct work *w)
{
	struct buf *out = &w->mail->head;

	survey(w);
	w->sealed = fields_are_sealed(w->fields);
	w->rewrite = must_rewrite(w);
	put_received(w, out);
	put_fields(w, out);
	put_missing(w, out);
	buf_str(out, CRLF);
	return out->over ? -EMSGSIZE : 0;
}

int
compose(const struct config *c, const struct relay_conf *r, struct mail *mail)
{
	struct work      w = { .c = c, .r = r, .mail = mail, .env = &mail->msg->env };
	struct submitted sub;
	struct buf       own;
	int              e;

	addr_free(mail->from);
	mail->from = NULL;
	buf_done(&mail->head);
	buf_init(&mail->head, LIMIT_HEADER_BLOCK);
	buf_init(&own, LIMIT_HEADER_BLOCK);
	if ((e = submitted_read(mail->msg, &sub)) == 0) {
		w.fields = single_fields(sub.fields, r->from == NULL || r->from_header != FROM_REWRITE, &own);
		w.origin = sender_origin(mail->msg);
		w.typed = sender_of(c, mail->msg);
		w.sender = route_sender(c, &w.origin, w.typed);
		if ((e = put_block(&w)) == 0)
			e = fill_mail(&w, sub.body);
	}
	addr_free(w.sender);
	addr_free(w.typed);
	addr_free(w.author.addr);
	buf_done(&own);
	submitted_done(&sub);
	return e;
}
