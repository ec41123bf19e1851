/*
 * story.h - one message, as the daemon answers "show ID": its envelope, its
 * journal as a history in plain words, its header.  While the daemon is down
 * the spool tells it to who may read there.
 */
#ifndef POSTERN_STORY_H
#define POSTERN_STORY_H

#include <stdio.h>

#include "postern/args.h"
#include "postern/document.h"
#include "postern/kept.h"
#include "postern/queued.h"

#define STORY_TEXT_MAX (256u << 20)     /* 10,000 recipients, tried for five days, have that much journal */

struct story {
	struct queued q;
	bool          there;
	bool          spool;            /* the daemon is down: of the spool, if at all */
	struct kept   options, journal; /* fields */
	struct kept   header;           /* lines as they stand in the message */
	bool          more;             /* the last of them goes on */
	struct queued_reader reader;
};

void story_init(struct story *s);
void story_done(struct story *s);

/*
 * Ask for it.  name: an ID.  As client_daemon(), and EX_DATAERR when an
 * answer came without the message.  EX_UNAVAILABLE: the daemon is down, which
 * *why says; s->there tells whether the spool had it.
 */
int  story_ask(struct story *s, const char *name, struct buf *why);

/*
 * All of its text, each "content" record to each(), from where story_ask()
 * had the message: as client_daemon(), or EX_UNAVAILABLE.
 */
int  story_text(const struct story *s, void (*each)(void *arg, struct span line), void *arg, struct buf *why);

/*
 * The words of a command that takes options and one ID.  Bit i of
 * *ret_options: option i was said.  0, or EX_USAGE, and a line was said.
 */
int  story_args(struct args *a, const char **ret_name, unsigned *ret_options);

/* May name be an ID?  Else one line in *why. */
bool story_is_id(const char *name, struct buf *why);

/* For people: one event a line, each behind `before`. */
void story_print_history(const struct story *s, FILE *out, const char *before);
json_t *story_document_history(const struct story *s);

/* A line of header or content: made plain. */
void story_print_line(FILE *out, const char *before, struct span line);

#endif
