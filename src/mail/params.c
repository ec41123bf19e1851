/* params.c - the body of a MIME field; see params.h. */
#include "mail/params.h"

#include <string.h>

/*
 * Comments are not looked for: unquoted names such as "report(1.pdf" are
 * more common than comments, and a bracket that never closes would hide the
 * parameters behind it.
 */
static struct span
cut_item(struct span *rest)
{
	struct span item = { rest->p, 0 };
	bool        quoted = false;
	size_t      i;

	for (i = 0; i < rest->n; i++) {
		if (rest->p[i] == '\\' && quoted && i + 1 < rest->n)
			i++;
		else if (rest->p[i] == '"')
			quoted = !quoted;
		else if (rest->p[i] == ';' && !quoted)
			break;
	}
	item.n = i;
	rest->p += i;
	rest->n -= i;
	if (rest->n > 0) {
		rest->p++;
		rest->n--;
	}
	return span_trim(item);
}

struct span
params_value(struct span body, struct span *ret_rest)
{
	*ret_rest = body;
	return cut_item(ret_rest);
}

bool
params_next(struct span *rest, struct param *ret)
{
	while (rest->n > 0) {
		struct span item = cut_item(rest);
		const char *eq = item.n > 0 ? memchr(item.p, '=', item.n) : NULL;

		if (item.n == 0)
			continue;
		ret->name = item;
		ret->value = (struct span){ item.p + item.n, 0 };
		if (eq != NULL) {
			ret->name.n = (size_t)(eq - item.p);
			ret->name = span_trim(ret->name);
			ret->value = span_trim((struct span){ eq + 1, (size_t)(item.p + item.n - eq - 1) });
		}
		return true;
	}
	return false;
}

static void
unquote_string(struct buf *out, struct span s)
{
	for (size_t i = 1; i < s.n && s.p[i] != '"'; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
		if (s.p[i] != '\r' && s.p[i] != '\n')
			buf_char(out, s.p[i]);
	}
}

void
params_unquote(struct buf *out, struct span s)
{
	if (s.n > 0 && s.p[0] == '"') {
		unquote_string(out, s);
		return;
	}
	for (size_t i = 0; i < s.n; i++) {
		/* "utf-8 (Unicode)": what stands there on its own is a comment. */
		if ((s.p[i] == ' ' || s.p[i] == '\t') && i + 1 < s.n && s.p[i + 1] == '(')
			return;
		if (s.p[i] != '\r' && s.p[i] != '\n')
			buf_char(out, s.p[i]);
	}
}
