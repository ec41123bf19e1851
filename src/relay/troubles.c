#include "relay/troubles.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/text.h"

#define STATE     "state"
#define FILE_NAME "alerts"
#define FILE_MAX  (64u << 10)

struct trouble *
troubles_find(struct troubles *t, const char *relay)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->trouble[i].name, relay) == 0)
			return &t->trouble[i];
	return NULL;
}

static struct trouble *
make(struct troubles *t, const char *relay)
{
	struct trouble *x = &t->trouble[0];

	if (t->n < TROUBLES_MAX)
		x = &t->trouble[t->n++];
	else
		for (size_t i = 1; i < t->n; i++)
			if (t->trouble[i].told_s < x->told_s)
				x = &t->trouble[i];
	*x = (struct trouble){ .told_s = 0 };
	snprintf(x->name, sizeof(x->name), "%s", relay);
	return x;
}

/* A clock that was set back does not silence anybody. */
static bool
is_recent(const struct trouble *x, int64_t now_s)
{
	return x->told_s <= now_s && now_s - x->told_s < TROUBLES_AGAIN_S;
}

struct trouble *
troubles_news(struct troubles *t, const char *relay, const struct status *why, int64_t now_s)
{
	struct trouble *x = troubles_find(t, relay);

	if (x != NULL && x->verdict == why->verdict && x->code == why->code && is_recent(x, now_s))
		return NULL;
	if (x == NULL)
		x = make(t, relay);
	x->verdict = why->verdict;
	x->code = why->code;
	x->told_s = now_s;
	x->standing = true;
	x->mailed = false;
	return x;
}

void
troubles_put(const struct troubles *t, struct buf *b)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct trouble *x = &t->trouble[i];

		text_put_percent(b, span_of(x->name));
		buf_printf(b, " %s %d %lld %d %d\n", verdict_name(x->verdict), x->code, (long long)x->told_s,
		    x->standing, x->mailed);
	}
}

static bool
parse_line(struct span line, struct trouble *ret)
{
	struct span word[6];
	uint64_t    code, told_s, standing, mailed;
	struct buf  name;
	char       *verdict;
	bool        good;

	for (size_t i = 0; i < 6; i++)
		if (!span_cut(&line, ' ', &word[i]))
			return false;
	*ret = (struct trouble){ .told_s = 0 };
	buf_init(&name, sizeof(ret->name) - 1);
	verdict = span_dup(word[1]);
	good = line.n == 0 && text_percent(word[0], &name) == 0 && !name.over && name.n > 0 &&
	    memchr(buf_cstr(&name), '\0', name.n) == NULL &&
	    verdict_parse(verdict, &ret->verdict) == 0 && text_number(word[2], 599, &code) == 0 &&
	    text_number(word[3], INT64_MAX, &told_s) == 0 && text_number(word[4], 1, &standing) == 0 &&
	    text_number(word[5], 1, &mailed) == 0;
	if (good) {
		snprintf(ret->name, sizeof(ret->name), "%s", buf_cstr(&name));
		ret->code = (int)code;
		ret->told_s = (int64_t)told_s;
		ret->standing = standing != 0;
		ret->mailed = mailed != 0;
	}
	free(verdict);
	buf_done(&name);
	return good;
}

void
troubles_parse(struct troubles *t, struct span text)
{
	struct span    line;
	struct trouble x;

	while (t->n < TROUBLES_MAX && span_cut(&text, '\n', &line))
		if (parse_line(line, &x) && troubles_find(t, x.name) == NULL)
			t->trouble[t->n++] = x;
}

int
troubles_read(struct troubles *t, int spool)
{
	int        dir = fs_open_dir(spool, STATE), err = dir;
	struct buf text;

	t->n = 0;
	if (dir < 0)
		return err;
	buf_init(&text, FILE_MAX);
	err = fs_slurp(dir, FILE_NAME, FILE_MAX, &text);
	troubles_parse(t, buf_view(&text));
	buf_done(&text);
	fs_close(dir);
	return err == -ENOENT ? 0 : err;
}

int
troubles_write(const struct troubles *t, int spool)
{
	int        dir = fs_open_dir(spool, STATE), err = dir;
	struct buf text;

	if (dir < 0)
		return err;
	buf_init(&text, FILE_MAX);
	troubles_put(t, &text);
	err = fs_replace(dir, FILE_NAME, buf_view(&text), 0600);
	buf_done(&text);
	fs_close(dir);
	return err;
}
