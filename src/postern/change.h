/*
 * change.h - a configuration that is about to change: its admin is shown
 * how, and what the daemon would not take is never put into the place from
 * which it reads.
 */
#ifndef POSTERN_CHANGE_H
#define POSTERN_CHANGE_H

#include <stdio.h>

#include "base/buf.h"
#include "postern/install.h"

/* An admin's own text, tabs and all; no escape sequence gets through. */
void change_print(FILE *out, struct span text);

/* "This changes in PATH", and the diff. */
void change_show(FILE *out, const char *path, struct span old, struct span now);

/* What is staged, as the daemon reads it: 0, or a sysexits code with one line in *why. */
int  change_check(const struct install *staged, struct buf *why);

#endif
