/*
 * consent.h - the flows with a person in them: a browser that is sent to the
 * provider and comes back (RFC 6749 §4.1 with RFC 7636 and 8252), or a code
 * that is typed in elsewhere (RFC 8628).
 */
#ifndef OAUTH_CONSENT_H
#define OAUTH_CONSENT_H

#include "oauth/obtain.h"
#include "oauth/request.h"

/*
 * What the person must see is given to tell() as a line of the answer:
 * "visit ADDRESS", "port N"; "code LETTERS", "seconds N"; "note TEXT": a line
 * about what came and was not the answer.  Returns 0 and *ret, which is on
 * disk by then; or -1 and *t.
 */

int consent_browser(struct request *r, int in_fd, void (*tell)(const char *name, const char *value),
                    struct tokens *ret, struct trouble *t);
int consent_device(struct request *r, void (*tell)(const char *name, const char *value), struct tokens *ret,
                   struct trouble *t);

#endif
