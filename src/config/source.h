/*
 * source.h - one configuration text, read through libconfuse.  Here are the
 * limits, the line numbers and the sentences about syntax; what options mean
 * is said by those who give the schema.
 *
 * Every option is a string with option_take() as its parser, whatever its
 * kind: libconfuse reads 025 as 21, lets the second of two equal options win
 * and reads a stale errno after strtol(3).
 */
#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include <sys/stat.h>

#include <stdbool.h>
#include <stdint.h>

#include <confuse.h>

#include "base/buf.h"
#include "mail/addr.h"

#define SOURCE_MAX_BYTES (1u << 20)

struct source {
	char       *path;
	cfg_t      *root;
	struct stat st;
};

int source_take(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result);

#define SOURCE_OPTION(name) CFG_STR_CB(name, NULL, CFGF_NODEFAULT, source_take)
#define SOURCE_LIST(name)   CFG_STR_LIST_CB(name, NULL, CFGF_NODEFAULT, source_take)

/*
 * Read and parse.  0 and *ret (source_close()'s), or a sysexits code with a
 * line for each mistake in *why, '\n' between them.  One parse at a time: the lexer is global.
 */
int  source_open(const char *path, cfg_opt_t *schema, struct source *ret, struct buf *why);
void source_close(struct source *s);

/* Was the option given?  Its value, borrowed until source_close(); NULL when not. */
const char *source_str(cfg_t *sec, const char *name);
char       *source_dup(cfg_t *sec, const char *name);   /* a copy, or NULL */
char       *source_domain(cfg_t *sec, const char *name);        /* the same in A-labels (idna.h) */
char       *source_pattern(cfg_t *sec, const char *name);       /* the same of an address or pattern */
struct addr *source_addr(cfg_t *sec, const char *name);

/* A list of strings, copied; NULL-ended, NULL when not given. */
char      **source_list(cfg_t *sec, const char *name);
void        source_list_free(char **list);              /* NULL is fine */

/* Values option_check() has passed; `otherwise` when not given. */
unsigned    source_number(cfg_t *sec, const char *name, unsigned otherwise);
int64_t     source_duration_s(cfg_t *sec, const char *name, int64_t otherwise);
uint64_t    source_size(cfg_t *sec, const char *name, uint64_t otherwise);
bool        source_flag(cfg_t *sec, const char *name, bool otherwise);

/*
 * Append a line to *why, "FILE:LINE: " and the sentence; the line is where option
 * was given, or, NULL or not given, where the section begins.  EX_CONFIG.
 */
int source_wrong(const struct source *s, cfg_t *sec, const char *option, struct buf *why, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#endif
