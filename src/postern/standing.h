/*
 * standing.h - the daemon's answer to "status", kept: how the relays and
 * the queue are, and what that means for whoever has to care.  Knows
 * records; asks nobody.
 */
#ifndef POSTERN_STANDING_H
#define POSTERN_STANDING_H

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "postern/term.h"

#define STANDING_TEXT_MAX (16u << 20)
#define STANDING_OLD_S    (4 * 3600)    /* mail that waits longer is late: warn-after's default */

/* The exit statuses of postern status, for monitors. */
enum health { HEALTH_WELL, HEALTH_DEGRADED, HEALTH_PERSON };

/* A record's fields: a piece of text.  n 0: there was none. */
struct standing_line {
	size_t at, n;
};

struct standing_lines {
	struct standing_line *line;     /* owned */
	size_t                n;
};

struct standing {
	struct buf            text;
	struct standing_line  daemon, queue, rate;
	struct standing_lines relays, ages;

	enum health           health;
	struct buf            why;      /* a line a reason, each with its end */
};

void        standing_init(struct standing *s);
void        standing_done(struct standing *s);
void        standing_record(struct standing *s, struct span line);

/* After the last record: health and why. */
void        standing_judge(struct standing *s, int64_t now_s);

struct span standing_fields(const struct standing *s, struct standing_line l);
const char *standing_health_name(enum health h);        /* "well" … */

/* For people; fits the terminal. */
void        standing_print(const struct standing *s, FILE *out, const struct term *term, int64_t now_s);

#endif
