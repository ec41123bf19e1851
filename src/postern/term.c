/* term.c - see term.h. */
#include "postern/term.h"

#include <sys/ioctl.h>

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

#define WIDTH_MAX 10000

static const char *const sequences[] = {
	[PAINT_NONE] = "", [PAINT_GOOD] = "\033[32m", [PAINT_WARN] = "\033[33m", [PAINT_BAD] = "\033[31m",
	[PAINT_TITLE] = "\033[1m", [PAINT_FAINT] = "\033[2m",
};

/* COLUMNS for those who know better, and for tests. */
static unsigned
from_environment(const char *name)
{
	const char *text = getenv(name);
	uint64_t n;

	return text != NULL && text_number(span_of(text), WIDTH_MAX, &n) == 0 ? (unsigned)n : 0;
}

void
term_of(int fd, struct term *ret)
{
	const char *kind = getenv("TERM"), *none = getenv("NO_COLOR");
	struct winsize size = { .ws_col = 0 };

	setlocale(LC_CTYPE, "");
	*ret = (struct term){ .tty = isatty(fd) != 0 };
	ret->width = from_environment("COLUMNS");
	ret->height = from_environment("LINES");
	if (!ret->tty)
		return;
	ret->colour = (none == NULL || none[0] == '\0') && kind != NULL && strcmp(kind, "dumb") != 0;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
		ret->width = ret->width > 0 ? ret->width : size.ws_col;
		ret->height = ret->height > 0 ? ret->height : size.ws_row;
	}
	ret->width = ret->width > 0 ? ret->width : 80;
	ret->height = ret->height > 0 ? ret->height : 24;
}

const char *
term_paint(const struct term *t, enum paint p)
{
	return t->colour ? sequences[p] : "";
}

const char *
term_plain(const struct term *t)
{
	return t->colour ? "\033[0m" : "";
}

const char *
term_mark(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? "\xe2\x80\xa6" : "~";
}
