/*
 * say.h - what a try tells, as lines on standard output, in the form of
 * records.h; whoever asked for it puts them into plain words.
 *
 *   relay name=… provider=… host=… port=… tls=implicit|starttls|none user=… from=…
 *   step name=secret|token|resolve|connect|TLS|greeting|EHLO|STARTTLS|AUTH|MAIL|RCPT|DATA|content|QUIT ms=… ok=0|1
 *           [code=…] text=…         done, and how long it took
 *   tls version=… cipher=… resumed=0|1 checked=… failure=…         behind step TLS, or where it failed
 *   cert subject=… issuer=… names=… key=… pin=… not_before=… not_after=…   as the server sent them
 *   recipient addr=… verdict=… code=… dsn=… text=… hint=…          what became of him
 *   again text=…                    on a fresh connection, as the daemon would
 *   trouble step=… verdict=… code=… dsn=… text=… hint=…            the end, when it is the relay's
 *   result sent=… refused=… deferred=… in_flight=… pipelining=0|1
 *   wire part=envelope|header|body text=…
 *   error text=…                    nothing was tried
 */
#ifndef POSTERND_SAY_H
#define POSTERND_SAY_H

#include <stdint.h>

#include "config/config.h"
#include "relay/trace.h"

struct say {
	const struct relay_conf *relay;
	int64_t     last_ms;            /* the last step's end */
	char        step[16];           /* where the conversation is */
	char        mechanism[32];      /* of AUTH */
	uint64_t    octets;             /* the content that was handed over last, and how */
	char        by[8];
};

void say_begin(struct say *s, const struct relay_conf *r);

void say_rest(struct say *s);           /* what was until now is no step's time */

/* A trace's ear; arg: the say. */
void say_heard(void *arg, const struct heard *h);

void say_step(struct say *s, const char *name, const char *text);
void say_recipient(const struct mail_rcpt *to);
void say_again(const char *text);
void say_trouble(const struct say *s, const struct status *st);
void say_wire(const char *part, struct span lines);     /* a record for each line */
void say_error(const char *text);

#endif
