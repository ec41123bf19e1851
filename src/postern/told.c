/* told.c - the daemon's lines; see told.h. */
#include "postern/told.h"

#include "base/text.h"

struct span
told_kind(struct span *line)
{
	struct span kind;

	return span_cut(line, ' ', &kind) ? kind : SPAN("");
}

bool
told_next(struct span *fields, struct span *ret_key, struct span *ret_value)
{
	struct span word;

	if (!span_cut(fields, ' ', &word))
		return false;
	if (!span_cut(&word, '=', ret_key))
		*ret_key = SPAN("");
	*ret_value = word;
	return true;
}

static bool
find(struct span fields, const char *key, struct span *ret)
{
	struct span name;

	while (told_next(&fields, &name, ret))
		if (span_eq(name, span_of(key)))
			return true;
	return false;
}

bool
told_text(struct span fields, const char *key, struct buf *ret)
{
	struct span value;

	buf_clear(ret);
	return find(fields, key, &value) && text_percent(value, ret) == 0;
}

uint64_t
told_number(struct span fields, const char *key)
{
	struct span value;
	uint64_t n;

	return find(fields, key, &value) && text_number(value, INT64_MAX, &n) == 0 ? n : 0;
}

bool
told_is(struct span fields, const char *key, const char *value)
{
	struct buf b;
	bool is;

	buf_init(&b, TOLD_TEXT_MAX);
	is = told_text(fields, key, &b) && span_eq(buf_view(&b), span_of(value));
	buf_done(&b);
	return is;
}
