/* config.c - the configuration, whole or not at all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "config/config.h"
#include "config/lanes.h"
#include "config/listen.h"
#include "config/names.h"
#include "config/notices.h"
#include "config/options.h"
#include "config/relay.h"
#include "config/source.h"

#define DEFAULT_EXPIRE_S    ((int64_t)5 * 24 * 3600)    /* RFC 5321 §4.5.4.1: at least 4-5 days */
#define DEFAULT_WARN_S      ((int64_t)4 * 3600)
#define DEFAULT_MAX_MESSAGE ((uint64_t)35 << 20)
#define DEFAULT_MIN_FREE    ((uint64_t)64 << 20)

static cfg_opt_t queue_schema[] = {
	SOURCE_OPTION("expire"),
	SOURCE_OPTION("warn-after"),
	SOURCE_OPTION("max-message"),
	SOURCE_OPTION("min-free"),
	SOURCE_OPTION("reports-per-hour"),
	SOURCE_OPTION("postmaster-copy"),
	CFG_END()
};

static cfg_opt_t log_schema[] = {
	SOURCE_OPTION("to"),
	SOURCE_OPTION("facility"),
	SOURCE_OPTION("level"),
	CFG_END()
};

static cfg_opt_t *
schema(void)
{
	static cfg_opt_t top[] = {
		SOURCE_OPTION("hostname"),
		SOURCE_OPTION("domain"),
		SOURCE_OPTION("local-mail"),
		SOURCE_OPTION("aliases"),
		SOURCE_LIST("masquerade"),
		SOURCE_LIST("masquerade-exceptions"),
		SOURCE_LIST("trusted-users"),
		SOURCE_OPTION("mailq"),
		SOURCE_LIST("relays"),
		SOURCE_LIST("alert-command"),
		CFG_SEC("relay", relay_schema, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_SEC("listen", listen_schema, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_SEC("route", lanes_route_schema, CFGF_MULTI | CFGF_NODEFAULT),
		CFG_SEC("map", names_map_schema, CFGF_MULTI | CFGF_NODEFAULT),
		CFG_SEC("queue", queue_schema, CFGF_NONE),
		CFG_SEC("flood", notices_flood_schema, CFGF_NODEFAULT),
		CFG_SEC("log", log_schema, CFGF_NONE),
		CFG_END()
	};

	return top;
}

void
config_free(struct config *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->nrelays; i++)
		relay_conf_done(&c->relays[i]);
	free(c->relays);
	lanes_done(c);
	listens_done(c);
	free(c->path);
	free(c->hostname);
	free(c->domain);
	addr_free(c->local_mail);
	names_done(c);
	notices_done(c);
	free(c);
}

enum with
relay_conf_with(const struct relay_conf *r)
{
	bool password = r->password_file != NULL || r->credential != NULL || r->password != NULL ||
	    r->password_command != NULL;

	if (r->oauth != NULL)
		return WITH_TOKEN;
	return r->user != NULL && (password || r->client_cert == NULL) ? WITH_PASSWORD : WITH_NONE;
}

/* ---- names ---- */

/*
 * The kernel's name, made full by the domain that was given.  Not asked of
 * the resolver: a machine that starts without a network would wait here,
 * and its name would change with the weather.
 */
static int
take_hostname(const struct source *s, struct config *c, struct buf *why)
{
	char name[256] = "";
	struct buf full;
	int rc = 0;

	c->hostname = source_domain(s->root, "hostname");
	if (c->hostname != NULL)
		return 0;
	if (gethostname(name, sizeof(name) - 1) < 0 || !option_is_host_name(span_of(name)))
		return source_wrong(s, s->root, NULL, why,
		    "this machine's name \"%.60s\" is no host name; "
		    "add hostname = \"web1.example.com\"", name);
	buf_init(&full, 512);
	buf_str(&full, name);
	if (strchr(name, '.') == NULL && c->domain != NULL)
		buf_printf(&full, ".%s", c->domain);
	if (!option_is_host_name(buf_view(&full)))
		rc = source_wrong(s, s->root, "domain", why, "\"%s\" is too long for a host name; "
		    "add hostname = \"web1.example.com\"", buf_cstr(&full));
	else
		c->hostname = xstrdup(buf_cstr(&full));
	buf_done(&full);
	return rc;
}

/* Mail for this host's users that goes to this host's users would go round for ever. */
static bool
is_this_host(const struct config *c, struct span domain)
{
	return span_ieq(domain, span_of(c->hostname)) || span_ieq(domain, SPAN("localhost"));
}

static int
take_names(const struct source *s, struct config *c, struct buf *why)
{
	const char *local_mail = source_str(s->root, "local-mail");
	int rc;

	c->domain = source_domain(s->root, "domain");
	rc = take_hostname(s, c, why);
	if (rc != 0)
		return rc;
	if (c->domain == NULL)
		c->domain = xstrdup(c->hostname);
	if (local_mail == NULL)
		return 0;
	c->local_mail = source_addr(s->root, "local-mail");
	if (is_this_host(c, addr_domain(c->local_mail)))
		return source_wrong(s, s->root, "local-mail", why,
		    "local-mail: %s is on this host, whose mail "
		    "it should receive; write an address elsewhere", local_mail);
	return 0;
}

/* ---- relays ---- */

static int
take_all_relays(const struct source *s, const char *providers, struct config *c, struct buf *why)
{
	unsigned i, n = cfg_size(s->root, "relay");
	int rc = 0;

	if (n == 0)
		return source_wrong(s, s->root, NULL, why, "no relay; "
		    "add relay NAME { provider = \"gmail\" user = \"you@gmail.com\" "
		    "password-file = \"...\" }");
	c->relays = xcalloc(n, sizeof(*c->relays));
	for (i = 0; i < n; i++) {
		int wrong = relay_take(s, cfg_getnsec(s->root, "relay", i), providers, &c->relays[c->nrelays], why);

		if (wrong == 0)
			c->nrelays++;
		else
			rc = wrong;
	}
	return rc;
}

/* ---- the rest ---- */

static void
take_queue(const struct source *s, struct config *c)
{
	cfg_t *sec = cfg_getsec(s->root, "queue");
	const char *mailq = source_str(s->root, "mailq");

	c->expire_s = source_duration_s(sec, "expire", DEFAULT_EXPIRE_S);
	c->warn_after_s = source_duration_s(sec, "warn-after", DEFAULT_WARN_S);
	c->max_message = source_size(sec, "max-message", DEFAULT_MAX_MESSAGE);
	c->min_free = source_size(sec, "min-free", DEFAULT_MIN_FREE);
	c->mailq_own = mailq != NULL && strcasecmp(mailq, "own") == 0;
}

static void
take_log(const struct source *s, struct config *c)
{
	cfg_t *sec = cfg_getsec(s->root, "log");
	const char *to = source_str(sec, "to");
	const char *facility = source_str(sec, "facility");
	const char *level = source_str(sec, "level");

	c->log_to = to != NULL && strcasecmp(to, "stderr") == 0 ? LOG_TO_STDERR : LOG_TO_SYSLOG;
	c->log_facility = LOG_MAIL;
	c->log_level = LOG_LEVEL_INFO;
	if (facility != NULL)
		log_facility(facility, &c->log_facility);
	if (level != NULL)
		log_level(level, &c->log_level);
}

static int
check_file(const struct source *s, struct buf *why)
{
	if ((s->st.st_mode & 02) == 0)
		return 0;
	buf_printf(why, "%s: writable by every user, who could then take all mail; chmod o-w %s",
	    s->path, s->path);
	return EX_CONFIG;
}

const struct relay_conf *
config_find_relay(const struct config *c, const char *name, struct buf *why)
{
	const char **names = xcalloc(c->nrelays + 1, sizeof(*names)), *nearest;
	const struct relay_conf *found = NULL;

	for (size_t i = 0; i < c->nrelays; i++) {
		names[i] = c->relays[i].name;
		if (strcmp(names[i], name) == 0)
			found = &c->relays[i];
	}
	if (found == NULL) {
		nearest = option_nearest(name, names);
		buf_printf(why, "there is no relay \"%s\"; did you mean %s?", name,
		    nearest != NULL ? nearest : names[0]);
	}
	free(names);
	return found;
}

/* What needs a part that is wrong is left alone: it would be blamed for that. */
static int
take_all(const struct source *s, const char *providers, struct config *c, struct buf *why)
{
	int names, relays, notices;

	names = take_names(s, c, why);
	if (names == 0)
		names = names_take(s, c, why);
	/* Provider files are parsed here while s is open: its tree stays whole, only the lexer is shared. */
	relays = take_all_relays(s, providers, c, why);
	if (names == 0 && relays == 0)
		relays = lanes_take(s, c, why);
	if (names == 0)
		names = listens_take(s, c, why);
	notices = notices_take(s, c, why);
	return names != 0 ? names : relays != 0 ? relays : notices;
}

int
config_read(const char *path, const char *providers, struct config **ret, struct buf *why)
{
	struct config *c;
	struct source s;
	int rc;

	rc = source_open(path, schema(), &s, why);
	if (rc == EX_NOPERM)
		buf_str(why, "; start as root, or let the daemon's user read it: chgrp " POSTERN_USER ", chmod 0640");
	else if (rc == EX_NOINPUT && access(path, F_OK) != 0 && errno == ENOENT)
		buf_str(why, "; postern setup writes one");
	if (rc != 0)
		return rc;
	c = xcalloc(1, sizeof(*c));
	c->path = xstrdup(path);
	rc = check_file(&s, why);
	if (rc == 0)
		rc = take_all(&s, providers, c, why);
	if (rc == 0) {
		take_queue(&s, c);
		take_log(&s, c);
		*ret = c;
	} else {
		config_free(c);
	}
	source_close(&s);
	return rc;
}
