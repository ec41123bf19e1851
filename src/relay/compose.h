/*
 * compose.h - what goes on the wire: from the file as submitted, the
 * configuration and the relay.  Deterministic: a retry sends the same bytes.
 * Knows headers; knows no connections.
 */
#ifndef RELAY_COMPOSE_H
#define RELAY_COMPOSE_H

#include "config/config.h"
#include "relay/mail.h"

/*
 * Fill mail->from, ->head, ->content, ->eightbit, ->utf8 from mail->msg and
 * the recipients already in it.
 *
 * Header block, in this order: Received (by hostname with local id ID; date
 * of submission; "(from user NAME)"), then the submitted fields with Bcc,
 * Resent-Bcc, Return-Path dropped and bare addresses of address fields
 * qualified with the domain, Message-ID and Date repaired (repair.h) unless
 * the message is signed, then what was missing: Date (of submission),
 * Message-ID <ID@hostname>, From (full name and sender), To undisclosed when
 * no recipient field is left.  Relay `from`: envelope sender, and with
 * from-header = rewrite the From address, become the account's; the display
 * name is kept or made ("root on web1"); the original goes to Reply-To if it
 * is routable (its domain has a dot and is not this host's) and there is
 * none; a Sender field goes, for the account is both then.  The null sender
 * stays null, unless the relay refuses it (sender.h).
 *
 * 0; -EMSGSIZE: the header block passes LIMIT_HEADER_BLOCK; -EDOM: the domain
 * of the sender, which is in mail->from, is none; -errno of reading.
 */
int compose(const struct config *c, const struct relay_conf *r, struct mail *mail);

/* "<ID@hostname>", as compose() adds it: a report can refer to it. */
void compose_message_id(struct buf *b, const struct config *c, msgid id);

#endif
