/* fuzz_header.c - fields, and the mailboxes in each: all spans stay inside, the walk ends. */
#include "fuzz/fuzz.h"
#include "mail/header.h"

static bool
is_inside(struct span s, struct span whole)
{
	return s.n == 0 || (s.p >= whole.p && s.p + s.n <= whole.p + whole.n);
}

static int
see(void *arg, const struct mailbox *m)
{
	must(is_inside(m->display, *(const struct span *)arg));
	must(is_inside(m->spec, *(const struct span *)arg));
	must((m->addr == NULL) == (m->why != NULL));
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span rest = { (const char *)data, n };
	struct field f;

	for (size_t before = n; header_next(&rest, &f); before = rest.n) {
		must(rest.n < before && is_inside(f.name, f.whole) && is_inside(f.body, f.whole));
		must(header_mailboxes(f.body, see, &f.body) == 0);
	}
	return 0;
}
