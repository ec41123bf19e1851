/*
 * notices.h - of the configuration, who is told what and what is kept back:
 * the flood guard, the limits of reports, the command for alerts.
 */
#ifndef CONFIG_NOTICES_H
#define CONFIG_NOTICES_H

#include "config/config.h"
#include "config/source.h"

extern cfg_opt_t notices_flood_schema[];

/* 0, or EX_CONFIG and one line in *why; what was taken is notices_done()'s in every case. */
int  notices_take(const struct source *s, struct config *c, struct buf *why);
void notices_done(struct config *c);

#endif
