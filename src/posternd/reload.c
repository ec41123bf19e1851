#include "posternd/reload.h"

#include <string.h>

#include "base/log.h"
#include "config/mapfile.h"
#include "posternd/notify.h"
#include "spool/draft.h"
#include "spool/place.h"

int
reload_read(const char *path, struct config **ret, struct buf *why)
{
	int rc = config_read(path, place_providers(), ret, why);

	if (rc == 0 && (rc = mapfiles_read(*ret, why)) != 0) {
		config_free(*ret);
		*ret = NULL;
	}
	return rc;
}

void
reload_apply(const struct config *c, struct store *store)
{
	struct draft_limits l = { .max_message = c->max_message, .min_free = c->min_free };
	int err;

	log_open("postern", c->log_to, c->log_facility, c->log_level);
	err = draft_limits_write(store_spool_fd(store), &l);
	if (err != 0)
		log_warn("the spool's limits file cannot be written: %s; sendmail goes by its built-in limits",
		    strerror(-err));
}

/* All of it or nothing: the listeners' part that can fail comes first, and waits. */
static bool
put_to_work(struct queue *q, struct listen *l, struct config *c, struct buf *why)
{
	if (!listen_prepare(l, c, why)) {
		config_free(c);
		return false;
	}
	if (!queue_reload(q, c, why)) {
		listen_discard(l);
		return false;
	}
	listen_commit(l);
	return true;
}

static void
say_wrong(const struct buf *why)
{
	struct span rest = buf_view(why), line;

	while (span_cut(&rest, '\n', &line))
		log_err("reload: %.*s%s", (int)line.n, line.p, rest.n > 0 ? "" : "; the running configuration stays");
}

bool
reload(struct queue *q, struct listen *l, const char *path, struct buf *why)
{
	struct config *c;
	bool good;

	notify_reloading();
	good = reload_read(path, &c, why) == 0 && put_to_work(q, l, c, why);
	if (good) {
		reload_apply(queue_conf(q), queue_store(q));
		log_info("reload: %s is in use", path);
	} else {
		say_wrong(why);
	}
	notify_ready();
	return good;
}
