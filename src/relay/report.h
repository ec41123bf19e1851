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
};

const char *report_subject(const struct report *r);

/* For people: plain words, UTF-8 where an address has it, lines within 76 columns. */
void report_put_text(struct buf *out, const struct report *r);

/* message/delivery-status: ASCII only; a UTF-8 address as RFC 6533 §3 writes it. */
void report_put_status(struct buf *out, const struct report *r);

#endif
