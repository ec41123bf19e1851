/* tls_error.c - what went wrong, in words; see tls_private.h. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "net/tls.h"
#include "net/tls_private.h"

/* Names of a wrong certificate that are worth a place in the log line. */
#define NAMES_SHOWN 5
#define NAME_SHOWN  100          /* octets of a subject or an issuer */

/* Alerts, and what this side says before it sends one, for somebody who knows options and no RFC 8446. */
static const struct {
	int         reason;
	const char *words;
} plain[] = {
	{ SSL_R_UNSUPPORTED_PROTOCOL, "unsupported protocol: the peer's TLS version is older than tls-min allows" },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "protocol version: the peer speaks no TLS version that tls-min allows" },
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
	    "certificate required: the peer wants a certificate of ours and none is configured" },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA,
	    "unknown CA: the peer refuses our certificate, whose authority it does not trust" },
	{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "bad certificate: the peer refuses our certificate" },
	{ SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "unsupported certificate: the peer refuses our certificate" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "certificate revoked: the peer refuses our certificate" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "certificate expired: the peer refuses our certificate" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "certificate unknown: the peer refuses our certificate" },
	{ SSL_R_TLSV1_ALERT_ACCESS_DENIED, "access denied: the peer refuses our certificate" },
	{ SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
	    "handshake failure: no cipher, version or certificate of ours suits the peer" },
};

static const char *
in_plain_words(unsigned long e)
{
	for (size_t i = 0; ERR_GET_LIB(e) == ERR_LIB_SSL && i < sizeof(plain) / sizeof(plain[0]); i++)
		if (ERR_GET_REASON(e) == plain[i].reason)
			return plain[i].words;
	return ERR_reason_error_string(e);
}

void
tls_put_reason(struct buf *why)
{
	unsigned long e = ERR_get_error();
	const char *text = NULL;

	/* The first error is the cause, those behind it are its way up. */
	if (e != 0)
		text = ERR_SYSTEM_ERROR(e) ? strerror(ERR_GET_REASON(e)) :
		    in_plain_words(e);
	buf_str(why, text != NULL ? text : "unknown TLS library error");
	ERR_clear_error();
}

static void
put_name(const GENERAL_NAME *name, struct buf *why)
{
	char address[INET6_ADDRSTRLEN];
	const ASN1_STRING *s = name->type == GEN_DNS ?
	    name->d.dNSName : name->d.iPAddress;
	const char *p = (const char *)ASN1_STRING_get0_data(s);
	size_t n = (size_t)ASN1_STRING_length(s);

	if (name->type == GEN_DNS)
		text_put_printable(why, (struct span){ p, n });
	else if (inet_ntop(n == 4 ? AF_INET : AF_INET6, p, address,
	    sizeof(address)) != NULL)
		buf_str(why, address);
}

static bool
is_host_name(const GENERAL_NAME *name)
{
	int n;

	if (name->type == GEN_DNS)
		return true;
	if (name->type != GEN_IPADD)
		return false;
	n = ASN1_STRING_length(name->d.iPAddress);
	return n == 4 || n == 16;
}

static void
put_names(X509 *cert, struct buf *why)
{
	GENERAL_NAMES *names;
	int i, shown = 0;

	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (!is_host_name(name))
			continue;
		if (shown == NAMES_SHOWN) {
			buf_str(why, ", ...");
			break;
		}
		buf_str(why, shown++ == 0 ? "; the certificate is for " : ", ");
		put_name(name, why);
	}
	if (shown == 0)
		buf_str(why, "; the certificate is for no host name");
	GENERAL_NAMES_free(names);
}

/* A certificate can hold a name of any length; a log line cannot. */
static void
put_short_name(const X509_NAME *name, struct buf *why)
{
	char *text = X509_NAME_oneline(name, NULL, 0);
	struct span s = span_of(text != NULL ? text : "");

	if (s.n > 0 && s.p[0] == '/')
		s = (struct span){ s.p + 1, s.n - 1 };
	text_put_printable(why, (struct span){ s.p, s.n < NAME_SHOWN ? s.n : NAME_SHOWN });
	buf_str(why, s.n > NAME_SHOWN ? "..." : "");
	OPENSSL_free(text);
}

static void
put_day(const ASN1_TIME *t, struct buf *why)
{
	struct tm tm = { 0 };

	if (ASN1_TIME_to_tm(t, &tm) == 1)
		buf_printf(why, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

/* Whose the certificate is, who says so, and from when to when. */
static void
put_seen(X509 *cert, struct buf *why)
{
	buf_str(why, "; seen: ");
	put_short_name(X509_get_subject_name(cert), why);
	buf_str(why, ", issued by ");
	put_short_name(X509_get_issuer_name(cert), why);
	buf_str(why, ", from ");
	put_day(X509_get0_notBefore(cert), why);
	buf_str(why, " to ");
	put_day(X509_get0_notAfter(cert), why);
}

static void
put_verify_error(SSL *s, struct buf *why)
{
	const struct link *l = SSL_get_ex_data(s, tls_link_index);
	long result = SSL_get_verify_result(s);
	STACK_OF(X509) *chain = SSL_get0_verified_chain(s);

	buf_printf(why, "%s: certificate verify failed: %s", l->host,
	    X509_verify_cert_error_string(result));
	if (sk_X509_num(chain) == 0)
		return;
	if (result == X509_V_ERR_HOSTNAME_MISMATCH || result == X509_V_ERR_IP_ADDRESS_MISMATCH)
		put_names(sk_X509_value(chain, 0), why);
	put_seen(sk_X509_value(chain, 0), why);
}

void
tls_error(struct ssl_st *s, int rc, struct buf *why)
{
	int saved = errno;
	int kind = SSL_get_error(s, rc);
	unsigned long e = ERR_peek_error();

	if (kind == SSL_ERROR_SSL && ERR_GET_LIB(e) == ERR_LIB_SSL &&
	    ERR_GET_REASON(e) == SSL_R_CERTIFICATE_VERIFY_FAILED)
		put_verify_error(s, why);
	else if (e != 0)
		tls_put_reason(why);
	else if (kind == SSL_ERROR_SYSCALL && saved != 0)
		buf_str(why, strerror(saved));
	else
		buf_str(why, "connection closed");
	ERR_clear_error();
}
