/* fuzz_date.c - a Date field's text: what is made of it is a date, and stays one. */
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "mail/date.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf     b, again;
	enum date_kind kind;

	buf_init(&b, 64);
	buf_init(&again, 64);
	kind = date_read((struct span){ (const char *)data, n }, &b);
	must(!b.over && text_is_ascii(buf_view(&b)));
	must((b.n > 0) == (kind == DATE_MOMENT || kind == DATE_ZONELESS));
	if (b.n > 0)
		must(date_read(buf_view(&b), &again) == DATE_PLAIN && again.n == 0);
	buf_done(&b);
	buf_done(&again);
	return 0;
}
