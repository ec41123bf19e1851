/*
 * version.h - the one version of every program.  It is written down in
 * configure.ac and nowhere else.
 */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

const char *version_text(void);                 /* "1.2.3" */

/* What --version says: "PROGRAM (Postern) 1.2.3" on standard output. */
void        version_print(const char *program);

#endif
