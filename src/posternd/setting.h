/*
 * setting.h - what a listener does, apart from its socket: one listen { } of
 * one configuration, its certificate and its users read.  Clients that are
 * here keep theirs when a reload brings another.
 */
#ifndef POSTERND_SETTING_H
#define POSTERND_SETTING_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "config/users.h"
#include "net/tls.h"
#include "spool/draft.h"

struct setting {
	unsigned            refs;
	char               *hostname;
	struct draft_limits limits;
	struct network     *allow;
	size_t              nallow;
	enum tls_mode       mode;
	struct tls         *tls;        /* NULL with TLS_NONE */
	struct users       *users;      /* NULL: no logins */
	bool                auth_required;
	unsigned            clients, clients_per_address, recipients, errors;
	int64_t             idle_ms;
};

/* A client's address, as far as a setting cares. */
struct whence {
	bool           unix_socket;     /* of this machine, and no address */
	struct address address;
};

/* NULL: one line in *why. */
struct setting *setting_new(const struct config *c, const struct listen_conf *l, struct buf *why);
struct setting *setting_ref(struct setting *s);
void            setting_unref(struct setting *s);       /* NULL is fine */

/* What a client from there may do. */
enum welcome {
	WELCOME_NOT,            /* nothing: it is told so and closed */
	WELCOME_LOGIN,          /* mail once it has logged in */
	WELCOME_MAIL,
};

enum welcome setting_welcome(const struct setting *s, const struct whence *w);
bool         whence_is_local(const struct whence *w);   /* a password in the clear goes to nobody else */

#endif
