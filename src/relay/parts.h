/*
 * parts.h - the addresses that a round's recipients come to.  An alias makes
 * several of one recipient, and several recipients may come to one address,
 * which gets one copy.  Knows who waits for what; knows no mails.
 */
#ifndef RELAY_PARTS_H
#define RELAY_PARTS_H

#include <stdbool.h>

#include "mail/addrset.h"
#include "smtp/status.h"

struct part {
	struct addr  *to;       /* on the wire, lent by the set; NULL: he has none */
	size_t        lane;     /* the round's: by which it goes */
	size_t        rcpt;     /* the first of the envelope's recipients that it is for */
	const struct addr *owner;       /* lent by the set of owners: the sender of mail of its list; NULL: its own */
	size_t        group;    /* 0, or the place of that owner and one */
	struct status status;   /* VERDICT_NONE: not settled yet */
	bool          waits;    /* not settled for good */
	bool          untold;   /* sent by a server that reports no deliveries */
	bool          fresh;    /* sent, and not in the journal yet */
};

struct part_range {
	size_t first, n;        /* in ref */
};

struct parts {
	struct part       *part;
	size_t             n, cap;
	size_t             waiting;     /* parts that wait */
	struct addrset     set;
	struct addrset     owners;
	size_t            *of;          /* the part of each address of set */
	size_t            *ref;         /* the recipients' parts, recipient by recipient */
	size_t             nref, ref_cap;
	struct part_range *rcpt;        /* one a recipient */
	size_t             nrcpts;
};

void parts_init(struct parts *p, size_t nrcpts);
void parts_done(struct parts *p);

/*
 * Recipients come in the order of the envelope.  An address (taken) of one,
 * and who owns the list it is of, or NULL: whoever is written to by name is
 * written to as himself;
 * or no address, and a verdict about him: DEFER and REJECT wait, SENT is
 * fresh.
 */
void parts_add(struct parts *p, size_t rcpt, struct addr *to, const struct addr *owner);
void parts_add_verdict(struct parts *p, size_t rcpt, const struct status *st);

size_t       parts_count(const struct parts *p, size_t rcpt);   /* of a recipient */
struct part *parts_at(const struct parts *p, size_t rcpt, size_t k);
bool         parts_wait(const struct parts *p, size_t rcpt);    /* does any of them? */

/* A verdict: SENT settles it for good. */
void parts_stand(struct parts *p, struct part *part, const struct status *st);
void parts_give_up(struct parts *p, struct part *part);         /* settled for good, as a failure */

#endif
