/* record.c - see record.h. */
#include "base/record.h"

#include "base/text.h"

void
record_span(struct buf *b, const char *key, struct span value)
{
	buf_printf(b, " %s=", key);
	text_put_percent(b, value);
}

void
record_text(struct buf *b, const char *key, const char *value)
{
	record_span(b, key, span_of(value));
}
