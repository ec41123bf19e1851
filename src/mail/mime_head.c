/* mime_head.c - a header block written anew; see mime_head.h. */
#include "mail/mime_head.h"

#include "mail/eol.h"
#include "mail/header.h"
#include "mail/words.h"

static void
put_line(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s: %s", name, value);
	eol_put(out);
}

static void
put_added(struct buf *out, const struct mime_head_change *c, bool with_encoding)
{
	if (c->version)
		put_line(out, "MIME-Version", "1.0");
	if (c->charset != NULL) {
		buf_printf(out, "Content-Type: text/plain; charset=%s", c->charset);
		eol_put(out);
	}
	if (with_encoding)
		put_line(out, "Content-Transfer-Encoding", c->encoding);
}

bool
mime_head_put(struct buf *out, struct span block, const struct mime_head_change *c)
{
	bool         changed = c->version || c->charset != NULL || c->encoding != NULL;
	bool         adds, placed = c->encoding == NULL;
	struct span  rest = block;
	struct field f;

	while (header_next(&rest, &f)) {
		if (c->encoding != NULL && header_is(&f, "Content-Transfer-Encoding")) {
			if (!placed)
				put_line(out, "Content-Transfer-Encoding", c->encoding);
			placed = true;
		} else if ((c->ascii && words_is_8bit(&f)) || (c->fold && words_is_long(&f))) {
			words_put_field(out, &f);
			changed = true;
		} else
			buf_span(out, f.whole);
	}
	adds = c->version || c->charset != NULL || !placed;
	if (adds)
		put_added(out, c, !placed);

	/* A part may have had no header at all, not even the blank line: what follows is text. */
	if (adds && rest.n == 0)
		eol_put(out);
	buf_span(out, rest);
	return changed;
}
