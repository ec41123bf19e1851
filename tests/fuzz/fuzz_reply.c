/* fuzz_reply.c - whatever a server says: printable, within the limits, or BAD. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "smtp/limits.h"
#include "smtp/reply.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span rest = { (const char *)data, n }, line;
	const char *why = NULL;
	struct reply r;
	size_t i;

	reply_init(&r);
	while (span_cut(&rest, '\n', &line)) {
		enum reply_more more = reply_line(&r, line, &why);

		must(more == REPLY_BAD ? why != NULL : r.code >= 200 && r.code <= 599);
		must(r.nlines <= LIMIT_REPLY_LINES && strlen(r.dsn) < sizeof(r.dsn));
		for (i = 0; i < r.text.n; i++)
			must(r.text.p[i] >= ' ' && r.text.p[i] <= '~');
		if (more != REPLY_MORE)
			reply_clear(&r);
	}
	reply_done(&r);
	return 0;
}
