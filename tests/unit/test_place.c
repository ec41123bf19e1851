/* test_place.c - the variables move the places; without them they are compiled. */
#include <check.h>
#include <stdlib.h>

#include "spool/place.h"

static const struct {
	const char *variable;
	const char *(*place)(void);
	const char *compiled;
} places[] = {
	{ "POSTERN_SPOOL", place_spool, POSTERN_SPOOL_DIR },
	{ "POSTERN_RUN", place_run, POSTERN_RUN_DIR },
	{ "POSTERN_LIBEXEC", place_libexec, POSTERN_LIBEXEC_DIR },
	{ "POSTERN_LIBEXEC", place_bin, POSTERN_BIN_DIR },
	{ "POSTERN_LIBEXEC", place_sbin, POSTERN_SBIN_DIR },
	{ "POSTERN_CONF", place_conf, POSTERN_CONF_FILE },
	{ "POSTERN_PROVIDERS", place_providers, POSTERN_PROVIDERS_DIR },
};

/* That a setgid program ignores them is the system ring's to show. */
START_TEST(moves)
{
	unsetenv(places[_i].variable);
	ck_assert_str_eq(places[_i].place(), places[_i].compiled);
	setenv(places[_i].variable, "", 1);
	ck_assert_str_eq(places[_i].place(), places[_i].compiled);
	setenv(places[_i].variable, "/elsewhere", 1);
	ck_assert_str_eq(places[_i].place(), "/elsewhere");
}
END_TEST

Suite *suite_place(void);

Suite *
suite_place(void)
{
	Suite *s = suite_create("place");
	TCase *tc = tcase_create("place");

	tcase_add_loop_test(tc, moves, 0, sizeof(places) / sizeof(places[0]));
	suite_add_tcase(s, tc);
	return s;
}
