/*
 * story.h - one message, as the daemon answers "show ID": its envelope, its
 * journal as a history in plain words, its header.
 */
#ifndef POSTERN_STORY_H
#define POSTERN_STORY_H

#include <stdio.h>

#include "postern/document.h"
#include "postern/kept.h"
#include "postern/queued.h"

#define STORY_TEXT_MAX (256u << 20)     /* 10,000 recipients, tried for five days, have that much journal */

struct story {
	struct queued q;
	bool          there;
	struct kept   options, journal; /* fields */
	struct kept   header;           /* lines as they stand in the message */
	bool          more;             /* the last of them goes on */
	struct queued_reader reader;
};

void story_init(struct story *s);
void story_done(struct story *s);

/*
 * Ask for it.  name: an ID.  As client_daemon(), and EX_DATAERR when an
 * answer came without the message.
 */
int  story_ask(struct story *s, const char *name, struct buf *why);

/* May name be an ID?  Else one line in *why. */
bool story_is_id(const char *name, struct buf *why);

/* For people: one event a line, each behind `before`. */
void story_print_history(const struct story *s, FILE *out, const char *before);
json_t *story_document_history(const struct story *s);

/* A line of header or content: made plain. */
void story_print_line(FILE *out, const char *before, struct span line);

#endif
