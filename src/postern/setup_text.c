/* setup_text.c - what was gathered, as a configuration; see setup.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config/edit.h"
#include "config/options.h"
#include "config/source.h"
#include "postern/setup.h"

/* The first part of the domain: "example" of ops@example.com. */
static char *
name_of_domain(const char *address)
{
	const char *at = address != NULL ? strrchr(address, '@') : NULL;
	struct span rest = span_of(at != NULL ? at + 1 : ""), name = SPAN("");
	struct buf why;
	char *text;

	span_cut(&rest, '.', &name);
	text = span_dup(name);
	buf_init(&why, 4096);
	if (name.n == 0 || option_check("provider", text, &why) != 0) {
		free(text);
		text = xstrdup("upstream");
	}
	buf_done(&why);
	return text;
}

char *
setup_secret_path(const struct setup *s)
{
	struct buf b;
	char *path;

	buf_init(&b, 8192);
	buf_printf(&b, "%s/%s.password", s->folder, s->relay);
	path = xstrdup(buf_cstr(&b));
	buf_done(&b);
	return path;
}

/* ---- the section ---- */

static void
put(struct buf *b, const char *option, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(b, "\t%s = ", option);
	edit_put_string(b, span_of(value));
	buf_char(b, '\n');
}

static void
put_oauth(struct buf *b, const struct setup *s)
{
	buf_str(b, "\toauth {\n");
	if (s->tenant != NULL) {
		buf_str(b, "\t");
		put(b, "tenant", s->tenant);
	}
	buf_str(b, "\t");
	put(b, "client-id", s->client_id);
	if (s->client_secret_file != NULL) {
		buf_str(b, "\t");
		put(b, "client-secret-file", s->client_secret_file);
	}
	buf_str(b, "\t}\n");
}

/*
 * A mailbox may send as itself alone, so From becomes it, and who wrote goes
 * into Reply-To.  Who logs in by a key sends for a whole domain: there only
 * this host's own addresses, which nobody out there can answer, are replaced.
 */
static void
put_from(struct buf *b, const struct setup *s)
{
	bool mailbox = s->user != NULL && (strcmp(s->user, s->address) == 0 ||
	    (s->known.user_default != NULL && strcmp(s->known.user_default, "LOCAL") == 0));

	put(b, "from", s->address);
	put(b, "from-header", mailbox ? "rewrite" : "rewrite-local");
}

static void
put_section(struct buf *b, const struct setup *s)
{
	char *secret = setup_secret_path(s);

	buf_printf(b, "relay %s {\n", s->relay);
	put(b, "provider", s->provider);
	put(b, "host", s->host);
	if (s->port != NULL)
		buf_printf(b, "\tport = %s\n", s->port);
	put(b, "tls", s->tls);
	put(b, "ca-file", s->ca_file);
	put(b, "user", s->user);
	if (!s->no_login && s->oauth)
		put_oauth(b, s);
	else if (!s->no_login)
		put(b, "password-file", secret);
	put_from(b, s);
	buf_str(b, "}\n");
	free(secret);
}

/* ---- whose place it takes ---- */

/* One relay, and that is ours to replace; of several, the one of our name. */
static int
find_place(struct setup *s)
{
	char *name[EDIT_RELAYS_MAX];
	int n = edit_relays(buf_view(&s->old), name), i;

	if (n < 0) {
		args_refuse(&s->args, "%s cannot be read (postern check says why); repair it, or move it away",
		    s->conf);
		return EX_CONFIG;
	}
	for (i = 0; i < n; i++)
		if (strcmp(name[i], s->relay) == 0 || n == 1)
			s->replaces = xstrdup(name[i]);
	if (n > 1 && s->replaces == NULL)
		args_refuse(&s->args, "%s has %d relays and none is called %s; say --relay and the one to replace",
		    s->conf, n, s->relay);
	for (i = 0; i < n; i++)
		free(name[i]);
	return n > 1 && s->replaces == NULL ? EX_USAGE : EX_OK;
}

static void
put_head(const struct setup *s, struct buf *b)
{
	if (s->old.n > 0) {
		buf_span(b, buf_view(&s->old));
		return;
	}
	buf_printf(b, "# %s - see postern.conf(5); `postern check` reads it.\n\n", s->conf);
	buf_str(b, "# Where mail for root and the other users of this machine goes.\nlocal-mail = \"\"\n");
	if (s->hostname != NULL)
		buf_str(b, "hostname = \"\"\n");
}

int
setup_text(struct setup *s, struct buf *ret)
{
	struct buf section;
	int rc, r = 0;

	if (s->relay == NULL)
		s->relay = s->provider != NULL ? xstrdup(s->provider) : name_of_domain(s->address);
	if ((rc = find_place(s)) != EX_OK)
		return rc;
	buf_init(&section, 65536);
	put_section(&section, s);
	put_head(s, ret);
	r = edit_put_relay(ret, s->replaces, buf_view(&section));
	if (r == 0)
		r = edit_set(ret, "local-mail", span_of(s->local_mail));
	if (r == 0 && s->hostname != NULL)
		r = edit_set(ret, "hostname", span_of(s->hostname));
	buf_done(&section);
	if (r < 0 || ret->over) {
		args_refuse(&s->args, "%s: it would be longer than %u bytes", s->conf, SOURCE_MAX_BYTES);
		return EX_CONFIG;
	}
	return EX_OK;
}
