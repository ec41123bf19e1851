/*
 * report.h - the words of a delivery status report: the part for people and
 * the part for programs (RFC 3464).  Pure text, LF line ends.  Knows what is
 * to be said; where it goes is bounce's affair.
 */
#ifndef RELAY_REPORT_H
#define RELAY_REPORT_H

#include <stdint.h>

#include "relay/bounce.h"

struct report {
	const struct config  *c;
	const struct message *m;
	const struct addr    *sender;   /* who is told */
	const struct bounced *b;        /* those to be told about, and no others */
	size_t                n;
	enum report_action    action;
	int64_t               now_s;
	bool                  global;   /* who is told has a UTF-8 address: the report may have it too */
	bool                  large;    /* only the header goes back, for the size of the rest */
	bool                     of_list;       /* sender is a list's owner */
};

const char *report_subject(const struct report *r);

/* For people: plain words, UTF-8 where an address has it, lines within 76 columns. */
void report_put_text(struct buf *out, const struct report *r);

/*
 * message/delivery-status: ASCII only, a UTF-8 address in the 7-bit form of
 * RFC 6533 §3; or, global, message/global-delivery-status with addresses as they are.
 */
void report_put_status(struct buf *out, const struct report *r);

#endif
