/* fuzz_alias.c - an aliases file: read, and every name of it followed to its ends. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "mail/alias.h"

static size_t ends;

static bool
is_here(void *arg, const struct addr *a)
{
	(void)arg;
	return addr_is_bare(a);
}

static void
on_end(void *arg, const struct alias_end *e)
{
	(void)arg;
	must(e->kind != ALIAS_INCLUDE);
	must((e->addr != NULL) == (e->kind == ALIAS_ADDRESS || e->kind == ALIAS_FINAL));
	must((e->addr == NULL) == (e->text != NULL));
	must(e->kind != ALIAS_FINAL || addr_is_bare(e->addr));
	ends++;
}

static void
on_wrong(void *arg, const char *where, const char *what)
{
	(void)arg;
	must(where != NULL && what[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct alias_ops ops = { .is_local = is_here, .end = on_end };
	static const struct alias_ear ear = { .wrong = on_wrong };
	struct aliases *t = aliases_parse((struct span){ (const char *)data, n }, "f", &ear);

	for (size_t i = 0; i < t->n; i++) {
		struct addr *a = addr_of_user(span_of(t->alias[i].name), NULL);

		must(t->alias[i].n > 0 && strlen(t->alias[i].right) <= t->longest);
		must(i == 0 || strcmp(t->alias[i - 1].name, t->alias[i].name) < 0);
		must(a == NULL || addr_is_bare(a));
		if (a == NULL || i >= 50) {
			addr_free(a);
			continue;
		}
		must(aliases_find(t, addr_local(a)) == &t->alias[i]);
		ends = 0;
		alias_expand(t, a, &ops, &ear);
		must(ends <= ALIAS_ENDS);
		addr_free(a);
	}
	aliases_free(t);
	return 0;
}
