/*
 * driver.h - run scenarios: a scripted upstream, the queue's side, and as
 * many sessions one after the other as the verdicts ask for, all in one
 * loop and in virtual time.  What must hold for every scenario is checked
 * here, not by the rows: each recipient ends with exactly one verdict, each
 * session is over exactly once and has given everything back, nothing
 * arrived that was not ours, and no event or descriptor is left.
 */
#ifndef SESSION_DRIVER_H
#define SESSION_DRIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "smtp/rules.h"

#include "script.h"

#define ROW_TURNS 8

enum mode {
	MODE_LOCK,              /* DATA, a command at a time */
	MODE_LOCK_BDAT,
	MODE_DATA,              /* DATA, pipelined */
	MODE_BDAT,
	MODE_TLS,               /* BDAT, pipelined, implicit TLS */
	NMODES,
};

#define IN_LOCK  (1u << MODE_LOCK | 1u << MODE_LOCK_BDAT)
#define IN_DATA  (1u << MODE_LOCK | 1u << MODE_DATA)
#define IN_BDAT  (1u << MODE_LOCK_BDAT | 1u << MODE_BDAT | 1u << MODE_TLS)
#define IN_PIPE  (1u << MODE_DATA | 1u << MODE_BDAT | 1u << MODE_TLS)
#define IN_PLAIN (1u << MODE_LOCK | 1u << MODE_LOCK_BDAT | 1u << MODE_DATA | 1u << MODE_BDAT)
#define IN_ALL   (IN_PLAIN | 1u << MODE_TLS)
#define IN_ONE   (1u << MODE_BDAT)

enum row_flag {
	ROW_CROSS   = 1 << 0,   /* also with a fault, or an act of the owner, at each moment … */
	ROW_CROSS_MORE = 1 << 9, /* … also in the modes that differ little: TLS, and BDAT without pipelining */
	ROW_IDLE    = 1 << 1,   /* the owner does not end the session: its idle time does */
	ROW_LIES    = 1 << 2,   /* the upstream is out of step: an answer may go unread, content look like commands */
	ROW_NO_USER = 1 << 3,   /* no AUTH configured */
	ROW_REFUSE  = 1 << 4,   /* nobody listens */
	ROW_SILENT  = 1 << 5,   /* nobody answers SYN */
	ROW_NO_NAME = 1 << 6,   /* the relay's host name has no address */
	ROW_NO_BDAT = 1 << 7,   /* the configuration says chunking = false */
	ROW_NAMELESS = 1 << 8,  /* EHLO is unknown there */
};

/* What a row expects of the session's notes about the server. */
enum lacks { LACKS_ANY, LACKS_NONE, LACKS_PIPELINING, LACKS_CHUNKING };

/*
 * A scenario.  Letters: cargo.h.  over: of each session in turn.  For the
 * recipients that were not sent, code (0: any, -1: our own finding), dsn (a
 * beginning) and text (in it) are compared when given.
 */
struct row {
	const char *name;
	const char *mails;
	const char *want;
	const char *over;
	unsigned    modes;              /* 0: all */
	unsigned    flags;
	struct turn turns[ROW_TURNS];

	int         code;
	const char *dsn;
	const char *text;
	const char *over_text;
	unsigned    with, without;      /* offers */
	uint64_t    size;
	const char *mechanisms;
	const char *auth;               /* the relay's `auth` */
	const char *password;
	unsigned    mail_max;
	enum script_tls tls;
	enum identity identity;
	unsigned    least_s, most_s;    /* how long it took; most_s 0: 60 more than least_s */
	unsigned    connections;        /* 0: as many as `over` has letters */
	const char *depths;             /* the session's depth as each mail comes back, a digit each */
	enum lacks  lacks;
	struct rule rule;               /* the provider's, if it has a verdict */
};

/* The owner does something at a moment of the script, or in a callback. */
struct action {
	enum { DO_NOTHING, DO_QUIT, DO_STOP, DO_KICK } what;
	enum { AT_MOMENT, AT_START, AT_UP, AT_NEXT, AT_SETTLED } where;
	unsigned moment;
};

struct trial {
	const struct row *row;
	enum mode         mode;
	struct fault      fault;
	struct action     action;
	unsigned          moments;      /* filled in: how many there were */
};

/* Run them all at the same time.  A line to *out for each thing wrong; true when there was none. */
bool driver_run(struct trial *t, size_t n, struct buf *out);

/* Make, and forget, what outlives a run: the client's TLS context. */
void driver_begin(void);
void driver_end(void);

extern const char *const driver_modes[NMODES];

#endif
