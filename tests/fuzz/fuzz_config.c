/*
 * fuzz_config.c - a whole configuration, or a provider's file, by any hand:
 * taken, and then it holds what others rely on, or refused in one line that
 * begins with the file's name; the same each time, and what is read after it
 * is read as if nothing had been (the lexer below is one for all).
 *
 * The first octet's lowest bit: a provider's file.
 */
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "config/config.h"
#include "config/options.h"
#include "config/provider.h"
#include "fuzz/folder.h"
#include "fuzz/fuzz.h"

#define WHY_MAX 65536

static const char plain[] = "hostname = \"web1.example.com\"\nrelay a { host = \"127.0.0.1\" tls = \"none\" }\n";

static char providers[PATH_MAX], conf[PATH_MAX], other[PATH_MAX];

static void
begin(void)
{
	if (conf[0] != '\0')
		return;
	snprintf(conf, sizeof(conf), "%s/conf", folder());
	snprintf(providers, sizeof(providers), "%s", folder());
	snprintf(other, sizeof(other), "%s", folder_file("plain", span_of(plain), 0600));
	(void)folder_file("base.conf", SPAN("host = \"mail.example.net\"\nport = 465\ntls = \"implicit\"\n"
	    "rule { code = { 550, 452 } dsn = \"5.7.1\" verdict = \"defer\" hint = \"wait\" }\n"), 0644);
	(void)folder_file("family.conf", SPAN("host = \"mail.REGION.example.net\"\n"), 0644);
}

/* ---- refused ---- */

/* A line for each mistake, that says which file, and nothing that a terminal would obey. */
static void
has_lines(const struct buf *why, const char *path)
{
	struct span rest = buf_view(why), line;

	must(!why->over && why->n > 0 && strlen(buf_cstr(why)) == why->n);
	while (span_cut(&rest, '\n', &line)) {
		must(span_starts(line, span_of(path)) || (rest.n == 0 && span_starts(line, SPAN("there are more mistakes"))));
		for (size_t i = 0; i < line.n; i++)
			must((unsigned char)line.p[i] >= ' ' && line.p[i] != 127);
	}
}

/* ---- taken ---- */

static void
holds(const struct config *c)
{
	struct buf why;

	buf_init(&why, WHY_MAX);
	must(option_is_host_name(span_of(c->hostname)) && c->domain != NULL && c->aliases != NULL);
	must(c->nrelays > 0 && c->nlanes > 0 && c->expire_s > 0);
	for (size_t i = 0; i < c->nrelays; i++) {
		const struct relay_conf *r = &c->relays[i];

		must(r->name != NULL && r->host != NULL && r->host[0] != '\0');
		must(strpbrk(r->host, " \t\r\n/") == NULL && r->port > 0 && r->port <= 65535);
		must(r->connections > 0 && r->pipeline_depth > 0 && r->recipients_per_message > 0 && r->lane < c->nlanes);
		must(r->tls != TLS_NONE || relay_conf_with(r) == WITH_NONE || r->insecure || option_is_loopback(r->host));
		must(config_find_relay(c, r->name, &why) == r && why.n == 0);
	}
	for (size_t i = 0; i < c->nlanes; i++) {
		must(c->lanes[i].n > 0);
		for (size_t k = 0; k < c->lanes[i].n; k++)
			must(c->lanes[i].relay[k] < c->nrelays);
	}
	for (size_t i = 0; i < c->nroutes; i++)
		must(c->routes[i].lane < c->nlanes);
	for (size_t i = 0; i < c->nlistens; i++)
		must(c->listens[i].at != NULL && c->listens[i].clients > 0 && c->listens[i].idle_s > 0);
	buf_done(&why);
}

static int
read_conf(const char *path, struct buf *why)
{
	struct config *c = NULL;
	int rc = config_read(path, providers, &c, why);

	must((rc == 0) == (c != NULL) && (rc == 0) == (why->n == 0));
	must(rc == 0 || (rc >= EX__BASE && rc <= EX__MAX));
	if (c != NULL)
		holds(c);
	config_free(c);
	return rc;
}

static int
read_provider(const char *path, struct buf *why)
{
	struct provider p = { .host = NULL };
	struct buf name;
	int rc = provider_read(path, "x", &p, why);

	must((rc == 0) == (why->n == 0) && (rc == 0 || (rc >= EX__BASE && rc <= EX__MAX)));
	if (rc == 0) {
		must(p.port <= 65535 && (p.tls == NULL || strcasecmp(p.tls, "none") != 0));
		for (size_t i = 0; i < p.rules.n; i++)
			must(p.rules.rule[i].verdict != VERDICT_NONE && p.rules.rule[i].code < 600);
		provider_done(&p);
	}
	buf_init(&name, 512);
	if (provider_of_domain(path, SPAN("example.net"), &name))
		must(strcmp(buf_cstr(&name), "x") == 0);
	buf_done(&name);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf why, again, none;
	bool provider;
	int rc;

	if (n == 0)
		return 0;
	begin();
	buf_init(&why, WHY_MAX);
	buf_init(&again, WHY_MAX);
	buf_init(&none, WHY_MAX);
	provider = (data[0] & 1) != 0;
	(void)folder_file(provider ? "x.conf" : "conf", (struct span){ (const char *)data + 1, n - 1 }, 0600);
	rc = provider ? read_provider(providers, &why) : read_conf(conf, &why);
	must(read_conf(other, &none) == 0);
	must((provider ? read_provider(providers, &again) : read_conf(conf, &again)) == rc);
	must(span_eq(buf_view(&why), buf_view(&again)));
	if (rc != 0 && (!provider || rc != EX_NOINPUT))
		has_lines(&why, folder());
	buf_done(&why);
	buf_done(&again);
	buf_done(&none);
	return 0;
}
