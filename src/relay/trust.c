#include "relay/trust.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "config/secret.h"
#include "net/loop.h"
#include "net/tls.h"

#define DAY_S       INT64_C(86400)
#define WARN_DAYS   30                  /* a person renews it, by hand, with another person's help */

struct trust {
	const struct relay_conf *relay;
	struct tls              *tls;
	struct timer            *look;  /* at our certificate, each day */
};

static void
look(void *arg)
{
	struct trust *t = arg;
	int64_t until_s = tls_until_s(t->tls), left_s = until_s - clock_wall_s();
	struct buf date;

	timer_set(t->look, DAY_S * 1000);
	if (left_s > WARN_DAYS * DAY_S)
		return;
	buf_init(&date, 64);
	text_put_date(&date, until_s);
	log_warn("relay=%s, client-cert %s %s %s, %s%lld days; put a new one there and reload", t->relay->name,
	    t->relay->client_cert, left_s < 0 ? "ended on" : "ends on", buf_cstr(&date), left_s < 0 ? "since " : "in ",
	    (long long)((left_s < 0 ? -left_s : left_s) / DAY_S));
	buf_done(&date);
}

static struct tls *
make_context(const struct relay_conf *r, struct buf *why)
{
	struct tls_client_params p = {
		.ca_file = r->ca_file, .ca_path = r->ca_path, .min_version = r->tls_min, .ciphers = r->tls_ciphers,
		.cert = r->client_cert, .key = r->client_key, .verify = r->verify,
		.pins = r->pins, .npins = r->npins,
	};

	if (r->client_key != NULL && secret_check_file(r->client_key, why) != 0)
		return NULL;
	return tls_client(&p, why);
}

struct trust *
trust_new(struct event_base *base, const struct relay_conf *relay, struct buf *why)
{
	struct trust *t = xcalloc(1, sizeof(*t));
	struct buf wrong;

	t->relay = relay;
	t->look = timer_new(base, look, t);
	if (relay->tls == TLS_NONE)
		return t;
	buf_init(&wrong, 8192);
	t->tls = make_context(relay, &wrong);
	if (t->tls == NULL)
		buf_printf(why, "relay %s: %s", relay->name, buf_cstr(&wrong));
	buf_done(&wrong);
	if (t->tls == NULL) {
		trust_free(t);
		return NULL;
	}
	if (relay->client_cert != NULL)
		look(t);
	return t;
}

bool
trust_renew(struct trust *t, struct buf *why)
{
	struct tls *tls = t->tls != NULL ? make_context(t->relay, why) : NULL;

	if (tls == NULL)
		return t->tls == NULL;
	tls_free(t->tls);
	t->tls = tls;
	if (t->relay->client_cert != NULL)
		look(t);
	return true;
}

void
trust_free(struct trust *t)
{
	if (t == NULL)
		return;
	timer_free(t->look);
	tls_free(t->tls);
	free(t);
}

struct tls *
trust_tls(const struct trust *t)
{
	return t->tls;
}
