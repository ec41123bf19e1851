/* exim.c - Debian's Exim: update-exim4.conf.conf, passwd.client, email-addresses, mailname. */
#include <stdlib.h>
#include <string.h>

#include "import/sources.h"
#include "import/text.h"

struct exim {
	struct import *im;
	struct place   relays_at, nets_at, ports_at, hide_at, type_at;
	char          *smarthost, *nets, *interfaces, *visible;
	bool           hide, relays;
};

static void
keep(char **to, struct span value)
{
	free(*to);
	*to = span_dup(value);
}

static const struct {
	const char *key, *why;
} others[] = {
	{ "dc_other_hostnames", "there is no local delivery; map and local-mail say where mail for these goes" },
	{ "dc_relay_domains", "what listeners take goes to the relay, whatever its domain" },
	{ "dc_localdelivery", NULL },
	{ "dc_minimaldns", NULL },
	{ "dc_use_split_config", NULL },
	{ "dc_mailname_in_oh", NULL },
	{ "CFILEMODE", NULL },
};

static void
take(struct exim *e, struct span key, struct span value, struct place at)
{
	if (span_eq(key, SPAN("dc_eximconfig_configtype"))) {
		e->relays = span_eq(value, SPAN("smarthost")) || span_eq(value, SPAN("satellite"));
		e->type_at = at;
	} else if (span_eq(key, SPAN("dc_smarthost"))) {
		keep(&e->smarthost, value);
		e->relays_at = at;
	} else if (span_eq(key, SPAN("dc_relay_nets"))) {
		keep(&e->nets, value);
		e->nets_at = at;
	} else if (span_eq(key, SPAN("dc_local_interfaces"))) {
		keep(&e->interfaces, value);
		e->ports_at = at;
	} else if (span_eq(key, SPAN("dc_readhost"))) {
		keep(&e->visible, value);
		e->hide_at = at;
	} else if (span_eq(key, SPAN("dc_hide_mailname"))) {
		e->hide = text_is_yes(value);
	} else {
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			if (span_eq(key, span_of(others[i].key))) {
				if (others[i].why != NULL && value.n > 0)
					model_left(e->im, at, key, "%s", others[i].why);
				return;
			}
		model_unknown(e->im, at, key, true);
	}
}

/* ---- logins ---- */

/* '*' and a leading "*." stand for more; the rest is a name. */
static bool
covers(struct span pattern, struct span host)
{
	if (span_eq(pattern, SPAN("*")) || span_ieq(pattern, host))
		return true;
	return pattern.n > 1 && pattern.p[0] == '*' && host.n >= pattern.n - 1 &&
	    span_ieq((struct span){ pattern.p + 1, pattern.n - 1 },
	    (struct span){ host.p + host.n - (pattern.n - 1), pattern.n - 1 });
}

/* HOST:USER:PASSWORD, which may have colons itself; the first that fits counts, as a lookup has it. */
static void
read_login(struct exim *e, const char *path, struct section *relay)
{
	struct text t;
	struct span line, host, user;
	struct buf  name;

	buf_init(&name, MODEL_LINE);
	text_beside(path, "passwd.client", &name);
	if (text_open(&t, e->im, buf_cstr(&name)) == 0)
		while (relay->secret.n == 0 && text_line(&t, &line)) {
			if (!span_cut(&line, ':', &host) || !span_cut(&line, ':', &user) || line.n == 0)
				model_left(e->im, t.at, SPAN("line"),
				    "not understood; it should be HOST:USER:PASSWORD");
			else if (host.n > 0 && host.p[0] == '^')
				model_left(e->im, t.at, SPAN("passwd.client"), "a host by an expression; write "
				    "user and password-file into the relay that it is for");
			else if (covers(span_trim(host), model_value(relay, "host"))) {
				model_set(e->im, relay, "user", user, t.at);
				model_secret(e->im, relay, line, t.at);
			}
		}
	text_done(&t);
	buf_done(&name);
}

static void
put_relays(struct exim *e, const char *path)
{
	struct span rest = span_of(e->smarthost), one;

	while (span_cut(&rest, ';', &one)) {
		struct section *r;

		one = span_trim(one);
		if (one.n == 0 || (r = model_add(e->im, SECTION_RELAY, SPAN("smarthost"), e->relays_at)) == NULL)
			continue;
		if (!text_endpoint(e->im, r, one, SPAN("dc_smarthost"), e->relays_at))
			continue;
		if (model_get(r, "port") == NULL)
			model_set(e->im, r, "port", SPAN("25"), e->relays_at);
		read_login(e, path, r);
		if (span_eq(model_value(r, "port"), SPAN("465")))
			model_set(e->im, r, "tls", SPAN("implicit"), e->relays_at);
		else {
			model_set(e->im, r, "tls", SPAN("starttls"), e->relays_at);
			model_left(e->im, e->relays_at, SPAN("dc_smarthost"),
			    "Exim uses TLS where it is offered; it is used always here: "
			    "write tls = \"none\" and insecure = true if the server has none");
		}
	}
}

/* ---- listeners, names ---- */

/* Debian's default is this machine alone; empty is all addresses. */
static void
put_listeners(struct exim *e)
{
	struct span interfaces = span_trim(span_of(e->interfaces));

	listeners_put(e->im, interfaces.n > 0 ? interfaces : SPAN("all"), e->ports_at, span_of(e->nets), e->nets_at);
}

/* USER: ADDRESS */
static void
read_addresses(struct import *im)
{
	struct text t;
	struct span line, user, address;

	if (text_open(&t, im, "/etc/email-addresses") == 0)
		while (text_line(&t, &line))
			if (text_pair(line, ":", &user, &address))
				model_map(im, MAP_SENDERS, user, address, t.at);
	text_done(&t);
}

static void
put_names(struct exim *e)
{
	struct text t;
	struct span line;

	if (text_open(&t, e->im, "/etc/mailname") == 0 && text_line(&t, &line))
		model_set(e->im, model_top(e->im), "domain", line, t.at);
	text_done(&t);
	if (e->hide && e->visible != NULL && e->visible[0] != '\0')
		model_set(e->im, model_top(e->im), "domain", span_of(e->visible), e->hide_at);
}

int
exim_read(struct import *im, const char *path)
{
	struct exim e = { .im = im };
	struct text t;
	struct span line, key, value;
	int         r = text_open(&t, im, path);

	while (r == 0 && text_line(&t, &line))
		if (text_pair(line, "=", &key, &value))
			take(&e, key, text_unquoted(value), t.at);
	text_done(&t);
	if (r == 0 && e.relays) {
		put_relays(&e, path);
		put_names(&e);
		put_listeners(&e);
		read_addresses(im);
	} else if (r == 0) {
		model_left(im, e.type_at, SPAN("dc_eximconfig_configtype"), "it has no smarthost");
	}
	free(e.smarthost);
	free(e.nets);
	free(e.interfaces);
	free(e.visible);
	return r;
}
