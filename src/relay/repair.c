#include "relay/repair.h"

#include "base/text.h"
#include "mail/date.h"
#include "mail/ident.h"
#include "relay/compose.h"
#include "relay/fields.h"
#include "smtp/crlf.h"

/* The old value, unless there is none. */
static void
put_original(struct buf *out, const struct field *f)
{
	if (span_trim(f->body).n == 0)
		return;
	buf_str(out, "X-Original-");
	fields_copy(out, f);
}

void
repair_put_id(struct buf *b, struct span body, const struct config *c, const struct message *m)
{
	if (ident_is_valid(body))
		buf_span(b, span_trim(body));
	else if (!ident_put_repaired(b, body, span_of(c->hostname)))
		compose_message_id(b, c, m->id);
}

static bool
put_id(struct buf *out, const struct field *f, const struct config *c, const struct message *m)
{
	if (ident_is_valid(f->body))
		return false;
	buf_str(out, "Message-ID: ");
	repair_put_id(out, f->body, c, m);
	buf_str(out, CRLF);
	put_original(out, f);
	return true;
}

/*
 * Without a zone the time is kept as it stands, for -0000 means just that;
 * what is no date becomes the time of submission, which is what it should
 * have said.
 */
static bool
put_date(struct buf *out, const struct field *f, const struct message *m)
{
	struct buf     date;
	enum date_kind kind;

	buf_init(&date, 64);
	kind = date_read(f->body, &date);
	if (kind != DATE_PLAIN) {
		if (kind == DATE_NONE)
			text_put_date(&date, m->env.time_us / 1000000);
		buf_str(out, "Date: ");
		buf_span(out, buf_view(&date));
		buf_str(out, CRLF);
	}
	if (kind == DATE_ZONELESS || kind == DATE_NONE)
		put_original(out, f);
	buf_done(&date);
	return kind != DATE_PLAIN;
}

bool
repair_put(struct buf *out, const struct field *f, const struct config *c, const struct message *m)
{
	if (header_is(f, "Message-ID"))
		return put_id(out, f, c, m);
	return header_is(f, "Date") && put_date(out, f, m);
}
