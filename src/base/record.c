/* record.c - see record.h. */
#include "base/record.h"

#include "base/text.h"

static void
put_key(struct buf *b, const char *key)
{
	buf_char(b, ' ');
	buf_str(b, key);
	buf_char(b, '=');
}

void
record_span(struct buf *b, const char *key, struct span value)
{
	put_key(b, key);
	text_put_percent(b, value);
}

void
record_number(struct buf *b, const char *key, uint64_t n)
{
	put_key(b, key);
	text_put_number(b, n);
}

void
record_word(struct buf *b, const char *key, const char *word)
{
	put_key(b, key);
	buf_str(b, word);
}

void
record_text(struct buf *b, const char *key, const char *value)
{
	record_span(b, key, span_of(value));
}

void
record_line(struct buf *b, const char *name, struct span value)
{
	buf_str(b, name);
	buf_char(b, ' ');
	text_put_percent(b, value);
	buf_char(b, '\n');
}
