/*
 * rows.h - messages of the queue as rows of a table, one each: its first
 * recipient that still waits, and why.
 */
#ifndef POSTERN_ROWS_H
#define POSTERN_ROWS_H

#include "postern/queued.h"
#include "postern/table.h"

struct rows {
	struct table  table;
	int64_t       now_s;
	bool          begun;
	uint64_t      n;
};

/* Titles come with the first row. */
void rows_begin(struct rows *r, FILE *out, const struct term *term, int64_t now_s);
void rows_put(struct rows *r, const struct queued *q);

/* "1 message, 12k" */
void rows_put_sum(struct buf *b, uint64_t messages, uint64_t bytes);
/* "831", "12k", "3.4M" */
void rows_put_size(struct buf *b, uint64_t bytes);

/* Why it is still here, in one line: the last reply, its relay's trouble, its state. */
void rows_put_reason(struct buf *b, const struct queued *q, int64_t now_s);

#endif
