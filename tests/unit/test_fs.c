/* test_fs.c - files: whole writes, exact names, no surprise at any call. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"

static char path[] = "/tmp/postern-fs-XXXXXX";
static int dir;
static int calls;               /* of the call a test has replaced */
static int refusal;             /* errno of no_renameat2 */

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(path));
	dir = fs_open_dir(AT_FDCWD, path);
	ck_assert_int_ge(dir, 0);
	calls = 0;
}

static void
teardown(void)
{
	char command[64];

	fs = fs_kernel;
	close(dir);
	snprintf(command, sizeof(command), "rm -rf %s", path);
	ck_assert_int_eq(system(command), 0);
	strcpy(path, "/tmp/postern-fs-XXXXXX");
}

static void
put(const char *name, const char *text)
{
	int fd = fs_open(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fs_write_all(fd, span_of(text)), 0);
	ck_assert_int_eq(fs_close(fd), 0);
}

static void
expect(const char *name, const char *want)
{
	struct buf b;

	buf_init(&b, 10000);
	ck_assert_int_eq(fs_slurp(dir, name, 10000, &b), 0);
	ck_assert_str_eq(buf_cstr(&b), want);
	buf_done(&b);
}

static bool
exists(const char *name)
{
	struct stat st;
	int r = fs_stat_at(dir, name, &st);

	ck_assert(r == 0 || r == -ENOENT);
	return r == 0;
}

START_TEST(opens_close_on_exec_and_follows_no_link)
{
	int fd;

	put("file", "x");
	ck_assert_int_eq(symlinkat("file", dir, "link"), 0);
	ck_assert_int_eq(fs_open(dir, "link", O_RDONLY, 0), -ELOOP);
	ck_assert_int_eq(fs_open(dir, "none", O_RDONLY, 0), -ENOENT);
	ck_assert_int_eq(fs_open_dir(dir, "file"), -ENOTDIR);
	fd = fs_open(dir, "file", O_RDONLY, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	ck_assert_int_eq(fs_close(fd), 0);
	ck_assert_int_eq(fs_close(fd), -EBADF);
}
END_TEST

/* One byte at a time, every second time interrupted instead. */
static ssize_t
slow_write(int fd, const void *p, size_t n)
{
	(void)n;
	if (calls++ % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	return write(fd, p, 1);
}

static ssize_t
slow_pwrite(int fd, const void *p, size_t n, off_t at)
{
	(void)n;
	if (calls++ % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	return pwrite(fd, p, 1, at);
}

static ssize_t
slow_pread(int fd, void *p, size_t n, off_t at)
{
	(void)n;
	if (calls++ % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	return pread(fd, p, 1, at);
}

static ssize_t
slow_read(int fd, void *p, size_t n)
{
	(void)n;
	if (calls++ % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	return read(fd, p, 1);
}

START_TEST(interrupted_and_short_calls_go_on)
{
	char got[8];
	int fd;

	fs.write = slow_write;
	fs.pwrite = slow_pwrite;
	fs.pread = slow_pread;
	fs.read = slow_read;
	fd = fs_open(dir, "file", O_RDWR | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fs_write_all(fd, SPAN("hello")), 0);
	ck_assert_int_eq(calls, 10);
	ck_assert_int_eq(fs_pwrite_all(fd, SPAN("LL"), 2), 0);
	ck_assert_int_eq(fs_pread_full(fd, got, 4, 1), 4);
	ck_assert(memcmp(got, "eLLo", 4) == 0);
	ck_assert_int_eq(fs_pread_full(fd, got, sizeof(got), 3), 2);
	ck_assert_int_eq(fs_pread_full(fd, got, sizeof(got), 30), 0);
	fs_close(fd);
	expect("file", "heLLo");
}
END_TEST

static ssize_t
full_write(int fd, const void *p, size_t n)
{
	if (calls++ > 0) {
		errno = ENOSPC;
		return -1;
	}
	return write(fd, p, n < 2 ? n : 2);
}

static ssize_t
no_write(int fd, const void *p, size_t n)
{
	(void)fd;
	(void)p;
	(void)n;
	return 0;
}

START_TEST(failed_writes_are_reported)
{
	int fd = fs_open(dir, "file", O_RDWR | O_CREAT, 0600);

	fs.write = full_write;
	ck_assert_int_eq(fs_write_all(fd, SPAN("hello")), -ENOSPC);
	fs.write = no_write;
	ck_assert_int_eq(fs_write_all(fd, SPAN("hello")), -EIO);
	ck_assert_int_eq(fs_write_all(fd, SPAN("")), 0);
	fs_close(fd);
}
END_TEST

static int
interrupted_fsync(int fd)
{
	(void)fd;
	calls++;
	errno = EINTR;
	return -1;
}

START_TEST(sync_is_never_tried_twice)
{
	fs.fsync = interrupted_fsync;
	ck_assert_int_eq(fs_sync(dir), -EINTR);
	ck_assert_int_eq(calls, 1);
	fs.fdatasync = interrupted_fsync;
	ck_assert_int_eq(fs_datasync(dir), -EINTR);
	ck_assert_int_eq(calls, 2);
}
END_TEST

static int
no_renameat2(int fromdir, const char *from, int todir, const char *to, unsigned flags)
{
	if (flags == 0)
		return fs_kernel.renameat2(fromdir, from, todir, to, flags);
	errno = refusal;
	return -1;
}

static const int refusals[] = { 0, EINVAL, ENOSYS };

START_TEST(rename_never_replaces)
{
	refusal = refusals[_i];
	if (refusal != 0)
		fs.renameat2 = no_renameat2;
	put("a", "from");
	put("b", "to");
	ck_assert_int_eq(fs_rename_new(dir, "a", dir, "b"), -EEXIST);
	expect("a", "from");
	expect("b", "to");
	ck_assert_int_eq(fs_rename_new(dir, "a", dir, "c"), 0);
	ck_assert(!exists("a"));
	expect("c", "from");
	ck_assert_int_eq(fs_rename_new(dir, "a", dir, "d"), -ENOENT);
	ck_assert_int_eq(fs_rename_over(dir, "c", dir, "b"), 0);
	expect("b", "from");
	ck_assert(!exists("c"));
}
END_TEST

START_TEST(other_rename_errors_are_no_reason_to_link)
{
	refusal = EIO;
	fs.renameat2 = no_renameat2;
	put("a", "x");
	ck_assert_int_eq(fs_rename_new(dir, "a", dir, "b"), -EIO);
	ck_assert(exists("a"));
	ck_assert(!exists("b"));
}
END_TEST

START_TEST(stat_follows_no_link)
{
	struct stat st;

	put("file", "12345");
	ck_assert_int_eq(symlinkat("file", dir, "link"), 0);
	ck_assert_int_eq(fs_stat_at(dir, "link", &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	ck_assert_int_eq(fs_stat_at(dir, "file", &st), 0);
	ck_assert_int_eq(st.st_size, 5);
	ck_assert_int_eq(fs_stat(dir, &st), 0);
	ck_assert(S_ISDIR(st.st_mode));
	ck_assert_int_eq(fs_unlink(dir, "file"), 0);
	ck_assert_int_eq(fs_unlink(dir, "file"), -ENOENT);
	ck_assert_int_eq(fs_stat(-1, &st), -EBADF);
}
END_TEST

static int
interrupted_close(int fd)
{
	close(fd);
	errno = EINTR;
	return -1;
}

START_TEST(interrupted_close_has_closed)
{
	int fd = fs_open_dir(dir, ".");

	fs.close = interrupted_close;
	ck_assert_int_eq(fs_close(fd), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

START_TEST(slurps_what_fits)
{
	struct buf b;

	put("five", "12345");
	put("empty", "");
	buf_init(&b, 100);
	buf_str(&b, "+");
	ck_assert_int_eq(fs_slurp(dir, "five", 5, &b), 0);
	ck_assert_int_eq(fs_slurp(dir, "empty", 0, &b), 0);
	ck_assert_str_eq(buf_cstr(&b), "+12345");
	ck_assert_int_eq(fs_slurp(dir, "five", 4, &b), -EFBIG);
	ck_assert_int_eq(fs_slurp(dir, "none", 5, &b), -ENOENT);
	ck_assert_str_eq(buf_cstr(&b), "+12345");
	buf_done(&b);
	buf_init(&b, 3);
	ck_assert_int_eq(fs_slurp(dir, "five", 100, &b), -EFBIG);
	ck_assert_uint_eq(b.n, 0);
	buf_done(&b);
}
END_TEST

START_TEST(slurps_regular_files_only)
{
	struct buf b;

	buf_init(&b, 100);
	ck_assert_int_eq(mkfifoat(dir, "fifo", 0600), 0);
	ck_assert_int_eq(mkdirat(dir, "sub", 0700), 0);
	ck_assert_int_eq(symlinkat("/etc/passwd", dir, "link"), 0);
	ck_assert_int_eq(fs_slurp(dir, "fifo", 100, &b), -EINVAL);      /* and does not wait */
	ck_assert_int_eq(fs_slurp(dir, "sub", 100, &b), -EISDIR);
	ck_assert_int_eq(fs_slurp(dir, "link", 100, &b), -ELOOP);
	ck_assert_uint_eq(b.n, 0);
	buf_done(&b);
}
END_TEST

/* By a path a link is followed, and it is said whose the file is. */
START_TEST(slurps_by_path)
{
	struct buf  b;
	struct stat st;
	char        where[64];

	put("five", "12345");
	ck_assert_int_eq(symlinkat("five", dir, "link"), 0);
	ck_assert_int_eq(mkfifoat(dir, "fifo", 0600), 0);
	buf_init(&b, 100);
	snprintf(where, sizeof(where), "/proc/self/fd/%d/link", dir);
	ck_assert_int_eq(fs_slurp_path(where, 5, &st, &b), 0);
	ck_assert_str_eq(buf_cstr(&b), "12345");
	ck_assert_uint_eq(st.st_uid, getuid());
	ck_assert_int_eq(fs_slurp_path(where, 4, &st, &b), -EFBIG);
	snprintf(where, sizeof(where), "/proc/self/fd/%d/fifo", dir);
	ck_assert_int_eq(fs_slurp_path(where, 5, &st, &b), -EINVAL);
	snprintf(where, sizeof(where), "/proc/self/fd/%d/none", dir);
	ck_assert_int_eq(fs_slurp_path(where, 5, &st, &b), -ENOENT);
	ck_assert_uint_eq(b.n, 5);
	buf_done(&b);
}
END_TEST

/* The order in which calls were made: one letter each. */
static char order[32];

static void
note(char letter)
{
	size_t n = strlen(order);

	ck_assert_uint_lt(n, sizeof(order) - 1);
	order[n] = letter;
	order[n + 1] = '\0';
}

static ssize_t
noted_write(int fd, const void *p, size_t n)
{
	note('w');
	return write(fd, p, n);
}

static int
noted_fsync(int fd)
{
	note(fd == dir ? 'D' : 's');
	return 0;
}

static int
noted_rename(int fromdir, const char *from, int todir, const char *to, unsigned flags)
{
	note('r');
	return fs_kernel.renameat2(fromdir, from, todir, to, flags);
}

START_TEST(replace_syncs_before_it_renames)
{
	struct stat st;

	umask(077);
	order[0] = '\0';
	fs.write = noted_write;
	fs.fsync = noted_fsync;
	fs.renameat2 = noted_rename;
	ck_assert_int_eq(fs_replace(dir, "f", SPAN("one"), 0644), 0);
	ck_assert_str_eq(order, "wsrD");
	ck_assert_int_eq(fs_stat_at(dir, "f", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0644);
	ck_assert_int_eq(fs_replace(dir, "f", SPAN("two"), 0600), 0);
	expect("f", "two");
	ck_assert_int_eq(fs_stat_at(dir, "f", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
}
END_TEST

static ssize_t
failing_write(int fd, const void *p, size_t n)
{
	(void)fd;
	(void)p;
	(void)n;
	errno = ENOSPC;
	return -1;
}

static int
failing_fsync(int fd)
{
	(void)fd;
	errno = EIO;
	return -1;
}

static int
failing_rename(int fromdir, const char *from, int todir, const char *to, unsigned flags)
{
	(void)fromdir;
	(void)from;
	(void)todir;
	(void)to;
	(void)flags;
	errno = EROFS;
	return -1;
}

static int
failing_close(int fd)
{
	close(fd);
	errno = EDQUOT;
	return -1;
}

START_TEST(failed_replace_leaves_the_old_and_nothing_else)
{
	static const int want[] = { -ENOSPC, -EIO, -EROFS, -EDQUOT };

	put("f", "old");
	fs.write = _i == 0 ? failing_write : fs_kernel.write;
	fs.fsync = _i == 1 ? failing_fsync : fs_kernel.fsync;
	fs.renameat2 = _i == 2 ? failing_rename : fs_kernel.renameat2;
	fs.close = _i == 3 ? failing_close : fs_kernel.close;
	ck_assert_int_eq(fs_replace(dir, "f", SPAN("new"), 0600), want[_i]);
	fs = fs_kernel;
	expect("f", "old");
	ck_assert_int_eq(fs_unlink(dir, "f"), 0);
	ck_assert_int_eq(rmdir(path), 0);               /* no temporary left */
	ck_assert_int_eq(mkdir(path, 0700), 0);
}
END_TEST

START_TEST(replace_takes_a_dead_namesakes_place)
{
	char temp[64];

	snprintf(temp, sizeof(temp), ".f.%ld.0", (long)getpid());
	put(temp, "half of some");
	ck_assert_int_eq(fs_replace(dir, "f", SPAN("whole"), 0600), 0);
	expect("f", "whole");
	ck_assert(!exists(temp));
}
END_TEST

Suite *suite_fs(void);

Suite *
suite_fs(void)
{
	Suite *s = suite_create("fs");
	TCase *tc = tcase_create("fs");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, opens_close_on_exec_and_follows_no_link);
	tcase_add_test(tc, interrupted_and_short_calls_go_on);
	tcase_add_test(tc, failed_writes_are_reported);
	tcase_add_test(tc, sync_is_never_tried_twice);
	tcase_add_loop_test(tc, rename_never_replaces, 0, 3);
	tcase_add_test(tc, other_rename_errors_are_no_reason_to_link);
	tcase_add_test(tc, stat_follows_no_link);
	tcase_add_test(tc, interrupted_close_has_closed);
	tcase_add_test(tc, slurps_what_fits);
	tcase_add_test(tc, slurps_regular_files_only);
	tcase_add_test(tc, slurps_by_path);
	tcase_add_test(tc, replace_syncs_before_it_renames);
	tcase_add_loop_test(tc, failed_replace_leaves_the_old_and_nothing_else, 0, 4);
	tcase_add_test(tc, replace_takes_a_dead_namesakes_place);
	suite_add_tcase(s, tc);
	return s;
}
