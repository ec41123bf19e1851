/* login_client.c - see login_client.h. */
#include "postern/login_client.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fs.h"
#include "config/edit.h"
#include "config/options.h"
#include "config/provider.h"
#include "config/source.h"
#include "postern/ask.h"
#include "postern/change.h"
#include "postern/client.h"
#include "postern/install.h"
#include "postern/plain.h"
#include "spool/place.h"

#define SECRET_MAX 4096

static int
fail(int rc, const char *what)
{
	fprintf(stderr, "postern: %s\n", what);
	return rc;
}

static int
unanswered(enum ask a)
{
	return fail(a == ASK_STOPPED ? 130 : EX_USAGE, a == ASK_STOPPED ? "stopped; nothing has changed" :
	    "no answer; nothing has changed");
}

static void
say(const struct buf *why)
{
	struct buf b;

	buf_init(&b, 65536);
	plain_put(&b, buf_view(why));
	puts(buf_cstr(&b));
	buf_done(&b);
}

/* ---- what is missing ---- */

struct lack {
	const char *relay;
	struct buf  old, text;          /* the configuration, before and with what was said */
	bool        service, id;
	struct buf  secret;             /* empty: none was said */
	char       *secret_path;
};

static bool
says(const struct lack *l, const char *section, const char *option)
{
	return edit_relay_says(buf_view(&l->old), l->relay, section, option) == 1;
}

/* A relay with a password, or without a login, has no client; one with a key needs none. */
static void
look(struct lack *l)
{
	static const char *const passwords[] = { "password", "password-file", "password-command", "credential" };
	bool tokens = says(l, NULL, "user") && !says(l, "oauth", "key-file");

	for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++)
		tokens = tokens && !says(l, NULL, passwords[i]);
	l->id = tokens && !says(l, "oauth", "client-id");
	l->service = tokens && !says(l, NULL, "provider") && !says(l, NULL, "host");
}

/* ---- asking ---- */

static bool
is_service(const char *name)
{
	struct provider p;
	struct buf why;
	bool is;

	buf_init(&why, 65536);
	is = provider_read(place_providers(), name, &p, &why) == 0;
	if (is)
		provider_done(&p);
	else
		say(&why);
	buf_done(&why);
	return is;
}

static enum ask
ask_service(struct lack *l)
{
	struct buf answer;
	enum ask a;

	buf_init(&answer, ASK_LINE_MAX);
	printf("Relay %s does not say whose account it is.\n", l->relay);
	do
		a = ask_line("Service, such as gworkspace or m365", NULL, &answer);
	while (a == ASK_OK && !is_service(buf_cstr(&answer)));
	if (a == ASK_OK)
		edit_put_in_relay(&l->text, l->relay, NULL, "provider", buf_view(&answer));
	buf_done(&answer);
	return a;
}

static bool
is_id(const char *text)
{
	struct buf why;
	bool is;

	buf_init(&why, 4096);
	is = option_check("client-id", text, &why) == 0;
	if (!is)
		say(&why);
	buf_done(&why);
	return is;
}

static enum ask
ask_id(struct lack *l)
{
	struct buf answer;
	enum ask a;

	buf_init(&answer, ASK_LINE_MAX);
	printf("Relay %s has no client id.  A client is registered at the service once: postern.conf(5), OAUTH, says\n"
	    "how.\n", l->relay);
	do
		a = ask_line("Client id", NULL, &answer);
	while (a == ASK_OK && !is_id(buf_cstr(&answer)));
	if (a == ASK_OK && !says(l, "oauth", "client-secret-file"))
		a = ask_secret("Its secret, or nothing where it has none", &l->secret);
	if (a == ASK_OK && l->secret.n > 0)
		edit_put_in_relay(&l->text, l->relay, "oauth", "client-secret-file", span_of(l->secret_path));
	if (a == ASK_OK)
		edit_put_in_relay(&l->text, l->relay, "oauth", "client-id", buf_view(&answer));
	buf_done(&answer);
	return a;
}

static int
ask(struct lack *l)
{
	bool yes = false;
	enum ask a = ASK_OK;

	if (l->service)
		a = ask_service(l);
	if (a == ASK_OK && l->id)
		a = ask_id(l);
	if (a == ASK_OK) {
		change_show(stdout, place_conf(), buf_view(&l->old), buf_view(&l->text));
		putchar('\n');
		a = ask_yes("Write it?", false, &yes);
	}
	if (a != ASK_OK)
		return unanswered(a);
	return yes ? EX_OK : fail(EX_TEMPFAIL, "nothing has changed; the lines marked + are what is missing");
}

/* ---- writing ---- */

/* The secret comes first: a configuration that names it is never there without it. */
static int
write_files(const struct lack *l, struct buf *why)
{
	struct install conf = { 0 }, secret = { 0 };
	struct buf kept, kept_secret;
	int rc = install_stage(place_conf(), buf_view(&l->text), INSTALL_PLAIN, &conf, why);

	buf_init(&kept, 8192);
	buf_init(&kept_secret, 8192);
	if (rc == 0)
		rc = change_check(&conf, why);
	if (rc == 0 && l->secret.n > 0)
		rc = install_stage(l->secret_path, buf_view(&l->secret), INSTALL_SECRET, &secret, why);
	if (rc == 0 && l->secret.n > 0)
		rc = install_commit(&secret, &kept_secret, why);
	if (rc == 0)
		rc = install_commit(&conf, &kept, why);
	if (rc == 0 && l->secret.n > 0)
		printf("wrote %s, for root and the daemon alone\n", l->secret_path);
	if (rc == 0 && kept_secret.n > 0)
		printf("kept the old one as %s\n", buf_cstr(&kept_secret));
	if (rc == 0)
		printf("wrote %s, kept the old one as %s\n", place_conf(), buf_cstr(&kept));
	install_abandon(&conf);
	install_abandon(&secret);
	buf_done(&kept);
	buf_done(&kept_secret);
	return rc;
}

/* One that does not run reads it when it starts. */
static void
tell_daemon(void)
{
	struct buf why;
	int rc;

	buf_init(&why, CLIENT_LINE_MAX);
	rc = client_daemon("reload", NULL, client_nothing, NULL, &why);
	if (rc == 0)
		puts("the daemon has read it");
	else if (rc != EX_UNAVAILABLE)
		fail(rc, buf_cstr(&why));
	buf_done(&why);
}

static char *
name_secret(const char *relay)
{
	const char *conf = place_conf(), *slash = strrchr(conf, '/');
	struct buf b;
	char *path;

	buf_init(&b, 8192);
	buf_printf(&b, "%.*s%s.secret", slash != NULL ? (int)(slash + 1 - conf) : 0, conf, relay);
	path = xstrdup(buf_cstr(&b));
	buf_done(&b);
	return path;
}

static int
complete(struct lack *l)
{
	struct buf why;
	int rc;

	ask_begin();
	rc = ask(l);
	if (rc == EX_OK) {
		buf_init(&why, 65536);
		if ((rc = write_files(l, &why)) == 0)
			tell_daemon();
		else
			fail(rc, buf_cstr(&why));
		buf_done(&why);
	}
	ask_end();
	return rc;
}

int
login_complete(const char *relay)
{
	struct lack l = { .relay = relay };
	struct stat st;
	int rc = EX_OK;

	if (!ask_is_person())
		return EX_OK;
	buf_init(&l.old, SOURCE_MAX_BYTES);
	buf_init(&l.text, SOURCE_MAX_BYTES);
	buf_init(&l.secret, SECRET_MAX);
	buf_room(&l.secret, SECRET_MAX - 1);
	l.secret_path = name_secret(relay);
	/* What is wrong with the file itself is said by whoever reads it next. */
	if (fs_slurp_path(place_conf(), SOURCE_MAX_BYTES, &st, &l.old) == 0) {
		buf_span(&l.text, buf_view(&l.old));
		look(&l);
		if (l.service || l.id)
			rc = complete(&l);
	}
	free(l.secret_path);
	buf_wipe(&l.secret);
	buf_done(&l.text);
	buf_done(&l.old);
	return rc;
}

/* ---- the secret alone ---- */

static int
keep_secret(const char *path, struct span secret)
{
	struct install in;
	struct buf why;
	int rc;

	buf_init(&why, 16384);
	rc = install_stage(path, secret, INSTALL_SECRET, &in, &why);
	if (rc == 0)
		rc = install_commit(&in, NULL, &why);
	if (rc == 0)
		printf("wrote %s, for root and the daemon alone\n", path);
	else
		fail(rc, buf_cstr(&why));
	buf_done(&why);
	return rc;
}

int
login_ask_secret(const char *path)
{
	struct buf secret;
	enum ask a;
	int rc;

	if (path == NULL || !ask_is_person() || access(path, F_OK) == 0 || errno != ENOENT)
		return EX_OK;
	printf("%s is not there: the client's secret is kept in it.\n", path);
	buf_init(&secret, SECRET_MAX);
	buf_room(&secret, SECRET_MAX - 1);
	ask_begin();
	a = ask_secret("Client secret", &secret);
	ask_end();
	if (a != ASK_OK || secret.n == 0)
		rc = fail(a == ASK_STOPPED ? 130 : EX_USAGE, "no secret was given; nothing has changed");
	else
		rc = keep_secret(path, buf_view(&secret));
	buf_wipe(&secret);
	return rc;
}
