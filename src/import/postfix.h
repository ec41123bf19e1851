/*
 * postfix.h - what the files of the reader of main.cf share: the parameters,
 * and the parts that make relays (postfix_relay.c) and maps (postfix_map.c)
 * of them.
 */
#ifndef IMPORT_POSTFIX_H
#define IMPORT_POSTFIX_H

#include "import/text.h"

struct parameter {
	char        *name, *text;
	size_t       name_n;
	struct place at;
	bool         used;      /* something came of it, or was listed */
};

struct postfix {
	struct import    *im;
	struct parameter *parameter;
	size_t            n;
	unsigned          steps;        /* of the expansion of one value */
};

/* A parameter's value with its $variables filled in, and where it stands.  False: not given. */
bool postfix_value(struct postfix *p, const char *name, struct buf *ret, struct place *ret_at);

/* The same of one that is a list: words, with nothing but blanks between them. */
bool postfix_list(struct postfix *p, const char *name, struct buf *ret, struct place *ret_at);

void postfix_put_relays(struct postfix *p);
void postfix_put_maps(struct postfix *p);
void postfix_put_left(struct postfix *p);       /* the parameters that nothing came of */

/*
 * A line of one of the text tables that a list of maps names, "hash:/path
 * lmdb:/path": each is called with what stands left and right; "*" is left in
 * a static: one.  Tables that are no text are listed.
 */
typedef void (*postfix_line)(void *arg, struct span left, struct span right, struct place at);
void postfix_each(struct postfix *p, const char *parameter, postfix_line line, void *arg);

#endif
