/* fs.c - files through one table of system calls; see fs.h. */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

/* The kernel's variadic and our fixed signatures differ; nothing else here. */
static int
kernel_openat(int dir, const char *name, int flags, mode_t mode)
{
	return openat(dir, name, flags, mode);
}

/* By number: musl had no wrapper before 1.2.6. */
static int
kernel_renameat2(int fromdir, const char *from, int todir, const char *to, unsigned flags)
{
	return (int)syscall(SYS_renameat2, fromdir, from, todir, to, flags);
}

#define KERNEL_CALLS { \
	.openat = kernel_openat, \
	.read = read, \
	.pread = pread, \
	.write = write, \
	.pwrite = pwrite, \
	.fsync = fsync, \
	.fdatasync = fdatasync, \
	.renameat2 = kernel_renameat2, \
	.unlinkat = unlinkat, \
	.fstat = fstat, \
	.fstatat = fstatat, \
	.close = close, \
	.linkat = linkat, \
}

struct fs_calls fs = KERNEL_CALLS;
const struct fs_calls fs_kernel = KERNEL_CALLS;

static int
result(int r)
{
	return r < 0 ? -errno : r;
}

int
fs_open(int dir, const char *name, int flags, mode_t mode)
{
	int fd;

	do
		fd = fs.openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW, mode);
	while (fd < 0 && errno == EINTR);
	return result(fd);
}

int
fs_open_dir(int dir, const char *name)
{
	return fs_open(dir, name, O_RDONLY | O_DIRECTORY, 0);
}

int
fs_write_all(int fd, struct span bytes)
{
	while (bytes.n > 0) {
		ssize_t n = fs.write(fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;   /* 0 again and again would never end */
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return 0;
}

int
fs_pwrite_all(int fd, struct span bytes, off_t at)
{
	while (bytes.n > 0) {
		ssize_t n = fs.pwrite(fd, bytes.p, bytes.n, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes.p += n;
		bytes.n -= (size_t)n;
		at += n;
	}
	return 0;
}

ssize_t
fs_pread_full(int fd, void *p, size_t n, off_t at)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = fs.pread(fd, (char *)p + got, n - got, at + (off_t)got);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

/*
 * Never tried again, not even after EINTR: Linux reports a failed write-back
 * once and then calls the pages clean, so a second fsync's success is a lie.
 */
int
fs_sync(int fd)
{
	return result(fs.fsync(fd));
}

int
fs_datasync(int fd)
{
	return result(fs.fdatasync(fd));
}

static int
link_then_unlink(int fromdir, const char *from, int todir, const char *to)
{
	if (fs.linkat(fromdir, from, todir, to, 0) < 0)
		return -errno;
	return fs_unlink(fromdir, from);
}

/*
 * NFS and some FUSE file systems answer EINVAL, kernels before 3.15 ENOSYS.
 * A crash between link and unlink leaves both names, which a reader must
 * bear; no answer here can be "the file is nowhere".
 */
int
fs_rename_new(int fromdir, const char *from, int todir, const char *to)
{
	if (fs.renameat2(fromdir, from, todir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EINVAL || errno == ENOSYS)
		return link_then_unlink(fromdir, from, todir, to);
	return -errno;
}

int
fs_rename_over(int fromdir, const char *from, int todir, const char *to)
{
	return result(fs.renameat2(fromdir, from, todir, to, 0));
}

int
fs_unlink(int dir, const char *name)
{
	return result(fs.unlinkat(dir, name, 0));
}

int
fs_stat(int fd, struct stat *ret)
{
	return result(fs.fstat(fd, ret));
}

int
fs_stat_at(int dir, const char *name, struct stat *ret)
{
	return result(fs.fstatat(dir, name, ret, AT_SYMLINK_NOFOLLOW));
}

/* The descriptor is gone whatever close(2) says on Linux, EINTR included;
   what was written is fsync's to vouch for. */
int
fs_close(int fd)
{
	int r = result(fs.close(fd));

	return r == -EINTR ? 0 : r;
}

static int
slurp_fd(int fd, size_t max_bytes, struct buf *ret)
{
	size_t start = ret->n;

	for (;;) {
		size_t left = max_bytes - (ret->n - start);
		char chunk[4096];
		ssize_t n = fs.read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		if ((size_t)n > left)
			return -EFBIG;
		buf_add(ret, chunk, (size_t)n);
		if (ret->over)
			return -EFBIG;
	}
}

static int
slurp_and_close(int fd, size_t max_bytes, struct stat *st, struct buf *ret)
{
	size_t start = ret->n;
	int r = fs_stat(fd, st);

	if (r == 0 && S_ISDIR(st->st_mode))
		r = -EISDIR;
	else if (r == 0 && !S_ISREG(st->st_mode))
		r = -EINVAL;
	if (r == 0 && (uint64_t)st->st_size <= max_bytes && (uint64_t)st->st_size <= ret->max - ret->n)
		buf_room(ret, (size_t)st->st_size);
	if (r == 0)
		r = slurp_fd(fd, max_bytes, ret);
	if (r < 0)
		buf_cut(ret, start);
	fs_close(fd);
	return r;
}

/* O_NONBLOCK: a FIFO under the name would otherwise wait for its writer. */
int
fs_slurp(int dir, const char *name, size_t max_bytes, struct buf *ret)
{
	struct stat st;
	int fd = fs_open(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

	return fd < 0 ? fd : slurp_and_close(fd, max_bytes, &st, ret);
}

int
fs_slurp_path(const char *path, size_t max_bytes, struct stat *ret_st, struct buf *ret)
{
	int fd;

	do
		fd = fs.openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : slurp_and_close(fd, max_bytes, ret_st, ret);
}

/* fchmod, since the mode given to open passes through the umask. */
static int
write_whole(int fd, struct span bytes, mode_t mode)
{
	int r, closed;

	r = fchmod(fd, mode) < 0 ? -errno : fs_write_all(fd, bytes);
	if (r == 0)
		r = fs_sync(fd);
	closed = fs_close(fd);
	return r < 0 ? r : closed;
}

/*
 * The temporary's name is this process's alone, so two writers replace one
 * after the other and neither ever renames the other's half.
 */
int
fs_replace(int dir, const char *name, struct span bytes, mode_t mode)
{
	static atomic_uint serial;
	char temp[256];
	int fd, n, r;

	n = snprintf(temp, sizeof(temp), ".%s.%ld.%u", name, (long)getpid(), serial++);
	if (n >= (int)sizeof(temp))
		return -ENAMETOOLONG;
	fd = fs_open(dir, temp, O_WRONLY | O_CREAT | O_EXCL, mode & 0700);
	if (fd == -EEXIST && fs_unlink(dir, temp) == 0)         /* a dead namesake's */
		fd = fs_open(dir, temp, O_WRONLY | O_CREAT | O_EXCL, mode & 0700);
	if (fd < 0)
		return fd;
	r = write_whole(fd, bytes, mode);
	if (r == 0)
		r = fs_rename_over(dir, temp, dir, name);
	if (r < 0) {
		fs_unlink(dir, temp);
		return r;
	}
	return fs_sync(dir);
}
