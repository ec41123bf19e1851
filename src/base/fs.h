/*
 * fs.h - files: relative to a directory descriptor, one system call each.
 *
 * Every call that touches the spool goes through one table, so a test can
 * make the third fsync fail or the process die at the second rename.  All
 * functions return 0 (or what they say) and -errno; none logs.  Knows
 * nothing about what the files mean.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include <sys/stat.h>
#include <sys/types.h>

#include <stdint.h>

#include "base/buf.h"

struct fs_calls {
	int     (*openat)(int dir, const char *name, int flags, mode_t mode);
	ssize_t (*read)(int fd, void *p, size_t n);
	ssize_t (*pread)(int fd, void *p, size_t n, off_t at);
	ssize_t (*write)(int fd, const void *p, size_t n);
	ssize_t (*pwrite)(int fd, const void *p, size_t n, off_t at);
	int     (*fsync)(int fd);
	int     (*fdatasync)(int fd);
	int     (*renameat2)(int fromdir, const char *from, int todir, const char *to,
	                     unsigned flags);
	int     (*unlinkat)(int dir, const char *name, int flags);
	int     (*fstat)(int fd, struct stat *st);
	int     (*fstatat)(int dir, const char *name, struct stat *st, int flags);
	int     (*close)(int fd);
	int     (*linkat)(int fromdir, const char *from, int todir, const char *to,
	                  int flags);
};

/* The live table, and the kernel's own to restore it from. */
extern struct fs_calls       fs;
extern const struct fs_calls fs_kernel;

/* All opens add O_CLOEXEC and O_NOFOLLOW.  A descriptor, or -errno. */
int     fs_open(int dir, const char *name, int flags, mode_t mode);
int     fs_open_dir(int dir, const char *name);

/* Interrupted and short calls go on; pread gives fewer than n only at the
   end of the file. */
int     fs_write_all(int fd, struct span bytes);
int     fs_pwrite_all(int fd, struct span bytes, off_t at);
ssize_t fs_pread_full(int fd, void *p, size_t n, off_t at);
int     fs_sync(int fd);                                          /* tried once: see fs.c */
int     fs_datasync(int fd);

/* Never replaces: -EEXIST.  Where the file system has no RENAME_NOREPLACE
   (-EINVAL), links and unlinks. */
int     fs_rename_new(int fromdir, const char *from, int todir, const char *to);
int     fs_rename_over(int fromdir, const char *from, int todir, const char *to);
int     fs_unlink(int dir, const char *name);
int     fs_stat(int fd, struct stat *ret);
int     fs_stat_at(int dir, const char *name, struct stat *ret);  /* not following links */
int     fs_close(int fd);

/*
 * The whole of a regular file no longer than max bytes, appended to *ret,
 * to which a failure adds nothing.  Its room is made at once: of a secret
 * no outgrown copy stays behind.
 * -EISDIR, -EINVAL: not a regular file; -EFBIG: longer than max.
 */
int     fs_slurp(int dir, const char *name, size_t max_bytes, struct buf *ret);

/* The same by a path, links followed, for files that an admin names; and whose they are. */
int     fs_slurp_path(const char *path, size_t max_bytes, struct stat *ret_st, struct buf *ret);

/*
 * Replace `name` by `bytes`, atomically and durably: a temporary beside it
 * (".NAME.PID.N"), fsync, rename over it, fsync of dir.  The mode is exact,
 * whatever the umask.  dir must have been opened for reading.
 */
int     fs_replace(int dir, const char *name, struct span bytes, mode_t mode);

#endif
