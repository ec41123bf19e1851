/* fuzz_addr.c - an address that exists is safe on a line, and reads back as itself. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "mail/addr.h"
#include "smtp/command.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct addr *a = addr_parse((struct span){ (const char *)data, n }, NULL), *again;
	struct buf line;

	if (a == NULL)
		return 0;
	must(a->n <= 254 && strlen(a->text) == a->n && !addr_is_null(a));
	again = addr_parse(span_of(a->text), NULL);
	must(again != NULL && strcmp(again->text, a->text) == 0 && addr_eq(a, again));
	buf_init(&line, 4096);
	must(command_rcpt(&line, a, NULL) == 0);
	must(line.n == a->n + strlen("RCPT TO:<>\r\n"));
	must(memchr(line.p, '\r', line.n) == line.p + line.n - 2);
	buf_done(&line);
	addr_free(again);
	addr_free(a);
	return 0;
}
