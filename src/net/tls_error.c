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

void
tls_put_names(X509 *cert, const char *before, struct buf *why)
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
		buf_str(why, shown++ == 0 ? before : ", ");
		put_name(name, why);
	}
	if (shown == 0 && before[0] != '\0')
		buf_printf(why, "%sno host name", before);
	GENERAL_NAMES_free(names);
}

/* A certificate can hold a name of any length; a log line cannot. */
void
tls_put_name(const X509_NAME *name, struct buf *why)
{
	char *text = X509_NAME_oneline(name, NULL, 0);
	struct span s = span_of(text != NULL ? text : "");

	if (s.n > 0 && s.p[0] == '/')
		s = (struct span){ s.p + 1, s.n - 1 };
	text_put_printable(why, (struct span){ s.p, s.n < NAME_SHOWN ? s.n : NAME_SHOWN });
	buf_str(why, s.n > NAME_SHOWN ? "..." : "");
	OPENSSL_free(text);
}

/* "2026-11-27" */
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
	tls_put_name(X509_get_subject_name(cert), why);
	buf_str(why, ", issued by ");
	tls_put_name(X509_get_issuer_name(cert), why);
	buf_str(why, ", from ");
	put_day(X509_get0_notBefore(cert), why);
	buf_str(why, " to ");
	put_day(X509_get0_notAfter(cert), why);
}

/* Which one it would be, to be copied by whoever has made sure of it. */
static void
put_stranger(X509 *cert, struct buf *why)
{
	struct pin seen;

	buf_str(why, "the certificate's key is not a pinned one");
	if (cert == NULL || !tls_pin_of(cert, &seen))
		return;
	buf_str(why, "; if it is the right one, write fingerprint = \"");
	pin_put(why, &seen);
	buf_char(why, '"');
}

void
tls_put_refusal(const SSL *s, struct buf *why)
{
	const struct link *l = SSL_get_ex_data(s, tls_link_index);
	long result = SSL_get_verify_result(s);
	STACK_OF(X509) *chain = tls_shown(s);
	X509 *cert = sk_X509_num(chain) > 0 ? sk_X509_value(chain, 0) : NULL;

	buf_printf(why, "%s: certificate verify failed: ", l->host);
	if (l->stranger && !l->by_records)
		put_stranger(cert, why);
	else
		buf_printf(why, "%s%s", X509_verify_cert_error_string(result),
		    l->by_records ? " (by the TLSA records in DNS)" : "");
	if (cert == NULL)
		return;
	if (result == X509_V_ERR_HOSTNAME_MISMATCH || result == X509_V_ERR_IP_ADDRESS_MISMATCH)
		tls_put_names(cert, "; the certificate is for ", why);
	put_seen(cert, why);
}

void
tls_error(struct ssl_st *s, int rc, struct buf *why)
{
	int saved = errno;
	int kind = SSL_get_error(s, rc);
	unsigned long e = ERR_peek_error();

	if (kind == SSL_ERROR_SSL && ERR_GET_LIB(e) == ERR_LIB_SSL &&
	    ERR_GET_REASON(e) == SSL_R_CERTIFICATE_VERIFY_FAILED)
		tls_put_refusal(s, why);
	else if (e != 0)
		tls_put_reason(why);
	else if (kind == SSL_ERROR_SYSCALL && saved != 0)
		buf_str(why, strerror(saved));
	else
		buf_str(why, "connection closed");
	ERR_clear_error();
}
