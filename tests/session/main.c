/* main.c - the session ring: rows, and rows with a fault at each moment. */
#include <check.h>

#include <signal.h>
#include <stdlib.h>

#include "base/buf.h"
#include "driver.h"
#include "identity.h"
#include "lib/ring.h"
#include "rows.h"

#define MAX_BATCH   120
#define MAX_OUT     (4u << 20)

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What is done at each moment of a row that is marked for it. */
static const struct {
	enum act act;
	bool     say;
} faults[] = {
	{ ACT_CLOSE, false }, { ACT_RESET, false }, { ACT_STALL, false }, { ACT_LONG, false },
	{ ACT_BINARY, false }, { ACT_CLOSE, true }, { ACT_RESET, true }, { ACT_BINARY, true },
};

static void
judge(bool good, struct buf *out)
{
	/* Check copies the message at once. */
	if (!good)
		ck_abort_msg("\n%s", buf_cstr(out));
	buf_done(out);
}

static void
run_row(const struct rows *rows, int i)
{
	const struct row *row = &rows->row[i / NMODES];
	struct trial      t = { .row = row, .mode = (enum mode)(i % NMODES) };
	struct buf        out;

	if (row->modes != 0 && (row->modes & 1u << t.mode) == 0)
		return;
	buf_init(&out, MAX_OUT);
	judge(driver_run(&t, 1, &out), &out);
}

/* In batches: all of one stand still at the same time, so waiting costs the same as for one. */
static void
run_batch(struct trial *t, size_t n)
{
	struct buf out;
	bool       good = true;

	buf_init(&out, MAX_OUT);
	for (size_t at = 0; at < n; at += MAX_BATCH)
		good = driver_run(t + at, n - at < MAX_BATCH ? n - at : MAX_BATCH, &out) && good;
	judge(good, &out);
}

static unsigned
count_moments(const struct row *row, enum mode mode)
{
	struct trial t = { .row = row, .mode = mode };
	struct buf   out;

	buf_init(&out, MAX_OUT);
	(void)driver_run(&t, 1, &out);
	buf_done(&out);
	return t.moments;
}

static bool
is_crossed(const struct row *row, enum mode mode)
{
	return (row->flags & ROW_CROSS) != 0 && (row->modes == 0 || (row->modes & 1u << mode) != 0);
}

static void
cross_faults(const struct rows *rows, int i)
{
	const struct row *row = &rows->row[i / NMODES];
	enum mode         mode = (enum mode)(i % NMODES);
	unsigned          moments;
	struct trial     *t;
	size_t            n = 0;

	if (!is_crossed(row, mode))
		return;
	moments = count_moments(row, mode);
	t = xcalloc(moments * COUNT(faults), sizeof(*t));
	for (unsigned m = 1; m <= moments; m++) {
		for (size_t f = 0; f < COUNT(faults); f++)
			t[n++] = (struct trial){ .row = row, .mode = mode,
			    .fault = { m, faults[f].act, faults[f].say } };
	}
	run_batch(t, n);
	free(t);
}

static void
cross_actions(const struct rows *rows, int i)
{
	static const int whats[] = { DO_QUIT, DO_STOP, DO_KICK };
	const struct row *row = &rows->row[i / NMODES];
	enum mode         mode = (enum mode)(i % NMODES);
	unsigned          moments;
	struct trial     *t;
	size_t            n = 0;

	if (!is_crossed(row, mode))
		return;
	moments = count_moments(row, mode);
	t = xcalloc((moments + 4) * COUNT(whats), sizeof(*t));
	for (size_t w = 0; w < COUNT(whats); w++) {
		for (unsigned m = 1; m <= moments; m++) {
			t[n] = (struct trial){ .row = row, .mode = mode };
			t[n].action.what = whats[w];
			t[n].action.where = AT_MOMENT;
			t[n++].action.moment = m;
		}
		for (int where = AT_START; where <= AT_SETTLED; where++) {
			t[n] = (struct trial){ .row = row, .mode = mode };
			t[n].action.what = whats[w];
			t[n++].action.where = where;
		}
	}
	run_batch(t, n);
	free(t);
}

#define ROW_TESTS(which) \
	START_TEST(which##_row) { run_row(&rows_##which, _i); } END_TEST \
	START_TEST(which##_faults) { cross_faults(&rows_##which, _i); } END_TEST \
	START_TEST(which##_actions) { cross_actions(&rows_##which, _i); } END_TEST

ROW_TESTS(opening)
ROW_TESTS(message)
ROW_TESTS(stream)

static void
add(Suite *s, const char *name, const TTest *test, size_t rows)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, driver_begin, driver_end);
	tcase_add_loop_test(tc, test, 0, (int)(rows * NMODES));
	suite_add_tcase(s, tc);
}

static Suite *
suite_rows(void)
{
	Suite *s = suite_create("rows");

	add(s, "opening", opening_row, rows_opening.n);
	add(s, "message", message_row, rows_message.n);
	add(s, "stream", stream_row, rows_stream.n);
	return s;
}

static Suite *
suite_faults(void)
{
	Suite *s = suite_create("faults");

	add(s, "opening", opening_faults, rows_opening.n);
	add(s, "message", message_faults, rows_message.n);
	add(s, "stream", stream_faults, rows_stream.n);
	return s;
}

static Suite *
suite_actions(void)
{
	Suite *s = suite_create("actions");

	add(s, "opening", opening_actions, rows_opening.n);
	add(s, "message", message_actions, rows_message.n);
	add(s, "stream", stream_actions, rows_stream.n);
	return s;
}

int
main(int argc, char **argv)
{
	static const struct ring_suite suites[] = {
		{ "rows", suite_rows }, { "faults", suite_faults }, { "actions", suite_actions },
	};
	int rc;

	(void)signal(SIGPIPE, SIG_IGN);
	/* Once, before Check forks: every test shares the CA. */
	(void)identity_ca_file();
	rc = ring_main(argc, argv, suites, COUNT(suites));
	identity_forget();
	return rc;
}
