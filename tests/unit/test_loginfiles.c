/* test_loginfiles.c - each file that a login depends on, changed while somebody waits for that, and before. */
#include <sys/stat.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/scratch.h"
#include "net/loop.h"
#include "relay/loginfiles.h"

Suite *suite_loginfiles(void);

enum { PASSWORD, CLIENT_SECRET, KEY, OAUTH_CA, TOKEN, CA, CA_FOLDER, CERT, CERT_KEY, NFILES };

static struct scratch     spool;
static struct event_base *base;
static struct oauth_conf  oauth;
static struct relay_conf  relay;
static struct loginfiles *files;
static char               name[] = "r", path[NFILES][200];
static unsigned           nchanged;

static void
on_changed(void *arg)
{
	ck_assert_ptr_eq(arg, &relay);
	nchanged++;
}

static void
put(int file, const char *text)
{
	char leaf[8];

	snprintf(leaf, sizeof(leaf), "f%d", file);
	scratch_write(&spool, "state", leaf, span_of(text));
}

static void
setup(void)
{
	scratch_make(&spool);
	loginfiles_poll_each(5);
	base = loop_new();
	nchanged = 0;
	for (int i = 0; i < NFILES; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/state/f%d", spool.path, i);
		put(i, "as it was\n");
	}
	oauth = (struct oauth_conf){ .client_secret_file = path[CLIENT_SECRET], .key_file = path[KEY],
		.ca_file = path[OAUTH_CA], .token_file = path[TOKEN] };
	relay = (struct relay_conf){ .name = name, .tls = TLS_IMPLICIT, .ca_file = path[CA], .ca_path = path[CA_FOLDER],
		.client_cert = path[CERT], .client_key = path[CERT_KEY] };
}

static void
with(bool tokens)
{
	if (tokens)
		relay.oauth = &oauth;
	else
		relay.password_file = path[PASSWORD];
	files = loginfiles_new(base, &relay, on_changed, &relay);
}

static void
teardown(void)
{
	loginfiles_free(files);
	loop_turn(base);
	loop_free(base);
	scratch_remove(&spool);
}

static void
until_told(unsigned n)
{
	for (unsigned turns = 0; nchanged < n; turns++) {
		ck_assert_uint_lt(turns, 8000);
		loop_turn(base);
		usleep(2000);
	}
	ck_assert_uint_eq(nchanged, n);
}

/* Within some looks. */
static void
never_told(void)
{
	for (unsigned turns = 0; turns < 20; turns++) {
		loop_turn(base);
		usleep(2000);
	}
	ck_assert_uint_eq(nchanged, 0);
}

static const struct {
	int            file;
	bool           tokens;
	enum loginfile kind;
} rows[] = {
	{ PASSWORD, false, LOGINFILE_SECRET }, { CLIENT_SECRET, true, LOGINFILE_SECRET }, { KEY, true, LOGINFILE_SECRET },
	{ OAUTH_CA, true, LOGINFILE_SECRET }, { TOKEN, true, LOGINFILE_TOKEN }, { CA, false, LOGINFILE_TLS },
	{ CA_FOLDER, true, LOGINFILE_TLS }, { CERT, false, LOGINFILE_TLS }, { CERT_KEY, false, LOGINFILE_TLS },
};

START_TEST(each)
{
	enum loginfile kind = rows[_i].kind;
	unsigned before;

	with(rows[_i].tokens);
	before = loginfiles_version(files);
	for (int k = LOGINFILE_SECRET; k <= LOGINFILE_TLS; k++)
		ck_assert(!loginfiles_are_other(files, (enum loginfile)k));
	loginfiles_watch(files);
	put(rows[_i].file, "as it is\n");
	for (int k = LOGINFILE_SECRET; k <= LOGINFILE_TLS; k++)
		ck_assert_int_eq(loginfiles_are_other(files, (enum loginfile)k), (enum loginfile)k == kind);
	until_told(1);
	ck_assert_uint_eq(loginfiles_version(files), before);
	loginfiles_see(files, kind);
	ck_assert(!loginfiles_are_other(files, kind));
	ck_assert_uint_eq(loginfiles_version(files), before + (kind == LOGINFILE_SECRET));
	loginfiles_see(files, kind);
	ck_assert_uint_eq(loginfiles_version(files), before + (kind == LOGINFILE_SECRET));
}
END_TEST

/* Between the reading and the refusal, too; and its rights may be all that was wrong. */
START_TEST(before_it_was_watched)
{
	with(false);
	ck_assert_int_eq(chmod(path[PASSWORD], 0640), 0);
	loginfiles_watch(files);
	until_told(1);
}
END_TEST

/* What was told of and not read since is not told of again. */
START_TEST(once)
{
	with(false);
	put(CA, "as it is\n");
	loginfiles_watch(files);
	until_told(1);
	nchanged = 0;
	loginfiles_watch(files);
	never_told();
	put(CA, "as it is now\n");
	until_told(1);
}
END_TEST

START_TEST(not_watched)
{
	with(true);
	loginfiles_watch(files);
	loginfiles_unwatch(files);
	put(CLIENT_SECRET, "as it is\n");
	never_told();
}
END_TEST

/* No TLS, no certificates; and a password's relay has no tokens. */
START_TEST(of_no_use)
{
	relay.tls = TLS_NONE;
	with(false);
	for (int i = CLIENT_SECRET; i < NFILES; i++)
		put(i, "as it is\n");
	for (int k = LOGINFILE_SECRET; k <= LOGINFILE_TLS; k++)
		ck_assert(!loginfiles_are_other(files, (enum loginfile)k));
}
END_TEST

Suite *
suite_loginfiles(void)
{
	Suite *s = suite_create("loginfiles");
	TCase *t = tcase_create("loginfiles");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, each, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(t, before_it_was_watched);
	tcase_add_test(t, once);
	tcase_add_test(t, not_watched);
	tcase_add_test(t, of_no_use);
	suite_add_tcase(s, t);
	return s;
}
