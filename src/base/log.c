/* log.c - one line to syslog or stderr; see log.h. */
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/text.h"

/* One write(2) up to PIPE_BUF is never mixed with another process's line. */
#define LINE_BYTES 4096

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LOG_LEVEL_ALERT] = { "alert", LOG_ALERT },
	[LOG_LEVEL_ERR] = { "err", LOG_ERR },
	[LOG_LEVEL_WARN] = { "warning", LOG_WARNING },
	[LOG_LEVEL_INFO] = { "info", LOG_INFO },
	[LOG_LEVEL_DEBUG] = { "debug", LOG_DEBUG },
};

static const struct {
	const char *name;
	int value;
} facilities[] = {
	{ "mail", LOG_MAIL }, { "daemon", LOG_DAEMON }, { "user", LOG_USER },
	{ "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 }, { "local2", LOG_LOCAL2 },
	{ "local3", LOG_LOCAL3 }, { "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 },
	{ "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
};

static const char *log_ident = "postern";
static enum log_target to = LOG_TO_STDERR;
static enum log_level wanted = LOG_LEVEL_INFO;
static bool to_journal;
static struct buf *captured;

/*
 * The variable alone proves nothing: it is inherited by a shell whose stderr
 * was sent to a file since.  It holds "device:inode" of the journal's stream.
 */
static bool
stderr_is_journal(void)
{
	const char *env = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (env == NULL || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	return strcmp(env, own) == 0;
}

void
log_open(const char *ident, enum log_target target, int facility, enum log_level level)
{
	log_ident = ident;
	to = target;
	wanted = level;
	to_journal = target == LOG_TO_STDERR && stderr_is_journal();
	if (target == LOG_TO_SYSLOG)
		openlog(ident, LOG_PID | LOG_NDELAY, facility);
}

int
log_facility(const char *name, int *ret)
{
	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++) {
		if (strcmp(name, facilities[i].name) == 0) {
			*ret = facilities[i].value;
			return 0;
		}
	}
	return -EINVAL;
}

int
log_level(const char *name, enum log_level *ret)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(name, levels[i].name) == 0) {
			*ret = (enum log_level)i;
			return 0;
		}
	}
	if (strcmp(name, "warn") == 0 || strcmp(name, "error") == 0) {
		*ret = name[0] == 'w' ? LOG_LEVEL_WARN : LOG_LEVEL_ERR;
		return 0;
	}
	return -EINVAL;
}

void
log_capture(struct buf *b)
{
	captured = b;
}

bool
log_wants(enum log_level level)
{
	return level <= wanted;
}

/* In place, so that a line cannot grow: '?' for each byte that is no text. */
static size_t
censor(char *line, size_t n)
{
	for (size_t at = 0; at < n; ) {
		size_t len = text_utf8_char((struct span){ line + at, n - at });
		unsigned char c = (unsigned char)line[at];
		bool c1 = len == 2 && c == 0xc2 && (unsigned char)line[at + 1] < 0xa0;

		if (len == 0 || c1 || c < ' ' || c == 0x7f)
			memset(line + at, '?', len == 0 ? 1 : len);
		at += len == 0 ? 1 : len;
	}
	return n;
}

static void
put_stderr(enum log_level level, const char *line, size_t n)
{
	char out[LINE_BYTES + 64];
	int at;

	if (to_journal)
		at = snprintf(out, 64, "<%d>", levels[level].priority);
	else
		at = snprintf(out, 64, "%.60s: ", log_ident);
	memcpy(out + at, line, n);
	out[at + (int)n] = '\n';
	(void)!write(STDERR_FILENO, out, (size_t)at + n + 1);
}

void
log_write(enum log_level level, const char *fmt, ...)
{
	char line[LINE_BYTES];
	int saved_errno = errno;
	va_list ap;
	int n;

	if (!log_wants(level))
		return;
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(line)) {
		n = sizeof(line) - 1;
		memcpy(line + n - 3, "...", 3);
	}
	n = n < 0 ? 0 : (int)censor(line, (size_t)n);
	if (captured != NULL)
		buf_printf(captured, "%s %.*s\n", levels[level].name, n, line);
	else if (to == LOG_TO_SYSLOG)
		syslog(levels[level].priority, "%.*s", n, line);
	else
		put_stderr(level, line, (size_t)n);
	errno = saved_errno;
}
