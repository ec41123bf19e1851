/*
 * fuzz_users.c - a listener's users file: who stands in it is found with the
 * keys of his line, and nobody else; or it is refused in one line.  Keys are
 * written as they are read.
 */
#include <string.h>

#include "config/users.h"
#include "fuzz/folder.h"
#include "fuzz/fuzz.h"

static void
keys(struct span text, const struct scram_keys *of)
{
	struct scram_keys k, again;
	struct buf one, two;

	if (scram_parse(text, &k) != 0) {
		must(of == NULL);
		return;
	}
	must(k.iterations > 0 && k.iterations <= SCRAM_MAX_ITERATIONS && k.salt_n <= SCRAM_SALT_MAX);
	buf_init(&one, 1024);
	buf_init(&two, 1024);
	scram_put(&one, &k);
	must(!one.over && scram_parse(buf_view(&one), &again) == 0);
	scram_put(&two, of != NULL ? of : &again);
	must(span_eq(buf_view(&one), buf_view(&two)));
	buf_done(&one);
	buf_done(&two);
}

static size_t
find_each(const struct users *u, struct span rest)
{
	struct span line, name;
	size_t n = 0;

	while (span_cut(&rest, '\n', &line)) {
		line = span_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		must(span_cut(&line, ':', &name) && users_name_ok(name) && users_find(u, name) != NULL);
		keys(line, users_find(u, name));
		/* One octet less, or more, is another user. */
		name.n++;
		must(users_find(u, name) == NULL);
		n++;
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span text = { (const char *)data, n };
	const char *path = folder_file("users", text, 0600);
	struct users *u;
	struct buf why;

	buf_init(&why, 65536);
	u = users_read(path, &why);
	must((u == NULL) == (why.n > 0));
	if (u != NULL)
		must(find_each(u, text) == users_count(u) && users_find(u, SPAN("")) == NULL);
	else
		must(strncmp(buf_cstr(&why), path, strlen(path)) == 0 && strchr(buf_cstr(&why), '\n') == NULL);
	users_free(u);
	keys(text, NULL);
	buf_done(&why);
	return 0;
}
