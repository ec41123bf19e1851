/*
 * whose.h - whose mail a message is, for the flood guard: of this machine's
 * users each is one, by uid; of a listener's clients each that logged in, by
 * that name, and of the others each address.  An IPv6 client has as many
 * addresses as it likes within its /64, so that is one.
 */
#ifndef RELAY_WHOSE_H
#define RELAY_WHOSE_H

#include <sys/types.h>

#include <stdbool.h>

#include "config/config.h"
#include "relay/flood.h"
#include "spool/store.h"

struct whose {
	char        key[FLOOD_NAME_MAX + 1];    /* for a count: "uid 1000", "login scanner", "from 192.0.2.7" */
	char        name[FLOOD_NAME_MAX + 24];  /* for people: "alice", "listener's user scanner", … */
	const char *user;                       /* the login name that mail of his is listed by; the message's */
	bool        shared;                     /* others' mail is listed by that name too */
};

/* Of a file that a user of this machine left, without looking into it. */
void whose_uid(uid_t uid, char key[static FLOOD_NAME_MAX + 1]);

/* ret lives as long as m. */
void whose(const struct message *m, struct whose *ret);

/* Is he on the list of those whose mail always passes?  exempt: NULL-ended, or NULL. */
bool whose_is_exempt(const struct message *m, char *const *exempt);

#endif
