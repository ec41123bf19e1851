/*
 * demo-pki - a throw-away certificate authority for tests and `make try`.
 *
 *   demo-pki DIR     writes into DIR (made if missing):
 *     ca.pem         what the client trusts
 *     key.pem        the key of all server certificates below
 *     cert.pem       for localhost, 127.0.0.1 and ::1
 *     other.pem      the same for other.test: a wrong name
 *     expired.pem    for localhost, of last year
 *     self.pem       for localhost, signed by nobody but itself
 *     client.pem     for client.test, for 20 days, with client.key
 *
 * In C because OpenSSL's command is not installed with its library.
 */
#include <stdio.h>
#include <sysexits.h>

#include "lib/certs.h"

int
main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: demo-pki DIR\n", stderr);
		return EX_USAGE;
	}
	certs_write(argv[1]);
	return EX_OK;
}
