/* test_password.c - where a login's password comes from, and when another one is to be had. */
#include <sys/resource.h>
#include <sys/stat.h>

#include <check.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/helper.h"
#include "relay/password.h"

Suite *suite_password(void);

static struct event_base *base;
static char               dir[64], file[96], script[96];
static unsigned           ncame, nfailed;
static struct status      why;

static void
on_came(void *arg)
{
	(void)arg;
	ncame++;
}

static void
on_failed(void *arg, const struct status *st)
{
	(void)arg;
	why = *st;
	nfailed++;
}

static const struct password_ops ops = { .came = on_came, .failed = on_failed };

static void
put(const char *path, mode_t mode, const char *text)
{
	FILE *f;

	unlink(path);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static void
setup(void)
{
	ncame = nfailed = 0;
	base = event_base_new();
	strcpy(dir, "/tmp/postern-password.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/file", dir);
	snprintf(script, sizeof(script), "%s/script", dir);
}

static void
teardown(void)
{
	for (int i = 0; helper_lingering() > 0 && i < 1000; i++)
		event_base_loop(base, EVLOOP_ONCE);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
	unlink(file);
	unlink(script);
	rmdir(dir);
}

static void
turn_until(const unsigned *n, unsigned want)
{
	for (int i = 0; *n < want && i < 10000; i++)
		event_base_loop(base, EVLOOP_ONCE);
	ck_assert_uint_eq(*n, want);
}

static bool
asked(struct password *p, const char *want)
{
	struct buf b;
	bool got;

	buf_init(&b, 16384);
	got = password_ask(p, &b);
	if (got)
		ck_assert_str_eq(buf_cstr(&b), want);
	buf_wipe(&b);
	return got;
}

START_TEST(a_file)
{
	struct relay_conf r = { .name = "r", .user = "u", .password_file = file };
	struct password *p = password_new(base, &r, &ops, NULL);

	put(file, 0600, "one\n");
	ck_assert(asked(p, "one"));
	password_worked(p);
	put(file, 0600, "other\n");
	ck_assert(password_refused(p));         /* it was changed meanwhile: once more, at once */
	ck_assert(asked(p, "other"));
	put(file, 0600, "a third\n");
	ck_assert(!password_refused(p));        /* and not for ever */
	ck_assert(asked(p, "a third"));
	ck_assert(!password_refused(p));
	ck_assert(asked(p, "a third"));
	put(file, 0600, "a fourth\n");
	ck_assert(password_refused(p));
	ck_assert(asked(p, "a fourth"));
	password_changed(p);                    /* by hand: what was refused before does not count */
	put(file, 0600, "a fifth\n");
	ck_assert(password_refused(p));
	password_free(p);
}
END_TEST

/* Nothing is wrong with it: the relay rests for seconds, and no person is called. */
START_TEST(a_file_for_which_no_descriptor_is_left)
{
	struct relay_conf r = { .name = "r", .user = "u", .password_file = file };
	struct password *p = password_new(base, &r, &ops, NULL);
	struct rlimit was, none;
	bool got;

	put(file, 0600, "one\n");
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = (struct rlimit){ 0, was.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	got = asked(p, NULL);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
	ck_assert(!got);
	turn_until(&nfailed, 1);
	ck_assert_int_eq(why.verdict, VERDICT_PAUSE);
	ck_assert_ptr_nonnull(strstr(why.text, "Too many open files"));
	ck_assert(asked(p, "one"));
	password_free(p);
}
END_TEST

START_TEST(a_file_that_others_read)
{
	struct relay_conf r = { .name = "r", .user = "u", .password_file = file };
	struct password *p = password_new(base, &r, &ops, NULL);

	put(file, 0644, "one\n");
	ck_assert(!asked(p, NULL));
	ck_assert_uint_eq(nfailed, 0);          /* from the loop */
	turn_until(&nfailed, 1);
	ck_assert_int_eq(why.verdict, VERDICT_CREDENTIAL);
	ck_assert_msg(strstr(why.text, "readable by every user") != NULL, "%s", why.text);
	ck_assert_int_eq(chmod(file, 0600), 0);
	ck_assert(asked(p, "one"));
	password_free(p);
}
END_TEST

static struct relay_conf
with_command(char **argv, int64_t ttl_s)
{
	argv[0] = script;
	return (struct relay_conf){ .name = "r", .user = "u", .password_command = argv, .password_ttl_s = ttl_s };
}

START_TEST(a_command)
{
	char *argv[] = { NULL, file, NULL };
	struct relay_conf r = with_command(argv, 3600);
	struct password *p = password_new(base, &r, &ops, NULL);

	put(script, 0700, "#!/bin/sh\necho run >> \"$1\"\ncat \"$1\" | wc -l | tr -d ' '\necho more that is shown\n");
	ck_assert(!asked(p, NULL));
	ck_assert(!asked(p, NULL));             /* one run at a time */
	turn_until(&ncame, 1);
	ck_assert(asked(p, "1"));
	ck_assert(asked(p, "1"));               /* kept */
	ck_assert(password_refused(p));         /* so there may be another */
	ck_assert(!asked(p, NULL));
	turn_until(&ncame, 2);
	ck_assert(asked(p, "2"));
	ck_assert(!password_refused(p));        /* this was as new as can be */
	ck_assert(!asked(p, NULL));
	turn_until(&ncame, 3);
	ck_assert(asked(p, "3"));
	password_free(p);
}
END_TEST

/* password-ttl = 0: one run, one login. */
START_TEST(a_command_that_is_not_kept)
{
	char *argv[] = { NULL, NULL };
	struct relay_conf r = with_command(argv, 0);
	struct password *p = password_new(base, &r, &ops, NULL);

	put(script, 0700, "#!/bin/sh\necho word\n");
	ck_assert(!asked(p, NULL));
	turn_until(&ncame, 1);
	ck_assert(asked(p, "word"));
	ck_assert(!asked(p, NULL));
	turn_until(&ncame, 2);
	password_free(p);
}
END_TEST

static const struct {
	const char  *text;
	mode_t       mode;
	enum verdict verdict;
	const char  *why;
} failures[] = {
	{ "#!/bin/sh\necho the vault is sealed >&2\necho and more >&2\nexit 3\n", 0700, VERDICT_PAUSE,
	  "password-command: script: exit 3: the vault is sealed" },
	{ "#!/bin/sh\n", 0700, VERDICT_CREDENTIAL, "its first line: empty" },
	{ "#!/bin/sh\necho\necho word\n", 0700, VERDICT_CREDENTIAL, "its first line: empty" },
	{ "#!/bin/sh\nhead -c 9000 /dev/zero | tr '\\0' x\n", 0700, VERDICT_CREDENTIAL, "too long for a password" },
	{ "#!/bin/sh\nhead -c 90000 /dev/zero | tr '\\0' x\n", 0700, VERDICT_PAUSE, "password-command: script: " },
	{ "#!/nowhere/at/all\n", 0700, VERDICT_PAUSE, "password-command: script: " },
};

START_TEST(a_command_that_fails)
{
	char *argv[] = { NULL, NULL };
	struct relay_conf r = with_command(argv, 60);
	struct password *p = password_new(base, &r, &ops, NULL);

	put(script, failures[_i].mode, failures[_i].text);
	ck_assert(!asked(p, NULL));
	turn_until(&nfailed, 1);
	ck_assert_int_eq(why.verdict, failures[_i].verdict);
	ck_assert_msg(strstr(why.text, failures[_i].why) != NULL, "%s", why.text);
	ck_assert_uint_eq(ncame, 0);
	password_free(p);
}
END_TEST

START_TEST(given_up_while_it_runs)
{
	char *argv[] = { NULL, NULL };
	struct relay_conf r = with_command(argv, 60);
	struct password *p = password_new(base, &r, &ops, NULL);

	put(script, 0700, "#!/bin/sh\nexec sleep 1000\n");
	ck_assert(!asked(p, NULL));
	event_base_loop(base, EVLOOP_NONBLOCK);
	password_free(p);
	ck_assert_uint_eq(ncame + nfailed, 0);
}
END_TEST

Suite *
suite_password(void)
{
	Suite *s = suite_create("password");
	TCase *t = tcase_create("password");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_file);
	tcase_add_test(t, a_file_for_which_no_descriptor_is_left);
	tcase_add_test(t, a_file_that_others_read);
	tcase_add_test(t, a_command);
	tcase_add_test(t, a_command_that_is_not_kept);
	tcase_add_loop_test(t, a_command_that_fails, 0, sizeof(failures) / sizeof(failures[0]));
	tcase_add_test(t, given_up_while_it_runs);
	suite_add_tcase(s, t);
	return s;
}
