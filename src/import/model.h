/*
 * model.h - what the readers of foreign configurations fill: sections with
 * options, passwords, lines of maps, and what has no equivalent; each thing
 * with the place it comes from.  Knows Postern's options; knows no foreign
 * syntax.
 */
#ifndef IMPORT_MODEL_H
#define IMPORT_MODEL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "import/import.h"

#define MODEL_SECTIONS  1000    /* what is more is listed as left out */
#define MODEL_OPTIONS   60      /* of a section; Postern has no more */
#define MODEL_VALUES    1000    /* of a list */
#define MODEL_LEFT      1000    /* the others are counted */
#define MODEL_LINE      4096    /* of a value, and of a line of a map */
#define MODEL_SECRET    4096

/* Borrowed from the import, which keeps each name once. */
struct place {
	const char *file;       /* without the root; NULL: no file says so */
	unsigned    line;
};

struct option {
	const char  *name;      /* a constant */
	char       **values;
	size_t       n;
	bool         list;
	struct place at;
};

enum section_kind { SECTION_TOP, SECTION_QUEUE, SECTION_RELAY, SECTION_ROUTE, SECTION_MAP, SECTION_LISTEN };

struct section {
	enum section_kind kind;
	char         *title;            /* of relays and listeners; NULL */
	struct option option[MODEL_OPTIONS];
	size_t        n;
	struct place  at;
	struct buf    secret;           /* a relay's password */
	struct place  secret_at;
	char         *file;             /* a map's: its name among the files */
	const char   *file_option;      /* "file", "user-file", "password-file" */
};

struct left {
	struct place at;
	char        *what;              /* "tls_crl_file" */
	char        *why;
};

enum model_map { MAP_USERS, MAP_GENERIC, MAP_SENDERS, MAP_RECIPIENTS, MODEL_MAPS };

/* Where the lines of a map's text begin, found by their names. */
struct model_lines {
	size_t        *table;           /* open-addressed: place + 1, 0: free */
	size_t         cap, n;          /* cap: a power of two, at least twice n */
};

struct import {
	enum import_kind kind;
	struct buf     source;          /* "main.cf" as found */
	struct section **section;
	size_t         nsections;
	struct left   *left;
	size_t         nleft, lost;
	char         **names;           /* of files, for struct place */
	size_t         nnames;
	struct import_file *files;
	size_t         nfiles;
	struct model_lines lines[MODEL_MAPS];
	/* The text of the file at a path: 0 or -errno.  import_read() gives the disk's. */
	int          (*read)(void *arg, const char *path, struct buf *ret);
	void          *arg;
};

struct import *model_new(enum import_kind k);

/* Room for one more behind the n of a list: it doubles. */
void *model_grow(void *list, size_t n, size_t size);

struct place model_place(struct import *im, const char *file, unsigned line);

/* There is always a top; others are made.  NULL: too many, and said so. */
struct section *model_top(struct import *im);
struct section *model_queue(struct import *im);
struct section *model_add(struct import *im, enum section_kind k, struct span title, struct place at);
struct section *model_relay(struct import *im, struct span name);       /* of that name; NULL: none */
size_t          model_relays(const struct import *im);

/* May it be an option's value, or stand in a map: no longer than MODEL_LINE, no control characters. */
bool model_is_plain(struct span s);

/*
 * Give an option its value; what it was before is gone.  A value that it
 * cannot have is listed with the reason.  s may be NULL: nothing happens.
 * name is a constant.
 */
void model_set(struct import *im, struct section *s, const char *name, struct span value, struct place at);
void model_append(struct import *im, struct section *s, const char *name, struct span value, struct place at);
void model_unset(struct section *s, const char *name);
const struct option *model_get(const struct section *s, const char *name);
struct span model_value(const struct section *s, const char *name);     /* the first; empty: none */

/* A relay's password; one that cannot stand in a file of one line is listed. */
void model_secret(struct import *im, struct section *relay, struct span value, struct place at);

/*
 * A line for a map's file, whose section is made at its first line: users
 * (left is a login name) or addresses (a pattern).
 */
void model_map(struct import *im, enum model_map m, struct span left, struct span right, struct place at);

/*
 * Mail of some goes by this relay: what is "sender", an address, perhaps
 * "@example.com"; or "user", a login name.  The relays for the others are
 * then the option relays, the caller's to say.
 */
void model_route(struct import *im, const char *what, struct span who, const struct section *relay,
         struct place at);

/* No equivalent: what (a key, never a value), and why or what to do. */
void model_left(struct import *im, struct place at, struct span what, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * A key that nobody knows is named, unless it may be something else: a line
 * that is broken in front of a password begins with that.
 */
void model_unknown(struct import *im, struct place at, struct span key, bool has_value);

/* The rest of a model once a reader is through: relays that can be used, providers' names. */
void model_settle(struct import *im, const char *providers);

#endif
