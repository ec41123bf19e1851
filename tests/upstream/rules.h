/*
 * rules.h - what goes wrong on purpose.  A rule says where (phase, and for
 * mail and rcpt an address pattern), what, and how often:
 *
 *   rcpt:bob@*:550 5.1.1 no such user     answer so (also mail:, data:, end:, auth: …)
 *   end:451 4.3.0 try again:first=3       the first three only
 *   close:rcpt:after=10                   let ten pass, then end the connection
 *   reset:PHASE  stall:PHASE              RST; say nothing more, read on
 *   drop:end  (or drop-after-data)        do it, then close without the answer
 *   garbage:PHASE                         answer with bytes that are no reply
 *   starttls-inject                       a second reply behind the 220, in clear
 */
#ifndef UPSTREAM_RULES_H
#define UPSTREAM_RULES_H

#include <stdbool.h>

#include "base/buf.h"

enum phase {
	PH_CONNECT, PH_EHLO, PH_STARTTLS, PH_AUTH, PH_MAIL, PH_RCPT, PH_DATA,
	PH_BDAT, PH_END, PH_RSET, PH_QUIT, NPHASES
};

enum act { ACT_NONE, ACT_REPLY, ACT_CLOSE, ACT_RESET, ACT_STALL, ACT_DROP, ACT_GARBAGE, ACT_INJECT };

struct fault {
	enum act    act;
	const char *reply;      /* ACT_REPLY: "550 5.1.1 no such user"; lives as long as the program */
};

/* Add one rule.  False: it does not read as one. */
bool         rules_add(const char *spec);

/* What shall happen here?  Counts; called once for each event. */
struct fault rules_at(enum phase p, struct span address);

#endif
