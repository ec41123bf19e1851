/*
 * folder.h - a folder of a target's own, for code that reads files by their
 * names: in memory where there is such a place, and gone with the program.
 */
#ifndef TESTS_FUZZ_FOLDER_H
#define TESTS_FUZZ_FOLDER_H

#include "base/buf.h"

/* Its path, as long as the program lives; made at the first call. */
const char *folder(void);

/* Its "spool", empty and with all its directories: what was in them is removed. */
const char *folder_spool(void);

/* A file in it, replaced; its path, lent until the next call. */
const char *folder_file(const char *name, struct span text, unsigned mode);

#endif
