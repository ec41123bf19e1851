/*
 * newaliases.c - postern newaliases: is the aliases file all right?  There is
 * no table to be built, for the daemon reads the file itself.  Packages call
 * this while they are installed, so a configuration that is not there yet is
 * no failure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "config/names.h"
#include "postern/command.h"
#include "postern/names.h"
#include "postern/permit.h"
#include "route/route.h"
#include "spool/place.h"

struct check {
	const struct config *conf;      /* NULL: there is none */
	char                 host[256];
	struct buf           said;      /* a loop is met from every alias that leads to it */
	size_t               wrong;
};

static void
on_wrong(void *arg, const char *where, const char *what)
{
	struct check *c = arg;
	struct buf line;

	buf_init(&line, 8192);
	buf_printf(&line, "%s: %s\n", where, what);
	if (strstr(buf_cstr(&c->said), buf_cstr(&line)) == NULL) {
		buf_span(&c->said, buf_view(&line));
		fputs(buf_cstr(&line), stderr);
		c->wrong++;
	}
	buf_done(&line);
}

static bool
is_local(void *arg, const struct addr *a)
{
	static const struct config nothing = { .hostname = NULL };
	const struct check *c = arg;

	return route_is_local(c->conf != NULL ? c->conf : &nothing, c->host, a);
}

static void
on_end(void *arg, const struct alias_end *e)
{
	(void)arg;
	(void)e;
}

static void
say_unused(const struct aliases *t, const struct alias *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (a->target[i].kind == ALIAS_COMMAND || a->target[i].kind == ALIAS_FILE)
			printf("%s:%u: %s: \"%s\" is never %s; the mail goes to local-mail\n",
			    t->path, a->line, a->name, a->target[i].text,
			    a->target[i].kind == ALIAS_COMMAND ? "run" : "written");
}

static void
say_owner(const struct aliases *t, const struct alias *a)
{
	const struct alias *owner = aliases_owner(t, a);

	if (owner != NULL)
		printf("%s:%u: %s: its mail leaves with what %s comes to as the sender\n", t->path, a->line,
		    a->name, owner->name);
}

/* Every alias, and every file it includes. */
static void
follow_all(struct check *c, const struct aliases *t)
{
	const struct alias_ops ops = { .is_local = is_local, .end = on_end, .arg = c };
	const struct alias_ear ear = { .wrong = on_wrong, .arg = c };
	size_t i;

	for (i = 0; i < t->n; i++) {
		struct addr *a = addr_of_user(span_of(t->alias[i].name), NULL);

		say_unused(t, &t->alias[i]);
		say_owner(t, &t->alias[i]);
		if (a != NULL)
			alias_expand(t, a, &ops, &ear);
		addr_free(a);
	}
}

static int
check_file(struct check *c, const char *path, struct buf *why)
{
	const struct alias_ear ear = { .wrong = on_wrong, .arg = c };
	struct aliases *t = NULL;
	int rc = names_read(path, &ear, &t, why);

	if (rc != 0)
		return rc;
	if (t == NULL) {
		printf("%s: there is no such file, and so no alias\n", path);
		return 0;
	}
	if (!permit_daemon_reads(path, "mail for local names waits; chmod 0644", why)) {
		c->wrong++;
		fprintf(stderr, "postern: %s\n", buf_cstr(why));
		buf_clear(why);
	}
	follow_all(c, t);
	printf("%s: %zu aliases, longest %zu bytes, %zu bytes total\n", path, t->n, t->longest,
	    t->bytes);
	aliases_free(t);
	return c->wrong > 0 ? EX_DATAERR : 0;
}

int
command_newaliases(int argc, char **argv)
{
	struct check c = { .conf = NULL };
	struct config *conf = NULL;
	const char *path;
	struct buf why;
	int rc;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		fputs("usage: postern newaliases [FILE]\n", stderr);
		return EX_USAGE;
	}
	buf_init(&why, 65536);
	buf_init(&c.said, 16u << 20);
	names_host(c.host);
	rc = config_read(place_conf(), place_providers(), &conf, &why);
	c.conf = conf;
	if (rc == EX_NOINPUT || rc == EX_NOPERM) {
		buf_clear(&why);
		rc = 0;
	}
	path = argc == 2 ? argv[1] : conf != NULL ? conf->aliases : NAMES_DEFAULT_ALIASES;
	if (rc == 0)
		rc = check_file(&c, path, &why);
	if (why.n > 0)
		fprintf(stderr, "postern: %s\n", buf_cstr(&why));
	config_free(conf);
	buf_done(&c.said);
	buf_done(&why);
	return rc;
}
