/*
 * cargo.h - the messages of a scenario and what became of them.  Stands in
 * for the queue's side: makes mails, takes their verdicts, and compares with
 * what the upstream says it accepted.  Knows no connections.
 */
#ifndef SESSION_CARGO_H
#define SESSION_CARGO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "relay/mail.h"

#include "server.h"

#define CARGO_MAX_RCPTS 8               /* of those with a letter */
#define CARGO_WIDE      700             /* of a W */
#define CARGO_MAX       16

/* What became of a recipient in the end. */
struct end {
	struct status status;
	unsigned      finals;           /* verdicts that settle it: exactly one, or it was kept */
	unsigned      kept;             /* mails that still hold it when all is over */
	unsigned      again;            /* RECONNECT and SPLIT */
};

/* One message. */
struct cargo {
	struct message msg;
	char           id[32];          /* stands in its header, so content can be told apart */
	struct buf     head, body;
	uint64_t       broken_at;       /* reading the body fails from here on; UINT64_MAX: never */
	bool           eightbit, utf8;
	size_t         nrcpt;
	struct end    *end;             /* one each */
};

/*
 * "ab|Mc": a message to a and b, and a longer one to c.  Lower-case letters
 * are recipients; before them: 8 8-bit content, G sealed, u UTF-8 addresses, 0 null
 * sender, M 180 KB, H 20 MB, X past SIZE, E cannot be read, L cannot be
 * read to its end, D with DSN wishes, W to 700 more.  How many there are.
 */
size_t       cargo_load(const char *spec, struct cargo to[static CARGO_MAX]);
void         cargo_done(struct cargo *c);

/* A mail for the recipients of which `these` is true; NULL: all. */
struct mail *cargo_mail(struct cargo *c, const bool *these);
struct cargo *cargo_of(const struct mail *m);

/* S sent, D defer, R reject, P pause, C credential, F config, T reconnect, X split, N none. */
char         cargo_letter(enum verdict v);

/* A letter for each recipient; of a W one for all, or '?'. */
void         cargo_put_letters(const struct cargo *c, struct buf *b);

/* A line for each thing that is wrong, to *out. */
void         cargo_check_verdicts(const struct cargo *c, struct buf *out);

/*
 * Every message the upstream took is one of ours, byte for byte, with its
 * own sender and none but its own recipients; SENT was accepted, REJECT was
 * not, and none was taken twice unless an answer got lost.
 * reliable: an answer the upstream gave was also read.
 */
void         cargo_check_accepted(struct cargo *c, size_t n, const struct accepted *a, bool reliable,
                                  struct buf *out);

#endif
