/* advice.c - see advice.h. */
#include "posternd/advice.h"

#include <string.h>

#define NOT_TLS "%s does not begin with TLS at this port: tls = \"starttls\" belongs to port 587"

/*
 * By the step, then by a text of the finding; the first that fits counts.
 * "%s" is the relay's host.
 */
static const struct {
	const char *step;
	const char *text;       /* in it; NULL: whatever it says */
	const char *advice;
} table[] = {
	{ "resolve", "postern-resolve: No such file",
	  "the program that looks up %s is not there: install Postern again" },
	{ "resolve", "no such host", "look at host, %s: no resolver knows that name" },
	{ "resolve", NULL,
	  "no answer about %s: is there a network, and does /etc/resolv.conf name a resolver that answers?" },
	{ "connect", "refused", "nothing listens at this port of %s, or a firewall says so: a provider's ports are "
	  "465 (tls = \"implicit\") and 587 (tls = \"starttls\")" },
	{ "connect", "timed out",
	  "something on the way to %s drops it: many networks let no port 25 out; use 465 or 587" },
	{ "connect", "unreachable", "there is no way to %s: look at this machine's network and routes" },
	{ "connect", "no route to host", "there is no way to %s: look at this machine's network and routes" },
	{ "TLS", "pinned one",
	  "make sure that this is the new key of %s, and not somebody on the way, before it is written down" },
	{ "TLS", "wrong version number", NOT_TLS },
	{ "TLS", "packet length too long", NOT_TLS },
	{ "TLS", "mismatch", "host has to be a name that the certificate of %s is for" },
	{ "TLS", "expired", "the certificate of %s is out of date; its admin has to renew it, unless this machine's "
	  "clock is wrong" },
	{ "TLS", "not yet valid",
	  "look at this machine's clock; else the admin of %s has to look at the certificate" },
	{ "TLS", "self-signed", "if %s is yours, let ca-file name its certificate, or its authority's" },
	{ "TLS", "issuer", "the authority of %s is not trusted here: install the package ca-certificates, or let "
	  "ca-file name a file with it" },
	{ "TLS", "protocol version", "%s wants another version of TLS: look at tls-min" },
	{ "TLS", NULL, "look whether %s speaks TLS at this port: 465 begins with it, 587 has STARTTLS" },
	{ "banner", NULL, "%s does not greet: at port 465 it waits for TLS, which is tls = \"implicit\"" },
	{ "EHLO", "STARTTLS", "%s has no TLS at this port: try port 465 with tls = \"implicit\"" },
	{ "EHLO", "AUTH", "%s takes no login at this port: mail is submitted at 465 or 587, not at 25" },
	{ "EHLO", "offers only", "look at auth, and best take it out: %s has none of what it allows" },
	{ "configuration", NULL,
	  "%s is not spoken to until the file is there and right, or the option taken out: postern check" },
};

void
advice_put(struct buf *b, const char *step, const struct status *s, const struct relay_conf *r)
{
	struct span text = span_of(s->text);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *advice = table[i].advice, *host = strstr(advice, "%s");

		if (strcmp(step, table[i].step) != 0 ||
		    (table[i].text != NULL && !span_icontains(text, span_of(table[i].text))))
			continue;
		buf_span(b, (struct span){ advice, (size_t)(host - advice) });
		buf_str(b, r->host);
		buf_str(b, host + 2);
		return;
	}
}
