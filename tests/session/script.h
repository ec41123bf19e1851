/*
 * script.h - an upstream that does as a row of a table says.  It listens on
 * 127.0.0.1 in the client's own loop and is a polite and strict server
 * (server.h) wherever the script has nothing else in mind, so a row only
 * lists what goes wrong.
 */
#ifndef SESSION_SCRIPT_H
#define SESSION_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#include "server.h"

struct event_base;
struct script;

enum act {
	ACT_SAY,        /* `say`, or what a polite server says */
	/* The others say `say` if it is given ("*": what a polite server says), then … */
	ACT_STALL,      /* never say anything again */
	ACT_DEAF,       /* never read anything again */
	ACT_CLOSE,      /* close in order */
	ACT_CUT,        /* close without close_notify (as CLOSE in plain) */
	ACT_RESET,
	ACT_BYE,        /* say 421 ten seconds later, and close */
	ACT_LONG,       /* a line of 5000 bytes, then stall */
	ACT_BINARY,     /* every byte there is, then stall */
	ACT_MANY,       /* a reply of 150 lines, then go on */
	ACT_FORGET,     /* BDAT: not swallow the content: take it for commands */
	/* These take their time over what would be said anyway. */
	ACT_DRIP,       /* a byte a second */
	ACT_CRAWL,      /* a byte in 70 seconds */
	/* Of the content: */
	ACT_SLOW,       /* read 256 KiB every 20 seconds from here on */
};

/*
 * One thing that goes differently.  `when`: the beginning of a command line,
 * or one of
 *   accept      connected, before TLS or greeting
 *   handshake   before the TLS handshake
 *   greeting
 *   answer      a line that answers 334
 *   content     in the middle of the content, after `at` bytes
 *   end         all of the content is here, by DATA or BDAT
 * The first turn that matches counts.
 */
struct turn {
	const char *when;
	const char *say;        /* lines parted by '\n'; a last '\\' means no line end; "*" as above */
	enum act    act;
	unsigned    nth;        /* the nth time this turn matches; 0: each */
	unsigned    conn;       /* on the nth connection; 0: each */
	uint64_t    at;
	const char *of;         /* in a transaction of the sender that begins so; NULL: any */
};

/* At the nth moment of the whole run, whatever it is, do this instead (not as `say`). */
struct fault {
	unsigned moment;        /* 1…; 0: none */
	enum act act;
	bool     say;           /* the reply first */
};

enum script_tls { SCRIPT_PLAIN, SCRIPT_STARTTLS, SCRIPT_IMPLICIT };

enum identity { ID_GOOD, ID_WRONG_NAME, ID_EXPIRED, ID_SELF_SIGNED };

struct script_params {
	struct event_base  *base;
	struct server_conf  server;
	enum script_tls     tls;
	enum identity       identity;
	const struct turn  *turns;
	size_t              nturns;
	struct fault        fault;
	bool                refuse;     /* nobody listens: the port is one that was just closed */
	bool                silent;     /* SYNs go unanswered: the backlog is full */
	/* Called before moment n is answered. */
	void              (*moment)(void *arg, unsigned n);
	void               *arg;
};

struct script *script_new(const struct script_params *p);
void           script_free(struct script *s);           /* not from its own callbacks */

/* Nobody listens any more, and again at the same port.  The connections there are stay. */
void           script_listen(struct script *s, bool on);

unsigned       script_port(const struct script *s);
unsigned       script_moments(const struct script *s);  /* how many there were */
unsigned       script_connections(const struct script *s);
unsigned       script_count(const struct script *s, const char *verb);  /* commands that began so */
const struct accepted *script_accepted(const struct script *s);
struct span    script_breaches(const struct script *s);

#endif
