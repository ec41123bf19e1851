/* test_idset.c - what was asked for is found, and nothing else. */
#include <check.h>

#include "relay/idset.h"

#define MANY 50000

static struct idset s;

static void
setup(void)
{
	s = (struct idset){ 0 };
}

static void
teardown(void)
{
	idset_done(&s);
	ck_assert_ptr_null(s.id);
}

/* As messages of one burst have them, and as nobody has them. */
static msgid
nth(int kind, uint64_t i)
{
	switch (kind) {
	case 0:
		return 0x6614766C73820000u + i;
	case 1:
		return 0x6614766C73820000u + (i << 12);
	case 2:
		return i << 40;
	default:
		return UINT64_MAX - i;
	}
}

START_TEST(finds)
{
	ck_assert_uint_eq(idset_find(&s, 0), IDSET_NONE);
	for (uint64_t i = 0; i < MANY; i++)
		if (!idset_add(&s, nth(_i, i)))
			ck_abort_msg("%llu was there", (unsigned long long)i);
	for (uint64_t i = 0; i < MANY; i += 7)
		ck_assert(!idset_add(&s, nth(_i, i)));
	ck_assert_uint_eq(s.n, MANY);
	for (uint64_t i = 0; i < MANY; i++)
		if (s.id[i] != nth(_i, i) || idset_find(&s, nth(_i, i)) != i)
			ck_abort_msg("%llu is not in its place", (unsigned long long)i);
	for (uint64_t i = MANY; i < 2 * MANY; i++)
		if (idset_find(&s, nth(_i, i)) != IDSET_NONE)
			ck_abort_msg("%llu is no member", (unsigned long long)i);
}
END_TEST

Suite *suite_idset(void);

Suite *
suite_idset(void)
{
	Suite *suite = suite_create("idset");
	TCase *tc = tcase_create("idset");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, finds, 0, 4);
	suite_add_tcase(suite, tc);
	return suite;
}
