/*
 * people.h - who a uid is: login name and full name, from the system's user
 * database, with a small cache so that a queue of one user's mail asks once.
 * Here and not in the submitting program: the lookup opens a dozen files and
 * sockets, and the daemon believes only st_uid anyway.
 */
#ifndef SPOOL_PEOPLE_H
#define SPOOL_PEOPLE_H

#include <sys/types.h>

#include <stdint.h>

#define PEOPLE_MAX 16

struct person {
	uid_t   uid;
	int64_t asked_ms;       /* clock_mono_ms */
	char   *name;           /* the uid's digits when nobody has it; NULL: an empty place */
	char   *full_name;      /* NULL: none */
};

struct people {
	struct person who[PEOPLE_MAX];
	size_t        next;     /* the place to use next */
};

/* Borrowed until the next call.  Never NULL. */
const struct person *people_find(struct people *p, uid_t uid);
void                 people_done(struct people *p);

#endif
