/* check.c - postern check: would the daemon take this configuration? */
#include <sys/stat.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/config.h"
#include "config/mapfile.h"
#include "config/secret.h"
#include "config/users.h"
#include "postern/command.h"
#include "spool/place.h"

#ifndef POSTERN_USER
#define POSTERN_USER "postern"
#endif

/*
 * Root reads everything; the daemon does not.  A password file of 0600 root
 * is the usual mistake, and the daemon would find it only at its first mail.
 */
static int
check_daemon_can(const char *path, struct buf *why)
{
	const struct passwd *daemon = getpwnam(POSTERN_USER);
	struct stat st;

	if (geteuid() != 0 || path == NULL || daemon == NULL || daemon->pw_uid == 0 ||
	    stat(path, &st) < 0)
		return 0;
	if ((st.st_uid == daemon->pw_uid && (st.st_mode & 0400) != 0) ||
	    (st.st_gid == daemon->pw_gid && (st.st_mode & 0040) != 0))
		return 0;
	buf_printf(why, "%s: the daemon (user %s) cannot read it; chgrp %s and chmod 0640",
	    path, POSTERN_USER, POSTERN_USER);
	return EX_CONFIG;
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
check_oauth(const struct relay_conf *r, struct buf *why)
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
		printf("relay %s: nobody has agreed yet: postern login %s\n", r->name, r->name);
	buf_done(&path);
	return 0;
}

static int
check_secret(const struct relay_conf *r, struct buf *why)
{
	struct buf secret;
	int rc;

	if (r->user == NULL)
		return 0;
	if (r->oauth != NULL)
		return check_oauth(r, why);
	if (r->credential != NULL && getenv("CREDENTIALS_DIRECTORY") == NULL) {
		printf("relay %s: credential \"%s\" is given by the service manager; not checked here\n",
		    r->name, r->credential);
		return 0;
	}
	buf_init(&secret, 65536);
	rc = secret_read(r, &secret, why);
	buf_wipe(&secret);
	return rc == 0 ? check_daemon_can(r->password_file, why) : rc;
}

static void
say_relay(const struct relay_conf *r)
{
	static const char *const modes[] = {
		[TLS_IMPLICIT] = "TLS", [TLS_STARTTLS] = "STARTTLS", [TLS_NONE] = "no TLS",
	};

	printf("relay %s: %s port %u, %s, %s%s\n", r->name, r->host, r->port, modes[r->tls],
	    r->user != NULL ? "login as " : "no login", r->user != NULL ? r->user : "");
}

/* The certificate is not looked at: that would bring the TLS library in here. */
static int
check_listener(const struct listen_conf *l, struct buf *why)
{
	struct users *u = NULL;
	int rc = 0;

	if (l->key != NULL)
		rc = secret_check_file(l->key, why);
	if (rc == 0)
		rc = check_daemon_can(l->key, why);
	if (rc == 0 && l->users_file != NULL && (u = users_read(l->users_file, why)) == NULL)
		rc = EX_CONFIG;
	if (rc == 0)
		rc = check_daemon_can(l->users_file, why);
	if (rc == 0 && u != NULL)
		printf("listen %s: %zu users\n", l->at, users_count(u));
	else if (rc == 0)
		printf("listen %s\n", l->at);
	users_free(u);
	return rc;
}

static int
check_maps(const struct config *c, struct buf *why)
{
	int rc = mapfiles_read(c, why);

	for (size_t i = 0; rc == 0 && i < c->nmaps; i++) {
		const struct mapfile *f = c->maps[i].file;

		if (f != NULL && (rc = check_daemon_can(mapfile_path(f), why)) == 0)
			printf("map %s: %zu lines\n", mapfile_path(f), maptable_count(mapfile_table(f)));
	}
	return rc;
}

int
command_check(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : place_conf();
	struct config *c = NULL;
	struct buf why;
	size_t i;
	int rc;

	if (argc > 2 || path[0] == '-') {
		fputs("usage: postern check [FILE]\n", stderr);
		return EX_USAGE;
	}
	buf_init(&why, 65536);
	rc = config_read(path, place_providers(), &c, &why);
	for (i = 0; rc == 0 && i < c->nrelays; i++) {
		rc = check_secret(&c->relays[i], &why);
		if (rc == 0)
			rc = check_client_key(&c->relays[i], &why);
		if (rc == 0)
			say_relay(&c->relays[i]);
	}
	for (i = 0; rc == 0 && i < c->nlistens; i++)
		rc = check_listener(&c->listens[i], &why);
	if (rc == 0)
		rc = check_maps(c, &why);
	if (rc == 0)
		printf("%s: OK, this host is %s\n", path, c->hostname);
	else
		fprintf(stderr, "postern: %s\n", buf_cstr(&why));
	config_free(c);
	buf_done(&why);
	return rc == EX_NOINPUT ? EX_CONFIG : rc;
}
