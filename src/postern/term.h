/*
 * term.h - where the output goes: how wide it is, and whether it may be
 * coloured.  Colours are for a terminal alone, and for none when NO_COLOR is
 * set or TERM is "dumb".
 */
#ifndef POSTERN_TERM_H
#define POSTERN_TERM_H

#include <stdbool.h>

enum paint { PAINT_NONE, PAINT_GOOD, PAINT_WARN, PAINT_BAD, PAINT_TITLE, PAINT_FAINT };

struct term {
	bool     tty;
	bool     colour;
	unsigned width;         /* columns; 0: no limit */
	unsigned height;
};

/* Of a descriptor.  Also takes the locale's characters (LC_CTYPE), and nothing else of it. */
void        term_of(int fd, struct term *ret);

/* What switches it on and off again: "" when it may not. */
const char *term_paint(const struct term *t, enum paint p);
const char *term_plain(const struct term *t);

/* One column that says "something was cut here". */
const char *term_mark(void);

#endif
