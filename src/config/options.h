/*
 * options.h - every option's name, kind and range in one table.  The same
 * name means the same in a configuration and in a provider file.  Knows
 * values; knows no files and no libconfuse.
 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Is `value` one that option `name` can have?  0, or -EINVAL with one line
 * in *why: `port: "x" is no port number; write one from 1 to 65535`.  An
 * option that is not in the table is a bug of the schema.
 */
int  option_check(const char *name, const char *value, struct buf *why);

/* The same where a section has its own meaning of a name: `to` in log and in map. */
int  option_check_in(const char *section, const char *name, const char *value, struct buf *why);

/* "yes", "true", "on"; false for every other value, which option_check() has seen. */
bool option_flag(const char *value);

/* A host name or domain as the wire has it: dots, letters, digits, '-', '_'. */
bool option_is_host_name(struct span s);

/* 127/8, ::1, localhost: where a password without TLS goes to nobody else. */
bool option_is_loopback(const char *host);

/*
 * The one of `known` (NULL-ended) that `name` was probably meant to be, or
 * NULL: a few letters wrong, or '_' for '-'.
 */
const char *option_nearest(const char *name, const char *const *known);

#endif
