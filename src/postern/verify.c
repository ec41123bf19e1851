/*
 * verify.c - postern verify: where would mail for an address go, by which
 * relay, and why.  Asks the configuration and the aliases file, and nobody
 * else: the daemon need not run.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config/mapfile.h"
#include "mail/header.h"
#include "postern/args.h"
#include "postern/command.h"
#include "postern/names.h"
#include "route/route.h"
#include "spool/place.h"

struct verify {
	const struct config  *conf;
	const struct aliases *aliases;
	char                  host[256];
	struct addr          *sender;           /* whose mail; NULL: nobody's in particular */
	const char           *user;
	int                   rc;
};

static void
on_step(void *arg, const char *text)
{
	(void)arg;
	printf("    %s\n", text);
}

/* The part before a '+' names the user. */
static bool
is_user(const struct addr *a)
{
	struct span local = addr_local(a);
	const char *plus = local.n > 1 ? memchr(local.p + 1, '+', local.n - 1) : NULL;
	char *name = span_dup(local);
	bool is = getpwnam(name) != NULL;

	if (!is && plus != NULL) {
		name[plus - local.p] = '\0';
		is = getpwnam(name) != NULL;
	}
	free(name);
	return is;
}

static void
say_who(const struct verify *v, const struct addr *a)
{
	if (!route_is_local(v->conf, v->host, a) || aliases_find(v->aliases, addr_local(a)) != NULL)
		return;
	if (is_user(a))
		printf("    %s is a user of this host\n", a->text);
	else
		printf("    %s is neither a user nor an alias of this host\n", a->text);
}

static void
say_sender(const struct verify *v, const struct addr *a)
{
	char *name = span_dup(addr_local(a));
	struct origin from = { .host = v->host };
	struct addr *seen;
	const struct relay_conf *r = &v->conf->relays[0];

	/* A user's own address is most likely used by himself. */
	if (route_is_local(v->conf, v->host, a))
		from.user = name;
	seen = route_sender(v->conf, &from, a);
	printf("    as a sender it is %s", seen->text);
	if (r->from != NULL && !addr_eq(r->from, seen))
		printf(", and %s in the envelope (from of relay %s)", r->from->text, r->name);
	putchar('\n');
	addr_free(seen);
	free(name);
}

/* A route of a sender or user fits only whom we were told of. */
static void
say_way(const struct verify *v, const struct addr *a, const struct addr *to)
{
	struct origin from = { .host = v->host, .user = v->user };
	struct addr *sender = v->sender != NULL ? route_sender(v->conf, &from, v->sender) : addr_null();
	const struct lane_conf *l = &v->conf->lanes[route_lane(v->conf, v->host, v->user, sender, to)];
	const struct relay_conf *r = v->conf->relays, *first = &r[l->relay[0]];
	size_t i;

	printf("%s... deliverable: relay %s, host %s, user %s", a->text, first->name, first->host, to->text);
	for (i = 1; i < l->n; i++)
		printf("%s%s", i == 1 ? " (else by " : ", ", r[l->relay[i]].name);
	printf("%s\n", i > 1 ? ")" : "");
	addr_free(sender);
}

static void
verify(struct verify *v, const struct addr *a)
{
	struct route_ear ear = { .step = on_step, .notice = on_step };
	struct route r;
	int e;
	size_t i;

	printf("%s:\n", a->text);
	say_who(v, a);
	e = route_recipient(v->conf, v->aliases, &(struct origin){ .host = v->host }, a, &ear, &r);
	say_sender(v, a);
	for (i = 0; e == 0 && i < r.to.n; i++)
		say_way(v, a, r.to.addr[i]);
	if (e == 0 && r.to.n == 0)
		printf("%s... deliverable: %s\n", a->text, buf_cstr(&r.why));
	else if (e == -EAGAIN)
		printf("%s... deferred: %s\n", a->text, buf_cstr(&r.why));
	else if (e != 0)
		printf("%s... not deliverable: %s\n", a->text, buf_cstr(&r.why));
	if (e != 0 && v->rc != EX_NOUSER)
		v->rc = e == -EAGAIN ? EX_TEMPFAIL : EX_NOUSER;
	route_done(&r);
}

static int
on_mailbox(void *arg, const struct mailbox *m)
{
	struct verify *v = arg;

	if (m->addr != NULL) {
		verify(v, m->addr);
	} else {
		printf("%.*s... not deliverable: %s\n", (int)m->spec.n, m->spec.p, m->why);
		v->rc = EX_NOUSER;
	}
	return 0;
}

static void
on_wrong(void *arg, const char *where, const char *what)
{
	(void)arg;
	fprintf(stderr, "%s: %s\n", where, what);
}

static int
verify_all(const struct config *c, struct verify *v, char **words)
{
	const struct alias_ear ear = { .wrong = on_wrong };
	struct aliases *t = NULL;
	struct buf why;

	buf_init(&why, 8192);
	if (names_read(c->aliases, &ear, &t, &why) != 0)
		fprintf(stderr, "postern: %s; no alias is known\n", buf_cstr(&why));
	buf_clear(&why);
	if (mapfiles_read(c, &why) != 0)
		fprintf(stderr, "postern: %s; no line of it is known\n", buf_cstr(&why));
	v->conf = c;
	v->aliases = t;
	names_host(v->host);
	for (; *words != NULL; words++)
		header_mailboxes(span_of(*words), on_mailbox, v);
	aliases_free(t);
	buf_done(&why);
	return v->rc;
}

enum { SENDER, USER };

const struct args_option verify_options[] = {
	{ "sender", "ADDRESS", "as its mail goes" },
	{ "user", "NAME", "as mail that this user submits goes" },
	{ NULL, NULL, NULL },
};

static int
set_sender(struct verify *v, const struct args *a)
{
	const char *why;

	addr_free(v->sender);
	v->sender = addr_parse(span_of(a->value), &why);
	return v->sender != NULL ? 0 : args_refuse(a, "--sender: \"%s\": %s", a->value, why);
}

static int
read_configured(struct verify *v, char **words)
{
	struct config *c = NULL;
	struct buf why;
	int rc;

	buf_init(&why, 65536);
	rc = config_read(place_conf(), place_providers(), &c, &why);
	if (rc == 0)
		rc = verify_all(c, v, words);
	else
		fprintf(stderr, "postern: %s\n", buf_cstr(&why));
	config_free(c);
	buf_done(&why);
	return rc == EX_NOINPUT ? EX_CONFIG : rc;
}

int
command_verify(int argc, char **argv)
{
	struct args a = { .argc = argc, .argv = argv, .options = verify_options };
	struct verify v = { 0 };
	char **words = xcalloc((size_t)argc + 1, sizeof(*words));
	int i, n = 0, rc = 0;

	while (rc == 0 && (i = args_next(&a)) != ARGS_END) {
		if (i == ARGS_BAD)
			rc = EX_USAGE;
		else if (i == SENDER)
			rc = set_sender(&v, &a);
		else if (i == USER)
			v.user = a.value;
		else
			words[n++] = (char *)(uintptr_t)a.value;
	}
	if (rc == 0 && n == 0)
		rc = args_refuse(&a, "which address? postern verify ADDRESS...");
	if (rc == 0)
		rc = read_configured(&v, words);
	addr_free(v.sender);
	free(words);
	return rc;
}
