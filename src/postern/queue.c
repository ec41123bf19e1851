/* queue.c - postern queue: what waits, filtered, sorted, a page at a time. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/options.h"
#include "postern/command.h"
#include "postern/document.h"
#include "postern/filter.h"
#include "postern/roll.h"
#include "postern/rows.h"

enum { SORT = FILTER_OPTIONS_N, REVERSE, LIMIT, PAGE, JSON };

const struct args_option queue_options[] = {
	FILTER_OPTIONS,
	{ "sort", "KEY", "arrival (as it is), size, sender, user, state, next, attempts" },
	{ "reverse", NULL, "the other way round" },
	{ "limit", "N", "no more than N of them" },
	{ "page", "P", "the P-th N of them; N is 20 without --limit" },
	{ "json", NULL, "one JSON document" },
	{ NULL, NULL, NULL },
};

#define PAGE_USUAL 20

typedef int (*compare)(const void *a, const void *b);

struct listed {
	struct filter  filter;
	compare        by;              /* NULL: as they come */
	bool           reverse;
	uint64_t       limit, page;     /* 0: all */
	bool           json;

	int64_t        now_s;
	struct term    term;
	struct rows    rows;
	struct queued *held;            /* to be sorted */
	size_t         nheld, cap;
	uint64_t       fit, bytes;      /* that the filter let through */
	uint64_t       shown;
};

/* ---- the order ---- */

static int
order_number(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int
order_text(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

/* What is equal stands by arrival, which an ID begins with. */
#define ORDER(name, expression) \
static int \
by_##name(const void *a, const void *b) \
{ \
	const struct queued *x = a, *y = b; \
	int n = (expression); \
\
	return n != 0 ? n : strcmp(x->id, y->id); \
}

ORDER(arrival, 0)
ORDER(size, order_number(x->size, y->size))
ORDER(sender, order_text(x->sender, y->sender))
ORDER(user, order_text(x->user, y->user))
ORDER(state, order_number(x->state, y->state))
ORDER(next, order_number((uint64_t)x->next_s, (uint64_t)y->next_s))
ORDER(attempts, order_number(x->attempts, y->attempts))

static const struct {
	const char *key;
	compare     by;
} orders[] = {
	{ "arrival", by_arrival }, { "size", by_size }, { "sender", by_sender }, { "user", by_user },
	{ "state", by_state }, { "next", by_next }, { "attempts", by_attempts },
};

#define NORDERS (sizeof(orders) / sizeof(orders[0]))

static int
set_sort(struct listed *l, const struct args *a)
{
	const char *known[NORDERS + 1] = { NULL }, *nearest;

	for (size_t i = 0; i < NORDERS; i++) {
		known[i] = orders[i].key;
		if (strcmp(a->value, orders[i].key) == 0)
			l->by = orders[i].by;
	}
	if (l->by != NULL)
		return 0;
	nearest = option_nearest(a->value, known);
	return args_refuse(a, "--sort: there is no \"%s\"; %s%s", a->value,
	    nearest != NULL ? "did you mean " : "the keys are arrival, size, sender, user, state, next, attempts",
	    nearest != NULL ? nearest : "");
}

/* ---- messages ---- */

static void
put(struct listed *l, const struct queued *q)
{
	if (!l->json) {
		rows_put(&l->rows, q);
	} else {
		fputs(l->shown > 0 ? ",\n" : "\n", stdout);
		document_print_part(stdout, document_queued(q));
	}
	l->shown++;
}

/* Is the at-th of them on the page?  Counted from 0. */
static bool
on_page(const struct listed *l, uint64_t at)
{
	return l->limit == 0 || at / l->limit == l->page - 1;
}

static void
hold(struct listed *l, struct queued *q)
{
	if (l->nheld == l->cap) {
		l->cap = l->cap * 2 + 256;
		l->held = xrealloc(l->held, l->cap * sizeof(*l->held));
	}
	l->held[l->nheld++] = *q;
	*q = (struct queued){ .nrcpts = 0 };
}

static void
on_message(void *arg, struct queued *q)
{
	struct listed *l = arg;

	if (!filter_fits(&l->filter, q, l->now_s))
		return;
	l->bytes += q->size;
	if (l->by != NULL)
		hold(l, q);
	else if (on_page(l, l->fit))
		put(l, q);
	l->fit++;
}

static void
put_held(struct listed *l)
{
	if (l->nheld > 0)
		qsort(l->held, l->nheld, sizeof(*l->held), l->by);
	for (size_t i = 0; i < l->nheld; i++)
		if (on_page(l, i))
			put(l, &l->held[l->reverse ? l->nheld - 1 - i : i]);
	for (size_t i = 0; i < l->nheld; i++)
		queued_done(&l->held[i]);
	free(l->held);
}

/* ---- the whole ---- */

static void
put_end(const struct listed *l, bool daemon)
{
	struct buf sum;

	if (l->json) {
		printf("%s],\n\"shown\": %llu,\n\"total\": %llu,\n\"bytes\": %llu,\n\"daemon\": %s\n}\n",
		    l->shown > 0 ? "\n" : "", (unsigned long long)l->shown, (unsigned long long)l->fit,
		    (unsigned long long)l->bytes, daemon ? "true" : "false");
		return;
	}
	if (l->fit == 0) {
		puts(filter_is_set(&l->filter) ? "no message fits" : "the queue is empty");
		return;
	}
	buf_init(&sum, 256);
	rows_put_sum(&sum, l->fit, l->bytes);
	if (l->shown < l->fit)
		printf("%llu shown of %s\n", (unsigned long long)l->shown, buf_cstr(&sum));
	else
		printf("%s\n", buf_cstr(&sum));
	buf_done(&sum);
}

static int
set_number(const struct args *a, uint64_t *ret)
{
	if (text_number(span_of(a->value), UINT32_MAX, ret) == 0 && *ret > 0)
		return 0;
	return args_refuse(a, "--%s: \"%s\" is no number from 1 up", a->options[a->found].name, a->value);
}

static int
read_options(struct listed *l, struct args *a)
{
	int i, rc = 0;

	while (rc == 0 && (i = args_next(a)) != ARGS_END) {
		if (i == ARGS_BAD)
			return EX_USAGE;
		if (i == ARGS_WORD)
			return args_refuse(a, "\"%s\" is a word too many; postern show %s shows one message",
			    a->value, a->value);
		if (i < FILTER_OPTIONS_N)
			rc = filter_set(&l->filter, a, i);
		else if (i == SORT)
			rc = set_sort(l, a);
		else if (i == LIMIT)
			rc = set_number(a, &l->limit);
		else if (i == PAGE)
			rc = set_number(a, &l->page);
		l->reverse = l->reverse || i == REVERSE;
		l->json = l->json || i == JSON;
	}
	if (l->page > 0 && l->limit == 0)
		l->limit = PAGE_USUAL;
	if (l->limit > 0 && l->page == 0)
		l->page = 1;
	if (l->reverse && l->by == NULL)
		l->by = by_arrival;
	return rc;
}

int
command_queue(int argc, char **argv)
{
	static const struct roll_ear ear = { .message = on_message };
	struct args a = { .argc = argc, .argv = argv, .options = queue_options };
	struct listed l = { .now_s = clock_wall_s() };
	bool whole;
	int rc;

	filter_init(&l.filter, 0);
	if ((rc = read_options(&l, &a)) != 0)
		return rc;
	term_of(STDOUT_FILENO, &l.term);
	rows_begin(&l.rows, stdout, &l.term, l.now_s);
	if (l.json)
		fputs("{\n\"messages\": [", stdout);
	rc = roll_call("postern queue", &ear, &l, &whole);
	put_held(&l);
	/* A document that is not whole does not parse either. */
	if (whole)
		put_end(&l, rc == 0);
	return document_finish(stdout) != EX_OK ? EX_IOERR : rc;
}
