/*
 * import.h - what another mail system's configuration says, as Postern's:
 * which of them are here, reading one, and the text and the files that come
 * of it.  Reads files; writes none, and asks nobody: whoever calls shows,
 * asks and writes.
 */
#ifndef IMPORT_IMPORT_H
#define IMPORT_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* In the order in which they are looked for: the larger system is the one in use. */
enum import_kind {
	IMPORT_POSTFIX, IMPORT_EXIM, IMPORT_NULLMAILER, IMPORT_DMA, IMPORT_SSMTP, IMPORT_MSMTP,
	IMPORT_ESMTP, IMPORT_KINDS
};

#define IMPORT_TEXT_MAX (4u << 20)      /* the configuration, and each file beside it */

/* A file beside the configuration: a password, or a map's lines. */
struct import_file {
	char      *name;        /* "gmail.password" */
	struct buf text;
	bool       secret;
};

struct import;

/* "postfix".  import_kind_of(): IMPORT_KINDS for a name that is none. */
const char      *import_name(enum import_kind k);
enum import_kind import_kind_of(const char *name);

/* Is there a configuration of it below root ("" is this machine)?  Its path, without root, into *ret. */
bool import_detect(enum import_kind k, const char *root, struct buf *ret);

/*
 * Read it.  providers: the folder of provider files.  0 and *ret
 * (import_free()'s), or a sysexits code with one line in *why:
 * EX_NOINPUT, it is not here; EX_NOPERM; EX_DATAERR, there is no relay in
 * it, because it delivers by itself.
 */
int  import_read(enum import_kind k, const char *root, const char *providers, struct import **ret,
         struct buf *why);
void import_free(struct import *im);                    /* NULL is fine; passwords are wiped */

/*
 * The configuration, to stand in folder dir (a full path), where its files
 * will be: each line says where it comes from, and what has no equivalent
 * stands at the end.  No password is in it.
 */
void import_put(const struct import *im, const char *dir, struct buf *out);

/* How many things have no equivalent: they want a look. */
size_t import_left(const struct import *im);

/* The files that the configuration names, lent: passwords for root and the daemon alone, maps for all. */
size_t import_files(const struct import *im, const struct import_file **ret);

#endif
