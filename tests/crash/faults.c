/* faults.c - a table of system calls with a fault in it; see faults.h. */
#include "crash/faults.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"

const struct fault_way fault_ways[] = {
	{ "EIO once", FAULT_ONCE, EIO },
	{ "EIO from then on", FAULT_LASTING, EIO },
	{ "ENOSPC once", FAULT_ONCE, ENOSPC },
	{ "ENOSPC from then on", FAULT_LASTING, ENOSPC },
	{ "EDQUOT from then on", FAULT_LASTING, EDQUOT },
	{ "EACCES from then on", FAULT_LASTING, EACCES },
	{ "EINTR once", FAULT_ONCE, EINTR },
	{ "half of it", FAULT_SHORT, 0 },
	{ "death before", FAULT_DIE_BEFORE, 0 },
	{ "death half-way", FAULT_DIE_HALF, 0 },
	{ "death after", FAULT_DIE_AFTER, 0 },
};
const int nfault_ways = sizeof(fault_ways) / sizeof(fault_ways[0]);

static _Thread_local bool counted;
static enum fault         fault;
static int                fault_at, fault_error, calls;
static bool               no_noreplace;
static char               words[16384];
static struct fs_calls    below;        /* who does the work: what was there when this was armed */

static void
put_word(const char *word)
{
	size_t n = strlen(words);

	snprintf(words + n, sizeof(words) - n, "%s%s", n > 0 ? " " : "", word);
}

/* "new/6614766C7382AFD4" → "new/#", "/tmp/x/new" → "x/new": enough to tell files apart. */
static void
log_fd(const char *call, int fd)
{
	char link[64], path[512], word[600];
	char *tail;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	tail = strrchr(path, '/');
	if (tail != NULL && strlen(tail + 1) == 16 && strspn(tail + 1, "0123456789ABCDEF") == 16)
		strcpy(tail + 1, "#");
	while (tail != NULL && tail > path && tail[-1] != '/')
		tail--;
	snprintf(word, sizeof(word), "%s:%s", call, tail != NULL ? tail : path);
	put_word(word);
}

/* What call number `calls` is to do.  FAULT_NONE: its work. */
static enum fault
next(void)
{
	if (!counted)
		return FAULT_NONE;
	calls++;
	if (calls == fault_at || (fault == FAULT_LASTING && fault_at > 0 && calls > fault_at))
		return fault;
	return FAULT_NONE;
}

/* True: the call fails, errno is set. */
static bool
fails(enum fault f)
{
	if (f == FAULT_DIE_BEFORE)
		_exit(FAULT_EXIT);
	if (f != FAULT_ONCE && f != FAULT_LASTING)
		return false;
	errno = fault_error;
	return true;
}

static void
die_after(enum fault f)
{
	if (f == FAULT_DIE_AFTER || f == FAULT_DIE_HALF)
		_exit(FAULT_EXIT);
}

static size_t
half(enum fault f, size_t n)
{
	return (f == FAULT_SHORT || f == FAULT_DIE_HALF) && n > 1 ? n / 2 : n;
}

static int
do_openat(int dir, const char *name, int flags, mode_t mode)
{
	enum fault f = next();
	int        r;

	put_word("openat");
	if (fails(f))
		return -1;
	r = below.openat(dir, name, flags, mode);
	die_after(f);
	return r;
}

static ssize_t
do_read(int fd, void *p, size_t n)
{
	enum fault f = next();

	return fails(f) ? -1 : below.read(fd, p, half(f, n));
}

static ssize_t
do_pread(int fd, void *p, size_t n, off_t at)
{
	enum fault f = next();

	return fails(f) ? -1 : below.pread(fd, p, half(f, n), at);
}

static ssize_t
do_write(int fd, const void *p, size_t n)
{
	enum fault f = next();
	ssize_t    r;

	log_fd("write", fd);
	if (fails(f))
		return -1;
	r = below.write(fd, p, half(f, n));
	die_after(f);
	return r;
}

static ssize_t
do_pwrite(int fd, const void *p, size_t n, off_t at)
{
	enum fault f = next();
	ssize_t    r;

	log_fd("write", fd);
	if (fails(f))
		return -1;
	r = below.pwrite(fd, p, half(f, n), at);
	die_after(f);
	return r;
}

static int
do_fsync(int fd)
{
	enum fault f = next();

	if (counted)
		log_fd("fsync", fd);
	if (fails(f))
		return -1;
	die_after(f);
	return 0;
}

static int
do_fdatasync(int fd)
{
	enum fault f = next();

	log_fd("fdatasync", fd);
	if (fails(f))
		return -1;
	die_after(f);
	return 0;
}

static int
do_renameat2(int fromdir, const char *from, int todir, const char *to, unsigned flags)
{
	enum fault f = next();
	int        r;

	put_word("rename");
	if (fails(f))
		return -1;
	if (no_noreplace && flags != 0) {
		errno = EINVAL;
		return -1;
	}
	r = below.renameat2(fromdir, from, todir, to, flags);
	die_after(f);
	return r;
}

static int
do_linkat(int fromdir, const char *from, int todir, const char *to, int flags)
{
	enum fault f = next();
	int        r;

	put_word("link");
	if (fails(f))
		return -1;
	r = below.linkat(fromdir, from, todir, to, flags);
	die_after(f);
	return r;
}

static int
do_unlinkat(int dir, const char *name, int flags)
{
	enum fault f = next();
	int        r;

	put_word("unlink");
	if (fails(f))
		return -1;
	r = below.unlinkat(dir, name, flags);
	die_after(f);
	return r;
}

static int
do_fstat(int fd, struct stat *st)
{
	return fails(next()) ? -1 : below.fstat(fd, st);
}

static int
do_fstatat(int dir, const char *name, struct stat *st, int flags)
{
	return fails(next()) ? -1 : below.fstatat(dir, name, st, flags);
}

/* The descriptor is gone whatever close(2) answers. */
static int
do_close(int fd)
{
	enum fault f = next();
	int        r;

	if (counted)
		put_word("close");
	if (f == FAULT_DIE_BEFORE)
		_exit(FAULT_EXIT);
	r = below.close(fd);
	die_after(f);
	return fails(f) ? -1 : r;
}

static const struct fs_calls faulty = {
	.openat = do_openat, .read = do_read, .pread = do_pread, .write = do_write,
	.pwrite = do_pwrite, .fsync = do_fsync, .fdatasync = do_fdatasync,
	.renameat2 = do_renameat2, .unlinkat = do_unlinkat, .fstat = do_fstat,
	.fstatat = do_fstatat, .close = do_close, .linkat = do_linkat,
};

void
faults_arm(enum fault what, int at, int error)
{
	fault = what;
	fault_at = at;
	fault_error = error;
	calls = 0;
	words[0] = '\0';
	counted = true;
	below = fs;
	fs = faulty;
}

bool
faults_disarm(int *ret_calls)
{
	fs = below;
	counted = false;
	no_noreplace = false;
	if (ret_calls != NULL)
		*ret_calls = calls;
	return calls >= fault_at;
}

void
faults_no_noreplace(void)
{
	no_noreplace = true;
}

const char *
faults_log(void)
{
	return words;
}
