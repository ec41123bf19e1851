/*
 * people.h - who a uid is: login name and full name, from the system's user
 * database, with a small cache so that a queue of one user's mail asks once.
 * Here and not in the submitting program: the lookup opens a dozen files and
 * sockets, and the daemon believes only st_uid anyway.
 *
 * The database may be a server that is away, and getpwuid_r() has no deadline,
 * so a thread asks.  Its answer is waited for once, and a second at most; from
 * then on until it comes a uid goes by the name it had, else by its digits.
 */
#ifndef SPOOL_PEOPLE_H
#define SPOOL_PEOPLE_H

#include <sys/types.h>

#include <pwd.h>
#include <stdint.h>

#define PEOPLE_MAX 16           /* and not more threads than that, if none of them ever ends */

struct question;

struct person {
	uid_t            uid;
	int64_t          asked_ms;      /* clock_mono_ms */
	char            *name;          /* the uid's digits when nobody has it; NULL: an empty place */
	char            *full_name;     /* NULL: none */
	struct question *question;      /* an answer is owed; NULL: none */
};

struct people {
	struct person who[PEOPLE_MAX];
	size_t        next;             /* the place to use next */
	struct person passing;          /* for one more when an answer is owed to all places */
};

/* Borrowed until the next call.  Never NULL. */
const struct person *people_find(struct people *p, uid_t uid);
void                 people_done(struct people *p);     /* waits for no answer */

/* Tests: whom to ask in place of getpwuid_r(); NULL: that again. */
typedef int people_source(uid_t uid, struct passwd *pw, char *p, size_t n, struct passwd **ret);
void people_set_source(people_source *source);

#endif
