/* test_mapfile.c - a map's file while the daemon runs: changed, broken, gone, repaired. */
#include <sys/stat.h>

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "config/mapfile.h"

static char            dir[] = "/tmp/postern-mapfile-XXXXXX";
static char            path[64];
static struct map_conf map;
static struct config   conf = { .maps = &map, .nmaps = 1 };
static struct buf      why, said;

static void
put(const char *text, mode_t mode)
{
	char  fresh[80];
	FILE *f;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	ck_assert_ptr_nonnull(f = fopen(fresh, "w"));
	fputs(text, f);
	fclose(f);
	ck_assert_int_eq(chmod(fresh, mode), 0);
	ck_assert_int_eq(rename(fresh, path), 0);
}

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/map", dir);
	map = (struct map_conf){ .file = mapfile_new(path, MAPTABLE_USERS), .by_user = true, .apply = MAP_SENDER };
	buf_init(&why, 4096);
	buf_init(&said, 65536);
	log_capture(&said);
	clock_set(1764000000000000, 1000);
}

static void
teardown(void)
{
	mapfile_free(map.file);
	log_capture(NULL);
	clock_release();
	buf_done(&why);
	buf_done(&said);
	unlink(path);
	rmdir(dir);
}

static const char *
becomes(const char *user)
{
	const struct maptable *t = mapfile_table(map.file);
	const struct map_line *m = t != NULL ? maptable_find_user(t, user) : NULL;

	return m != NULL ? m->to : "-";
}

/* What was logged since the last call. */
static bool
says(const char *text)
{
	bool ret = strstr(buf_cstr(&said), text) != NULL;

	buf_clear(&said);
	return ret;
}

static void
later(void)
{
	clock_move_ms(1000);
	mapfiles_look(&conf);
}

START_TEST(the_last_good_one)
{
	put("alice a@x.org\n", 0644);
	ck_assert_int_eq(mapfiles_read(&conf, &why), 0);
	ck_assert_str_eq(becomes("alice"), "a@x.org");

	/* not asked after within the second */
	put("alice b@x.org\n", 0644);
	mapfiles_look(&conf);
	ck_assert_str_eq(becomes("alice"), "a@x.org");
	later();
	ck_assert_str_eq(becomes("alice"), "b@x.org");
	ck_assert(says("/map: 1 lines"));

	put("alice c@x.org\nbob\n", 0644);
	later();
	ck_assert_str_eq(becomes("alice"), "b@x.org");
	ck_assert(says("/map:2: one word alone; write a pattern, a blank and an address; "
	    "the lines read before stay in use"));
	later();
	ck_assert_uint_eq(said.n, 0);           /* once */

	ck_assert_int_eq(unlink(path), 0);
	later();
	ck_assert_str_eq(becomes("alice"), "b@x.org");
	ck_assert(says("/map: No such file or directory"));
	later();
	ck_assert_uint_eq(said.n, 0);

	put("alice d@x.org\n", 0666);
	later();
	ck_assert_str_eq(becomes("alice"), "b@x.org");
	ck_assert(says("/map: every user can write it, and send as anybody; chmod o-w"));

	put("alice d@x.org\n", 0644);
	later();
	ck_assert_str_eq(becomes("alice"), "d@x.org");
}
END_TEST

static const struct {
	const char *text;
	mode_t      mode;
	const char *why;        /* behind the path */
} firsts[] = {
	{ NULL, 0, ": No such file or directory; write it (an empty one will do), or take the map out" },
	{ "a b c\n", 0644, ":1: more than two words; write a pattern, a blank and an address" },
	{ "a b\n", 0646, ": every user can write it, and send as anybody; chmod o-w" },
};

/* At the start there is no last good one. */
START_TEST(the_first)
{
	if (firsts[_i].text != NULL)
		put(firsts[_i].text, firsts[_i].mode);
	ck_assert_int_eq(mapfiles_read(&conf, &why), EX_CONFIG);
	ck_assert_int_eq(strncmp(buf_cstr(&why), path, strlen(path)), 0);
	ck_assert_str_eq(buf_cstr(&why) + strlen(path), firsts[_i].why);
	ck_assert_ptr_null(mapfile_table(map.file));
}
END_TEST

Suite *suite_mapfile(void);

Suite *
suite_mapfile(void)
{
	Suite *s = suite_create("mapfile");
	TCase *tc = tcase_create("mapfile");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_last_good_one);
	tcase_add_loop_test(tc, the_first, 0, 3);
	suite_add_tcase(s, tc);
	return s;
}
