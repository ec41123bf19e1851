#include "postern/names.h"

#include <errno.h>
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

void
names_host(char ret[static 256])
{
	memset(ret, 0, 256);
	if (gethostname(ret, 255) < 0 || ret[0] == '\0')
		memcpy(ret, "localhost", sizeof("localhost"));
}
