/*
 * troubles.h - which troubles of relays people were told of, and when: the
 * records behind alerts, and their text in the spool's state/alerts:
 *
 *   NAME VERDICT CODE TOLD STANDING MAILED          TOLD: seconds; the last two 0 or 1
 *
 * Pure, but for the file.  Bounded: the record that was told of longest ago
 * gives way.
 */
#ifndef RELAY_TROUBLES_H
#define RELAY_TROUBLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "smtp/status.h"

#define TROUBLES_MAX     128                /* more relays than anybody has */
#define TROUBLES_AGAIN_S 86400

struct trouble {
	char         name[64];          /* the relay's */
	enum verdict verdict;
	int          code;
	int64_t      told_s;
	bool         standing;          /* it is not known to be over */
	bool         mailed;            /* root had a message about it */
};

struct troubles {
	struct trouble trouble[TROUBLES_MAX];
	size_t         n;
};

struct trouble *troubles_find(struct troubles *t, const char *relay);

/*
 * Is this news, now?  Then the record is made, or made anew, as told and
 * standing.  NULL: it was told, lately.
 */
struct trouble *troubles_news(struct troubles *t, const char *relay, const struct status *why, int64_t now_s);

void troubles_put(const struct troubles *t, struct buf *b);
void troubles_parse(struct troubles *t, struct span text);      /* what makes no sense is passed over */

/* In state/ below spool.  0 or -errno; no file: nothing was told. */
int  troubles_read(struct troubles *t, int spool);
int  troubles_write(const struct troubles *t, int spool);       /* atomically and durably */

#endif
