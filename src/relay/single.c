#include "relay/single.h"

#include "mail/header.h"
#include "relay/fields.h"
#include "smtp/crlf.h"

static const struct {
	const char *name;
	bool        list;       /* of addresses: two are joined */
} singles[] = {
	{ "From", false },      /* the first: `from` leaves it out */
	{ "Date", false },
	{ "Sender", false },
	{ "Message-ID", false },
	{ "In-Reply-To", false },
	{ "References", false },
	{ "Subject", false },
	{ "Reply-To", true },
	{ "To", true },
	{ "Cc", true },
};

#define NSINGLES (sizeof(singles) / sizeof(singles[0]))

/* NSINGLES: there may be many. */
static size_t
kind_of(const struct field *f, bool from)
{
	size_t k;

	for (k = from ? 0 : 1; k < NSINGLES && !header_is(f, singles[k].name); k++)
		;
	return k;
}

static bool
needs_repair(struct span fields, bool from)
{
	struct span  all = fields;
	unsigned     seen = 0;
	bool         twice = false;
	struct field f;

	while (header_next(&fields, &f)) {
		size_t k = kind_of(&f, from);

		twice = twice || (k < NSINGLES && (seen & 1u << k) != 0);
		seen |= k < NSINGLES ? 1u << k : 0;
	}
	return twice && !fields_are_sealed(all);
}

static void
put_whole(struct buf *own, const struct field *f)
{
	buf_span(own, f->whole);
	if (f->whole.p[f->whole.n - 1] != '\n')
		buf_str(own, CRLF);
}

/* What a list says, without a comma that leads or ends nowhere. */
static struct span
list_text(const struct field *f)
{
	struct span s = span_trim(f->body);

	while (s.n > 0 && s.p[s.n - 1] == ',') {
		s.n--;
		s = span_trim(s);
	}
	return s;
}

/* This field and all behind it of the same name, as one. */
static void
put_joined(struct buf *own, const struct field *first, struct span rest)
{
	struct field f = *first;
	size_t       n = 0;

	buf_span(own, f.name);
	buf_char(own, ':');
	do {
		struct span list = list_text(&f);

		if (!span_ieq(f.name, first->name) || list.n == 0)
			continue;
		buf_str(own, n++ > 0 ? "," CRLF " " : " ");
		buf_span(own, list);
	} while (header_next(&rest, &f));
	buf_str(own, CRLF);
}

static void
put_again(struct buf *own, const struct field *f, struct span first)
{
	if (span_eq(span_trim(f->body), span_trim(first)))
		return;
	buf_str(own, "X-Duplicate-");
	put_whole(own, f);
}

struct span
single_fields(struct span fields, bool from, struct buf *own)
{
	struct span  first[NSINGLES] = { { NULL, 0 } };
	struct span  rest = fields;
	struct field f;

	if (!needs_repair(fields, from))
		return fields;
	while (header_next(&rest, &f)) {
		size_t k = kind_of(&f, from);

		if (k == NSINGLES) {
			put_whole(own, &f);
		} else if (first[k].p == NULL) {
			first[k] = f.body;
			if (singles[k].list)
				put_joined(own, &f, rest);
			else
				put_whole(own, &f);
		} else if (!singles[k].list) {
			put_again(own, &f, first[k]);
		}
	}
	return own->over ? fields : buf_view(own);
}
