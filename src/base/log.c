/* log.c - one line to syslog or stderr; see log.h. */
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/logsink.h"
#include "base/text.h"

#define LINE_BYTES 4096
#define HEAD_BYTES 64                   /* what stands before it on stderr */

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
static int wanted_facility = LOG_MAIL;
static bool to_journal;
static unsigned long lost;              /* lines that nobody read */
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
	wanted_facility = facility;
	to_journal = target == LOG_TO_STDERR && stderr_is_journal();
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

static bool
put_stderr(enum log_level level, const char *line, size_t n)
{
	char out[LOGSINK_LINE_MAX];
	size_t at, room;

	if (to_journal)
		at = (size_t)snprintf(out, HEAD_BYTES, "<%d>", levels[level].priority);
	else
		at = (size_t)snprintf(out, HEAD_BYTES, "%.60s: ", log_ident);
	room = sizeof(out) - at - 1;
	memcpy(out + at, line, n < room ? n : room);
	if (n > room)
		memcpy(out + sizeof(out) - 4, "...", 3);
	n = n < room ? n : room;
	out[at + n] = '\n';
	return logsink_stderr(out, at + n + 1);
}

static bool
put(enum log_level level, const char *line, size_t n)
{
	if (to == LOG_TO_SYSLOG)
		return logsink_syslog(wanted_facility | levels[level].priority, log_ident, line, n);
	return put_stderr(level, line, n);
}

/* Where lines are missing the log says so, as soon as somebody reads it again. */
static void
put_behind_lost(enum log_level level, const char *line, size_t n)
{
	char note[80];
	int len;

	if (lost > 0) {
		len = snprintf(note, sizeof(note), "log: %lu line%s missing here: nobody read the log", lost,
		    lost == 1 ? " is" : "s are");
		if (put(LOG_LEVEL_WARN, note, (size_t)len))
			lost = 0;
	}
	if (!put(level, line, n))
		lost++;
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
	else
		put_behind_lost(level, line, (size_t)n);
	errno = saved_errno;
}
