/*
 * fuzz_edit.c - a configuration as anybody may have left it, that setup and
 * import change: what is put in is found again, the other relays are as they
 * were, and what was a configuration stays one.
 */
#include <stdlib.h>
#include <string.h>

#include "config/edit.h"
#include "config/scan.h"
#include "config/source.h"
#include "fuzz/fuzz.h"

#define VALUE   "ops@example.com"
#define SECTION "relay \"new\" {\n    host = \"mail.example.net\"\n}\n"

struct relays {
	char *name[EDIT_RELAYS_MAX];
	int   n;
};

static struct relays
relays_of(const struct buf *text)
{
	struct relays r;

	r.n = edit_relays(buf_view(text), r.name);
	return r;
}

static void
relays_done(struct relays *r)
{
	for (int i = 0; i < r->n; i++)
		free(r->name[i]);
}

static bool
scans(const struct buf *text)
{
	struct buf  copy;
	const char *why;
	unsigned    line;
	bool        ok;

	buf_init(&copy, text->max);
	buf_span(&copy, buf_view(text));
	ok = scan_text(&copy, &line, &why) == 0;
	buf_done(&copy);
	return ok;
}

/* The second time it stands there already. */
static void
set(struct buf *text, const struct relays *before)
{
	struct relays after;
	struct buf    once;

	if (edit_set(text, "local-mail", SPAN(VALUE)) != 0)
		return;
	must(scans(text));
	must(memmem(text->p, text->n, "local-mail = \"" VALUE "\"", strlen("local-mail = \"" VALUE "\"")) != NULL);
	after = relays_of(text);
	must(after.n == before->n);
	for (int i = 0; i < after.n; i++)
		must(strcmp(after.name[i], before->name[i]) == 0);
	relays_done(&after);
	buf_init(&once, text->max);
	buf_span(&once, buf_view(text));
	must(edit_set(text, "local-mail", SPAN(VALUE)) == 0);
	must(span_eq(buf_view(text), buf_view(&once)));
	buf_done(&once);
}

/* In the place of the last of that name, or behind the others. */
static void
put(struct buf *text, const struct relays *before, const char *old)
{
	struct relays after;
	int           gone = -1, i;

	for (i = 0; old != NULL && i < before->n; i++)
		if (strcmp(before->name[i], old) == 0)
			gone = i;
	if ((gone < 0 && before->n == EDIT_RELAYS_MAX) || edit_put_relay(text, old, SPAN(SECTION)) != 0)
		return;
	must(scans(text));
	after = relays_of(text);
	must(after.n == before->n + (gone < 0));
	for (i = 0; i < after.n; i++)
		must(strcmp(after.name[i], i == gone || i == before->n ? "new" : before->name[i]) == 0);
	relays_done(&after);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct relays before;
	struct buf    text;

	if (n == 0)
		return 0;
	buf_init(&text, SOURCE_MAX_BYTES);
	buf_add(&text, data + 1, n - 1);
	before = relays_of(&text);
	if (before.n >= 0 && data[0] % 2 == 0)
		set(&text, &before);
	else if (before.n >= 0)
		put(&text, &before, before.n > 0 ? before.name[data[0] / 2 % before.n] : NULL);
	relays_done(&before);
	buf_done(&text);
	return 0;
}
