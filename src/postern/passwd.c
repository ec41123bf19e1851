/*
 * passwd.c - postern passwd FILE NAME: a line of a listener's users file.
 * The password is read from standard input, or asked for; never an argument,
 * which every user of the machine could see.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "base/fs.h"
#include "config/users.h"
#include "postern/command.h"
#include "postern/install.h"

#define PASSWORD_MAX 1024

static int
fail(int rc, const char *path, const char *why)
{
	fprintf(stderr, "postern: %s: %s\n", path, why);
	return rc;
}

/* ---- the password ---- */

static bool
read_line(struct buf *ret)
{
	char c;

	while (ret->n < PASSWORD_MAX && read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		buf_char(ret, c);
	if (ret->n > 0 && ret->p[ret->n - 1] == '\r')
		buf_cut(ret, ret->n - 1);
	return ret->n > 0 && ret->n < PASSWORD_MAX;
}

/* Unseen, and twice, when a person types it. */
static bool
ask(struct buf *ret)
{
	struct termios was, unseen;
	struct buf     again;
	bool           same;

	if (tcgetattr(STDIN_FILENO, &was) != 0)
		return read_line(ret);
	unseen = was;
	unseen.c_lflag &= ~(tcflag_t)ECHO;
	buf_init(&again, PASSWORD_MAX);
	buf_room(&again, PASSWORD_MAX);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
	fputs("Password: ", stderr);
	same = read_line(ret);
	fputs("\nAgain: ", stderr);
	same = same && read_line(&again) && span_eq(buf_view(ret), buf_view(&again));
	fputs("\n", stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	buf_wipe(&again);
	return same;
}

static int
make_line(const char *name, struct buf *line)
{
	struct scram_keys keys;
	struct buf        password;
	int               r;

	buf_init(&password, PASSWORD_MAX);
	buf_room(&password, PASSWORD_MAX);
	if (!ask(&password)) {
		buf_wipe(&password);
		return fail(EX_DATAERR, name, isatty(STDIN_FILENO) ?
		    "no password, or not the same one twice; nothing was changed" :
		    "standard input has no password on its first line; nothing was changed");
	}
	r = scram_make(buf_view(&password), &keys);
	buf_wipe(&password);
	if (r < 0)
		return fail(EX_DATAERR, name, r == -EINVAL ?
		    "a password may not be empty or have control characters; nothing was changed" : strerror(-r));
	buf_printf(line, "%s:", name);
	scram_put(line, &keys);
	buf_char(line, '\n');
	explicit_bzero(&keys, sizeof(keys));
	return 0;
}

/* ---- the file ---- */

/* The old text with the user's line replaced, or the new one behind it. */
static void
put_text(struct buf *out, struct span old, const char *name, struct span line)
{
	struct span text, left, mine = span_of(name);
	bool        done = false;

	while (span_cut(&old, '\n', &text)) {
		left = span_trim(text);
		if (left.n > mine.n && span_starts(left, mine) && left.p[mine.n] == ':') {
			if (!done)
				buf_span(out, line);
			done = true;
			continue;
		}
		buf_span(out, text);
		buf_char(out, '\n');
	}
	if (!done)
		buf_span(out, line);
}

static int
read_old(const char *path, struct buf *old, struct stat *st)
{
	int     fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	n = fstat(fd, st) == 0 ? fs_pread_full(fd, buf_room(old, USERS_MAX_BYTES), USERS_MAX_BYTES, 0) :
	    -errno;
	close(fd);
	if (n > 0)
		buf_took(old, (size_t)n);
	return n < 0 ? (int)n : n == (ssize_t)USERS_MAX_BYTES ? -EFBIG : 0;
}

/* Whose an old one is stays, unless everybody could read it: then it is as a new one, for the daemon alone. */
static int
replace(const char *path, const struct buf *text, const struct stat *st)
{
	bool stays = st->st_mode != 0 && (st->st_mode & 0007) == 0;
	struct install in;
	struct buf why;
	int rc;

	buf_init(&why, 8192);
	rc = install_stage(path, buf_view(text), stays ? INSTALL_PLAIN : INSTALL_SECRET, &in, &why);
	if (rc == 0)
		rc = install_commit(&in, NULL, &why);
	if (rc != 0)
		fprintf(stderr, "postern: %s\n", buf_cstr(&why));
	buf_done(&why);
	return rc;
}

int
command_passwd(int argc, char **argv)
{
	struct stat st = { 0 };
	struct buf  old, text, line;
	int         r, rc;

	if (argc != 3) {
		fputs("usage: postern passwd FILE NAME    the password comes from standard input\n", stderr);
		return EX_USAGE;
	}
	if (!users_name_ok(span_of(argv[2])))
		return fail(EX_DATAERR, argv[2], "no name for a user: no blank, no ':', no '#' in front");
	buf_init(&old, USERS_MAX_BYTES);
	buf_init(&text, USERS_MAX_BYTES + 4096);
	buf_init(&line, 1024);
	if ((r = read_old(argv[1], &old, &st)) < 0)
		rc = fail(EX_NOINPUT, argv[1], strerror(-r));
	else if ((rc = make_line(argv[2], &line)) == 0) {
		put_text(&text, buf_view(&old), argv[2], buf_view(&line));
		rc = replace(argv[1], &text, &st);
	}
	buf_wipe(&old);
	buf_wipe(&text);
	buf_wipe(&line);
	return rc;
}
