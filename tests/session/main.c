/* main.c - the session ring: rows, and rows with a fault at each moment. */
#include <check.h>

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>

#include "base/buf.h"
#include "driver.h"
#include "identity.h"
#include "lib/ring.h"
#include "rows.h"

#define MAX_BATCH   120
#define MAX_OUT     (4u << 20)
#define MAX_MESSAGE 4000

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What is done at each moment of a row that is marked for it. */
static const struct {
	enum act act;
	bool     say;
} faults[] = {
	{ ACT_CLOSE, false }, { ACT_RESET, false }, { ACT_STALL, false }, { ACT_LONG, false },
	{ ACT_CLOSE, true }, { ACT_RESET, true }, { ACT_BINARY, true },
};

static void
judge(bool good, struct buf *out)
{
	/* Check copies the message at once; it takes no long ones. */
	if (!good)
		ck_abort_msg("\n%.*s%s", MAX_MESSAGE, buf_cstr(out), out->n > MAX_MESSAGE ? "\n…" : "");
	buf_done(out);
}

/* A row in one of the modes that make sense for it. */
struct pair {
	const struct row *row;
	enum mode         mode;
};

static struct pair *pairs, *crossed;
static size_t       npairs, ncrossed;

static void
list_pairs(void)
{
	static const struct rows *const all[] = { &rows_opening, &rows_message, &rows_stream };
	size_t rows = rows_opening.n + rows_message.n + rows_stream.n;

	pairs = xcalloc(rows * NMODES, sizeof(*pairs));
	crossed = xcalloc(rows * NMODES, sizeof(*crossed));
	for (size_t i = 0; i < COUNT(all); i++) {
		for (size_t k = 0; k < all[i]->n * NMODES; k++) {
			struct pair p = { &all[i]->row[k / NMODES], (enum mode)(k % NMODES) };

			if ((p.row->modes & 1u << p.mode) == 0)
				continue;
			pairs[npairs++] = p;
			if (p.row->flags & (p.mode == MODE_TLS || p.mode == MODE_LOCK_BDAT ? ROW_CROSS_MORE : ROW_CROSS))
				crossed[ncrossed++] = p;
		}
	}
}

START_TEST(row)
{
	struct trial t = { .row = pairs[_i].row, .mode = pairs[_i].mode };
	struct buf   out;

	buf_init(&out, MAX_OUT);
	judge(driver_run(&t, 1, &out), &out);
}
END_TEST

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
count_moments(const struct pair *p)
{
	struct trial t = { .row = p->row, .mode = p->mode };
	struct buf   out;

	buf_init(&out, MAX_OUT);
	(void)driver_run(&t, 1, &out);
	buf_done(&out);
	return t.moments;
}

START_TEST(row_with_faults)
{
	const struct pair *p = &crossed[_i];
	unsigned      moments = count_moments(p);
	struct trial *t = xcalloc(moments * COUNT(faults), sizeof(*t));
	size_t        n = 0;

	for (unsigned m = 1; m <= moments; m++) {
		for (size_t f = 0; f < COUNT(faults); f++)
			t[n++] = (struct trial){ .row = p->row, .mode = p->mode,
			    .fault = { m, faults[f].act, faults[f].say } };
	}
	run_batch(t, n);
	free(t);
}
END_TEST

START_TEST(row_with_actions)
{
	static const int whats[] = { DO_QUIT, DO_STOP, DO_KICK };
	const struct pair *p = &crossed[_i];
	unsigned      moments = count_moments(p);
	struct trial *t = xcalloc((moments + AT_SETTLED) * COUNT(whats), sizeof(*t));
	size_t        n = 0;

	for (size_t w = 0; w < COUNT(whats); w++) {
		for (unsigned k = 1; k <= moments + AT_SETTLED; k++) {
			t[n] = (struct trial){ .row = p->row, .mode = p->mode };
			t[n].action.what = whats[w];
			t[n].action.where = k <= moments ? AT_MOMENT : k - moments;
			t[n++].action.moment = k;
		}
	}
	run_batch(t, n);
	free(t);
}
END_TEST

static Suite *
suite_of(const char *name, const TTest *test, size_t n)
{
	Suite *s = suite_create(name);
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, driver_begin, driver_end);
	tcase_add_loop_test(tc, test, 0, (int)n);
	suite_add_tcase(s, tc);
	return s;
}

static Suite *
suite_rows(void)
{
	return suite_of("rows", row, npairs);
}

static Suite *
suite_faults(void)
{
	return suite_of("faults", row_with_faults, ncrossed);
}

static Suite *
suite_actions(void)
{
	return suite_of("actions", row_with_actions, ncrossed);
}

int
main(int argc, char **argv)
{
	static const struct ring_suite suites[] = {
		{ "rows", suite_rows }, { "faults", suite_faults }, { "actions", suite_actions },
		{ "queue", suite_queue }, { "day", suite_day },
	};
	int rc;

	(void)signal(SIGPIPE, SIG_IGN);
	/* Thousands of runs: giving the same pages back to the kernel each time would be a third of it all. */
	(void)mallopt(M_MMAP_THRESHOLD, 64 << 20);
	(void)mallopt(M_TRIM_THRESHOLD, 512 << 20);
	/* Once, before Check forks: every test shares the CA. */
	(void)identity_ca_file();
	list_pairs();
	rc = ring_main(argc, argv, suites, COUNT(suites));
	identity_forget();
	free(pairs);
	free(crossed);
	return rc;
}
