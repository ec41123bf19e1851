/*
 * table.h - columns that fit the terminal's width, a row at a time: a queue
 * is written as it comes.  Where there is no width, cells are padded to what
 * a column usually needs and never cut.
 */
#ifndef POSTERN_TABLE_H
#define POSTERN_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "postern/term.h"

#define TABLE_COLUMNS 12
#define TABLE_GAP     2

struct column {
	const char *title;
	unsigned    usual;      /* columns it needs; a cell that needs more is cut */
	unsigned    share;      /* of what is left, or of what is lacking; 0: always as wide as usual */
	bool        right;
};

struct table {
	FILE                *out;               /* borrowed, as the next two */
	const struct term   *term;
	const struct column *columns;
	size_t               n;
	unsigned             width[TABLE_COLUMNS];
};

struct cell {
	struct span text;       /* made plain here */
	enum paint  paint;
};

/* Fit the columns, and write their titles. */
void table_begin(struct table *t, FILE *out, const struct term *term, const struct column *columns, size_t n);
void table_row(struct table *t, const struct cell *cells);

#endif
