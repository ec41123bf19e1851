/*
 * fuzz_mime.c - a message in 7 bits: what is promised of any bytes.  The
 * first octet says how; what comes out is ASCII, as long as it was counted,
 * the same in other portions, and fits when it is asked about again.
 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "fuzz/fuzz.h"
#include "mail/header.h"
#include "mail/mime.h"

static ssize_t
give(void *arg, uint64_t at, void *p, size_t n)
{
	const struct span *text = arg;

	must(at + n <= text->n);
	memcpy(p, text->p + at, n);
	return (ssize_t)n;
}

static size_t
head_length(struct span text)
{
	struct span  rest = text;
	struct field f;

	while (header_next(&rest, &f))
		;
	return text.n - rest.n + (span_starts(rest, (struct span){ "\r\n", 2 }) ? 2 : 0);
}

/* Looked at in slices as odd as the text is long. */
static int
open_text(struct span *text, const struct mime_form *form, struct mime **ret)
{
	size_t             head = head_length(*text);
	struct mime_source src = { give, text, head, text->n - head };
	const char        *why = NULL;
	struct mime       *m = mime_open((struct span){ text->p, head }, &src, form);
	int                r;

	do
		r = mime_prepare(m, 1 + text->n % 61, &why);
	while (r == -EAGAIN);
	*ret = m;
	if (r != 1)
		mime_free(m);
	must(r == 0 || r == 1 || (r == -EILSEQ && why != NULL && form->sevenbit));
	return r;
}

static void
read_all(struct mime *m, size_t portion, struct buf *out)
{
	uint64_t at = 0;
	ssize_t  n;

	buf_span(out, mime_head(m));
	do {
		char *p = buf_room(out, portion);

		must(p != NULL);
		n = mime_read(m, at, p, portion);
		must(n >= 0);
		buf_took(out, (size_t)n);
		at += (uint64_t)n;
	} while (n > 0);
	must(at == mime_size(m));
}

static bool
has_long_line(struct span s)
{
	struct span line;

	while (span_cut(&s, '\n', &line))
		if (line.n > 999)
			return true;
	return false;
}

/* What became as it should be stays so.  A field with something in it that cannot change may move its folds. */
static void
check_again(struct buf *out, const struct mime_form *form)
{
	struct span  text = buf_view(out);
	struct mime *m;
	struct buf   twice;

	if (has_long_line(text) || !text_is_ascii((struct span){ text.p, head_length(text) }))
		return;
	buf_init(&twice, 64u << 20);
	if (open_text(&text, form, &m) == 1) {
		read_all(m, 1000, &twice);
		must(span_eq(buf_view(&twice), text));
		mime_free(m);
	}
	buf_done(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span      text = { (const char *)data + (n > 0), n - (n > 0) };
	struct mime_form form = { .short_lines = true };
	struct mime     *m;
	struct buf       out, other;

	if (n > 0) {
		form.sevenbit = (data[0] & 1) == 0;
		form.ascii_head = (data[0] & 2) != 0;
	}
	if (open_text(&text, &form, &m) != 1)
		return 0;
	buf_init(&out, 64u << 20);
	buf_init(&other, 64u << 20);
	read_all(m, 65536, &out);
	read_all(m, 1 + n % 97, &other);
	mime_free(m);
	must(span_eq(buf_view(&out), buf_view(&other)));
	must(!form.sevenbit || text_is_ascii(buf_view(&out)));
	check_again(&out, &form);
	buf_done(&out);
	buf_done(&other);
	return 0;
}
