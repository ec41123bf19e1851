/* secret.c - passwords: where they are, who else could read them. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fs.h"
#include "config/secret.h"

#define SECRET_MAX_BYTES 8192           /* in base64 it still fits an AUTH line (RFC 4954 §4) */
#define APP_PASSWORD_MAX 64             /* letters; options.c asks no more */

/* Not the setgid group of sendmail: that one is everybody's. */
bool
secret_is_our_group(gid_t gid)
{
	const struct group *daemon;

	if (gid == 0 || gid == getegid())
		return true;
	daemon = getgrnam(POSTERN_USER);
	return daemon != NULL && daemon->gr_gid == gid;
}

static int
check_mode(const char *path, const struct stat *st, struct buf *why)
{
	const char *who, *does;

	if (!S_ISREG(st->st_mode)) {
		buf_printf(why, "%s: not a regular file; write the password into one", path);
		return EX_CONFIG;
	}
	if ((st->st_mode & 07) != 0) {
		who = "every user";
		does = (st->st_mode & 04) != 0 ? "readable" : "writable";
	} else if ((st->st_mode & 070) != 0 && !secret_is_our_group(st->st_gid)) {
		who = "a group that is not the daemon's";
		does = (st->st_mode & 040) != 0 ? "readable" : "writable";
	} else {
		return 0;
	}
	buf_printf(why, "%s: %s by %s; chmod 0640 and chgrp %s", path, does, who, POSTERN_USER);
	return EX_CONFIG;
}

/* Of the process, the system or a file server: the file itself may be as it should. */
static bool
may_pass(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO || error == ESTALE ||
	    error == ETIMEDOUT;
}

static int
cannot_open(const char *path, int error, bool password, struct buf *why)
{
	buf_printf(why, "%s: %s", path, strerror(error));
	if (error == ENOENT && password)
		buf_str(why, "; write the password into this file, chmod 0640, chgrp " POSTERN_USER);
	else if (error == EACCES)
		buf_str(why, "; only root and the daemon may read it: chgrp " POSTERN_USER
		    ", chmod 0640");
	return error == EACCES ? EX_NOPERM : may_pass(error) ? EX_TEMPFAIL : EX_CONFIG;
}

/* Links are followed: secret managers put them there.  What counts is the file. */
static int
open_file(const char *path, bool password, int *ret_fd, struct buf *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int rc;

	if (fd < 0)
		return cannot_open(path, errno, password, why);
	rc = fs_stat(fd, &st);
	if (rc < 0)
		rc = cannot_open(path, -rc, password, why);
	else
		rc = check_mode(path, &st, why);
	if (rc == 0)
		*ret_fd = fd;
	else
		fs_close(fd);
	return rc;
}

static int
read_file(const char *path, size_t max, bool password, struct buf *ret, struct buf *why)
{
	int fd, rc = open_file(path, password, &fd, why);
	ssize_t n;

	if (rc != 0)
		return rc;
	n = fs_pread_full(fd, buf_room(ret, max + 1), max + 1, 0);
	fs_close(fd);
	if (n < 0)
		return cannot_open(path, (int)-n, password, why);
	buf_took(ret, (size_t)n);
	return 0;
}

int
secret_read_file(const char *path, size_t max, struct buf *ret, struct buf *why)
{
	int rc = read_file(path, max, false, ret, why);

	if (rc != 0 || ret->n <= max)
		return rc;
	buf_printf(why, "%s: longer than %zu bytes, the limit here", path, max);
	return EX_CONFIG;
}

int
secret_check_file(const char *path, struct buf *why)
{
	int fd, rc = open_file(path, false, &fd, why);

	if (rc == 0)
		fs_close(fd);
	return rc;
}

static int
read_credential(const char *name, struct buf *ret, struct buf *path, struct buf *why)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (dir == NULL || dir[0] != '/' || strchr(name, '/') != NULL) {
		buf_printf(why, "credential \"%s\": the service manager gave none; "
		    "add LoadCredential=%s:/path/of/the/password to the unit", name, name);
		return EX_CONFIG;
	}
	buf_printf(path, "%s/%s", dir, name);
	return read_file(buf_cstr(path), SECRET_MAX_BYTES, true, ret, why);
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * Google shows an app password in four groups with blanks between and
 * refuses it with them.  The provider says how many letters there are, and
 * another relay's password is never touched: "blue fish jump high" is one.
 */
static void
close_up(struct buf *secret, size_t app_letters)
{
	size_t i, letters = 0;
	char app[APP_PASSWORD_MAX];

	if (app_letters == 0 || app_letters > sizeof(app))
		return;
	for (i = 0; i < secret->n; i++) {
		char c = secret->p[i];

		if (c == ' ' || c == '\t')
			continue;
		if (!is_letter(c) || letters == app_letters)
			return;
		app[letters++] = c;
	}
	if (letters == app_letters) {
		memcpy(secret->p, app, letters);
		buf_cut(secret, letters);
	}
	explicit_bzero(app, sizeof(app));
}

static void
cut_line_end(struct buf *secret)
{
	if (secret->n > 0 && secret->p[secret->n - 1] == '\n')
		buf_cut(secret, secret->n - 1);
	if (secret->n > 0 && secret->p[secret->n - 1] == '\r')
		buf_cut(secret, secret->n - 1);
}

static int
tidy(struct buf *secret, size_t app_letters, const char *where, struct buf *why)
{
	const char *wrong = NULL;
	size_t i;

	if (secret->n > SECRET_MAX_BYTES)
		wrong = "too long for a password; it may have 8192 bytes";
	cut_line_end(secret);
	if (secret->n == 0)
		wrong = "empty; write the password into it, on one line";
	for (i = 0; i < secret->n && wrong == NULL; i++)
		if (secret->p[i] == '\n' || secret->p[i] == '\r' || secret->p[i] == '\0')
			wrong = "more than one line; the password alone belongs there";
	if (wrong != NULL) {
		buf_printf(why, "%s: %s", where, wrong);
		return EX_CONFIG;
	}
	close_up(secret, app_letters);
	return 0;
}

int
secret_take(const struct relay_conf *r, struct span said, struct buf *ret, struct buf *why)
{
	struct buf secret, where;
	struct span line = SPAN("");
	int rc;

	buf_init(&secret, SECRET_MAX_BYTES + 2);
	buf_room(&secret, SECRET_MAX_BYTES + 2);
	buf_init(&where, 8192);
	buf_printf(&where, "relay %s: password-command %s: its first line", r->name, r->password_command[0]);
	span_cut(&said, '\n', &line);
	buf_span(&secret, line);
	if (secret.over)
		buf_printf(why, "%s: too long for a password; it may have 8192 bytes", buf_cstr(&where));
	rc = secret.over ? EX_CONFIG : tidy(&secret, r->app_password_letters, buf_cstr(&where), why);
	if (rc == 0)
		buf_span(ret, buf_view(&secret));
	buf_done(&where);
	buf_wipe(&secret);
	return rc;
}

int
secret_check_command(const struct relay_conf *r, struct buf *why)
{
	const char *program = r->password_command[0], *wrong = NULL;
	struct stat st;

	if (stat(program, &st) != 0)
		wrong = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		wrong = "not a program; write a program's full path and its arguments";
	else if ((st.st_mode & 0111) == 0 || access(program, X_OK) != 0)
		wrong = "cannot be executed; chmod 0755";
	else if ((st.st_mode & 02) != 0)
		wrong = "writable by every user, who would get the password; chmod 0755";
	if (wrong == NULL)
		return 0;
	buf_printf(why, "relay %s: password-command %s: %s", r->name, program, wrong);
	return EX_CONFIG;
}

void
secret_put_path(const struct relay_conf *r, struct buf *ret)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (r->password_file != NULL)
		buf_str(ret, r->password_file);
	else if (r->credential != NULL && dir != NULL && dir[0] == '/')
		buf_printf(ret, "%s/%s", dir, r->credential);
}

int
secret_read(const struct relay_conf *r, struct buf *ret, struct buf *why)
{
	struct buf secret, path;
	int rc = 0;

	buf_init(&secret, SECRET_MAX_BYTES + 2);
	buf_init(&path, 8192);
	if (r->password_file != NULL) {
		buf_str(&path, r->password_file);
		rc = read_file(r->password_file, SECRET_MAX_BYTES, true, &secret, why);
	} else if (r->credential != NULL) {
		rc = read_credential(r->credential, &secret, &path, why);
	} else if (r->password != NULL) {
		buf_printf(&path, "relay %s: password", r->name);
		buf_str(&secret, r->password);
	} else {
		buf_printf(why, "relay %s: no password; add password-file", r->name);
		rc = EX_CONFIG;
	}
	if (rc == 0)
		rc = tidy(&secret, r->app_password_letters, buf_cstr(&path), why);
	if (rc == 0)
		buf_span(ret, buf_view(&secret));
	buf_done(&path);
	buf_wipe(&secret);
	return rc;
}
