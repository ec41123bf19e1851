/*
 * options.h - the command line of sendmail(8), as Sendmail and Postfix read
 * it: single letters, values attached or separate, options also behind
 * recipients.  Knows words; knows no spool.
 */
#ifndef SENDMAIL_OPTIONS_H
#define SENDMAIL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "spool/envelope.h"

enum mode {
	MODE_SUBMIT,            /* -bm, and what everybody means */
	MODE_QUEUE,             /* -bp, mailq */
	MODE_RUN_QUEUE,         /* -q… */
	MODE_ALIASES,           /* -bi, -I, newaliases */
	MODE_STDIO,             /* -bs */
	MODE_VERIFY,            /* -bv */
	MODE_NOTHING,           /* -bh, -bH, hoststat, purgestat: there is no host status */
	MODE_VERSION,
	MODE_HELP,
};

#define OPTIONS_SUBSETS 32

/* -qI, -qR, -qS: messages whose ID, recipient or sender has `text` in it, or has not. */
struct subset {
	char        kind;       /* 'I', 'R', 'S' */
	bool        not;
	const char *text;
};

/* All strings and the list's members are argv's own. */
struct options {
	enum mode      mode;
	bool           from_header;     /* -t */
	bool           dot_is_text;     /* -i, -oi */
	bool           smtputf8;        /* -U */
	bool           from_smtp;       /* --from-smtp: see handover.h */
	const char    *sender;          /* -f, -r; NULL: none */
	const char    *full_name;       /* -F */
	const char    *envid;           /* -V */
	enum ret_mode  ret;             /* -R */
	unsigned       notify;          /* -N */
	enum body_type body;            /* -B */
	struct subset  subset[OPTIONS_SUBSETS];
	size_t         nsubsets;
	const char   **args;            /* recipients; the list is to be freed */
	size_t         nargs;
};

/* 0, or a sysexits code with the reason, one line, in *why.  *ret is filled
   as far as it went in both cases, and is to be given to options_done. */
int  options_parse(int argc, char **argv, struct options *ret, struct buf *why);
void options_done(struct options *o);

#endif
