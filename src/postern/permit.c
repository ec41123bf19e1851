/* permit.c - see permit.h. */
#include "postern/permit.h"

#include <sys/stat.h>

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool/place.h"

struct who {
	char  name[64];
	uid_t uid;
	gid_t gid;
};

/* False: nobody, or root, who reads everything. */
static bool
know_daemon(struct who *w)
{
	char cur[PATH_MAX];
	const struct passwd *pw;
	struct stat st;

	snprintf(cur, sizeof(cur), "%s/cur", place_spool());
	pw = stat(cur, &st) == 0 ? getpwuid(st.st_uid) : getpwnam(POSTERN_USER);
	if (pw == NULL)
		return false;
	*w = (struct who){ .uid = pw->pw_uid, .gid = pw->pw_gid };
	snprintf(w->name, sizeof(w->name), "%s", pw->pw_name);
	return w->uid != 0;
}

static bool
may(const struct who *w, const struct stat *st, mode_t bit)
{
	if (st->st_uid == w->uid)
		return (st->st_mode & bit << 6) != 0;
	return (st->st_mode & (st->st_gid == w->gid ? bit << 3 : bit)) != 0;
}

/* Of a path without links: which of its folders is shut? */
static bool
through_folders(const struct who *w, char *path, struct buf *why)
{
	struct stat st;

	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		bool open;

		*slash = '\0';
		open = stat(path, &st) != 0 || may(w, &st, S_IXOTH);
		if (!open)
			buf_printf(why, "%s: the daemon (user %s) cannot enter this folder; chmod o+x %s", path,
			    w->name, path);
		*slash = '/';
		if (!open)
			return false;
	}
	return true;
}

bool
permit_daemon_reads(const char *path, const char *cure, struct buf *why)
{
	struct who w;
	struct stat st;
	char *real;
	bool can;

	if (geteuid() != 0 || !know_daemon(&w) || (real = realpath(path, NULL)) == NULL)
		return true;
	can = through_folders(&w, real, why);
	if (can && stat(real, &st) == 0 && !may(&w, &st, S_IROTH)) {
		buf_printf(why, "%s: the daemon (user %s) cannot read it; %s", path, w.name, cure);
		can = false;
	}
	free(real);
	return can;
}

bool
permit_is_ours(const char *path, const char *could, struct buf *why)
{
	struct who w;
	struct stat st;
	const struct passwd *pw;

	if (geteuid() != 0 || !know_daemon(&w) || stat(path, &st) != 0 || st.st_uid == 0 || st.st_uid == w.uid)
		return true;
	pw = getpwuid(st.st_uid);
	if (pw != NULL)
		buf_printf(why, "%s: belongs to %s, who %s; chown root %s", path, pw->pw_name, could, path);
	else
		buf_printf(why, "%s: belongs to uid %u, who %s; chown root %s", path, (unsigned)st.st_uid, could, path);
	return false;
}
