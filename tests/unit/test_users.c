/* test_users.c - the keys kept of a password, SCRAM-SHA-256's exchange, the users file. */
#include <sys/stat.h>

#include <check.h>
#include <fcntl.h>
#include <gsasl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/users.h"
#include "smtp/scram.h"

Suite *suite_users(void);

/* The password "pencil" with the salt and the 4096 rounds of RFC 7677 §3. */
#define PENCIL "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==," \
	"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static char       dir[] = "/tmp/postern-users-XXXXXX";
static char       path[64];
static struct buf why;

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/users", dir);
	buf_init(&why, 4096);
}

static void
teardown(void)
{
	buf_done(&why);
	unlink(path);
	rmdir(dir);
}

/* ---- keys ---- */

START_TEST(the_rfc_s_password)
{
	struct scram_keys k;

	ck_assert_int_eq(scram_parse(SPAN(PENCIL), &k), 0);
	ck_assert_uint_eq(k.iterations, 4096);
	ck_assert_uint_eq(k.salt_n, 16);
	scram_put(&why, &k);
	ck_assert_str_eq(buf_cstr(&why), PENCIL);
	ck_assert(scram_fits(&k, SPAN("pencil")));
	ck_assert(!scram_fits(&k, SPAN("pencil ")));
	ck_assert(!scram_fits(&k, SPAN("Pencil")));
	ck_assert(!scram_fits(&k, SPAN("")));
	ck_assert(!scram_fits(&k, SPAN("pencil\0")));
	k.server[31] ^= 1;
	ck_assert(!scram_fits(&k, SPAN("pencil")));
	k.server[31] ^= 1;
	k.stored[0] ^= 0x80;
	ck_assert(!scram_fits(&k, SPAN("pencil")));
}
END_TEST

START_TEST(made)
{
	struct scram_keys k, other;

	ck_assert_int_eq(scram_make(SPAN("s3cret words"), &k), 0);
	ck_assert_int_eq(scram_make(SPAN("s3cret words"), &other), 0);
	ck_assert_int_ne(memcmp(k.salt, other.salt, k.salt_n), 0);
	ck_assert_int_ne(memcmp(k.stored, other.stored, SCRAM_KEY), 0);
	ck_assert(scram_fits(&k, SPAN("s3cret words")));
	ck_assert(!scram_fits(&k, SPAN("s3cret word")));
	ck_assert_int_lt(scram_make(SPAN(""), &k), 0);
	ck_assert_int_lt(scram_make(SPAN("a\0b"), &k), 0);
}
END_TEST

static const char *const unlike[] = {
	"", "pencil", "{SCRAM-SHA-256}", "{SCRAM-SHA-1}4096,W22ZaJ0SNY7soEsUEjb6gQ==,AA==,AA==",
	"{SCRAM-SHA-256}0,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
	    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
	"{SCRAM-SHA-256}1000001,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
	    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
	"{SCRAM-SHA-256}4096,,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
	    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
	"{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT,"
	    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
	"{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=",
	PENCIL ",x",
};

START_TEST(no_keys)
{
	struct scram_keys k;

	ck_assert_int_lt(scram_parse(span_of(unlike[_i]), &k), 0);
}
END_TEST

START_TEST(pretended_ones_stay)
{
	struct scram_keys a, b, c;

	scram_pretend(SPAN("nobody"), &a);
	scram_pretend(SPAN("nobody"), &b);
	scram_pretend(SPAN("nobodx"), &c);
	ck_assert_uint_eq(a.iterations, SCRAM_ITERATIONS);
	ck_assert_uint_eq(a.salt_n, 16);
	ck_assert_int_eq(memcmp(a.salt, b.salt, a.salt_n), 0);
	ck_assert_int_ne(memcmp(a.salt, c.salt, a.salt_n), 0);
	ck_assert_int_ne(memcmp(a.stored, b.stored, SCRAM_KEY), 0);
}
END_TEST

/* ---- the exchange, with the library's client ---- */

static bool
find_pencil(void *arg, struct span user, struct scram_keys *ret)
{
	(void)arg;
	return span_eq(user, SPAN("user")) && scram_parse(SPAN(PENCIL), ret) == 0;
}

/* True: in, and the server has proved itself too. */
static bool
exchange(const char *user, const char *password, const char *act_as)
{
	struct scram   *s = scram_new(find_pencil, NULL);
	Gsasl          *library;
	Gsasl_session  *client;
	struct buf      said;
	char           *out;
	size_t          n;
	enum scram_step step = SCRAM_MORE;
	int             r;

	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(gsasl_init(&library), GSASL_OK);
	ck_assert_int_eq(gsasl_client_start(library, SCRAM_MECHANISM, &client), GSASL_OK);
	gsasl_property_set(client, GSASL_AUTHID, user);
	gsasl_property_set(client, GSASL_PASSWORD, password);
	if (act_as != NULL)
		gsasl_property_set(client, GSASL_AUTHZID, act_as);
	buf_init(&said, 4096);
	do {
		r = gsasl_step(client, buf_cstr(&said), said.n, &out, &n);
		if (r != GSASL_OK && r != GSASL_NEEDS_MORE)
			break;
		buf_clear(&said);
		step = scram_take(s, (struct span){ out, n }, &said);
		gsasl_free(out);
	} while (step == SCRAM_MORE);
	if (step == SCRAM_IN) {
		ck_assert_int_eq(r, GSASL_OK);
		ck_assert_str_eq(scram_user(s), user);
	}
	gsasl_finish(client);
	gsasl_done(library);
	buf_done(&said);
	scram_free(s);
	return step == SCRAM_IN;
}

START_TEST(exchanges)
{
	ck_assert(exchange("user", "pencil", NULL));
	ck_assert(exchange("user", "pencil", "user"));
	ck_assert(!exchange("user", "pencil", "root"));
	ck_assert(!exchange("user", "pencils", NULL));
	ck_assert(!exchange("usex", "pencil", NULL));
	ck_assert(!exchange("user,x=", "pencil", NULL));
}
END_TEST

static const char *const rubbish[] = {
	"x", "n,,", "n,,n=user", "n,,n=user,r=", "n,,m=x,n=user,r=abc", "c=biws,r=abc,p=AAAA",
};

START_TEST(rubbish_is_refused)
{
	struct scram *s = scram_new(find_pencil, NULL);

	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(scram_take(s, span_of(rubbish[_i]), &why), SCRAM_REFUSED);
	scram_free(s);
}
END_TEST

/* ---- the file ---- */

static struct users *
read_users(const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
	return users_read(path, &why);
}

START_TEST(file)
{
	struct users *u = read_users("# printers\n\nzoe:" PENCIL "\nscanner@floor2:" PENCIL "\r\n"
	    "  a:" PENCIL, 0600);

	ck_assert_msg(u != NULL, "%s", buf_cstr(&why));
	ck_assert_uint_eq(users_count(u), 3);
	ck_assert_ptr_nonnull(users_find(u, SPAN("zoe")));
	ck_assert_ptr_nonnull(users_find(u, SPAN("scanner@floor2")));
	ck_assert_ptr_nonnull(users_find(u, SPAN("a")));
	ck_assert_ptr_null(users_find(u, SPAN("")));
	ck_assert_ptr_null(users_find(u, SPAN("Zoe")));
	ck_assert_ptr_null(users_find(u, SPAN("zo")));
	ck_assert_ptr_null(users_find(u, SPAN("zoe\0")));
	ck_assert_ptr_null(users_find(u, SPAN("zz")));
	users_free(u);
}
END_TEST

START_TEST(empty_file)
{
	struct users *u = read_users("# nobody yet\n", 0640);

	ck_assert_ptr_nonnull(u);
	ck_assert_uint_eq(users_count(u), 0);
	ck_assert_ptr_null(users_find(u, SPAN("zoe")));
	users_free(u);
}
END_TEST

#define LINE "no line NAME:{SCRAM-SHA-256}...; make them with: postern passwd FILE NAME"

static const struct {
	const char *text;
	mode_t      mode;
	const char *why;
} wrong[] = {
	{ "a:" PENCIL "\n", 0644, ": readable by every user; chmod 0640 and chgrp postern" },
	{ "a:" PENCIL "\n", 0602, ": writable by every user; chmod 0640 and chgrp postern" },
	{ "\nzoe\n", 0600, ":2: " LINE },
	{ ":" PENCIL, 0600, ":1: " LINE },
	{ "a b:" PENCIL, 0600, ":1: " LINE },
	{ "a:secret", 0600, ":1: this is no password's {SCRAM-SHA-256} form; make it with: "
	    "postern passwd FILE NAME" },
	{ "a:" PENCIL "\nb:" PENCIL "\na:" PENCIL "\n", 0600, ":3: the name stands there twice; "
	    "take one out" },
};

START_TEST(wrong_files)
{
	ck_assert_ptr_null(read_users(wrong[_i].text, wrong[_i].mode));
	ck_assert_int_eq(strncmp(buf_cstr(&why), path, strlen(path)), 0);
	ck_assert_str_eq(buf_cstr(&why) + strlen(path), wrong[_i].why);
}
END_TEST

START_TEST(no_file)
{
	ck_assert_ptr_null(users_read(path, &why));
	ck_assert_int_eq(strncmp(buf_cstr(&why), path, strlen(path)), 0);
}
END_TEST

Suite *
suite_users(void)
{
	Suite *s = suite_create("users");
	TCase *tc = tcase_create("users");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_rfc_s_password);
	tcase_add_test(tc, made);
	tcase_add_loop_test(tc, no_keys, 0, sizeof(unlike) / sizeof(unlike[0]));
	tcase_add_test(tc, pretended_ones_stay);
	tcase_add_test(tc, exchanges);
	tcase_add_loop_test(tc, rubbish_is_refused, 0, sizeof(rubbish) / sizeof(rubbish[0]));
	tcase_add_test(tc, file);
	tcase_add_test(tc, empty_file);
	tcase_add_loop_test(tc, wrong_files, 0, sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(tc, no_file);
	suite_add_tcase(s, tc);
	return s;
}
