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
	free(r->tls_min);
	free(r->tls_ciphers);
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
	r->verify = source_flag(sec, "tls-verify", true);
}

/* What would never be looked at, and whose writer thinks that it is. */
static int
check_unused(const struct source *s, cfg_t *sec, const struct relay_conf *r, struct buf *why)
{
	static const char *const options[] = { "client-cert", "client-key", "tls-ciphers" };

	if (r->tls != TLS_NONE)
		return 0;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (source_str(sec, options[i]) != NULL)
			return source_wrong(s, sec, options[i], why, "relay %s: %s is for TLS; "
			    "write tls = \"implicit\" or \"starttls\", or take it out", r->name, options[i]);
	return 0;
}

int
relay_tls_check(const struct source *s, cfg_t *sec, const struct relay_conf *r, struct buf *why)
{
	if (r->client_key != NULL && r->client_cert == NULL)
		return source_wrong(s, sec, "client-key", why, "relay %s: a key without a certificate; "
		    "add client-cert = \"...\"", r->name);
	return check_unused(s, sec, r, why);
}
