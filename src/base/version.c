/* version.c - the one version of every program; see version.h. */
#include "base/version.h"

#include <stdio.h>

const char *
version_text(void)
{
	return POSTERN_VERSION;
}

void
version_print(const char *program)
{
	printf("%s (Postern) %s\n", program, version_text());
}
