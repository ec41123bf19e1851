/* diff.c - longest common subsequence of lines, then hunks; see diff.h. */
#include "base/diff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CONTEXT 3

struct lines {
	struct span *line;      /* without its end */
	size_t       n;
	bool         open;      /* the last one has no end */
};

/* One line of the answer: ' ' in both, '-' in the old one, '+' in the new one. */
struct mark {
	char   kind;
	size_t at;              /* in the old lines, of '+' in the new ones */
};

struct marks {
	struct mark *mark;
	size_t       n;
};

static void
take_lines(struct span text, struct lines *ret)
{
	struct span line;
	size_t room = 1;

	for (size_t i = 0; i < text.n; i++)
		room += text.p[i] == '\n';
	*ret = (struct lines){ .line = xcalloc(room, sizeof(*ret->line)) };
	ret->open = text.n > 0 && text.p[text.n - 1] != '\n';
	while (span_cut(&text, '\n', &line))
		ret->line[ret->n++] = line;
}

/* The line end is a part of a last line: without it, it is another one. */
static bool
same(const struct lines *a, size_t i, const struct lines *b, size_t j)
{
	return span_eq(a->line[i], b->line[j]) &&
	    (a->open && i + 1 == a->n) == (b->open && j + 1 == b->n);
}

static void
put(struct marks *m, char kind, size_t at)
{
	m->mark[m->n++] = (struct mark){ kind, at };
}

/* ---- what is common ---- */

/* Between the common start and the common end, all at once. */
static void
replace_all(struct marks *m, size_t from, size_t a_end, size_t b_end)
{
	for (size_t i = from; i < a_end; i++)
		put(m, '-', i);
	for (size_t j = from; j < b_end; j++)
		put(m, '+', j);
}

/* cell(i, j): how many lines are common behind i and j. */
static void
compare(const struct lines *a, const struct lines *b, size_t from, size_t a_end, size_t b_end, struct marks *m)
{
	size_t an = a_end - from, bn = b_end - from, width = bn + 1, i, j;
	uint32_t *cell = xcalloc((an + 1) * width, sizeof(*cell));

	for (i = an; i-- > 0;)
		for (j = bn; j-- > 0;) {
			uint32_t down = cell[(i + 1) * width + j], right = cell[i * width + j + 1];

			cell[i * width + j] = same(a, from + i, b, from + j) ? cell[(i + 1) * width + j + 1] + 1 :
			    down > right ? down : right;
		}
	for (i = j = 0; i < an || j < bn;) {
		if (i < an && j < bn && same(a, from + i, b, from + j)) {
			put(m, ' ', from + i);
			i++;
			j++;
		} else if (i < an && (j == bn || cell[(i + 1) * width + j] >= cell[i * width + j + 1])) {
			put(m, '-', from + i++);
		} else {
			put(m, '+', from + j++);
		}
	}
	free(cell);
}

static void
mark(const struct lines *a, const struct lines *b, struct marks *m)
{
	size_t start = 0, a_end = a->n, b_end = b->n, i;

	while (start < a_end && start < b_end && same(a, start, b, start))
		put(m, ' ', start++);
	while (a_end > start && b_end > start && same(a, a_end - 1, b, b_end - 1)) {
		a_end--;
		b_end--;
	}
	if ((a_end - start + 1) > DIFF_MAX_CELLS / (b_end - start + 1))
		replace_all(m, start, a_end, b_end);
	else
		compare(a, b, start, a_end, b_end, m);
	for (i = a_end; i < a->n; i++)
		put(m, ' ', i);
}

/* ---- how it looks ---- */

/* The first mark behind the hunk that begins at `at`: two changes with at most 2 CONTEXT lines between share one. */
static size_t
hunk_end(const struct marks *m, size_t at)
{
	size_t last = at, i;

	for (i = at; i < m->n && i - last <= 2 * CONTEXT + 1; i++)
		if (m->mark[i].kind != ' ')
			last = i;
	return last + CONTEXT + 1 < m->n ? last + CONTEXT + 1 : m->n;
}

/* "12,3"; of no lines, the line before them. */
static void
put_range(struct buf *b, size_t before, size_t n)
{
	buf_printf(b, "%zu", n > 0 ? before + 1 : before);
	if (n != 1)
		buf_printf(b, ",%zu", n);
}

static void
put_hunk(struct buf *out, const struct lines *a, const struct lines *b, const struct marks *m, size_t from,
    size_t to, size_t a_before, size_t b_before)
{
	size_t an = 0, bn = 0, i;

	for (i = from; i < to; i++) {
		an += m->mark[i].kind != '+';
		bn += m->mark[i].kind != '-';
	}
	buf_str(out, "@@ -");
	put_range(out, a_before, an);
	buf_str(out, " +");
	put_range(out, b_before, bn);
	buf_str(out, " @@\n");
	for (i = from; i < to; i++) {
		const struct mark *k = &m->mark[i];
		const struct lines *l = k->kind == '+' ? b : a;

		buf_char(out, k->kind);
		buf_span(out, l->line[k->at]);
		buf_char(out, '\n');
		if (l->open && k->at + 1 == l->n)
			buf_str(out, "\\ No newline at end of file\n");
	}
}

static void
put_hunks(struct buf *out, const struct lines *a, const struct lines *b, const struct marks *m)
{
	size_t i = 0, at = 0, a_before = 0, b_before = 0;

	while (at < m->n) {
		size_t first = at, from, to;

		while (first < m->n && m->mark[first].kind == ' ')
			first++;
		if (first == m->n)
			return;
		from = first - at > CONTEXT ? first - CONTEXT : at;
		to = hunk_end(m, first);
		for (; i < from; i++) {
			a_before += m->mark[i].kind != '+';
			b_before += m->mark[i].kind != '-';
		}
		put_hunk(out, a, b, m, from, to, a_before, b_before);
		at = to;
	}
}

void
diff_unified(struct span from, const char *from_name, struct span to, const char *to_name, struct buf *ret)
{
	struct lines a, b;
	struct marks m = { 0 };

	if (span_eq(from, to))
		return;
	take_lines(from, &a);
	take_lines(to, &b);
	m.mark = xcalloc(a.n + b.n + 1, sizeof(*m.mark));
	mark(&a, &b, &m);
	buf_printf(ret, "--- %s\n+++ %s\n", from_name, to_name);
	put_hunks(ret, &a, &b, &m);
	free(m.mark);
	free(a.line);
	free(b.line);
}
