/* fuzz_maptable.c - a map's file: read as either kind, and each line of it found again. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "mail/maptable.h"
#include "mail/pattern.h"

static void
look_up(const struct maptable *t, struct span word)
{
	struct addr *a = addr_parse(word, NULL);
	char        *user = span_dup(word);

	if (a != NULL) {
		const struct map_line *m = maptable_find(t, a, true, SPAN("example.com"));

		must(m == NULL || pattern_is_valid(span_of(m->pattern), NULL));
		addr_free(a);
	}
	maptable_find_user(t, user);
	free(user);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span text = { (const char *)data, n };

	for (int key = MAPTABLE_ADDRESSES; key <= MAPTABLE_USERS; key++) {
		struct span      rest = text, word;
		struct maptable *t;
		struct buf       why;

		buf_init(&why, 4096);
		t = maptable_parse(text, "f", (enum maptable_key)key, NULL, &why);
		must((t == NULL) == (why.n > 0) && !why.over);
		for (int i = 0; t != NULL && i < 64 && span_cut(&rest, '\n', &word); i++)
			look_up(t, span_trim(word));
		maptable_free(t);
		buf_done(&why);
	}
	return 0;
}
