#include "config/oauth_request.h"

#include <stdio.h>

#include "base/record.h"
#include "config/secret.h"

#define SECRET_MAX 8192

static void
put(struct buf *b, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		record_line(b, name, span_of(value));
}

static int
put_secret(struct buf *b, const struct oauth_conf *o, struct buf *why)
{
	struct buf secret;
	int rc;

	if (o->client_secret_file == NULL)
		return 0;
	buf_init(&secret, SECRET_MAX + 1);
	buf_room(&secret, SECRET_MAX + 1);      /* growth would leave copies behind */
	rc = secret_read_file(o->client_secret_file, SECRET_MAX, &secret, why);
	if (rc == 0)
		record_line(b, "client-secret", span_trim(buf_view(&secret)));
	buf_wipe(&secret);
	return rc;
}

static void
put_consent(struct buf *b, const struct relay_conf *r)
{
	const struct oauth_conf *o = r->oauth;
	char port[16];

	put(b, "authorize-endpoint", o->authorize_endpoint);
	put(b, "device-endpoint", o->device_endpoint);
	put(b, "authorize-extra", o->authorize_extra);
	put(b, "redirect-host", o->redirect_host);
	put(b, "login-hint", r->user);
	put(b, "relay", r->name);
	snprintf(port, sizeof(port), "%u", o->redirect_port);
	put(b, "redirect-port", o->redirect_port != 0 ? port : NULL);
}

int
oauth_request_put(struct buf *b, const struct relay_conf *r, const char *ask, const char *token_file,
    struct buf *why)
{
	static const char *const flows[] = {
		[FLOW_BROWSER] = "refresh", [FLOW_DEVICE] = "refresh",
		[FLOW_CLIENT] = "client-credentials", [FLOW_KEY] = "service-account",
	};
	const struct oauth_conf *o = r->oauth;
	int rc;

	put(b, "ask", ask);
	put(b, "flow", flows[o->flow]);
	put(b, "token-file", token_file);
	put(b, "token-endpoint", o->token_endpoint);
	put(b, "discovery", o->discovery);
	put(b, "scope", o->scope);
	put(b, "client-id", o->client_id);
	put(b, "key-file", o->key_file);
	put(b, "subject", o->flow == FLOW_KEY ? o->subject : NULL);
	put(b, "ca-file", o->ca_file);
	put_consent(b, r);
	rc = o->key_file != NULL ? secret_check_file(o->key_file, why) : 0;
	return rc != 0 ? rc : put_secret(b, o, why);
}
