/* test_secret.c - passwords: where from, cleaned how, refused to whom. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/secret.h"

static char dir[] = "/tmp/postern-secret-XXXXXX";
static char path[64];
static struct buf secret, why;

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/pw", dir);
	buf_init(&secret, 65536);
	buf_init(&why, 4096);
}

static void
teardown(void)
{
	buf_wipe(&secret);
	buf_done(&why);
	unlink(path);
	rmdir(path);
	rmdir(dir);
}

static void
put(const char *text, size_t n, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static int
read_file(unsigned app_letters)
{
	struct relay_conf r = {
		.name = "r", .user = "u", .password_file = path, .app_password_letters = app_letters,
	};

	return secret_read(&r, &secret, &why);
}

#define TEXT(s) s, sizeof(s) - 1

static const struct {
	const char *in;
	size_t      n;
	const char *out;        /* NULL: refused */
	const char *why;
} contents[] = {
	{ TEXT("secret"), "secret", NULL },
	{ TEXT("secret\n"), "secret", NULL },
	{ TEXT("secret\r\n"), "secret", NULL },
	{ TEXT(" se cret \n"), " se cret ", NULL },
	{ TEXT("abcd efgh ijkl mnop\n"), "abcdefghijklmnop", NULL },
	{ TEXT(" ABCD\tefgh ijkl mnop "), "ABCDefghijklmnop", NULL },
	{ TEXT("abcd efgh ijkl mno1\n"), "abcd efgh ijkl mno1", NULL },
	{ TEXT("abcd efgh ijkl mnopq\n"), "abcd efgh ijkl mnopq", NULL },
	{ TEXT("abcd efgh ijkl mno\n"), "abcd efgh ijkl mno", NULL },
	{ TEXT("p\xc3\xa4ss\n"), "p\xc3\xa4ss", NULL },
	{ TEXT(""), NULL, ": empty; write the password into it, on one line" },
	{ TEXT("\n"), NULL, ": empty; write the password into it, on one line" },
	{ TEXT("a\nb\n"), NULL, ": more than one line; the password alone belongs there" },
	{ TEXT("a\n\n"), NULL, ": more than one line; the password alone belongs there" },
	{ TEXT("a\0b\n"), NULL, ": more than one line; the password alone belongs there" },
};

START_TEST(content)
{
	int rc;

	put(contents[_i].in, contents[_i].n, 0600);
	rc = read_file(16);
	if (contents[_i].out != NULL) {
		ck_assert_int_eq(rc, 0);
		ck_assert_uint_eq(secret.n, strlen(contents[_i].out));
		ck_assert_mem_eq(secret.p, contents[_i].out, secret.n);
		ck_assert_uint_eq(why.n, 0);
	} else {
		ck_assert_int_eq(rc, EX_CONFIG);
		ck_assert_uint_eq(secret.n, 0);
		ck_assert_str_eq(buf_cstr(&why) + strlen(path), contents[_i].why);
	}
}
END_TEST

static const struct {
	mode_t      mode;
	const char *why;        /* NULL: fine (the group is our own) */
} modes[] = {
	{ 0600, NULL }, { 0400, NULL }, { 0640, NULL }, { 0440, NULL }, { 0660, NULL },
	{ 0644, ": readable by every user; chmod 0640 and chgrp postern" },
	{ 0604, ": readable by every user; chmod 0640 and chgrp postern" },
	{ 0602, ": writable by every user; chmod 0640 and chgrp postern" },
	{ 0666, ": readable by every user; chmod 0640 and chgrp postern" },
};

START_TEST(mode)
{
	put("x", 1, modes[_i].mode);
	if (modes[_i].why == NULL) {
		ck_assert_int_eq(read_file(16), 0);
		return;
	}
	ck_assert_int_eq(read_file(16), EX_CONFIG);
	ck_assert_str_eq(buf_cstr(&why) + strlen(path), modes[_i].why);
	ck_assert_uint_eq(secret.n, 0);
}
END_TEST

/* Only root can give a file away; as another user this row has nothing to show. */
START_TEST(a_strange_group)
{
	const gid_t strange = 54321;

	if (geteuid() != 0)
		return;
	put("x", 1, 0600);
	ck_assert_int_eq(chown(path, (uid_t)-1, strange), 0);
	ck_assert_int_eq(read_file(16), 0);
	buf_clear(&secret);
	ck_assert_int_eq(chmod(path, 0640), 0);
	ck_assert_int_eq(read_file(16), EX_CONFIG);
	ck_assert_str_eq(buf_cstr(&why) + strlen(path),
	    ": readable by a group that is not the daemon's; chmod 0640 and chgrp postern");
	buf_clear(&why);
	ck_assert_int_eq(chmod(path, 0620), 0);
	ck_assert_int_eq(read_file(16), EX_CONFIG);
	ck_assert_str_eq(buf_cstr(&why) + strlen(path),
	    ": writable by a group that is not the daemon's; chmod 0640 and chgrp postern");
}
END_TEST

START_TEST(missing)
{
	ck_assert_int_eq(read_file(16), EX_CONFIG);
	ck_assert_str_eq(buf_cstr(&why) + strlen(path), ": No such file or directory; "
	    "write the password into this file, chmod 0640, chgrp postern");
}
END_TEST

START_TEST(not_regular)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(read_file(16), EX_CONFIG);
	ck_assert_str_eq(buf_cstr(&why) + strlen(path), ": not a regular file; write the "
	    "password into one");
	buf_clear(&why);
	rmdir(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(read_file(16), EX_CONFIG);
	ck_assert_str_eq(buf_cstr(&why) + strlen(path), ": not a regular file; write the "
	    "password into one");
}
END_TEST

START_TEST(too_long)
{
	char *big = malloc(8194);

	memset(big, 'x', 8194);
	put(big, 8192, 0600);
	ck_assert_int_eq(read_file(16), 0);
	ck_assert_uint_eq(secret.n, 8192);
	buf_clear(&secret);
	put(big, 8194, 0600);
	ck_assert_int_eq(read_file(16), EX_CONFIG);
	ck_assert_str_eq(buf_cstr(&why) + strlen(path), ": too long for a password; it may have "
	    "8192 bytes");
	free(big);
}
END_TEST

START_TEST(credential)
{
	struct relay_conf r = { .name = "r", .user = "u", .credential = "pw", .app_password_letters = 16 };

	put("abcd efgh ijkl mnop\n", 20, 0400);
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	ck_assert_int_eq(secret_read(&r, &secret, &why), 0);
	ck_assert_str_eq(buf_cstr(&secret), "abcdefghijklmnop");
	buf_clear(&secret);

	r.credential = "../pw";
	ck_assert_int_eq(secret_read(&r, &secret, &why), EX_CONFIG);
	buf_clear(&why);

	unsetenv("CREDENTIALS_DIRECTORY");
	r.credential = "pw";
	ck_assert_int_eq(secret_read(&r, &secret, &why), EX_CONFIG);
	ck_assert_str_eq(buf_cstr(&why), "credential \"pw\": the service manager gave none; "
	    "add LoadCredential=pw:/path/of/the/password to the unit");
}
END_TEST

START_TEST(inline_password)
{
	struct relay_conf r = {
		.name = "r", .user = "u", .password = "abcd efgh ijkl mnop", .app_password_letters = 16,
	};

	ck_assert_int_eq(secret_read(&r, &secret, &why), 0);
	ck_assert_str_eq(buf_cstr(&secret), "abcdefghijklmnop");
	ck_assert_str_eq(r.password, "abcd efgh ijkl mnop");
	r.password = NULL;
	buf_clear(&secret);
	ck_assert_int_eq(secret_read(&r, &secret, &why), EX_CONFIG);
	ck_assert_str_eq(buf_cstr(&why), "relay r: no password; add password-file");
}
END_TEST

/* Only where the provider says that it makes such passwords. */
START_TEST(no_app_password)
{
	put("blue fish jump high\n", 20, 0600);
	ck_assert_int_eq(read_file(0), 0);
	ck_assert_str_eq(buf_cstr(&secret), "blue fish jump high");
	buf_clear(&secret);
	ck_assert_int_eq(read_file(20), 0);
	ck_assert_str_eq(buf_cstr(&secret), "blue fish jump high");
}
END_TEST

Suite *suite_secret(void);

Suite *
suite_secret(void)
{
	Suite *s = suite_create("secret");
	TCase *tc = tcase_create("secret");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, content, 0, sizeof(contents) / sizeof(contents[0]));
	tcase_add_loop_test(tc, mode, 0, sizeof(modes) / sizeof(modes[0]));
	tcase_add_test(tc, no_app_password);
	tcase_add_test(tc, a_strange_group);
	tcase_add_test(tc, missing);
	tcase_add_test(tc, not_regular);
	tcase_add_test(tc, too_long);
	tcase_add_test(tc, credential);
	tcase_add_test(tc, inline_password);
	suite_add_tcase(s, tc);
	return s;
}
