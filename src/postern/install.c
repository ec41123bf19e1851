/* install.c - see install.h. */
#include "postern/install.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fs.h"
#include "spool/place.h"

#define KEPT_MAX 9999                   /* NAME.~N~: who has so many can spare some */

static int
wrong(int rc, const char *path, int error, struct buf *why)
{
	buf_printf(why, "%s: %s", path, strerror(error));
	if ((error == EACCES || error == EPERM) && geteuid() != 0)
		buf_str(why, "; only root may write there: sudo postern ...");
	else if (error == EROFS)
		buf_str(why, "; the file system is mounted read-only");
	return rc;
}

static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : span_dup((struct span){ path, (size_t)(slash - path) });
}

static int
sync_folder(const char *path)
{
	char *folder = folder_of(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	r = fd < 0 ? -errno : fs_sync(fd);
	if (fd >= 0)
		fs_close(fd);
	free(folder);
	return r;
}

int
install_folder(const char *path_of_file, struct buf *why)
{
	char *folder = folder_of(path_of_file);
	int rc = 0;

	if (mkdir(folder, 0755) == 0)
		rc = chmod(folder, 0755) == 0 && sync_folder(folder) == 0 ? 0 : wrong(EX_CANTCREAT, folder, errno, why);
	else if (errno != EEXIST)
		rc = wrong(errno == EACCES ? EX_NOPERM : EX_CANTCREAT, folder, errno, why);
	else if (access(folder, W_OK | X_OK) != 0)
		rc = wrong(errno == EACCES ? EX_NOPERM : EX_CANTCREAT, folder, errno, why);
	free(folder);
	return rc;
}

/* ---- whose it is ---- */

/* Root alone can give files away; anybody else's daemon runs as himself. */
static int
give_secret(int fd)
{
	const struct group *daemon = getgrnam(POSTERN_USER);
	struct stat spool;
	struct buf cur;
	int r = 0;

	if (geteuid() != 0)
		return fchmod(fd, 0600) == 0 ? 0 : -errno;
	if (daemon != NULL)
		return fchown(fd, 0, daemon->gr_gid) == 0 && fchmod(fd, 0640) == 0 ? 0 : -errno;
	buf_init(&cur, 8192);
	buf_printf(&cur, "%s/cur", place_spool());
	if (stat(buf_cstr(&cur), &spool) == 0 && fchown(fd, spool.st_uid, spool.st_gid) != 0)
		r = -errno;
	buf_done(&cur);
	if (r == 0 && fchmod(fd, 0600) != 0)
		r = -errno;
	return r;
}

static int
give(int fd, const char *path, enum install_kind kind)
{
	struct stat st;

	if (kind == INSTALL_SECRET)
		return give_secret(fd);
	if (stat(path, &st) != 0)
		return fchmod(fd, 0644) == 0 ? 0 : -errno;
	if (geteuid() == 0 && fchown(fd, st.st_uid, st.st_gid) != 0)
		return -errno;
	return fchmod(fd, st.st_mode & 0777) == 0 ? 0 : -errno;
}

/* ---- the three steps ---- */

int
install_stage(const char *path, struct span text, enum install_kind kind, struct install *ret, struct buf *why)
{
	char *real = realpath(path, NULL);
	struct install in = { .path = real != NULL ? real : xstrdup(path) };
	struct buf temp;
	int fd, r;

	buf_init(&temp, 8192);
	buf_printf(&temp, "%s.%ld.new", in.path, (long)getpid());
	in.temp = xstrdup(buf_cstr(&temp));
	buf_done(&temp);
	fd = open(in.temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : fs_write_all(fd, text);
	if (r == 0)
		r = give(fd, in.path, kind);
	if (r == 0)
		r = fs_sync(fd);
	if (fd >= 0 && fs_close(fd) < 0 && r == 0)
		r = -EIO;
	if (r == 0) {
		*ret = in;
		return 0;
	}
	if (fd < 0) {           /* whoever's it is */
		free(in.temp);
		in.temp = NULL;
	}
	r = wrong(r == -EACCES || r == -EPERM ? EX_NOPERM : EX_CANTCREAT, in.path, -r, why);
	install_abandon(&in);
	return r;
}

/* A second name for the old file: its bytes, owner and mode cannot get lost on the way. */
static int
keep(const char *path, struct buf *ret_kept)
{
	unsigned n = 1;

	do {
		buf_clear(ret_kept);
		buf_printf(ret_kept, "%s.~%u~", path, n);
		if (link(path, buf_cstr(ret_kept)) == 0)
			return 0;
	} while (errno == EEXIST && n++ < KEPT_MAX);
	buf_clear(ret_kept);
	return errno == ENOENT ? 0 : -errno;
}

int
install_commit(struct install *in, struct buf *ret_kept, struct buf *why)
{
	int r = ret_kept != NULL ? keep(in->path, ret_kept) : 0;

	if (r == 0 && rename(in->temp, in->path) != 0)
		r = -errno;
	if (r == 0) {
		free(in->temp);
		in->temp = NULL;
		r = sync_folder(in->path);
	}
	if (r < 0)
		r = wrong(EX_CANTCREAT, in->path, -r, why);
	install_abandon(in);
	return r;
}

void
install_abandon(struct install *in)
{
	if (in->temp != NULL)
		unlink(in->temp);
	free(in->temp);
	free(in->path);
	memset(in, 0, sizeof(*in));
}
