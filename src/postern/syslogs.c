/* syslogs.c - see syslogs.h. */
#include "postern/syslogs.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "spool/place.h"

struct search {
	const char *text;
	void      (*each)(void *arg, struct span line);
	void       *arg;
	size_t      found;
};

#define PIECE_BYTES 65536       /* of a line that is longer, the pieces are looked at one by one */

static void
read_lines(struct search *s, FILE *f)
{
	char *line = xrealloc(NULL, PIECE_BYTES);

	while (fgets(line, PIECE_BYTES, f) != NULL) {
		size_t n = strcspn(line, "\n");

		line[n] = '\0';
		if (strstr(line, s->text) == NULL)
			continue;
		s->each(s->arg, (struct span){ line, n });
		s->found++;
	}
	free(line);
}

/* ---- the journal ---- */

/*
 * Its own words (short-iso), and of our programs alone; what is older than
 * the message cannot name it.  No shell: the text is not a word of the
 * command at all.
 */
static pid_t
start_journalctl(int64_t since_s, int *ret_fd)
{
	char since[32];
	int pipes[2], null;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -1;
	snprintf(since, sizeof(since), "@%lld", (long long)since_s);
	pid = fork();
	if (pid == 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0 &&
		    dup2(pipes[1], STDOUT_FILENO) >= 0)
			execlp("journalctl", "journalctl", "-q", "--no-pager", "-o", "short-iso", "-S", since,
			    "-t", "postern", "-t", "posternd", "-t", "sendmail", (char *)NULL);
		_exit(127);
	}
	close(pipes[1]);
	*ret_fd = pipes[0];
	if (pid < 0)
		close(pipes[0]);
	return pid;
}

/* Found something there? */
static bool
search_journal(struct search *s, int64_t since_s, struct buf *looked)
{
	int fd = -1, status = 0;
	pid_t pid = start_journalctl(since_s, &fd);
	FILE *f;

	if (pid < 0)
		return false;
	f = fdopen(fd, "r");
	if (f != NULL) {
		read_lines(s, f);
		fclose(f);
	} else {
		close(fd);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 127)
		buf_printf(looked, "the journal%s\n", WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "" :
		    ": it cannot be read, or is empty");
	return s->found > 0;
}

/* ---- files ---- */

static void
search_file(struct search *s, const char *path, int64_t since_s, struct buf *looked)
{
	struct stat st;
	FILE *f;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_mtime < since_s)
		return;
	f = fopen(path, "re");
	buf_printf(looked, "%s%s%s\n", path, f == NULL ? ": " : "", f == NULL ? strerror(errno) : "");
	if (f == NULL)
		return;
	read_lines(s, f);
	fclose(f);
}

/* The older of each first. */
static void
search_files(struct search *s, int64_t since_s, struct buf *looked)
{
	static const char *const names[] = {
		"mail.log.1", "mail.log", "maillog.1", "maillog", "syslog.1", "syslog", "messages.1", "messages",
	};
	struct buf path;

	buf_init(&path, 8192);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		/* mail.log has all of it: syslog would say the same again. */
		if (i % 2 == 0 && s->found > 0)
			break;
		buf_clear(&path);
		buf_printf(&path, "%s/%s", place_log(), names[i]);
		search_file(s, buf_cstr(&path), since_s, looked);
	}
	buf_done(&path);
}

void
syslogs_find(const char *text, int64_t since_s, void (*each)(void *arg, struct span line), void *arg,
    struct buf *ret_looked)
{
	struct search s = { .text = text, .each = each, .arg = arg };

	if (!search_journal(&s, since_s, ret_looked))
		search_files(&s, since_s, ret_looked);
}
