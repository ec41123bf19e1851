/*
 * ends.h - the two ends of a connection in one loop, for the conn suites.
 *
 * `a` is the client's end and `b` the server's; what each is told is written
 * down, and a hook may act from inside the callback.  Every callback checks
 * that it comes from the loop, and that nothing comes after gone() or stop.
 */
#ifndef TESTS_UNIT_ENDS_H
#define TESTS_UNIT_ENDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "net/conn.h"

struct event_base;

struct end {
	struct conn *conn;
	int          fd;                /* conn's own; for shutdown(2) and the like */
	struct buf   lines;             /* "one+,two," : + for more */
	unsigned     nline;
	unsigned     nroom;
	unsigned     nsecure;
	unsigned     ngone;
	size_t       bytes;             /* in lines, ends not counted */
	char         why[512];
	bool         tls;
	bool         clean;
	bool         over;              /* the test stopped it: no callback may come */
	bool         quiet;             /* do not collect lines */
	struct span  say;               /* for the hooks' use */
	size_t       left;
	struct end  *other;
	void (*on_line)(struct end *e, struct span line, bool more);
	void (*on_room)(struct end *e);
	void (*on_secure)(struct end *e);
	void (*on_gone)(struct end *e);
};

extern struct event_base *base;
extern struct end         a, b;

#define LINE_MAX_BYTES 100

void ends_setup(void);                  /* checked fixture: the base */
void ends_teardown(void);               /* frees what is open, runs a turn, frees the base */

enum pair { UNIX_PAIR, TCP_PAIR };
void ends_open(enum pair kind);         /* a and b on a fresh pair */
void ends_pair(enum pair kind, int ret[2]);
void end_open(struct end *e, int fd);
void end_close(struct end *e);          /* conn_free, records reset */

void say(struct end *e, const char *text);      /* conn_write + conn_flush */
void put(int fd, const char *text, size_t n);   /* all of it, into a raw descriptor */

/* Turn the loop until cond; fails the test after 5 s. */
#define UNTIL(cond) do { \
	ends_watchdog(); \
	while (!(cond)) \
		ends_turn(#cond); \
} while (0)
void ends_watchdog(void);
void ends_turn(const char *cond);
unsigned ends_turns_in_ms(int ms);       /* how often the loop turned in that time */

#endif
