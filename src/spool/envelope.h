/*
 * envelope.h - who, to whom, how: the head of a spool file, to and from
 * bytes.  The form is lines of "name value…"; values are percent-encoded, so
 * nothing a caller says can begin a line.  Knows no files.
 *
 *   time 1764000000.123456
 *   host web1.example.com
 *   from-user 1000                       and a name, when the writer had one at hand
 *   full-name Alice%20Example            only with -F
 *   sender alice@web1.example.com        bare as typed; empty: the null path;
 *                                        no such line: the submitting user
 *   recipient bob@example.com notify=failure,delay orcpt=rfc822;bob@example.com
 *   option ret=hdrs envid=x body=8bitmime smtputf8
 *   via 192.0.2.1 ESMTPSA helo=printer user=scanner      only from a listener
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
#define ENVELOPE_MAX_NAME    255        /* host, user, full name: more is nobody's name */
#define ENVELOPE_MAX_ENVID   100        /* of xtext (RFC 3461 §4.4) */
#define ENVELOPE_MAX_ORCPT   1600       /* type, ';' and 500 characters (§4.2), encoded too */

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

/* Where a message came from that no user of this machine submitted: the
   daemon's word (store_load takes nobody else's).  All NULL: from a user. */
#define VIA_LOCAL "local"               /* an address that is none: a Unix socket */

struct via {
	char *address;          /* as between RFC 5321's brackets: "192.0.2.1", "IPv6:…" */
	char *helo;
	char *with;             /* "ESMTPSA" */
	char *user;             /* who logged in; NULL: nobody */
};

struct envelope {
	int64_t       time_us;  /* submission */
	char         *host;     /* the submitting host's name */
	uid_t         uid;      /* as claimed; the daemon believes st_uid, and itself */
	char         *user;     /* login name; NULL: not said (store_load fills it in) */
	char         *full_name;/* -F, else NULL (store_load: then the GECOS name, if any) */
	struct addr  *sender;   /* NULL: the submitting user (store_load fills it in) */
	struct rcpt  *rcpts;
	size_t        nrcpts;
	enum ret_mode ret;
	char         *envid;    /* as given (xtext kept), or NULL */
	enum body_type body;
	bool          smtputf8;
	struct via    via;

	/* envelope_add's: an open-addressed table of rcpts, index + 1, 0: free. */
	unsigned     *table;
	size_t        table_cap;
};

void envelope_init(struct envelope *e);                 /* empty; owns nothing */
void envelope_done(struct envelope *e);                 /* frees all inside */
void envelope_forget_via(struct envelope *e);

/* Takes the address.  -E2BIG beyond ENVELOPE_MAX_RCPTS (address freed).
   A recipient that is there already (addr_eq) is not added again: 0. */
int  envelope_add(struct envelope *e, struct addr *addr);

/*
 * The values of -N, -R and -B as people and protocols write them, without
 * regard to case: "success,failure" or "never"; "full", "hdrs"; "7bit",
 * "8bitmime".  -EINVAL.
 */
int  envelope_notify(struct span s, unsigned *ret);
int  envelope_ret(struct span s, enum ret_mode *ret);
int  envelope_body(struct span s, enum body_type *ret);

/* May s be an envelope id?  xtext within the limit, not empty. */
bool envelope_envid_ok(struct span s);

/* Append the lines and the closing blank line. */
void envelope_put(struct buf *b, const struct envelope *e);

/*
 * Read them.  `head` ends with the blank line.  Hostile input: every address
 * goes through addr_parse, every limit is checked, and a line this version
 * does not know is refused, since it may ask for what we would not do.
 * -EINVAL with *ret_why a constant text; *ret is then empty.
 */
int  envelope_parse(struct span head, struct envelope *ret, const char **ret_why);

#endif
