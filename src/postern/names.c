#include "postern/names.h"

#include <sys/stat.h>

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const struct {
	int         error, rc;
	const char *what;               /* NULL: the system's words */
} troubles[] = {
	{ -EACCES, EX_NOPERM, NULL },
	{ -EPERM, EX_CONFIG, "every user can write it, and take all mail; chmod o-w" },
	{ -EFBIG, EX_DATAERR, "longer than 4 MiB" },
	{ -EINVAL, EX_DATAERR, "not a regular file" },
	{ -EISDIR, EX_DATAERR, NULL },
};

int
names_read(const char *path, const struct alias_ear *ear, struct aliases **ret, struct buf *why)
{
	const char *what = NULL;
	int e = aliases_read(path, ear, ret), rc = EX_IOERR;
	size_t i;

	if (e == -ENOENT)
		*ret = NULL;
	if (e == 0 || e == -ENOENT)
		return 0;
	for (i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
		if (troubles[i].error == e) {
			rc = troubles[i].rc;
			what = troubles[i].what;
		}
	}
	buf_printf(why, "%s: %s", path, what != NULL ? what : strerror(-e));
	return rc;
}

/* By the bits: the daemon is in no other group that would matter here. */
bool
names_daemon_can_read(const char *path)
{
	const struct passwd *daemon = getpwnam(POSTERN_USER);
	struct stat st;

	if (geteuid() != 0 || daemon == NULL || daemon->pw_uid == 0 || stat(path, &st) < 0)
		return true;
	if (st.st_uid == daemon->pw_uid)
		return (st.st_mode & S_IRUSR) != 0;
	return (st.st_mode & (st.st_gid == daemon->pw_gid ? S_IRGRP : S_IROTH)) != 0;
}

void
names_host(char ret[static 256])
{
	memset(ret, 0, 256);
	if (gethostname(ret, 255) < 0 || ret[0] == '\0')
		memcpy(ret, "localhost", sizeof("localhost"));
}
