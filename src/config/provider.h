/*
 * provider.h - a provider file (NAME.conf in the providers folder): preset
 * values of a relay and what its replies mean.  Data, not code: a new
 * provider is a new file.
 */
#ifndef CONFIG_PROVIDER_H
#define CONFIG_PROVIDER_H

#include <stdbool.h>

#include "base/buf.h"
#include "config/oauth.h"
#include "smtp/rules.h"

struct provider {
	char        *host;              /* NULL: rules only, the relay says where */
	unsigned     port;              /* 0: not stated */
	char        *tls;               /* "implicit", "starttls"; or NULL */
	char        *auth;              /* or NULL */
	char        *user_hint;         /* "your full address"; NULL or "": a login is not required */
	char        *user_default;      /* "ADDRESS", "LOCAL" (the part before its @), or itself; goes with user_hint */
	char        *password_help;     /* what password is wanted and where it is made; or NULL */
	unsigned     connections;       /* 0: not stated */
	unsigned     pipeline_depth;
	unsigned     recipients_per_message;
	unsigned     messages_per_minute;       /* these: 0: no limit, or not stated */
	unsigned     messages_per_hour;
	unsigned     messages_per_day;
	unsigned     recipients_per_day;
	bool         refuses_null_sender;       /* MAIL FROM:<> is the account's to explain, or is refused */
	unsigned     app_password_letters;      /* of the passwords it makes and shows in groups */
	struct oauth_preset oauth;
	struct rules rules;
};

/*
 * 0, or a sysexits code with one line in *why.  EX_NOINPUT: there is no such
 * provider, and the line lists the known ones; others name file and line.
 *
 * A file may say `like = "OTHER"`: what it does not state itself is OTHER's,
 * and OTHER's rules follow its own.  A host with REGION in it makes a family:
 * "ses-eu-west-1" is ses.conf with eu-west-1 in that place.
 */
int  provider_read(const char *dir, const char *name, struct provider *ret, struct buf *why);
void provider_done(struct provider *p);

/* The name of each file there, in the alphabet's order; of a family, the family's. */
void provider_list(const char *dir, void (*each)(void *arg, const char *name), void *arg);

/*
 * Who gives addresses of this mail domain (`domains` of its file; not
 * inherited): true and the name in *ret, or false and *ret empty.  A domain of
 * one's own is nobody's, wherever its mail is kept.
 */
bool provider_of_domain(const char *dir, struct span domain, struct buf *ret);

#endif
