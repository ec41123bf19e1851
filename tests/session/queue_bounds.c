/* queue_bounds.c - what one message, or a queue full of them, may cost. */
#include "queue_rig.h"

#include <sys/resource.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "spool/draft.h"

static struct rig r;

static void
setup(void)
{
	rig_make(&r, 1);
}

/* ---- memory ---- */

#define MANY   400
#define HEADER (512u << 10)

static long
peak_kb(void)
{
	struct rusage u;

	ck_assert_int_eq(getrusage(RUSAGE_SELF, &u), 0);
	return u.ru_maxrss;
}

/* A header of half a megabyte in each of 400 transactions: not all of them at once. */
START_TEST(header_times_transactions)
{
	const struct draft_limits none = { 0, 0 };
	struct envelope e;
	struct draft   *d;
	struct buf      text;
	char            name[ID_LEN + 1];
	bool            maybe;
	long            before;

	envelope_init(&e);
	e.time_us = clock_wall_us();
	e.host = xstrdup("web1.example.com");
	e.sender = addr_parse(SPAN("alice@example.org"), NULL);
	for (unsigned i = 0; i < MANY; i++) {
		char to[40];

		snprintf(to, sizeof(to), "r%u@example.net", i);
		ck_assert_int_eq(envelope_add(&e, addr_parse(span_of(to), NULL)), 0);
	}
	buf_init(&text, 2 * HEADER);
	while (text.n < HEADER)
		buf_str(&text, "X-Filler: some seventy octets of a header that nobody wants to read, ever\n");
	buf_str(&text, "Subject: large\n\nHello.\n");
	ck_assert_int_eq(draft_begin(r.spool.fd, &e, &none, &d), 0);
	ck_assert_int_eq(draft_write(d, buf_view(&text)), 0);
	ck_assert_int_eq(draft_commit(d, name, &maybe), 0);
	envelope_done(&e);
	buf_done(&text);

	r.relay[0].lines = "\trecipients-per-message = 1\n\tconnections = 1\n\tpipeline-depth = 1\n";
	before = peak_kb();
	rig_start(&r);
	UNTIL(&r, script_count(r.relay[0].script, "MAIL") >= 2, 20);
	ck_assert_msg(peak_kb() - before < 40000, "%ld KB", peak_kb() - before);
	queue_stop(r.q);
	rig_end(&r);
}
END_TEST

TCase *
queue_bounds_case(void)
{
	TCase *tc = tcase_create("bounds");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, header_times_transactions);
	return tc;
}
