#include "posternd/accept.h"

#include <errno.h>
#include <stdint.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "spool/place.h"
#include "spool/refusal.h"

/* RFC 3848, RFC 6531 §4.3. */
static char *
protocol(const struct server *s, bool utf8)
{
	struct buf b;
	bool       extended = utf8 || server_is_esmtp(s);

	buf_init(&b, 32);
	if (utf8)
		buf_str(&b, "UTF8SMTP");
	else
		buf_str(&b, extended ? "ESMTP" : "SMTP");
	if (extended && server_is_secured(s))
		buf_char(&b, 'S');
	if (extended && server_is_authenticated(s))
		buf_char(&b, 'A');
	return (char *)(uintptr_t)buf_steal(&b).p;
}

void
accept_fill(struct envelope *e, const struct accept_from *from, const struct server *s)
{
	struct buf address;

	e->host = xstrdup(from->hostname);
	e->time_us = clock_wall_us();
	e->uid = from->uid;
	buf_init(&address, 64);
	if (from->whence->unix_socket)
		buf_str(&address, VIA_LOCAL);
	else
		address_put(&address, &from->whence->address, true);
	e->via.address = (char *)(uintptr_t)buf_steal(&address).p;
	e->via.helo = xstrdup(server_helo(s));
	e->via.with = protocol(s, e->smtputf8);
	if (server_is_authenticated(s))
		e->via.user = xstrdup(from->user);
}

static const struct {
	int         exit, code;
	const char *dsn;
} refusals[] = {
	{ EX_DATAERR, 554, "5.6.0" },
	{ EX_UNAVAILABLE, 552, "5.3.4" },
};

void
accept_refuse(struct server *s, const char *name, int error, bool maybe, const struct draft_limits *l)
{
	struct buf  why;
	int         code = error == -ENOSPC || error == -EDQUOT ? 452 : 451, rc;
	const char *dsn = code == 452 ? "4.3.1" : "4.3.0";

	buf_init(&why, 1024);
	rc = refusal_put(&why, error, maybe, l, place_spool());
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i].exit == rc) {
			code = refusals[i].code;
			dsn = refusals[i].dsn;
		}
	log_warn("listen: %s: a message is refused: %s", name, buf_cstr(&why));
	server_answer(s, code, dsn, "%s", buf_cstr(&why));
	buf_done(&why);
}
