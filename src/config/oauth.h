/*
 * oauth.h - oauth { }: in a provider's file where its tokens come from, in a
 * relay who asks for them and how, over that.
 */
#ifndef CONFIG_OAUTH_H
#define CONFIG_OAUTH_H

#include "config/config.h"
#include "config/source.h"

/* What both may say, by its place in the table of oauth.c. */
enum { OAUTH_AUTHORIZE, OAUTH_TOKEN, OAUTH_DEVICE, OAUTH_DISCOVERY, OAUTH_EXTRA, OAUTH_SCOPE, OAUTH_APP_SCOPE,
	OAUTH_TENANT, OAUTH_REDIRECT_HOST, OAUTH_GRANT_DAYS, OAUTH_UNUSED_DAYS, OAUTH_NPRESETS };

struct oauth_preset {
	char *value[OAUTH_NPRESETS];    /* NULL where not given */
};

/* CFG_SEC("oauth", …, CFGF_MULTI | CFGF_NODEFAULT), of a provider and of a relay. */
extern cfg_opt_t oauth_preset_schema[];
extern cfg_opt_t oauth_schema[];

void oauth_preset_take(cfg_t *root, struct oauth_preset *ret);
void oauth_preset_inherit(struct oauth_preset *p, struct oauth_preset *other);  /* what p does not say */
void oauth_preset_done(struct oauth_preset *p);

/*
 * r->oauth, where the relay has such a section; r's host, provider and user are taken
 * before.  0, or a sysexits code with one line in *why.
 */
int  oauth_take(const struct source *s, cfg_t *relay, const struct oauth_preset *p, struct relay_conf *r,
         struct buf *why);
void oauth_conf_free(struct oauth_conf *o);     /* NULL is fine */

#endif
