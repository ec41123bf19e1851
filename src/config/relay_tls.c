/* relay_tls.c - see relay_tls.h. */
#include <stdlib.h>

#include "config/relay_tls.h"

void
relay_tls_done(struct relay_conf *r)
{
	free(r->ca_file);
	free(r->ca_path);
	free(r->client_cert);
	free(r->client_key);
	free(r->pins);
	free(r->tls_min);
	free(r->tls_ciphers);
}

/*
 * A pinned key says more than any authority could, and those who pin do so
 * because no authority vouches for that server: chain, name and dates then do
 * not count.  Whoever wants both says so, with tls-verify or with an
 * authority of his own choice, which would be for nothing otherwise.
 */
static void
take_pins(cfg_t *sec, struct relay_conf *r)
{
	unsigned n = cfg_size(sec, "fingerprint");
	bool     chosen = r->ca_file != NULL || r->ca_path != NULL;

	r->pins = n > 0 ? xcalloc(n, sizeof(*r->pins)) : NULL;
	for (unsigned i = 0; i < n; i++)
		r->npins += pin_parse(span_of(cfg_getnstr(sec, "fingerprint", i)), &r->pins[r->npins]);
	r->verify = source_flag(sec, "tls-verify", r->npins == 0 || chosen);
}

void
relay_tls_take(cfg_t *sec, struct relay_conf *r)
{
	r->ca_file = source_dup(sec, "ca-file");
	r->ca_path = source_dup(sec, "ca-path");
	r->client_cert = source_dup(sec, "client-cert");
	r->client_key = source_dup(sec, "client-key");
	if (r->client_key == NULL && r->client_cert != NULL)
		r->client_key = xstrdup(r->client_cert);
	r->tls_min = source_dup(sec, "tls-min");
	r->tls_ciphers = source_dup(sec, "tls-ciphers");
	r->dane = source_flag(sec, "dane", false);
	take_pins(sec, r);
}

/* What would never be looked at, and whose writer thinks that it is. */
static int
check_unused(const struct source *s, cfg_t *sec, const struct relay_conf *r, struct buf *why)
{
	static const char *const options[] = { "client-cert", "client-key", "fingerprint", "dane", "tls-ciphers" };

	if (r->tls != TLS_NONE)
		return 0;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (cfg_size(sec, options[i]) > 0)
			return source_wrong(s, sec, options[i], why, "relay %s: %s is for TLS; "
			    "write tls = \"implicit\" or \"starttls\", or take it out", r->name, options[i]);
	return 0;
}

static int
check_dane(const struct source *s, cfg_t *sec, const struct relay_conf *r, struct buf *why)
{
	struct address address;

	if (r->npins > 0)
		return source_wrong(s, sec, "dane", why, "relay %s: fingerprint and dane both say which key the "
		    "server may have; keep one of them", r->name);
	if (!r->verify)
		return source_wrong(s, sec, "dane", why, "relay %s: dane verifies, and tls-verify = false does not; "
		    "keep one of them", r->name);
	if (address_parse(span_of(r->host), &address))
		return source_wrong(s, sec, "dane", why, "relay %s: an address has no TLSA records; "
		    "write the host's name, or take dane out", r->name);
	return 0;
}

int
relay_tls_check(const struct source *s, cfg_t *sec, const struct relay_conf *r, struct buf *why)
{
	int rc = check_unused(s, sec, r, why);

	if (rc != 0)
		return rc;
	if (r->client_key != NULL && r->client_cert == NULL)
		return source_wrong(s, sec, "client-key", why, "relay %s: a key without a certificate; "
		    "add client-cert = \"...\"", r->name);
	return r->dane ? check_dane(s, sec, r, why) : 0;
}
