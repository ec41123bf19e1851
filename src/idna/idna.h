/*
 * idna.h - domains in letters other than ASCII's, as the wire has them: as
 * A-labels ("bücher.example" is "xn--bcher-kva.example", RFC 5891, with UTS
 * 46's mapping).  libidn2 lives here and nowhere else.  Knows names; knows no
 * policy, and no resolver.
 *
 * Labels of ASCII are left as they are, underscores, stars and all: they may
 * be of a pattern, or a host's that no registry would take.
 */
#ifndef IDNA_IDNA_H
#define IDNA_IDNA_H

#include <stdbool.h>

#include "base/buf.h"
#include "mail/addr.h"

/*
 * The same mailbox with its domain in A-labels; a copy when that is ASCII
 * already.  NULL and *ret_why (may be NULL): there is no such domain, or it is
 * too long so.
 */
struct addr *idna_addr(const struct addr *a, const char **ret_why);

/*
 * A domain, address or pattern of addresses: what stands behind the last '@'
 * in A-labels, or all of it when there is none and it is no local part.  To be
 * freed; NULL and *ret_why as above.
 */
char *idna_domain_text(struct span s, const char **ret_why);
char *idna_address_text(struct span s, const char **ret_why);

#endif
