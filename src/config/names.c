/* names.c - local names and rewriting, from the configuration. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/mapfile.h"
#include "config/names.h"
#include "idna/idna.h"

cfg_opt_t names_map_schema[] = {
	SOURCE_OPTION("from"),
	SOURCE_OPTION("to"),
	SOURCE_OPTION("file"),
	SOURCE_OPTION("user"),
	SOURCE_OPTION("user-file"),
	SOURCE_OPTION("apply"),
	CFG_END()
};

/*
 * What a user's mail comes from is what a map of users is for; that mail to
 * his host's names should go elsewhere because of him is said in words.
 */
static unsigned
use_of(const char *word, bool of_users)
{
	if (word == NULL)
		return of_users ? MAP_SENDER : MAP_BOTH;
	if (strcasecmp(word, "both") == 0)
		return MAP_BOTH;
	return strcasecmp(word, "sender") == 0 ? MAP_SENDER : MAP_RECIPIENT;
}

static int
check_map(const struct source *s, cfg_t *sec, struct buf *why)
{
	const char *from = source_str(sec, "from"), *to = source_str(sec, "to");
	const char *file = source_str(sec, "file"), *user = source_str(sec, "user");
	const char *user_file = source_str(sec, "user-file");
	const char *other = from != NULL ? "from" : to != NULL ? "to" : NULL;

	if (file != NULL && user_file != NULL)
		return source_wrong(s, sec, "user-file", why,
		    "map: file and user-file at once; write two maps");
	if (user_file != NULL && user != NULL)
		return source_wrong(s, sec, "user", why,
		    "map: the lines of user-file say which user; take user out");
	if ((file != NULL || user_file != NULL) && other != NULL)
		return source_wrong(s, sec, other, why, "map: the lines of %s say from and to; "
		    "take %s out, or write two maps", file != NULL ? "file" : "user-file", other);
	if (file != NULL || user_file != NULL)
		return 0;
	if (to == NULL || (from == NULL && user == NULL))
		return source_wrong(s, sec, NULL, why, "map: no %s; "
		    "write map { from = \"*@old.example.com\"  to = \"*@example.com\" }, "
		    "or map { file = \"/etc/postern/addresses\" }",
		    from == NULL && user == NULL ? "from" : "to");
	return 0;
}

static int
take_map(const struct source *s, cfg_t *sec, struct config *c, struct buf *why)
{
	const char *file = source_str(sec, "file"), *user_file = source_str(sec, "user-file");
	struct map_conf m = { .by_user = user_file != NULL };
	int rc = check_map(s, sec, why);

	if (rc != 0)
		return rc;
	m.from = source_pattern(sec, "from");
	m.to = source_pattern(sec, "to");
	m.user = source_dup(sec, "user");
	m.apply = use_of(source_str(sec, "apply"), m.by_user || (m.user != NULL && m.from == NULL && file == NULL));
	if (m.from == NULL && m.to != NULL)
		m.from = xstrdup("*");  /* any name of this host */
	if (file != NULL)
		m.file = mapfile_new(file, MAPTABLE_ADDRESSES);
	else if (user_file != NULL)
		m.file = mapfile_new(user_file, MAPTABLE_USERS);
	c->maps[c->nmaps++] = m;
	return 0;
}

static int
check_exceptions(const struct source *s, const struct config *c, struct buf *why)
{
	if (c->masquerade == NULL && c->masquerade_exceptions != NULL)
		return source_wrong(s, s->root, "masquerade-exceptions", why,
		    "masquerade-exceptions: nothing is masqueraded; "
		    "add masquerade = { \"example.com\" }, or take it out");
	return 0;
}

/* In A-labels, as the addresses are that it is compared with. */
static void
plain_masquerade(char **list)
{
	for (; list != NULL && *list != NULL; list++) {
		size_t     not = (*list)[0] == '!';
		char      *ascii = idna_domain_text(span_of(*list + not), NULL);
		struct buf b;

		if (ascii == NULL)
			continue;
		buf_init(&b, 512);
		buf_printf(&b, "%s%s", not ? "!" : "", ascii);
		free(ascii);
		free(*list);
		*list = xstrdup(buf_cstr(&b));
		buf_done(&b);
	}
}

int
names_take(const struct source *s, struct config *c, struct buf *why)
{
	unsigned i, n = cfg_size(s->root, "map");
	int rc = 0;

	c->aliases = source_dup(s->root, "aliases");
	if (c->aliases == NULL)
		c->aliases = xstrdup(NAMES_DEFAULT_ALIASES);
	c->masquerade = source_list(s->root, "masquerade");
	plain_masquerade(c->masquerade);
	c->masquerade_exceptions = source_list(s->root, "masquerade-exceptions");
	c->trusted_users = source_list(s->root, "trusted-users");
	c->maps = xcalloc(n > 0 ? n : 1, sizeof(*c->maps));
	for (i = 0; rc == 0 && i < n; i++)
		rc = take_map(s, cfg_getnsec(s->root, "map", i), c, why);
	return rc == 0 ? check_exceptions(s, c, why) : rc;
}

void
names_done(struct config *c)
{
	size_t i;

	for (i = 0; i < c->nmaps; i++) {
		free(c->maps[i].from);
		free(c->maps[i].to);
		free(c->maps[i].user);
		mapfile_free(c->maps[i].file);
	}
	free(c->maps);
	free(c->aliases);
	source_list_free(c->masquerade);
	source_list_free(c->masquerade_exceptions);
	source_list_free(c->trusted_users);
}
