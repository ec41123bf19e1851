/*
 * rulefile.h - `rule { ... }` sections, of a provider file or of a relay,
 * as the rules that smtp/rules.h judges by.
 */
#ifndef CONFIG_RULEFILE_H
#define CONFIG_RULEFILE_H

#include "config/source.h"
#include "smtp/rules.h"

/* The options of a rule: CFG_SEC("rule", rulefile_schema, CFGF_MULTI | CFGF_NODEFAULT). */
extern cfg_opt_t rulefile_schema[];

/*
 * Append the rules of sec to *into, in order; several codes or enhanced
 * codes make one rule each.  0, or EX_CONFIG with one line in *why.
 */
int  rulefile_take(const struct source *s, cfg_t *sec, struct rules *into, struct buf *why);

/* Take the rules out of *from and put them behind those of *into. */
void rulefile_append(struct rules *into, struct rules *from);

#endif
