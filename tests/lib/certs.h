/*
 * certs.h - a throw-away certificate authority for tests.
 *
 *	struct certs c;
 *
 *	certs_make(&c);
 *	server = tls_server(c.good, c.key, NULL, &why);
 *	client = tls_client(&(struct tls_client_params){
 *	    .ca_file = c.ca, .verify = true }, &why);
 *	...
 *	certs_remove(&c);
 *
 * Takes milliseconds, so a test makes its own in its fixture.  All failures
 * end the process with a word on standard error.  In C because OpenSSL's
 * command is not installed with its library.
 */
#ifndef TESTS_LIB_CERTS_H
#define TESTS_LIB_CERTS_H

#define CERTS_PATH_MAX 512

/* PEM files.  One key serves all the servers' certificates. */
struct certs {
	char dir[CERTS_PATH_MAX];
	char ca[CERTS_PATH_MAX];                /* ca.pem: what the client trusts */
	char key[CERTS_PATH_MAX];               /* key.pem */
	char good[CERTS_PATH_MAX];              /* cert.pem: localhost, 127.0.0.1, ::1 */
	char wrong_name[CERTS_PATH_MAX];        /* other.pem: other.test */
	char expired[CERTS_PATH_MAX];           /* expired.pem: localhost, of last year */
	char self_signed[CERTS_PATH_MAX];       /* self.pem: localhost, by itself */
	char client[CERTS_PATH_MAX];            /* client.pem: client.test, for 20 days, of the same authority */
	char client_key[CERTS_PATH_MAX];        /* client.key: another key than the servers' */
};

/* In a fresh directory below TMPDIR. */
void certs_make(struct certs *c);
void certs_remove(struct certs *c);

/* The same files into a directory of one's own (made if missing). */
void certs_write(const char *dir);

#endif
