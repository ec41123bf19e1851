/*
 * envelope.h - who, to whom, how: the head of a spool file, to and from
 * bytes.  The form is lines of "name value…"; values are percent-encoded, so
 * nothing a caller says can begin a line.  Knows no files.
 *
 *   time 1764000000.123456
 *   host web1.example.com
 *   from-user 1000 alice
 *   full-name Alice%20Example
 *   sender alice@web1.example.com        bare as typed; empty: the null path
 *   recipient bob@example.com notify=failure,delay orcpt=rfc822;bob@example.com
 *   option ret=hdrs envid=x body=8bitmime smtputf8
 */
#ifndef SPOOL_ENVELOPE_H
#define SPOOL_ENVELOPE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "mail/addr.h"

#define ENVELOPE_MAX_BYTES   (4u << 20)
#define ENVELOPE_MAX_RCPTS   10000

/* RFC 3461 §4.1; 0: not given. */
enum notify {
	NOTIFY_SUCCESS = 1,
	NOTIFY_FAILURE = 2,
	NOTIFY_DELAY   = 4,
	NOTIFY_NEVER   = 8,
};

enum ret_mode { RET_UNSET, RET_FULL, RET_HDRS };

enum body_type { BODY_UNSET, BODY_7BIT, BODY_8BITMIME };

struct rcpt {
	struct addr *addr;      /* as submitted: perhaps bare */
	unsigned     notify;    /* enum notify bits */
	char        *orcpt;     /* "rfc822;…" as given (xtext kept), or NULL */
};

struct envelope {
	int64_t       time_us;  /* submission */
	char         *host;     /* the submitting host's name */
	uid_t         uid;      /* as claimed; the daemon believes st_uid */
	char         *user;     /* login name, or the uid's digits */
	char         *full_name;/* -F or the GECOS name; NULL: none */
	struct addr  *sender;
	struct rcpt  *rcpts;
	size_t        nrcpts;
	enum ret_mode ret;
	char         *envid;    /* as given (xtext kept), or NULL */
	enum body_type body;
	bool          smtputf8;
};

void envelope_init(struct envelope *e);                 /* empty; owns nothing */
void envelope_done(struct envelope *e);                 /* frees all inside */

/* Takes the address.  -E2BIG beyond ENVELOPE_MAX_RCPTS (address freed).
   A recipient that is there already (addr_eq) is not added again: 0. */
int  envelope_add(struct envelope *e, struct addr *addr);

/* Append the lines and the closing blank line. */
void envelope_put(struct buf *b, const struct envelope *e);

/*
 * Read them.  `head` ends with the blank line.  Hostile input: every address
 * goes through addr_parse, every limit is checked.  -EINVAL with *ret_why a
 * constant text; *ret is then empty.
 */
int  envelope_parse(struct span head, struct envelope *ret, const char **ret_why);

#endif
