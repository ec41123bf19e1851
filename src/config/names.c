/* names.c - local names and rewriting, from the configuration. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/names.h"

cfg_opt_t names_map_schema[] = {
	SOURCE_OPTION("from"),
	SOURCE_OPTION("to"),
	SOURCE_OPTION("apply"),
	CFG_END()
};

static unsigned
use_of(const char *word)
{
	if (word == NULL || strcasecmp(word, "both") == 0)
		return MAP_BOTH;
	return strcasecmp(word, "sender") == 0 ? MAP_SENDER : MAP_RECIPIENT;
}

static int
take_map(const struct source *s, cfg_t *sec, struct config *c, struct buf *why)
{
	const char *from = source_str(sec, "from"), *to = source_str(sec, "to");

	if (from == NULL || to == NULL)
		return source_wrong(s, sec, NULL, why, "map: no %s; "
		    "write map { from = \"*@old.example.com\"  to = \"*@example.com\" }",
		    from == NULL ? "from" : "to");
	c->maps[c->nmaps++] = (struct map_conf){
		.from = xstrdup(from), .to = xstrdup(to), .apply = use_of(source_str(sec, "apply")),
	};
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

int
names_take(const struct source *s, struct config *c, struct buf *why)
{
	unsigned i, n = cfg_size(s->root, "map");
	int rc = 0;

	c->aliases = source_dup(s->root, "aliases");
	if (c->aliases == NULL)
		c->aliases = xstrdup(NAMES_DEFAULT_ALIASES);
	c->masquerade = source_list(s->root, "masquerade");
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
	}
	free(c->maps);
	free(c->aliases);
	source_list_free(c->masquerade);
	source_list_free(c->masquerade_exceptions);
	source_list_free(c->trusted_users);
}
