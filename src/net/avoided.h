/*
 * avoided.h - addresses that take a connection and then do not serve: a path
 * that loses large packets, a balancer with nothing behind it, a machine
 * that is being taken down.  RFC 8305 races connections and nothing more, so
 * without this such an address would win each race, and the host's others
 * would never be asked.
 *
 * Avoided is not forbidden: for an hour they come behind the others, and with
 * nothing but such the one comes first that was found out longest ago.
 * Addresses alone, whatever the port; 32 of them, then the oldest gives way.
 */
#ifndef NET_AVOIDED_H
#define NET_AVOIDED_H

#include <stddef.h>

struct sockaddr_storage;

/* As dial gave it: "192.0.2.1". */
void avoided_add(const char *address);

/* Those move behind the others, whose order stays. */
void avoided_order(struct sockaddr_storage *a, size_t n);

void avoided_forget(void);

/* An address as text, without its port; "" when it is none. */
#define ADDRESS_TEXT_MAX 80             /* with a zone: NI_NUMERICHOST */
void avoided_text(const struct sockaddr_storage *a, char ret[static ADDRESS_TEXT_MAX]);

#endif
