/*
 * tlsa.h - TLSA records (RFC 6698): the question to a name server, its
 * answer, and the lines in which postern-resolve hands them on.  Pure: bytes
 * in, records out, and every byte is somebody else's.
 */
#ifndef BASE_TLSA_H
#define BASE_TLSA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Of one answer; one with more is refused. */
#define TLSA_MAX      16
/* SHA-512.  A whole certificate in DNS (type 0) is passed over: RFC 7671 §10.1.2. */
#define TLSA_DATA_MAX 64

struct tlsa {
	uint8_t       usage, selector, type;
	uint8_t       n;                /* of data */
	unsigned char data[TLSA_DATA_MAX];
};

struct tlsa_answer {
	bool        truncated;          /* TC: ask again over TCP */
	bool        secure;             /* AD: worth what the way to the server is worth */
	unsigned    rcode;              /* 0, 3: there is none such; others: not now */
	size_t      n;
	size_t      passed_over;        /* too long to be of use */
	struct tlsa records[TLSA_MAX];
};

/*
 * Append the question for _PORT._tcp.HOST (RFC 1035 §4.1), with AD set
 * (RFC 6840 §5.7: the asker wants to know) and room for 1232 octets (RFC
 * 6891).  False: it is no name that DNS could have.
 */
bool tlsa_question(const char *host, unsigned port, uint16_t id, struct buf *b);

/*
 * Read the answer to that question.  False: it is malformed, another's, or
 * holds more than is taken, with *ret_why.  Aliases (CNAME) before the
 * records are followed.
 */
bool tlsa_answer(struct span answer, struct span question, struct tlsa_answer *ret, const char **ret_why);

/* "3 1 1 HEX", a record a line. */
void tlsa_put(const struct tlsa *t, struct buf *b);
bool tlsa_parse(struct span line, struct tlsa *ret);

#endif
