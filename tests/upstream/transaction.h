/*
 * transaction.h - one message: MAIL, RCPT, DATA or BDAT, RSET.  A handler
 * gets what stands behind the verb.
 */
#ifndef UPSTREAM_TRANSACTION_H
#define UPSTREAM_TRANSACTION_H

#include "peer.h"

enum next transaction_mail(struct peer *p, struct span arg);
enum next transaction_rcpt(struct peer *p, struct span arg);
enum next transaction_data(struct peer *p, struct span arg);
enum next transaction_bdat(struct peer *p, struct span arg);
enum next transaction_rset(struct peer *p, struct span arg);

void      transaction_forget(struct peer *p);

#endif
