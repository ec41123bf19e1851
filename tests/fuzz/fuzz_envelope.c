/* fuzz_envelope.c - a spool file's head: what parses is written again, and then to the same bytes. */
#include "fuzz/fuzz.h"
#include "spool/envelope.h"

static void
write_again(struct span head, struct buf *ret)
{
	const char *why = NULL;
	struct envelope e;

	envelope_init(&e);
	must(envelope_parse(head, &e, &why) == 0);
	envelope_put(ret, &e);
	must(!ret->over);
	envelope_done(&e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span head = { (const char *)data, n };
	const char *why = NULL;
	struct buf one, two;
	struct envelope e;

	envelope_init(&e);
	buf_init(&one, 4 * ENVELOPE_MAX_BYTES);
	buf_init(&two, 4 * ENVELOPE_MAX_BYTES);
	if (envelope_parse(head, &e, &why) == 0) {
		write_again(head, &one);
		write_again(buf_view(&one), &two);
		must(span_eq(buf_view(&one), buf_view(&two)));
	} else {
		must(why != NULL);
	}
	envelope_done(&e);
	buf_done(&one);
	buf_done(&two);
	return 0;
}
