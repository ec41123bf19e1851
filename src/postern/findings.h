/*
 * findings.h - what postern check finds: all of it, not the first alone.
 * What is well goes to standard output, what is wrong to standard error,
 * each one line; with --json into one document.
 */
#ifndef POSTERN_FINDINGS_H
#define POSTERN_FINDINGS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"

struct findings {
	bool     json;
	json_t  *list;          /* with json; the owner's to put into the document, else freed */
	unsigned wrong;
	int      rc;            /* the exit status so far: EX_CONFIG before others */
};

void findings_init(struct findings *f, bool json);
void findings_done(struct findings *f);

/* about: what it is ("relay gmail", a path); rc: sysexits.h. */
void findings_wrong(struct findings *f, int rc, const char *about, const char *fmt, ...)
     __attribute__((format(printf, 4, 5)));
void findings_well(struct findings *f, const char *about, const char *fmt, ...)
     __attribute__((format(printf, 3, 4)));

#endif
