/*
 * provider.h - a provider file (NAME.conf in the providers folder): preset
 * values of a relay and what its replies mean.  Data, not code: a new
 * provider is a new file.
 */
#ifndef CONFIG_PROVIDER_H
#define CONFIG_PROVIDER_H

#include "base/buf.h"
#include "smtp/rules.h"

struct provider {
	char        *host;
	unsigned     port;
	char        *tls;               /* "implicit", "starttls" */
	char        *auth;              /* or NULL */
	char        *user_hint;         /* "your full address"; or NULL */
	unsigned     connections;       /* 0: not stated */
	unsigned     pipeline_depth;
	unsigned     recipients_per_message;
	struct rules rules;
};

/* 0, or a sysexits code with one line in *why that names file and line; an
   unknown name lists the known ones. */
int  provider_read(const char *dir, const char *name, struct provider *ret, struct buf *why);
void provider_done(struct provider *p);

#endif
