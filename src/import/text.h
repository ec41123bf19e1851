/*
 * text.h - the lines and words that foreign configurations are made of.
 * Spans of the text, nothing copied; no line is longer than the file.
 */
#ifndef IMPORT_TEXT_H
#define IMPORT_TEXT_H

#include <stdbool.h>

#include "base/buf.h"
#include "import/model.h"

/* Every source has one, and a key that the daemon may not read would be an error. */
#define TEXT_CERTIFICATE "a client's certificate: client-cert and client-key, which the daemon must be able to read"

struct text {
	struct buf    bytes;
	struct span   rest;
	struct place  at;               /* of the line that text_line() gave */
	unsigned      lines;
	struct import *im;
};

/* Read a file.  0 or -errno; -ENOENT is for the caller to say, or not.  text_done() in every case. */
int  text_open(struct text *t, struct import *im, const char *path);
void text_done(struct text *t);

/* The same, and what is wrong with it, if it is, is listed: for files that another one names. */
bool text_open_named(struct text *t, struct import *im, const char *path, struct place from,
         struct span what);

/* The path of a file beside another: the folder of path, then name. */
void text_beside(const char *path, const char *name, struct buf *ret);

/* The next line that is neither empty nor a comment (#), trimmed at its ends. */
bool text_line(struct text *t, struct span *ret);

/* The word in front, taken off; empty at the end. */
struct span text_word(struct span *rest);

/* KEY, then blanks, '=' or both, then the value, trimmed.  False: there is no key. */
bool text_pair(struct span line, const char *between, struct span *ret_key, struct span *ret_value);

/* Without a pair of quotes of the same kind around it. */
struct span text_unquoted(struct span s);

/* The part of *s before the last sep; false: there is none. */
bool text_cut_last(struct span s, char sep, struct span *ret_left, struct span *ret_right);

/* Is it the host and the port of the relay, or its host alone? */
bool text_is_endpoint(const struct section *relay, struct span s);

/*
 * "host", "host:port", "[host]:port", "[v6]", "host::port" into a relay;
 * the port only where one is said.  False, and listed: it is none of these.
 */
bool text_endpoint(struct import *im, struct section *relay, struct span s, struct span what,
         struct place at);

/*
 * Listeners on port 25 at interfaces (addresses, "all", "loopback-only") for
 * the networks nets, both with blanks, commas or semicolons between.  One
 * that would be for everybody is none.
 */
void listeners_put(struct import *im, struct span interfaces, struct place at, struct span nets,
         struct place nets_at);

bool text_is_yes(struct span s);        /* yes, y, on, true, t, 1; without case */

#endif
