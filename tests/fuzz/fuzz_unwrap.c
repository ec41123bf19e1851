/*
 * fuzz_unwrap.c - what the daemon's socket hears: however it is cut into
 * pieces the answer is the same, and what passes is what the spool keeps.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "spool/unwrap.h"
#include "spool/wrap.h"

#define MESSAGE_MAX (8u << 20)

static int
unwrap_in(struct unwrap *u, struct span s, size_t piece, struct buf *message)
{
	int r = 0;

	unwrap_init(u);
	while (s.n > 0 && r == 0) {
		size_t n = s.n < piece ? s.n : piece;

		r = unwrap_put(u, (struct span){ s.p, n }, message);
		s.p += n;
		s.n -= n;
	}
	return r == 0 ? unwrap_end(u, message) : r;
}

/* Wrapped again it is the same message, and as long. */
static void
check_kept(const struct unwrap *u, struct span message, size_t n)
{
	struct span in = message;
	struct wrap w;
	char       *out = xrealloc(NULL, message.n + WRAP_END_MAX);
	size_t      got;

	wrap_init(&w, u->envelope_n);
	got = wrap_put(&w, &in, out, message.n + WRAP_END_MAX);
	must(in.n == 0 && got == message.n && memcmp(out, message.p, got) == 0);
	must(u->message == message.n && message.n <= n);
	got = wrap_end(&w, out, 0);
	must(w.message == message.n);
	must(u->envelope.nrcpts > 0 && u->envelope_n + message.n + got - 1 <= n);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span   s = { (const char *)data, n };
	struct unwrap whole, cut;
	struct buf    one, two;
	size_t        piece = n > 0 ? data[n / 2] % 200 + 1 : 1;
	int           r;

	buf_init(&one, MESSAGE_MAX);
	buf_init(&two, MESSAGE_MAX);
	r = unwrap_in(&whole, s, n + 1, &one);
	must(unwrap_in(&cut, s, piece, &two) == r);
	if (r == 0) {
		must(span_eq(buf_view(&one), buf_view(&two)));
		check_kept(&whole, buf_view(&one), n);
	} else {
		must(unwrap_why(&whole) != NULL && unwrap_why(&cut) != NULL);
	}
	unwrap_done(&whole);
	unwrap_done(&cut);
	buf_done(&one);
	buf_done(&two);
	return 0;
}
