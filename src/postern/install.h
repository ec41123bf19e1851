/*
 * install.h - a file put into the daemon's folder, all or nothing: written
 * beside its place with the owner and mode that it must have, synced, and
 * only then renamed.  What it replaces can be kept as NAME.~N~.
 */
#ifndef POSTERN_INSTALL_H
#define POSTERN_INSTALL_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Anyone may read PLAIN (0644; where a file is there, its mode and owner
 * stay).  SECRET is for root and the daemon: root:postern 0640; where there
 * is no such group, the owner of the spool's, 0600.
 */
enum install_kind { INSTALL_PLAIN, INSTALL_SECRET };

struct install {
	char *path;     /* links followed */
	char *temp;     /* what is written; NULL: nothing is */
};

/*
 * May files be made there?  The folder itself is made, 0755, if its parent
 * is there.  0, or a sysexits code with one line in *why that says who may.
 */
int  install_folder(const char *path_of_file, struct buf *why);

/*
 * Write the text beside path.  0 and *ret, which one of the two below ends;
 * or a sysexits code with one line in *why and nothing left behind.
 */
int  install_stage(const char *path, struct span text, enum install_kind kind, struct install *ret, struct buf *why);

/*
 * Into its place, durably.  ret_kept, if not NULL: a file that was there
 * stays under the name put into it (empty: there was none).
 */
int  install_commit(struct install *in, struct buf *ret_kept, struct buf *why);
void install_abandon(struct install *in);       /* after a commit, or all zero, nothing happens */

#endif
