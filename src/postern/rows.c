/* rows.c - see rows.h. */
#include "postern/rows.h"

#include "base/text.h"

#define TEXT_MAX (2u << 20)

static const struct column columns[] = {
	{ "ID", 16, 0, false },
	{ "STATE", 6, 0, false },
	{ "AGE", 7, 0, true },
	{ "SIZE", 5, 0, true },
	{ "SENDER", 20, 2, false },
	{ "RECIPIENT", 22, 2, false },
	{ "REASON", 23, 3, false },
};

static const enum paint paints[NQUEUED + 1] = {
	[QUEUED_ACTIVE] = PAINT_GOOD, [QUEUED_HOLD] = PAINT_WARN, [QUEUED_DEAD] = PAINT_BAD,
	[QUEUED_BAD] = PAINT_BAD,
};

void
rows_put_size(struct buf *b, uint64_t bytes)
{
	static const char units[] = "kMGT";
	uint64_t unit = 1024;
	size_t i = 0;

	if (bytes < 1024) {
		buf_printf(b, "%llu", (unsigned long long)bytes);
		return;
	}
	for (; i + 1 < sizeof(units) - 1 && bytes / unit >= 1024; i++)
		unit *= 1024;
	if (bytes / unit < 10)
		buf_printf(b, "%llu.%llu%c", (unsigned long long)(bytes / unit),
		    (unsigned long long)(bytes % unit * 10 / unit), units[i]);
	else
		buf_printf(b, "%llu%c", (unsigned long long)(bytes / unit), units[i]);
}

void
rows_put_sum(struct buf *b, uint64_t messages, uint64_t bytes)
{
	buf_printf(b, "%llu message%s, ", (unsigned long long)messages, messages == 1 ? "" : "s");
	rows_put_size(b, bytes);
	if (bytes < 1024)
		buf_str(b, bytes == 1 ? " byte" : " bytes");
}

void
rows_put_reason(struct buf *b, const struct queued *q, int64_t now_s)
{
	const struct queued_rcpt *r = queued_waits_for(q);
	size_t start = b->n;

	if (q->reason != NULL)
		buf_str(b, q->reason);
	else if (r != NULL && r->code > 0)
		buf_printf(b, "%u %s", r->code, r->text != NULL ? r->text : "");
	else if (r != NULL && r->text != NULL)
		buf_str(b, r->text);
	if (q->next_s > now_s) {
		buf_str(b, b->n > start ? "; next in " : "next in ");
		text_put_duration(b, q->next_s - now_s);
	}
}

void
rows_begin(struct rows *r, FILE *out, const struct term *term, int64_t now_s)
{
	*r = (struct rows){ .table = { .out = out, .term = term }, .now_s = now_s };
}

static void
put_recipient(struct buf *b, const struct queued *q)
{
	const struct queued_rcpt *r = queued_waits_for(q);
	size_t waiting = 0;

	for (size_t i = 0; i < q->nrcpts; i++)
		waiting += !queued_is_settled(&q->rcpts[i]);
	if (r != NULL)
		buf_str(b, r->addr);
	if (waiting > 1)
		buf_printf(b, " +%zu", waiting - 1);
}

void
rows_put(struct rows *r, const struct queued *q)
{
	struct buf age, size, to, why;

	if (!r->begun)
		table_begin(&r->table, r->table.out, r->table.term, columns, sizeof(columns) / sizeof(columns[0]));
	r->begun = true;
	r->n++;
	buf_init(&age, 64);
	buf_init(&size, 64);
	buf_init(&to, TEXT_MAX);
	buf_init(&why, TEXT_MAX);
	text_put_duration(&age, r->now_s - q->time_s);
	rows_put_size(&size, q->size);
	put_recipient(&to, q);
	rows_put_reason(&why, q, r->now_s);
	table_row(&r->table, (const struct cell[]){
		{ span_of(q->id), PAINT_NONE },
		{ span_of(q->state_word), paints[q->state] },
		{ buf_view(&age), PAINT_NONE },
		{ buf_view(&size), PAINT_NONE },
		{ q->sender == NULL ? SPAN("?") : q->sender[0] == '\0' ? SPAN("<>") : span_of(q->sender), PAINT_NONE },
		{ buf_view(&to), PAINT_NONE },
		{ buf_view(&why), PAINT_NONE },
	});
	buf_done(&age);
	buf_done(&size);
	buf_done(&to);
	buf_done(&why);
}
