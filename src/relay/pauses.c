#include "relay/pauses.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/text.h"

#define FILE_NAME "paused"
#define FILE_MAX  (64u << 10)           /* PAUSES_MAX lines of the longest names, encoded */

static bool
copy(char *to, size_t size, const char *from)
{
	return (size_t)snprintf(to, size, "%s", from) < size && from[0] != '\0';
}

static bool
take_word(struct span *rest, char *to, size_t size)
{
	struct span word;
	struct buf b;
	bool good;

	buf_init(&b, 4 * size);
	good = span_cut(rest, ' ', &word) && text_percent(word, &b) == 0 && memchr(buf_cstr(&b), '\0', b.n) == NULL &&
	    copy(to, size, buf_cstr(&b));
	buf_done(&b);
	return good;
}

static bool
take_time(struct span *rest, int64_t *ret_s)
{
	struct span word;
	uint64_t n;

	if (!span_cut(rest, ' ', &word) || text_number(word, INT64_MAX, &n) < 0)
		return false;
	*ret_s = (int64_t)n;
	return true;
}

static bool
take_line(struct pauses *p, struct span line)
{
	struct pause one = { 0 };

	return take_word(&line, one.name, sizeof(one.name)) && take_time(&line, &one.until_s) &&
	    take_time(&line, &one.since_s) && take_word(&line, one.by, sizeof(one.by)) && line.n == 0 &&
	    pauses_add(p, one.name, one.by, one.since_s, one.until_s) == 0;
}

bool
pauses_parse(struct pauses *p, struct span text)
{
	struct span line;
	bool good = true;

	*p = (struct pauses){ 0 };
	while (span_cut(&text, '\n', &line))
		if (line.n > 0)
			good &= take_line(p, line);
	return good;
}

void
pauses_put(const struct pauses *p, struct buf *b)
{
	for (size_t i = 0; i < p->n; i++) {
		text_put_percent(b, span_of(p->pause[i].name));
		buf_printf(b, " %lld %lld ", (long long)p->pause[i].until_s, (long long)p->pause[i].since_s);
		text_put_percent(b, span_of(p->pause[i].by));
		buf_char(b, '\n');
	}
}

int
pauses_read(struct pauses *p, int state)
{
	struct buf b;
	int err;

	*p = (struct pauses){ 0 };
	buf_init(&b, FILE_MAX);
	err = fs_slurp(state, FILE_NAME, FILE_MAX, &b);
	if (err == 0 && !pauses_parse(p, buf_view(&b)))
		err = -EBADMSG;
	buf_done(&b);
	return err == -ENOENT ? 0 : err;
}

int
pauses_write(const struct pauses *p, int state)
{
	struct buf b;
	int err;

	buf_init(&b, FILE_MAX);
	pauses_put(p, &b);
	err = fs_replace(state, FILE_NAME, buf_view(&b), 0600);
	buf_done(&b);
	return err;
}

static struct pause *
find(struct pauses *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->pause[i].name, name) == 0)
			return &p->pause[i];
	return NULL;
}

const struct pause *
pauses_find(const struct pauses *p, const char *name)
{
	return find((struct pauses *)(uintptr_t)p, name);
}

int
pauses_add(struct pauses *p, const char *name, const char *by, int64_t since_s, int64_t until_s)
{
	struct pause one = { .until_s = until_s, .since_s = since_s }, *at = find(p, name);

	if (!copy(one.name, sizeof(one.name), name) || !copy(one.by, sizeof(one.by), by))
		return -E2BIG;
	if (at == NULL && p->n == PAUSES_MAX)
		return -ENOSPC;
	if (at == NULL)
		at = &p->pause[p->n++];
	*at = one;
	return 0;
}

bool
pauses_remove(struct pauses *p, const char *name)
{
	struct pause *at = find(p, name);

	if (at == NULL)
		return false;
	*at = p->pause[--p->n];
	return true;
}

int64_t
pauses_next_s(const struct pauses *p)
{
	int64_t first = 0;

	for (size_t i = 0; i < p->n; i++)
		if (p->pause[i].until_s > 0 && (first == 0 || p->pause[i].until_s < first))
			first = p->pause[i].until_s;
	return first;
}

bool
pauses_take_ended(struct pauses *p, int64_t now_s, struct pause *ret)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->pause[i].until_s == 0 || p->pause[i].until_s > now_s)
			continue;
		*ret = p->pause[i];
		p->pause[i] = p->pause[--p->n];
		return true;
	}
	return false;
}
