/*
 * check.c - postern check: would the daemon take this configuration, may it
 * read what it has to, and with --online: does each relay let it in?
 * Everything that is wrong is told.  Without --online no packet leaves: an
 * installation or a boot checks where there is no network yet.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/config.h"
#include "config/mapfile.h"
#include "config/secret.h"
#include "config/provider.h"
#include "config/users.h"
#include "postern/check_spool.h"
#include "postern/command.h"
#include "postern/document.h"
#include "postern/findings.h"
#include "postern/names.h"
#include "postern/permit.h"
#include "postern/tried.h"
#include "spool/place.h"

#define SECRET_CURE "chgrp " POSTERN_USER " and chmod 0640"

/* A password file of 0600 root is the usual mistake, and the daemon would find it only at its first mail. */
static int
check_daemon_can(const char *path, struct buf *why)
{
	return path == NULL || permit_daemon_reads(path, SECRET_CURE, why) ? 0 : EX_CONFIG;
}

/* Whether it is the certificate's key is found by the daemon: it has the TLS library. */
static int
check_client_key(const struct relay_conf *r, struct buf *why)
{
	int rc = r->client_key != NULL ? secret_check_file(r->client_key, why) : 0;

	return rc == 0 ? check_daemon_can(r->client_key, why) : rc;
}

static int
check_readable(const char *path, struct buf *why)
{
	int rc = path != NULL ? secret_check_file(path, why) : 0;

	return rc == 0 ? check_daemon_can(path, why) : rc;
}

/* Whether somebody has agreed is no error of the configuration: it is written first. */
static int
check_oauth(struct findings *f, const char *about, const struct relay_conf *r, struct buf *why)
{
	const struct oauth_conf *o = r->oauth;
	struct buf path;
	int rc = check_readable(o->client_secret_file, why);

	if (rc == 0)
		rc = check_readable(o->key_file, why);
	if (rc != 0 || o->flow == FLOW_CLIENT || o->flow == FLOW_KEY)
		return rc;
	buf_init(&path, 8192);
	if (o->token_file != NULL)
		buf_str(&path, o->token_file);
	else
		place_put_token(&path, r->name);
	if (access(buf_cstr(&path), F_OK) != 0 && errno == ENOENT)
		findings_well(f, about, "nobody has agreed yet: postern login %s", r->name);
	buf_done(&path);
	return 0;
}

static int
check_secret(struct findings *f, const char *about, const struct relay_conf *r, struct buf *why)
{
	struct buf secret;
	int rc;

	if (relay_conf_with(r) != WITH_PASSWORD)
		return r->oauth != NULL ? check_oauth(f, about, r, why) : 0;
	/* Not run: it may count its uses or want a key touched, and it is for the daemon's user. */
	if (r->password_command != NULL)
		return secret_check_command(r, why);
	if (r->credential != NULL && getenv("CREDENTIALS_DIRECTORY") == NULL) {
		findings_well(f, about, "credential \"%s\" is given by the service manager; not checked here",
		    r->credential);
		return 0;
	}
	buf_init(&secret, 65536);
	rc = secret_read(r, &secret, why);
	buf_wipe(&secret);
	if (rc == 0)
		rc = check_daemon_can(r->password_file, why);
	if (rc == 0 && r->password_file != NULL && !permit_is_ours(r->password_file, "can read the password", why))
		rc = EX_CONFIG;
	return rc;
}

static void
check_relay(struct findings *f, const struct relay_conf *r)
{
	static const char *const modes[] = {
		[TLS_IMPLICIT] = "TLS", [TLS_STARTTLS] = "STARTTLS", [TLS_NONE] = "no TLS",
	};
	char about[300];
	struct buf why;
	int rc;

	snprintf(about, sizeof(about), "relay %s", r->name);
	buf_init(&why, 65536);
	rc = check_secret(f, about, r, &why);
	if (rc == 0)
		rc = check_client_key(r, &why);
	if (rc == 0)
		findings_well(f, about, "%s port %u, %s, %s%s", r->host, r->port, modes[r->tls],
		    r->user != NULL ? "login as " : "no login", r->user != NULL ? r->user : "");
	else if (rc == EX_NOPERM && geteuid() != 0)
		findings_well(f, about, "only root can look at its password or key: sudo postern check");
	else
		findings_wrong(f, rc, about, "%s", buf_cstr(&why));
	buf_done(&why);
}

/* The certificate is not looked at: that would bring the TLS library in here. */
static int
look_at_listener(const struct listen_conf *l, struct users **ret, struct buf *why)
{
	int rc = 0;

	if (l->key != NULL)
		rc = secret_check_file(l->key, why);
	if (rc == 0)
		rc = check_daemon_can(l->key, why);
	if (rc == 0 && l->users_file != NULL && (*ret = users_read(l->users_file, why)) == NULL)
		rc = EX_CONFIG;
	return rc == 0 ? check_daemon_can(l->users_file, why) : rc;
}

static void
check_listener(struct findings *f, const struct listen_conf *l)
{
	struct users *u = NULL;
	char about[300];
	struct buf why;
	int rc;

	snprintf(about, sizeof(about), "listen %s", l->at);
	buf_init(&why, 65536);
	rc = look_at_listener(l, &u, &why);
	if (rc != 0)
		findings_wrong(f, rc, about, "%s", buf_cstr(&why));
	else if (u != NULL)
		findings_well(f, about, "%zu users", users_count(u));
	else
		findings_well(f, about, "%s", "");
	users_free(u);
	buf_done(&why);
}

/* False: one cannot be used, and no daemon would start. */
static bool
check_maps(struct findings *f, const struct config *c)
{
	struct buf why;
	int rc;

	buf_init(&why, 65536);
	if ((rc = mapfiles_read(c, &why)) != 0)
		findings_wrong(f, rc, "map", "%s", buf_cstr(&why));
	for (size_t i = 0; rc == 0 && i < c->nmaps; i++) {
		const struct mapfile *m = c->maps[i].file;

		if (m == NULL)
			continue;
		if (!permit_daemon_reads(mapfile_path(m), "chmod 0644", &why))
			findings_wrong(f, EX_CONFIG, "map", "%s", buf_cstr(&why));
		else
			findings_well(f, "map", "%s: %zu lines", mapfile_path(m), maptable_count(mapfile_table(m)));
		buf_clear(&why);
	}
	buf_done(&why);
	return rc == 0;
}

/* ---- aliases ---- */

static void
on_wrong_alias(void *arg, const char *where, const char *what)
{
	findings_wrong(arg, EX_CONFIG, "aliases", "%s: %s", where, what);
}

static void
check_aliases(struct findings *f, const char *path)
{
	const struct alias_ear ear = { .wrong = on_wrong_alias, .arg = f };
	struct aliases *t = NULL;
	struct buf why;
	int rc;

	buf_init(&why, 65536);
	if ((rc = names_read(path, &ear, &t, &why)) != 0)
		findings_wrong(f, rc, "aliases", "%s", buf_cstr(&why));
	else if (t == NULL)
		findings_well(f, "aliases", "%s: there is none", path);
	else if (!permit_daemon_reads(path, "chmod 0644", &why))
		findings_wrong(f, EX_CONFIG, "aliases", "%s", buf_cstr(&why));
	else
		findings_well(f, "aliases", "%s", path);
	aliases_free(t);
	buf_done(&why);
}

/* ---- provider files ---- */

/* A family of regions has no name without one: the caller asks again with one. */
static bool
provider_reads(struct span name, const char *region, struct buf *why)
{
	struct provider p;
	struct buf whole;
	bool reads;

	buf_init(&whole, 4096);
	buf_span(&whole, name);
	buf_str(&whole, region);
	reads = provider_read(place_providers(), buf_cstr(&whole), &p, why) == 0;
	if (reads)
		provider_done(&p);
	buf_done(&whole);
	return reads;
}

/* All of them, used or not: the next relay may be of any. */
static void
check_providers(struct findings *f)
{
	DIR *d = opendir(place_providers());
	const struct dirent *e;
	unsigned good = 0;
	struct buf why, other;

	buf_init(&why, 65536);
	buf_init(&other, 65536);
	if (d == NULL) {
		findings_wrong(f, EX_CONFIG, "providers", "%s: %s; install it again", place_providers(),
		    strerror(errno));
		return;
	}
	while ((e = readdir(d)) != NULL) {
		struct span name = span_of(e->d_name);

		if (name.n <= 5 || !span_eq((struct span){ name.p + name.n - 5, 5 }, SPAN(".conf")))
			continue;
		name.n -= 5;
		buf_clear(&why);
		buf_clear(&other);
		if (provider_reads(name, "", &why) || provider_reads(name, "-eu-west-1", &other))
			good++;
		else
			findings_wrong(f, EX_CONFIG, "providers", "%s", buf_cstr(&why));
	}
	buf_done(&why);
	buf_done(&other);
	closedir(d);
	findings_well(f, "providers", "%s: %u are known", place_providers(), good);
}

/* ---- what is tried ---- */

struct check {
	struct args     args;
	const char     *path;
	bool            online, json;
	struct findings f;
	json_t         *doc;
};

/* As the daemon would log in; the words that follow a failure are tried.c's. */
static void
try_relay(struct check *k, const struct relay_conf *r, json_t *list)
{
	const char *const words[] = { "login", "-c", k->path, "--relay", r->name, NULL };
	struct tried t;
	char about[300];
	int rc;

	tried_init(&t, k->json);
	rc = tried_run(&t, words);
	snprintf(about, sizeof(about), "relay %s", r->name);
	if (t.error.n > 0)
		findings_wrong(&k->f, rc, about, "%s", buf_cstr(&t.error));
	else if (rc != 0)
		findings_wrong(&k->f, rc, about, "relay %s does not let us in; what it said and what to do %s", r->name,
		    k->json ? "is in relays" : "stands above");
	if (list != NULL)
		json_array_append(list, t.doc);
	tried_done(&t);
}

static void
try_relays(struct check *k, const struct config *c)
{
	json_t *list = k->json ? json_array() : NULL;

	if (!k->json)
		putchar('\n');
	for (size_t i = 0; i < c->nrelays; i++)
		try_relay(k, &c->relays[i], list);
	if (k->json)
		document_set(k->doc, "relays", list);
}

/* Of cron: what most machines send most of. */
static void
show_wire(struct check *k)
{
	const char *const words[] = { "wire", "-c", k->path, NULL };
	struct tried t;
	int rc;

	if (!k->json) {
		puts("\nWhat cron's mail to root would be on the wire, envelope and header:");
		fflush(stdout);
	}
	tried_init(&t, k->json);
	rc = tried_run(&t, words);
	if (rc == EX_NOPERM)
		findings_well(&k->f, "wire", "only root, or the daemon's user, can be shown that");
	else if (rc == EX_OSFILE)
		findings_well(&k->f, "wire", "not without a spool: whose it is says as whom to look");
	else if (rc != 0)
		findings_wrong(&k->f, rc, "wire", "%s", buf_cstr(&t.error));
	if (k->json) {
		static const char *const parts[] = { "envelope", "header" };
		json_t *o = json_object(), *part;

		for (size_t i = 0; i < 2; i++) {
			part = json_object_get(t.doc, parts[i]);
			document_set(o, parts[i], part != NULL ? json_incref(part) : json_array());
		}
		document_set(k->doc, "wire", o);
	}
	tried_done(&t);
}

/* ---- the command ---- */

const struct args_option check_options[] = {
	{ "online", NULL, "connect to each relay and log in; nothing is sent" },
	{ "json", NULL, "one JSON document" },
	{ NULL, NULL, NULL },
};

enum { ONLINE, JSON };

static int
read_args(struct check *k)
{
	int i;

	while ((i = args_next(&k->args)) != ARGS_END) {
		if (i == ARGS_BAD)
			return EX_USAGE;
		if (i == ARGS_WORD && k->path != NULL)
			return args_refuse(&k->args, "\"%s\" is a word too many; one file", k->args.value);
		if (i == ARGS_WORD)
			k->path = k->args.value;
		k->online |= i == ONLINE;
		k->json |= i == JSON;
	}
	if (k->path == NULL)
		k->path = place_conf();
	return 0;
}

/* The unit starts the daemon as its own user: what root reads here may be shut to it. */
static void
check_file(struct check *k)
{
	struct buf why;

	buf_init(&why, 65536);
	if (!permit_daemon_reads(k->path, SECRET_CURE, &why) ||
	    !permit_is_ours(k->path, "decides by it where all mail goes", &why))
		findings_wrong(&k->f, EX_CONFIG, k->path, "%s", buf_cstr(&why));
	buf_done(&why);
}

static void
say_mistakes(struct check *k, int rc, struct span rest)
{
	struct span line;

	while (span_cut(&rest, '\n', &line))
		findings_wrong(&k->f, rc, k->path, "%.*s", (int)line.n, line.p);
}

static void
check_all(struct check *k)
{
	struct config *c = NULL;
	bool starts = false;            /* would the daemon, with this? */
	struct buf why;
	int rc;

	buf_init(&why, 65536);
	if ((rc = config_read(k->path, place_providers(), &c, &why)) != 0)
		say_mistakes(k, rc, buf_view(&why));
	else
		check_file(k);
	for (size_t i = 0; rc == 0 && i < c->nrelays; i++)
		check_relay(&k->f, &c->relays[i]);
	for (size_t i = 0; rc == 0 && i < c->nlistens; i++)
		check_listener(&k->f, &c->listens[i]);
	if (rc == 0) {
		starts = check_maps(&k->f, c);
		check_aliases(&k->f, c->aliases);
	}
	check_providers(&k->f);
	check_spool(&k->f);
	if (starts && k->online)
		try_relays(k, c);
	if (starts)
		show_wire(k);
	if (k->json)
		document_set(k->doc, "hostname", document_text(rc == 0 ? c->hostname : NULL));
	else if (k->f.wrong == 0)
		printf("\n%s: OK, this host is %s\n", k->path, c->hostname);
	config_free(c);
	buf_done(&why);
}

int
command_check(int argc, char **argv)
{
	struct check k = { .args = { .argc = argc, .argv = argv, .options = check_options } };
	int rc = read_args(&k);

	if (rc != 0)
		return rc;
	findings_init(&k.f, k.json);
	k.doc = k.json ? json_object() : NULL;
	check_all(&k);
	rc = k.f.rc;
	if (k.json) {
		document_set(k.doc, "file", document_text(k.path));
		document_set(k.doc, "ok", json_boolean(k.f.wrong == 0));
		document_set(k.doc, "exit", json_integer(rc));
		document_set(k.doc, "findings", json_incref(k.f.list));
		document_print(stdout, k.doc);
	} else if (k.f.wrong > 1) {
		fprintf(stderr, "postern: %u things are wrong\n", k.f.wrong);
	}
	findings_done(&k.f);
	return rc == 0 ? document_finish(stdout) : rc;
}
