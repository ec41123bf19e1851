#include "relay/own.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define NOTICE_MAX (256u << 10)

void
own_put_from(struct buf *b, const struct config *c)
{
	buf_printf(b, "From: Mail Delivery System <MAILER-DAEMON@%s>\n", c->domain);
}

void
own_put_auto(struct buf *b, const char *kind)
{
	buf_printf(b, "Auto-Submitted: %s\nMIME-Version: 1.0\n", kind);
}

/*
 * Without the limits of submission: it is owed already, and the room that
 * min-free keeps is kept for such as this.
 */
int
own_write(const struct config *c, struct store *s, const struct addr *const to[], size_t n,
    struct span text, char ret_id[static ID_LEN + 1])
{
	const struct draft_limits none = { 0, 0 };
	struct envelope           env;
	struct draft             *d;
	bool                      maybe;
	int                       e;

	envelope_init(&env);
	env.time_us = clock_wall_us();
	env.host = xstrdup(c->hostname);
	env.uid = getuid();
	env.user = xstrdup(POSTERN_USER);
	env.sender = addr_null();
	for (size_t i = 0; i < n; i++) {
		envelope_add(&env, addr_dup(to[i]));
		env.rcpts[env.nrcpts - 1].notify = NOTIFY_NEVER;
	}
	if ((e = draft_begin(store_spool_fd(s), &env, &none, &d)) == 0) {
		if ((e = draft_write(d, text)) == 0)
			e = draft_commit(d, ret_id, &maybe);
		else
			draft_abort(d);
	}
	envelope_done(&env);
	return e;
}

int
own_tell_root(const struct config *c, struct store *s, const char *subject, struct span text,
    char ret_id[static ID_LEN + 1])
{
	struct addr *root = addr_of_user(SPAN("root"), NULL);
	bool         ascii = text_is_ascii(text);
	struct buf   b;
	int          e;

	buf_init(&b, NOTICE_MAX);
	own_put_from(&b, c);
	buf_printf(&b, "To: root\nSubject: %s\n", subject);
	own_put_auto(&b, "auto-generated");
	buf_printf(&b, "Content-Type: text/plain; charset=%s\nContent-Transfer-Encoding: %s\n\n",
	    ascii ? "us-ascii" : "utf-8", ascii ? "7bit" : "8bit");
	buf_span(&b, text);
	e = b.over ? -E2BIG : own_write(c, s, (const struct addr *const[]){ root }, 1, buf_view(&b), ret_id);
	buf_done(&b);
	addr_free(root);
	return e;
}
