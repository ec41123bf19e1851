/*
 * names.h - what verify and newaliases share: the configuration, if there is
 * one, and the aliases file it names.
 */
#ifndef POSTERN_NAMES_H
#define POSTERN_NAMES_H

#include "config/config.h"
#include "mail/alias.h"

/*
 * Read the aliases file.  0 (*ret NULL: there is none), or an exit status
 * with one line in *why.
 */
int  names_read(const char *path, const struct alias_ear *ear, struct aliases **ret,
         struct buf *why);

/* This machine's name, as submissions have it; 256 bytes. */
void names_host(char ret[static 256]);

#endif
