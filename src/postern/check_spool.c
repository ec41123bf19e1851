/* check_spool.c - see check_spool.h. */
#include "postern/check_spool.h"

#include <sys/stat.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "spool/place.h"

/* As contrib/make-spool and etc/postern.tmpfiles make them. */
static const struct {
	const char *name;
	mode_t      type, mode;
	bool        roots;      /* root's, else the daemon's */
	bool        shared;     /* of sendmail's group, else the daemon's */
} parts[] = {
	{ "",       S_IFDIR, 0750,  true,  true },
	{ "tmp",    S_IFDIR, 03733, false, false },
	{ "new",    S_IFDIR, 03737, false, false },
	{ "cur",    S_IFDIR, 0700,  false, false },
	{ "later",  S_IFDIR, 0700,  false, false },
	{ "hold",   S_IFDIR, 0700,  false, false },
	{ "dead",   S_IFDIR, 0700,  false, false },
	{ "bad",    S_IFDIR, 0700,  false, false },
	{ "state",  S_IFDIR, 0700,  false, false },
	{ "wake",   S_IFIFO, 0620,  false, true },
	{ "limits", S_IFREG, 0644,  false, false },
};

#define NPARTS (sizeof(parts) / sizeof(parts[0]))

struct spool {
	struct findings *f;
	bool             moved;
	uid_t            uid;           /* the daemon's … */
	gid_t            gid, shared;   /* … and sendmail's */
	unsigned         wrong;
	bool             gone;          /* all of it: told once */
};

static const char *
make_it(void)
{
	return "systemd-tmpfiles --create postern.conf makes it, and so does `make install`";
}

static void
wrong_owner(struct spool *s, const char *path, const struct stat *st, size_t i)
{
	s->wrong++;
	findings_wrong(s->f, EX_CONFIG, path, "%s: belongs to uid %u and gid %u; chown %s:%s %s", path,
	    (unsigned)st->st_uid, (unsigned)st->st_gid, parts[i].roots ? "root" : POSTERN_USER,
	    parts[i].shared ? POSTERN_GROUP : POSTERN_USER, path);
}

static void
wrong_mode(struct spool *s, const char *path, const struct stat *st, mode_t mode, const char *why)
{
	s->wrong++;
	findings_wrong(s->f, EX_CONFIG, path, "%s: its mode is %04o%s; chmod %04o %s", path, st->st_mode & 07777, why,
	    mode, path);
}

static void
check_installed(struct spool *s, const char *path, const struct stat *st, size_t i)
{
	uid_t uid = parts[i].roots ? 0 : s->uid;
	gid_t gid = parts[i].shared ? s->shared : s->gid;

	if (st->st_uid != uid || st->st_gid != gid)
		wrong_owner(s, path, st, i);
	if ((st->st_mode & 07777) != parts[i].mode)
		wrong_mode(s, path, st, parts[i].mode, "");
}

/* A spool of one's own: nobody else looks into what is queued, and one user has all of it. */
static void
check_moved(struct spool *s, const char *path, const struct stat *st, size_t i)
{
	if (!parts[i].roots && st->st_uid != s->uid) {
		s->wrong++;
		findings_wrong(s->f, EX_CONFIG, path, "%s: belongs to uid %u, and cur/ to uid %u; chown %u %s", path,
		    (unsigned)st->st_uid, (unsigned)s->uid, (unsigned)s->uid, path);
	}
	if (parts[i].mode == 0700 && (st->st_mode & 077) != 0)
		wrong_mode(s, path, st, 0700, ", so others see what is queued");
}

static void
check_part(struct spool *s, size_t i)
{
	char path[4096];
	struct stat st;
	bool optional = parts[i].type == S_IFREG;

	snprintf(path, sizeof(path), "%s%s%s", place_spool(), parts[i].name[0] != '\0' ? "/" : "", parts[i].name);
	if (lstat(path, &st) != 0) {
		if (errno != ENOENT || !(optional && s->moved)) {
			s->wrong++;
			s->gone |= i == 0 && errno == ENOENT;
			findings_wrong(s->f, EX_CONFIG, path, "%s: %s; %s", path, strerror(errno), make_it());
		}
	} else if ((st.st_mode & S_IFMT) != parts[i].type) {
		s->wrong++;
		findings_wrong(s->f, EX_CONFIG, path, "%s: not a %s; move it away, then %s", path,
		    parts[i].type == S_IFDIR ? "directory" : parts[i].type == S_IFIFO ? "FIFO" : "file", make_it());
	} else if (s->moved) {
		check_moved(s, path, &st, i);
	} else {
		check_installed(s, path, &st, i);
	}
}

/* The door that every user has: without its bit their mail goes by the socket, and only while the daemon runs. */
static void
check_sendmail(struct spool *s)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/sendmail", place_sbin());
	if (stat(path, &st) != 0)
		findings_wrong(s->f, EX_CONFIG, path, "%s: %s; install it again", path, strerror(errno));
	else if (st.st_gid != s->shared || (st.st_mode & S_ISGID) == 0)
		findings_wrong(s->f, EX_CONFIG, path, "%s: not setgid %s, so users cannot write into the spool; "
		    "chgrp %s %s && chmod 2755 %s", path, POSTERN_GROUP, POSTERN_GROUP, path, path);
}

/* False: told. */
static bool
know_owners(struct spool *s)
{
	const struct passwd *user;
	const struct group *group;
	struct stat st;
	char path[4096];

	snprintf(path, sizeof(path), "%s/cur", place_spool());
	if (s->moved) {
		if (stat(path, &st) == 0)
			s->uid = st.st_uid;
		return true;
	}
	if ((user = getpwnam(POSTERN_USER)) != NULL) {
		s->uid = user->pw_uid;
		s->gid = user->pw_gid;
	}
	if ((group = getgrnam(POSTERN_GROUP)) != NULL)
		s->shared = group->gr_gid;
	if (user == NULL || group == NULL)
		findings_wrong(s->f, EX_CONFIG, place_spool(), "there is no %s %s; %s", user == NULL ? "user" : "group",
		    user == NULL ? POSTERN_USER : POSTERN_GROUP, make_it());
	return user != NULL && group != NULL;
}

void
check_spool(struct findings *f)
{
	const char *moved = getenv("POSTERN_SPOOL");
	struct spool s = { .f = f, .moved = moved != NULL && moved[0] != '\0' };
	struct stat st;
	char path[4096];

	snprintf(path, sizeof(path), "%s/cur", place_spool());
	if (stat(path, &st) != 0 && (errno == EACCES || (errno == ENOENT && s.moved))) {
		findings_well(f, "spool", "%s: %s", place_spool(), errno == EACCES ? "only root can look at it" :
		    "there is none yet");
		return;
	}
	if (!know_owners(&s))
		return;
	for (size_t i = 0; i < NPARTS && !(i > 0 && s.gone); i++)
		check_part(&s, i);
	if (!s.moved)
		check_sendmail(&s);
	if (s.wrong == 0)
		findings_well(f, "spool", "%s: owners and modes are right", place_spool());
}
