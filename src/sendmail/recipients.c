/* recipients.c - addresses of arguments and headers; see recipients.h. */
#include "sendmail/recipients.h"

#include <errno.h>
#include <sysexits.h>

#include "base/text.h"
#include "mail/header.h"

struct adding {
	struct envelope *envelope;
	const char      *where;         /* "To", or NULL: an argument */
	struct buf      *why;
};

/* ---- one list ---- */

static int
bad_address(struct buf *why, const char *where, struct span spec, const char *what)
{
	if (where != NULL)
		buf_printf(why, "%s: ", where);
	text_put_printable(why, spec);
	buf_printf(why, ": %s", what);
	return EX_DATAERR;
}

static int
add_mailbox(void *arg, const struct mailbox *m)
{
	struct adding *a = arg;

	if (m->addr == NULL)
		return bad_address(a->why, a->where, m->spec, m->why);
	if (envelope_add(a->envelope, addr_dup(m->addr)) < 0) {
		buf_printf(a->why, "more than %d recipients", ENVELOPE_MAX_RCPTS);
		return EX_DATAERR;
	}
	return 0;
}

int
recipients_from_arg(struct envelope *e, const char *arg, struct buf *why)
{
	struct adding a = { .envelope = e, .why = why };

	return header_mailboxes(span_of(arg), add_mailbox, &a);
}

/* ---- the header ---- */

static const char *const plain_names[] = { "To", "Cc", "Bcc" };
static const char *const resent_names[] = {
	"Resent-To", "Resent-Cc", "Resent-Bcc",         /* recipients first */
	"Resent-From", "Resent-Sender", "Resent-Date", "Resent-Message-ID", "Resent-Reply-To",
};

#define NPLAIN  (sizeof(plain_names) / sizeof(plain_names[0]))
#define NRESENT (sizeof(resent_names) / sizeof(resent_names[0]))
#define NRCPT   3

static size_t
which(const struct field *f, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n && !header_is(f, names[i]); i++)
		;
	return i;
}

static int
add_field(struct envelope *e, const struct field *f, const char *name, struct buf *why)
{
	struct adding a = { .envelope = e, .where = name, .why = why };

	return header_mailboxes(f->body, add_mailbox, &a);
}

static int
add_plain(struct envelope *e, struct span header, struct buf *why)
{
	struct field f;
	int          rc = 0;

	while (rc == 0 && header_next(&header, &f)) {
		size_t i = which(&f, plain_names, NPLAIN);

		if (i < NPLAIN)
			rc = add_field(e, &f, plain_names[i], why);
	}
	return rc;
}

/*
 * Where the newest block with a recipient in it begins, at its first
 * recipient field.  False: there is none.
 */
static bool
find_resent(struct span *header)
{
	struct field f;
	struct span  rest = *header;

	while (header_next(&rest, &f)) {
		if (which(&f, resent_names, NRCPT) < NRCPT) {
			*header = (struct span){ f.whole.p, f.whole.n + rest.n };
			return true;
		}
	}
	return false;
}

/*
 * The block ends where another field begins, or one of the block's own comes
 * again: resenders put theirs on top without a gap.
 */
static int
add_resent(struct envelope *e, struct span block, struct buf *why)
{
	struct field f;
	unsigned     seen = 0;
	int          rc = 0;

	while (rc == 0 && header_next(&block, &f)) {
		size_t i = which(&f, resent_names, NRESENT);

		if (i == NRESENT || (seen & 1u << i) != 0)
			break;
		seen |= 1u << i;
		if (i < NRCPT)
			rc = add_field(e, &f, resent_names[i], why);
	}
	return rc;
}

int
recipients_from_header(struct envelope *e, struct span header, struct buf *why)
{
	if (find_resent(&header))
		return add_resent(e, header, why);
	return add_plain(e, header, why);
}

/* ---- the sender ---- */

static int
take_sender(void *arg, const struct mailbox *m)
{
	struct adding *a = arg;

	if (m->addr == NULL)
		return bad_address(a->why, a->where, m->spec, m->why);
	if (a->envelope->sender != NULL)
		return bad_address(a->why, a->where, m->spec, "there can be only one");
	a->envelope->sender = addr_dup(m->addr);
	return 0;
}

int
recipients_sender(struct envelope *e, const char *arg, struct buf *why)
{
	struct adding a = { .envelope = e, .where = "sender", .why = why };
	struct span   s = span_trim(span_of(arg));
	int           rc;

	if (s.n == 0 || span_eq(s, SPAN("<>"))) {
		e->sender = addr_null();
		return 0;
	}
	rc = header_mailboxes(s, take_sender, &a);
	if (rc == 0 && e->sender == NULL)
		rc = bad_address(why, a.where, s, "no address in it");
	return rc;
}
