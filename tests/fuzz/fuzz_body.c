/* fuzz_body.c - DATA framing in any portions: no line is a lone dot but the last one. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "smtp/body.h"

static ssize_t
give(void *arg, uint64_t at, void *p, size_t n)
{
	memcpy(p, (const char *)arg + at, n);
	return (ssize_t)n;
}

/* First octet: where head ends.  Second: how much at a time. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t head = n < 2 ? 0 : data[0] % (n - 1), max = n < 2 ? 1 : data[1] + 1u;
	char *p = (char *)(uintptr_t)data + (n < 2 ? 0 : 2);
	struct body_source src = { { p, head }, give, p, head, (n < 2 ? n : n - 2) - head };
	struct body b;
	struct buf out;

	buf_init(&out, 2 * n + 16);
	body_start(&b, &src, true);
	while (body_fill(&b, max, &out) == 1)
		;
	must(b.ended && out.n >= body_size(&src) + 3);
	for (size_t at = 0; at + 3 < out.n; at++)
		if ((at == 0 || out.p[at - 1] == '\n') && out.p[at] == '.')
			must(out.p[at + 1] == '.');
	must(memcmp(out.p + out.n - 3, ".\r\n", 3) == 0);
	buf_done(&out);
	return 0;
}
