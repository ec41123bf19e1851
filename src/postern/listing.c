/* listing.c - mailq's text. */
#include <string.h>

#include "base/text.h"
#include "postern/listing.h"
#include "postern/plain.h"
#include "postern/told.h"

#define TEXT_MAX 65536

void
listing_begin(struct listing *l, FILE *out, int64_t now_s)
{
	memset(l, 0, sizeof(*l));
	l->out = out;
	l->now_s = now_s;
	buf_init(&l->entry, TEXT_MAX);
	buf_init(&l->plain, TEXT_MAX);
	buf_init(&l->when, 64);
}

static void
write_safe(struct listing *l, struct span s)
{
	buf_clear(&l->plain);
	plain_put(&l->plain, s);
	fwrite(buf_cstr(&l->plain), 1, l->plain.n, l->out);
}

static void
close_entry(struct listing *l)
{
	if (l->messages > 0)
		fputc('\n', l->out);
}

static void
put_message(struct listing *l, const struct queued *q, char mark, struct span reason)
{
	char id[32];

	if (l->messages == 0)
		fputs("-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n", l->out);
	close_entry(l);
	/* Many come in one second, and asking the time zone costs more than the rest of the line. */
	if (l->when.n == 0 || l->when_s != q->time_s) {
		buf_clear(&l->when);
		text_put_ctime(&l->when, q->time_s);
		l->when_s = q->time_s;
	}
	snprintf(id, sizeof(id), "%s%c", q->id, mark);
	fprintf(l->out, "%-17s %8llu %19.19s  ", id, (unsigned long long)q->size, buf_cstr(&l->when));
	write_safe(l, q->sender == NULL ? SPAN("?") : q->sender[0] != '\0' ? span_of(q->sender) :
	    SPAN("MAILER-DAEMON"));
	fputc('\n', l->out);
	if (reason.n > 0) {
		fputc('(', l->out);
		write_safe(l, reason);
		fputs(")\n", l->out);
	}
	l->messages++;
	l->bytes += q->size;
	buf_clear(&l->entry);
}

/* Recipients that follow each other and have one reason stand below it together. */
static void
put_recipient(struct listing *l, const struct queued_rcpt *r)
{
	struct buf reason;

	buf_init(&reason, TEXT_MAX);
	if (r->code > 0)
		buf_printf(&reason, r->text != NULL ? "%u " : "%u", r->code);
	if (r->text != NULL)
		buf_str(&reason, r->text);
	if (reason.n > 0 && !span_eq(buf_view(&reason), buf_view(&l->entry))) {
		fputc('(', l->out);
		write_safe(l, buf_view(&reason));
		fputs(")\n", l->out);
		buf_clear(&l->entry);
		buf_span(&l->entry, buf_view(&reason));
	}
	buf_done(&reason);
	fputs("                                         ", l->out);
	write_safe(l, span_of(r->addr));
	fputc('\n', l->out);
}

static void
put_next(struct listing *l, struct buf *b, int64_t at_s)
{
	if (at_s <= l->now_s)
		return;
	buf_str(b, b->n > 0 ? "; next attempt in " : "next attempt in ");
	text_put_duration(b, at_s - l->now_s);
}

/* What a state means to whoever looks for a message that does not arrive. */
static const struct {
	char        mark;
	const char *reason;
} states[NQUEUED + 1] = {
	[QUEUED_READY] = { ' ', "" },
	[QUEUED_ACTIVE] = { '*', "" },
	[QUEUED_LATER] = { ' ', "" },
	[QUEUED_HOLD] = { '!', "held" },
	[QUEUED_DEAD] = { ' ', "neither deliverable nor returnable; kept in dead/" },
	[QUEUED_BAD] = { ' ', "not readable as a message; kept in bad/" },
	[NQUEUED] = { ' ', "" },
};

void
listing_queued(struct listing *l, const struct queued *q)
{
	struct buf reason;

	buf_init(&reason, TEXT_MAX);
	buf_str(&reason, states[q->state].reason);
	if (q->reason != NULL)
		buf_printf(&reason, reason.n > 0 ? ": %s" : "%s", q->reason);
	put_next(l, &reason, q->next_s);
	put_message(l, q, states[q->state].mark, buf_view(&reason));
	for (size_t i = 0; i < q->nrcpts; i++)
		if (!queued_is_settled(&q->rcpts[i]))
			put_recipient(l, &q->rcpts[i]);
	buf_done(&reason);
}

/*
 * In plain words, above the list.  Only what has a cause is trouble: a
 * relay that is idle or busy says nothing here.
 */
void
listing_relay(struct listing *l, struct span line)
{
	struct span record = line;
	struct buf name, text, more;

	if (!span_eq(told_kind(&record), SPAN("relay")))
		return;
	buf_init(&name, TEXT_MAX);
	buf_init(&text, TEXT_MAX);
	buf_init(&more, TEXT_MAX);
	if (told_text(record, "name", &name) && told_text(record, "text", &text) && text.n > 0) {
		fputs("relay ", l->out);
		write_safe(l, buf_view(&name));
		fputs(told_is(record, "state", "offline") ? " has no network: " :
		    told_is(record, "state", "paused") ? " is paused: " : " rests: ", l->out);
		write_safe(l, buf_view(&text));
		if (told_text(record, "hint", &text) && text.n > 0) {
			fputs(" (", l->out);
			write_safe(l, buf_view(&text));
			fputc(')', l->out);
		}
		put_next(l, &more, (int64_t)told_number(record, "until"));
		if (more.n > 0)
			fprintf(l->out, "; %s", buf_cstr(&more));
		fputc('\n', l->out);
	}
	buf_done(&name);
	buf_done(&text);
	buf_done(&more);
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
	listing_done(l);
}

void
listing_done(struct listing *l)
{
	buf_done(&l->entry);
	buf_done(&l->plain);
	buf_done(&l->when);
}
