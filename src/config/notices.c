#include "config/notices.h"

#include <limits.h>
#include <string.h>

#define DEFAULT_PER_USER 100
#define DEFAULT_PER_S    ((int64_t)3600)
#define DEFAULT_REPORTS  100            /* an hour: more is a storm, and accounts are closed for those */

cfg_opt_t notices_flood_schema[] = {
	SOURCE_OPTION("per-user"),
	SOURCE_OPTION("per"),
	SOURCE_LIST("exempt"),
	CFG_END()
};

/*
 * No section, no guard: on a machine that sends newsletters it would hold
 * them, and whoever brings such a machine here must have asked for that.
 */
static void
take_flood(const struct source *s, struct config *c)
{
	cfg_t *sec;

	if (cfg_size(s->root, "flood") == 0)
		return;
	sec = cfg_getsec(s->root, "flood");
	c->flood.per_user = source_number(sec, "per-user", DEFAULT_PER_USER);
	c->flood.per_s = source_duration_s(sec, "per", DEFAULT_PER_S);
	c->flood.exempt = source_list(sec, "exempt");
}

int
notices_take(const struct source *s, struct config *c, struct buf *why)
{
	cfg_t      *queue = cfg_getsec(s->root, "queue");
	const char *copy = source_str(queue, "postmaster-copy");

	take_flood(s, c);
	c->reports_per_hour = source_number(queue, "reports-per-hour", DEFAULT_REPORTS);
	if (copy != NULL)
		c->postmaster_copy = addr_parse(span_of(copy), NULL);
	c->alert_command = source_list(s->root, "alert-command");
	if (c->alert_command != NULL && (c->alert_command[0][0] != '/' || strlen(c->alert_command[0]) >= PATH_MAX))
		return source_wrong(s, s->root, "alert-command", why, "alert-command: \"%.80s\" is no full path, "
		    "and nothing is searched for it; write \"/usr/local/bin/page-me\"", c->alert_command[0]);
	return 0;
}

void
notices_done(struct config *c)
{
	source_list_free(c->flood.exempt);
	source_list_free(c->alert_command);
	addr_free(c->postmaster_copy);
}
