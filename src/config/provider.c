/* provider.c - provider files. */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/options.h"
#include "config/provider.h"
#include "config/rulefile.h"
#include "config/source.h"

/* like = … of a file that is itself like another: enough for real families, and it ends. */
#define MAX_LIKE 4

static cfg_opt_t schema[] = {
	SOURCE_OPTION("like"),
	SOURCE_OPTION("host"),
	SOURCE_OPTION("port"),
	SOURCE_OPTION("tls"),
	SOURCE_OPTION("auth"),
	SOURCE_OPTION("user-hint"),
	SOURCE_OPTION("user-default"),
	SOURCE_LIST("domains"),
	SOURCE_OPTION("password-help"),
	SOURCE_OPTION("app-password-letters"),
	SOURCE_OPTION("connections"),
	SOURCE_OPTION("pipeline-depth"),
	SOURCE_OPTION("recipients-per-message"),
	SOURCE_OPTION("messages-per-minute"),
	SOURCE_OPTION("messages-per-hour"),
	SOURCE_OPTION("messages-per-day"),
	SOURCE_OPTION("recipients-per-day"),
	SOURCE_OPTION("null-sender"),
	CFG_SEC("oauth", oauth_preset_schema, CFGF_MULTI | CFGF_NODEFAULT),
	CFG_SEC("rule", rulefile_schema, CFGF_MULTI | CFGF_NODEFAULT),
	CFG_END()
};

static const struct {
	const char *option;
	size_t      at;
} limits[] = {
	{ "connections", offsetof(struct provider, connections) },
	{ "pipeline-depth", offsetof(struct provider, pipeline_depth) },
	{ "recipients-per-message", offsetof(struct provider, recipients_per_message) },
	{ "messages-per-minute", offsetof(struct provider, messages_per_minute) },
	{ "messages-per-hour", offsetof(struct provider, messages_per_hour) },
	{ "messages-per-day", offsetof(struct provider, messages_per_day) },
	{ "recipients-per-day", offsetof(struct provider, recipients_per_day) },
	{ "app-password-letters", offsetof(struct provider, app_password_letters) },
};

#define NLIMITS (sizeof(limits) / sizeof(limits[0]))

static unsigned *
limit(struct provider *p, size_t i)
{
	return (unsigned *)((char *)p + limits[i].at);
}

static const char region_word[] = "REGION";

void
provider_done(struct provider *p)
{
	free(p->host);
	free(p->tls);
	free(p->auth);
	free(p->user_hint);
	free(p->user_default);
	free(p->password_help);
	oauth_preset_done(&p->oauth);
	rules_done(&p->rules);
	memset(p, 0, sizeof(*p));
}

/* ---- the known ones, for the error line ---- */

#define MAX_KNOWN 512

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t
list_known(const char *dir, char *ret[static MAX_KNOWN])
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t n = 0;

	while (d != NULL && (e = readdir(d)) != NULL && n + 1 < MAX_KNOWN) {
		struct span name = span_of(e->d_name);

		if (name.n > 5 && name.p[0] != '.' && strcmp(name.p + name.n - 5, ".conf") == 0)
			ret[n++] = span_dup((struct span){ name.p, name.n - 5 });
	}
	if (d != NULL)
		closedir(d);
	qsort(ret, n, sizeof(*ret), compare);
	ret[n] = NULL;
	return n;
}

static int
unknown(const char *dir, const char *name, struct buf *why)
{
	char *known[MAX_KNOWN];
	size_t i, n = list_known(dir, known), shown;
	const char *near = option_nearest(name, (const char *const *)known);

	buf_printf(why, "unknown provider \"%.48s\"; ", name);
	if (near != NULL)
		buf_printf(why, "did you mean \"%s\"? the others are in %s", near, dir);
	shown = near != NULL ? 0 : n;           /* all of them are a screenful */
	if (n == 0)
		buf_printf(why, "there are no provider files in %s", dir);
	for (i = 0; i < shown; i++)
		buf_printf(why, "%s%s", i == 0 ? "known: " : ", ", known[i]);
	for (i = 0; i < n; i++)
		free(known[i]);
	return EX_NOINPUT;
}

/* ---- reading ---- */

static void
fill(char **mine, char **other)
{
	if (*mine == NULL) {
		*mine = *other;
		*other = NULL;
	}
}

/*
 * What p's file does not say is what the other says; the other is used up.
 * A limit of 0 is said: it lifts the other's.
 */
static void
inherit(const struct source *s, struct provider *p, struct provider *other)
{
	size_t i;

	/* Another way in is another port: they go together. */
	if (p->tls == NULL && p->port == 0)
		p->port = other->port;
	fill(&p->host, &other->host);
	fill(&p->tls, &other->tls);
	fill(&p->auth, &other->auth);
	if (p->user_hint == NULL)
		fill(&p->user_default, &other->user_default);
	fill(&p->user_hint, &other->user_hint);
	fill(&p->password_help, &other->password_help);
	for (i = 0; i < NLIMITS; i++)
		if (source_str(s->root, limits[i].option) == NULL)
			*limit(p, i) = *limit(other, i);
	if (source_str(s->root, "null-sender") == NULL)
		p->refuses_null_sender = other->refuses_null_sender;
	oauth_preset_inherit(&p->oauth, &other->oauth);
	rulefile_append(&p->rules, &other->rules);
	provider_done(other);
}

static int
take(const struct source *s, struct provider *p, struct buf *why)
{
	const char *tls = source_str(s->root, "tls");
	size_t i;

	if (tls != NULL && strcmp(tls, "none") == 0)
		return source_wrong(s, s->root, "tls", why,
		    "tls: a provider without TLS is none; write \"implicit\" or \"starttls\"");
	p->host = source_dup(s->root, "host");
	p->port = source_number(s->root, "port", 0);
	p->tls = source_dup(s->root, "tls");
	p->auth = source_dup(s->root, "auth");
	p->user_hint = source_dup(s->root, "user-hint");
	p->user_default = source_dup(s->root, "user-default");
	p->password_help = source_dup(s->root, "password-help");
	for (i = 0; i < NLIMITS; i++)
		*limit(p, i) = source_number(s->root, limits[i].option, 0);
	p->refuses_null_sender = !source_flag(s->root, "null-sender", true);
	oauth_preset_take(s->root, &p->oauth);
	return rulefile_take(s, s->root, &p->rules, why);
}

static int read_file(const char *dir, struct span name, int depth, struct provider *ret,
    struct buf *why);

static int
take_like(const struct source *s, const char *dir, const char *like, int depth, struct provider *p,
    struct buf *why)
{
	struct provider other = { 0 };
	struct buf detail;
	int rc;

	if (depth >= MAX_LIKE)
		return source_wrong(s, s->root, "like", why,
		    "like: goes round, or through more than %d files", MAX_LIKE);
	buf_init(&detail, 16384);
	rc = read_file(dir, span_of(like), depth + 1, &other, &detail);
	if (rc == EX_NOINPUT)
		rc = source_wrong(s, s->root, "like", why, "like: there is no provider \"%s\"", like);
	else
		buf_span(why, buf_view(&detail));
	if (rc == 0)
		inherit(s, p, &other);
	buf_done(&detail);
	return rc;
}

static int
read_file(const char *dir, struct span name, int depth, struct provider *ret, struct buf *why)
{
	struct provider p = { 0 };
	struct source s;
	struct buf path;
	char *like;
	int rc;

	buf_init(&path, 4096);
	buf_printf(&path, "%s/%.*s.conf", dir, (int)name.n, name.p);
	rc = access(buf_cstr(&path), F_OK) < 0 && errno == ENOENT ? EX_NOINPUT :
	    source_open(buf_cstr(&path), schema, &s, why);
	buf_done(&path);
	if (rc != 0)
		return rc;

	rc = take(&s, &p, why);
	like = source_dup(s.root, "like");
	if (rc == 0 && like != NULL)
		rc = take_like(&s, dir, like, depth, &p, why);
	free(like);
	source_close(&s);
	if (rc == 0)
		*ret = p;
	else
		provider_done(&p);
	return rc;
}

static bool
is_family(const struct provider *p)
{
	return p->host != NULL && strstr(p->host, region_word) != NULL;
}

static void
put_region(struct provider *p, struct span region)
{
	const char *at = strstr(p->host, region_word);
	struct buf host;

	buf_init(&host, 512);
	buf_add(&host, p->host, (size_t)(at - p->host));
	buf_span(&host, region);
	buf_str(&host, at + sizeof(region_word) - 1);
	free(p->host);
	p->host = xstrdup(buf_cstr(&host));
	buf_done(&host);
}

/* "ses-eu-west-1": the part before the first '-' names the family's file. */
static int
read_member(const char *dir, const char *name, struct provider *ret, struct buf *why)
{
	struct span region = span_of(name), family;
	struct provider p;
	int rc;

	if (!span_cut(&region, '-', &family) || region.n == 0)
		return EX_NOINPUT;
	rc = read_file(dir, family, 0, &p, why);
	if (rc != 0)
		return rc;
	if (!is_family(&p)) {
		provider_done(&p);
		return EX_NOINPUT;
	}
	put_region(&p, region);
	*ret = p;
	return 0;
}

int
provider_read(const char *dir, const char *name, struct provider *ret, struct buf *why)
{
	struct provider p = { 0 };
	int rc = EX_NOINPUT;

	if (strchr(name, '/') == NULL)
		rc = read_file(dir, span_of(name), 0, &p, why);
	if (rc == EX_NOINPUT && strchr(name, '/') == NULL)
		rc = read_member(dir, name, &p, why);
	if (rc == EX_NOINPUT)
		return unknown(dir, name, why);
	if (rc == 0 && is_family(&p)) {
		provider_done(&p);
		buf_printf(why,
		    "provider \"%s\" needs a region; write \"%s-REGION\", for example "
		    "\"%s-eu-west-1\"",
		    name, name, name);
		return EX_NOINPUT;
	}
	if (rc == 0)
		*ret = p;
	return rc;
}

void
provider_list(const char *dir, void (*each)(void *arg, const char *name), void *arg)
{
	char *known[MAX_KNOWN];
	size_t i, n = list_known(dir, known);

	for (i = 0; i < n; i++) {
		each(arg, known[i]);
		free(known[i]);
	}
}

struct seek {
	const char *dir;
	struct span domain;
	struct buf *name;
};

static bool
serves(const struct source *s, struct span domain)
{
	char **domains = source_list(s->root, "domains");
	bool does = false;

	for (size_t i = 0; domains != NULL && domains[i] != NULL && !does; i++)
		does = span_ieq(span_of(domains[i]), domain);
	source_list_free(domains);
	return does;
}

/* A file that does not parse serves nobody; who names it is told what is wrong with it. */
static void
seek(void *arg, const char *name)
{
	struct seek *k = arg;
	struct source s;
	struct buf path, why;

	if (k->name->n > 0)
		return;
	buf_init(&path, 4096);
	buf_init(&why, 65536);
	buf_printf(&path, "%s/%s.conf", k->dir, name);
	if (source_open(buf_cstr(&path), schema, &s, &why) == 0) {
		if (serves(&s, k->domain))
			buf_str(k->name, name);
		source_close(&s);
	}
	buf_done(&path);
	buf_done(&why);
}

bool
provider_of_domain(const char *dir, struct span domain, struct buf *ret)
{
	struct seek k = { .dir = dir, .domain = domain, .name = ret };

	buf_clear(ret);
	provider_list(dir, seek, &k);
	return ret->n > 0;
}
