/* fuzz_ident.c - a Message-ID field's text: what is made of it is an identifier. */
#include "fuzz/fuzz.h"
#include "mail/ident.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span body = { (const char *)data, n };
	struct buf  b;

	buf_init(&b, IDENT_MAX);
	if (ident_put_repaired(&b, body, SPAN("web1.example.com")))
		must(ident_is_valid(buf_view(&b)));
	else
		must(b.n == 0);
	must(!b.over);
	if (ident_is_valid(body))
		must(span_eq(span_trim(body), buf_view(&b)));
	buf_done(&b);
	return 0;
}
