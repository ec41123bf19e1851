#include "config/users.h"

#include <stdlib.h>
#include <string.h>

#include "config/secret.h"

struct user {
	char             *name;
	struct scram_keys keys;
	unsigned          line;
};

struct users {
	struct user *user;              /* by name */
	size_t       n, cap;
};

bool
users_name_ok(struct span name)
{
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] <= ' ' || name.p[i] == ':' || name.p[i] == 127)
			return false;
	return name.n > 0 && name.n <= USERS_NAME_MAX && name.p[0] != '#';
}

static void
add(struct users *u, struct span name, const struct scram_keys *k, unsigned line)
{
	if (u->n == u->cap) {
		u->cap = u->cap == 0 ? 16 : u->cap * 2;
		u->user = xrealloc(u->user, u->cap * sizeof(*u->user));
	}
	u->user[u->n++] = (struct user){ .name = span_dup(name), .keys = *k, .line = line };
}

/* NULL, or what is wrong with it. */
static const char *
take_line(struct users *u, struct span line, unsigned number)
{
	struct scram_keys k;
	struct span       name;

	line = span_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return NULL;
	if (memchr(line.p, ':', line.n) == NULL || !span_cut(&line, ':', &name) || !users_name_ok(name))
		return "no line NAME:{SCRAM-SHA-256}...; make them with: postern passwd FILE NAME";
	if (scram_parse(line, &k) < 0)
		return "this is no password's {SCRAM-SHA-256} form; make it with: postern passwd FILE NAME";
	add(u, name, &k, number);
	explicit_bzero(&k, sizeof(k));
	return NULL;
}

static int
by_name(const void *a, const void *b)
{
	const struct user *u = a, *v = b;
	int                order = strcmp(u->name, v->name);

	return order != 0 ? order : u->line < v->line ? -1 : 1;
}

/* The line of a name that an earlier line has, or 0. */
static unsigned
find_twice(const struct users *u)
{
	for (size_t i = 1; i < u->n; i++)
		if (strcmp(u->user[i - 1].name, u->user[i].name) == 0)
			return u->user[i].line;
	return 0;
}

static bool
take_all(struct users *u, const char *path, struct span rest, struct buf *why)
{
	struct span line;
	const char *wrong = NULL;
	unsigned    number = 0;

	while (wrong == NULL && span_cut(&rest, '\n', &line))
		wrong = take_line(u, line, ++number);
	if (wrong == NULL && u->n > 0) {
		qsort(u->user, u->n, sizeof(*u->user), by_name);
		if ((number = find_twice(u)) != 0)
			wrong = "the name stands there twice; take one out";
	}
	if (wrong != NULL)
		buf_printf(why, "%s:%u: %s", path, number, wrong);
	return wrong == NULL;
}

struct users *
users_read(const char *path, struct buf *why)
{
	struct users *u = xcalloc(1, sizeof(*u));
	struct buf    text;

	buf_init(&text, USERS_MAX_BYTES + 2);
	if (secret_read_file(path, USERS_MAX_BYTES, &text, why) != 0 ||
	    !take_all(u, path, buf_view(&text), why)) {
		users_free(u);
		u = NULL;
	}
	buf_wipe(&text);
	return u;
}

void
users_free(struct users *u)
{
	if (u == NULL)
		return;
	for (size_t i = 0; i < u->n; i++)
		free(u->user[i].name);
	if (u->user != NULL)
		explicit_bzero(u->user, u->cap * sizeof(*u->user));
	free(u->user);
	free(u);
}

size_t
users_count(const struct users *u)
{
	return u->n;
}

const struct scram_keys *
users_find(const struct users *u, struct span name)
{
	for (size_t low = 0, high = u->n; low < high;) {
		size_t      i = low + (high - low) / 2;
		struct span at = span_of(u->user[i].name);
		size_t      n = at.n < name.n ? at.n : name.n;
		int         order = n > 0 ? memcmp(name.p, at.p, n) : 0;

		if (order == 0 && at.n == name.n)
			return &u->user[i].keys;
		if (order < 0 || (order == 0 && name.n < at.n))
			high = i;
		else
			low = i + 1;
	}
	return NULL;
}
