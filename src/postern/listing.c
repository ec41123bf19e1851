/* listing.c - mailq's text. */
#include <string.h>

#include "base/text.h"
#include "postern/listing.h"

#define TEXT_MAX 65536

void
listing_begin(struct listing *l, FILE *out, int64_t now_s)
{
	memset(l, 0, sizeof(*l));
	l->out = out;
	l->now_s = now_s;
	buf_init(&l->entry, TEXT_MAX);
}

/*
 * Bytes from strangers to a terminal: no control characters, those of
 * Unicode (U+0080 to U+009F) neither; other UTF-8 as it is.
 */
static void
put_safe(struct buf *b, struct span s)
{
	size_t i;

	if (!text_is_utf8(s)) {
		text_put_printable(b, s);
		return;
	}
	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < ' ' || c == 127) {
			buf_char(b, '?');
		} else if (c == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0) {
			buf_char(b, '?');
			i++;
		} else {
			buf_char(b, s.p[i]);
		}
	}
}

static void
write_safe(struct listing *l, struct span s)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	put_safe(&b, s);
	fwrite(buf_cstr(&b), 1, b.n, l->out);
	buf_done(&b);
}

static void
close_entry(struct listing *l)
{
	if (l->messages > 0)
		fputc('\n', l->out);
}

void
listing_message(struct listing *l, const struct listing_message *m)
{
	struct buf when;
	char id[32];

	if (l->messages == 0)
		fputs("-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n", l->out);
	close_entry(l);
	buf_init(&when, 64);
	text_put_ctime(&when, m->time_s);
	snprintf(id, sizeof(id), "%.24s%c", m->id, m->mark);
	fprintf(l->out, "%-17s %8llu %19.19s  ", id, (unsigned long long)m->size, buf_cstr(&when));
	buf_done(&when);
	write_safe(l, m->sender.n > 0 ? m->sender : SPAN("MAILER-DAEMON"));
	fputc('\n', l->out);
	if (m->reason.n > 0) {
		fputc('(', l->out);
		write_safe(l, m->reason);
		fputs(")\n", l->out);
	}
	l->messages++;
	l->bytes += m->size;
	buf_clear(&l->entry);
}

/* Recipients that follow each other and have one reason stand below it together. */
void
listing_recipient(struct listing *l, struct span addr, unsigned code, struct span text)
{
	struct buf reason;

	buf_init(&reason, TEXT_MAX);
	if (code > 0)
		buf_printf(&reason, text.n > 0 ? "%u " : "%u", code);
	buf_span(&reason, text);
	if (reason.n > 0 && !span_eq(buf_view(&reason), buf_view(&l->entry))) {
		fputc('(', l->out);
		write_safe(l, buf_view(&reason));
		fputs(")\n", l->out);
		buf_clear(&l->entry);
		buf_span(&l->entry, buf_view(&reason));
	}
	buf_done(&reason);
	fprintf(l->out, "%41s", "");
	write_safe(l, addr);
	fputc('\n', l->out);
}

void
listing_end(struct listing *l)
{
	if (l->messages == 0) {
		fputs("Mail queue is empty\n", l->out);
	} else {
		fprintf(l->out, "\n\t\tTotal requests: %llu\n", (unsigned long long)l->messages);
		fprintf(l->out, "-- %llu Kbytes in %llu Request%s.\n",
		    (unsigned long long)(l->bytes + 1023) / 1024,
		    (unsigned long long)l->messages, l->messages == 1 ? "" : "s");
	}
	buf_done(&l->entry);
}

/* ---- the daemon's records ---- */

/* The value of key, decoded; false when it is not there or cannot be read. */
static bool
field(struct span record, const char *key, struct buf *ret)
{
	struct span word, name;

	buf_clear(ret);
	while (span_cut(&record, ' ', &word))
		if (span_cut(&word, '=', &name) && span_eq(name, span_of(key)))
			return text_percent(word, ret) == 0;
	return false;
}

static uint64_t
field_number(struct span record, const char *key)
{
	struct buf b;
	uint64_t n = 0;

	buf_init(&b, 64);
	if (!field(record, key, &b) || text_number(buf_view(&b), INT64_MAX, &n) < 0)
		n = 0;
	buf_done(&b);
	return n;
}

static bool
field_is(struct span record, const char *key, const char *value)
{
	struct buf b;
	bool is;

	buf_init(&b, TEXT_MAX);
	is = field(record, key, &b) && span_eq(buf_view(&b), span_of(value));
	buf_done(&b);
	return is;
}

static void
put_next(struct listing *l, struct buf *b, uint64_t at_s)
{
	if ((int64_t)at_s <= l->now_s)
		return;
	buf_str(b, b->n > 0 ? "; next attempt in " : "next attempt in ");
	text_put_duration(b, (int64_t)at_s - l->now_s);
}

/*
 * In plain words, above the list.  Only what has a cause is trouble: a
 * relay that is idle or busy says nothing here.
 */
static void
relay_record(struct listing *l, struct span record)
{
	struct buf name, text, more;

	buf_init(&name, TEXT_MAX);
	buf_init(&text, TEXT_MAX);
	buf_init(&more, TEXT_MAX);
	if (field(record, "name", &name) && field(record, "text", &text) && text.n > 0) {
		fputs("relay ", l->out);
		write_safe(l, buf_view(&name));
		fputs(field_is(record, "state", "off") ? " has no network: " : " is paused: ", l->out);
		write_safe(l, buf_view(&text));
		if (field(record, "hint", &text) && text.n > 0) {
			fputs(" (", l->out);
			write_safe(l, buf_view(&text));
			fputc(')', l->out);
		}
		put_next(l, &more, field_number(record, "until"));
		if (more.n > 0)
			fprintf(l->out, "; %s", buf_cstr(&more));
		fputc('\n', l->out);
	}
	buf_done(&name);
	buf_done(&text);
	buf_done(&more);
}

/* What a state means to whoever looks for a message that does not arrive. */
static const struct {
	const char *state;
	char        mark;
	const char *reason;
} states[] = {
	{ "active", '*', "" },
	{ "hold", '!', "held" },
	{ "dead", ' ', "neither deliverable nor returnable; kept in dead/" },
	{ "bad", ' ', "not readable as a message; kept in bad/" },
};

static void
message_record(struct listing *l, struct span record)
{
	struct listing_message m = { .mark = ' ' };
	struct buf id, sender, reason;
	size_t i;

	buf_init(&id, 64);
	buf_init(&sender, TEXT_MAX);
	buf_init(&reason, 256);
	field(record, "id", &id);
	field(record, "sender", &sender);
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (field_is(record, "state", states[i].state)) {
			m.mark = states[i].mark;
			buf_str(&reason, states[i].reason);
		}
	}
	put_next(l, &reason, field_number(record, "next"));
	m.id = buf_cstr(&id);
	m.size = field_number(record, "size");
	m.time_s = (int64_t)field_number(record, "time");
	m.sender = field_is(record, "state", "bad") && sender.n == 0 ? SPAN("?") : buf_view(&sender);
	m.reason = buf_view(&reason);
	if (id.n > 0)
		listing_message(l, &m);
	buf_done(&id);
	buf_done(&sender);
	buf_done(&reason);
}

static void
recipient_record(struct listing *l, struct span record)
{
	struct buf addr, text;

	buf_init(&addr, TEXT_MAX);
	buf_init(&text, TEXT_MAX);
	if (!field_is(record, "state", "sent") && field(record, "addr", &addr)) {
		field(record, "text", &text);
		listing_recipient(l, buf_view(&addr), (unsigned)field_number(record, "code"),
		    buf_view(&text));
	}
	buf_done(&addr);
	buf_done(&text);
}

void
listing_record(struct listing *l, struct span line)
{
	struct span record = line, kind;

	if (!span_cut(&record, ' ', &kind))
		return;
	if (span_eq(kind, SPAN("relay")))
		relay_record(l, record);
	else if (span_eq(kind, SPAN("message")))
		message_record(l, record);
	else if (span_eq(kind, SPAN("recipient")))
		recipient_record(l, record);
}
