/*
 * scratch.h - an empty spool of a test's own, and what is to be seen in it.
 * Fails the test when the machine does not give it one.
 */
#ifndef TESTS_LIB_SCRATCH_H
#define TESTS_LIB_SCRATCH_H

#include <stddef.h>

#include "base/buf.h"

struct scratch {
	char path[64];
	int  fd;                /* the spool's root */
};

void  scratch_make(struct scratch *s);
void  scratch_remove(struct scratch *s);

/* Files in a directory of it; the last one's name in *ret_name (may be NULL), 256 bytes. */
int   scratch_count(const struct scratch *s, const char *dir, char *ret_name);

/* The whole of a file, with a NUL; to be freed. */
char *scratch_read(const struct scratch *s, const char *dir, const char *name, size_t *ret_n);

void  scratch_write(const struct scratch *s, const char *dir, const char *name, struct span text);

#endif
