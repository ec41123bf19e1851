/* table.c - see table.h. */
#include "postern/table.h"

#include "postern/plain.h"

#define ROW_MAX (8u << 20)
#define LEAST   4               /* columns that share; below, even a wide table breaks lines */

/* What the columns have too much or too little is divided by their shares. */
static void
fit(struct table *t)
{
	unsigned need = (unsigned)(t->n - 1) * TABLE_GAP, shares = 0, lacking, extra;

	for (size_t i = 0; i < t->n; i++) {
		t->width[i] = t->columns[i].usual;
		need += t->columns[i].usual;
		shares += t->columns[i].share;
	}
	if (t->term->width == 0 || shares == 0)
		return;
	extra = t->term->width > need ? t->term->width - need : 0;
	lacking = need > t->term->width ? need - t->term->width : 0;
	for (size_t i = 0; i < t->n; i++) {
		unsigned share = t->columns[i].share, more = extra * share / shares;
		unsigned less = (lacking * share + shares - 1) / shares;

		t->width[i] += more;
		if (share > 0)
			t->width[i] = t->width[i] > less + LEAST ? t->width[i] - less : LEAST;
	}
}

static void
put_blanks(struct buf *b, unsigned n)
{
	while (n-- > 0)
		buf_char(b, ' ');
}

static void
put_cell(const struct table *t, struct buf *b, size_t i, const struct cell *cell)
{
	unsigned width = t->width[i], used;
	bool last = i + 1 == t->n;
	struct buf plain, cut;

	buf_init(&plain, ROW_MAX);
	buf_init(&cut, ROW_MAX);
	plain_put(&plain, cell->text);
	used = plain_put_cut(&cut, buf_view(&plain), t->term->width == 0 ? UINT32_MAX / 2 : width, term_mark());
	if (t->columns[i].right && used < width)
		put_blanks(b, width - used);
	buf_str(b, cell->paint != PAINT_NONE ? term_paint(t->term, cell->paint) : "");
	buf_span(b, buf_view(&cut));
	buf_str(b, cell->paint != PAINT_NONE ? term_plain(t->term) : "");
	if (!t->columns[i].right && used < width && !last)
		put_blanks(b, width - used);
	if (!last)
		put_blanks(b, TABLE_GAP);
	buf_done(&plain);
	buf_done(&cut);
}

void
table_row(struct table *t, const struct cell *cells)
{
	struct buf row;

	buf_init(&row, ROW_MAX);
	for (size_t i = 0; i < t->n; i++)
		put_cell(t, &row, i, &cells[i]);
	while (row.n > 0 && row.p[row.n - 1] == ' ')
		buf_cut(&row, row.n - 1);
	buf_char(&row, '\n');
	fwrite(buf_cstr(&row), 1, row.n, t->out);
	buf_done(&row);
}

void
table_begin(struct table *t, FILE *out, const struct term *term, const struct column *columns, size_t n)
{
	struct cell titles[TABLE_COLUMNS];

	*t = (struct table){ .out = out, .term = term, .columns = columns, .n = n };
	fit(t);
	for (size_t i = 0; i < n; i++)
		titles[i] = (struct cell){ span_of(columns[i].title), PAINT_TITLE };
	table_row(t, titles);
}
