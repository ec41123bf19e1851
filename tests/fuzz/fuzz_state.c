/*
 * fuzz_state.c - the files of state/ after a broken disk or a careless hand:
 * what is read can be written, and what was written is read to the same.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "relay/flood.h"
#include "relay/pauses.h"
#include "relay/quota.h"
#include "relay/troubles.h"

#define NOW_S 1764000000

static void
pauses(struct span text)
{
	struct pauses p = { .n = 0 }, again = { .n = 0 };
	struct buf    one, two;

	buf_init(&one, 1 << 20);
	buf_init(&two, 1 << 20);
	pauses_parse(&p, text);
	must(p.n <= PAUSES_MAX);
	pauses_put(&p, &one);
	must(pauses_parse(&again, buf_view(&one)) && again.n == p.n);
	pauses_put(&again, &two);
	must(span_eq(buf_view(&one), buf_view(&two)));
	buf_done(&one);
	buf_done(&two);
}

static void
troubles(struct span text)
{
	struct troubles t = { .n = 0 }, again = { .n = 0 };
	struct buf      one, two;

	buf_init(&one, 1 << 20);
	buf_init(&two, 1 << 20);
	troubles_parse(&t, text);
	must(t.n <= TROUBLES_MAX);
	for (size_t i = 0; i < t.n; i++)
		must(troubles_find(&t, t.trouble[i].name) == &t.trouble[i]);
	troubles_put(&t, &one);
	troubles_parse(&again, buf_view(&one));
	troubles_put(&again, &two);
	must(again.n == t.n && span_eq(buf_view(&one), buf_view(&two)));
	buf_done(&one);
	buf_done(&two);
}

static void
floods(struct span text)
{
	struct flood *f = flood_new(3600);
	struct span   line;
	struct buf    b;

	buf_init(&b, 1 << 20);
	while (span_cut(&text, '\n', &line))
		flood_take(f, line, NOW_S);
	flood_put(f, "user", &b);
	must(!b.over);
	flood_free(f);
	buf_done(&b);
}

static void
quotas(struct span text)
{
	struct quota q, again;
	struct span  word, rest;
	struct buf   one, two;

	memset(&q, 0, sizeof(q));
	memset(&again, 0, sizeof(again));
	buf_init(&one, 1 << 20);
	buf_init(&two, 1 << 20);
	while (span_cut(&text, ' ', &word))
		quota_read(&q, NOW_S, word);
	quota_put(&q, NOW_S, &one);
	rest = span_trim(buf_view(&one));
	while (span_cut(&rest, ' ', &word))
		must(quota_read(&again, NOW_S, word) == 0);
	quota_put(&again, NOW_S, &two);
	must(span_eq(buf_view(&one), buf_view(&two)));
	for (enum quota_kind k = 0; k < NQUOTAS; k++) {
		must(quota_used(&q, k, NOW_S) == quota_used(&again, k, NOW_S));
		must(quota_room_at(&q, k, 100, 1, NOW_S) >= NOW_S);
	}
	buf_done(&one);
	buf_done(&two);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static void (*const files[])(struct span text) = { pauses, troubles, floods, quotas };
	struct span text = { (const char *)data + 1, n - 1 };

	if (n > 0)
		files[data[0] % 4](text);
	return 0;
}
