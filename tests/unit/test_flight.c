/* test_flight.c - what is owed on a connection, and which mail has landed. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>

#include "base/buf.h"
#include "relay/flight.h"

enum { MAIL = 4, RCPT, END };

static struct flight *f;
static struct mail    mails[FLIGHT_MAX_OWED];

static void
setup(void)
{
	f = xcalloc(1, sizeof(*f));
	for (size_t i = 0; i < FLIGHT_MAX_OWED; i++)
		mails[i] = (struct mail){ .nrcpt = 1 };
}

static void
teardown(void)
{
	free(f);
}

static struct expect
reply(void)
{
	struct expect e;

	ck_assert(flight_reply(f, &e));
	return e;
}

START_TEST(nothing_is_owed)
{
	struct expect e;

	ck_assert_uint_eq(flight_owed(f), 0);
	ck_assert(!flight_reply(f, &e));
	ck_assert_ptr_null(flight_landed(f));
}
END_TEST

START_TEST(in_the_order_of_the_commands)
{
	struct expect e;

	flight_expect(f, MAIL, &mails[0], 0);
	flight_expect(f, RCPT, &mails[0], 0);
	flight_expect(f, RCPT, &mails[0], 1);
	flight_expect(f, END, &mails[0], 0);
	ck_assert_uint_eq(flight_owed(f), 4);
	ck_assert_uint_eq(mails[0].waiting, 4);
	ck_assert(!mails[0].answered);
	ck_assert_int_eq(flight_head(f)->phase, MAIL);
	e = reply();
	ck_assert_int_eq(e.phase, MAIL);
	ck_assert(mails[0].answered);
	ck_assert_uint_eq(mails[0].waiting, 3);
	e = reply();
	ck_assert_int_eq(e.phase, RCPT);
	ck_assert_uint_eq(e.rcpt, 0);
	e = reply();
	ck_assert_int_eq(e.phase, RCPT);
	ck_assert_uint_eq(e.rcpt, 1);
	e = reply();
	ck_assert_int_eq(e.phase, END);
	ck_assert_ptr_eq(e.mail, &mails[0]);
	ck_assert_uint_eq(flight_owed(f), 0);
}
END_TEST

/* "ahead" is what was written before the reply to the one before was read, and no other. */
START_TEST(ahead)
{
	flight_expect(f, MAIL, &mails[0], 0);
	flight_expect(f, RCPT, &mails[0], 0);
	ck_assert(!reply().ahead);
	ck_assert(reply().ahead);
	flight_expect(f, END, &mails[0], 0);
	ck_assert(!reply().ahead);
}
END_TEST

/* A command of no mail (QUIT) leaves the mails alone. */
START_TEST(of_no_mail)
{
	flight_add(f, &mails[0]);
	flight_expect(f, END, &mails[0], 0);
	flight_expect(f, MAIL, NULL, 0);
	ck_assert_uint_eq(mails[0].waiting, 1);
	reply();
	ck_assert_ptr_null(reply().mail);
	ck_assert_uint_eq(mails[0].waiting, 0);
}
END_TEST

/* Only the first can be complete, and only when it is written and answered. */
START_TEST(lands_in_order)
{
	for (int i = 0; i < 3; i++)
		flight_add(f, &mails[i]);
	ck_assert_uint_eq(f->n, 3);
	for (int i = 0; i < 3; i++)
		flight_expect(f, END, &mails[i], 0);
	mails[1].written = true;
	mails[1].waiting = 0;
	ck_assert_ptr_null(flight_landed(f));
	mails[1].waiting = 1;
	mails[0].written = true;
	ck_assert_ptr_null(flight_landed(f));
	reply();
	ck_assert_ptr_eq(flight_landed(f), &mails[0]);
	ck_assert_ptr_null(mails[0].next);
	ck_assert_ptr_null(flight_landed(f));
	reply();
	ck_assert_ptr_eq(flight_landed(f), &mails[1]);
	reply();
	ck_assert_ptr_null(flight_landed(f));           /* answered before it was written to its end */
	mails[2].written = true;
	ck_assert_ptr_eq(flight_landed(f), &mails[2]);
	ck_assert_uint_eq(f->n, 0);
	ck_assert_ptr_null(f->first);
}
END_TEST

START_TEST(forgotten_land_all)
{
	for (int i = 0; i < 3; i++) {
		flight_add(f, &mails[i]);
		flight_expect(f, MAIL, &mails[i], 0);
		flight_expect(f, END, &mails[i], 0);
	}
	reply();
	flight_forget(f);
	ck_assert_uint_eq(flight_owed(f), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_ptr_eq(flight_landed(f), &mails[i]);
		ck_assert_uint_eq(mails[i].waiting, 0);
	}
	ck_assert_ptr_null(flight_landed(f));
	flight_forget(f);
	ck_assert(!mails[2].answered);
}
END_TEST

/* The ring filled to its brim at every place in it, and its counters beyond the end of their range. */
START_TEST(full_ring)
{
	f->head = f->tail = _i == 0 ? 0 : UINT32_MAX - 200;
	for (unsigned i = 0; i < FLIGHT_MAX_OWED; i++)
		flight_expect(f, RCPT, &mails[i], i);
	for (unsigned i = 0; i < 3 * FLIGHT_MAX_OWED; i++) {
		struct expect e = { 0 };

		if (flight_owed(f) != FLIGHT_MAX_OWED || !flight_reply(f, &e) || e.rcpt != i % FLIGHT_MAX_OWED ||
		    e.mail != &mails[i % FLIGHT_MAX_OWED])
			ck_abort_msg("reply %u", i);
		flight_expect(f, RCPT, e.mail, e.rcpt);
	}
}
END_TEST

/* One more is our own bug. */
START_TEST(overfull_ring)
{
	for (unsigned i = 0; i <= FLIGHT_MAX_OWED; i++)
		flight_expect(f, RCPT, &mails[0], i);
}
END_TEST

Suite *suite_flight(void);

Suite *
suite_flight(void)
{
	Suite *s = suite_create("flight");
	TCase *t = tcase_create("flight");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nothing_is_owed);
	tcase_add_test(t, in_the_order_of_the_commands);
	tcase_add_test(t, ahead);
	tcase_add_test(t, of_no_mail);
	tcase_add_test(t, lands_in_order);
	tcase_add_test(t, forgotten_land_all);
	tcase_add_loop_test(t, full_ring, 0, 2);
	tcase_add_test_raise_signal(t, overfull_ring, SIGABRT);
	suite_add_tcase(s, t);
	return s;
}
