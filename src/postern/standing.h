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
#include "postern/kept.h"
#include "postern/term.h"

#define STANDING_TEXT_MAX (16u << 20)
#define STANDING_ENDS_S   (3 * 86400)   /* a consent that ends sooner is to be given anew */
#define STANDING_OLD_S    (4 * 3600)    /* mail that waits longer is late: warn-after's default */

/* The exit statuses of postern status, for monitors. */
enum health { HEALTH_WELL, HEALTH_DEGRADED, HEALTH_PERSON };

struct standing {
	struct buf  daemon, queue, rate;        /* each one record's fields; empty: there was none */
	struct kept relays, ages;

	enum health health;
	struct buf  why;                        /* a line a reason, each with its end */
};

void        standing_init(struct standing *s);
void        standing_done(struct standing *s);
void        standing_record(struct standing *s, struct span line);

/* After the last record: health and why. */
void        standing_judge(struct standing *s, int64_t now_s);

const char *standing_health_name(enum health h);        /* "well" … */

/* For people; fits the terminal. */
void        standing_print(const struct standing *s, FILE *out, const struct term *term, int64_t now_s);

#endif
