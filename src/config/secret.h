/*
 * secret.h - get a relay's password: from a file only the daemon may read,
 * a systemd credential, inline in a configuration others cannot read, or out
 * of what a command said (relay/password runs it).
 * The bytes are wiped by buf_wipe(); they are never logged.
 */
#ifndef CONFIG_SECRET_H
#define CONFIG_SECRET_H

#include <sys/types.h>

#include "base/buf.h"
#include "config/config.h"

/*
 * Read it now, into *ret (empty before).  0 or a sysexits code with one line
 * in *why: missing, empty, or readable by others ("FILE is readable by every
 * user; chmod 0640 and chgrp postern").  EX_TEMPFAIL: nobody need change
 * anything, there is no descriptor for it just now.  A trailing line end is taken off;
 * blanks inside an app password are removed where the provider shows it with them.
 */
int secret_read(const struct relay_conf *r, struct buf *ret, struct buf *why);

/* The same of what a password-command said: its first line, since some show more behind it. */
int secret_take(const struct relay_conf *r, struct span said, struct buf *ret, struct buf *why);

/* Can the password-command be run?  A sysexits code with one line of why when not; it is not run. */
int secret_check_command(const struct relay_conf *r, struct buf *why);

/* The file that the password is in, appended; nothing where it is in none. */
void secret_put_path(const struct relay_conf *r, struct buf *ret);

/*
 * Another file that others must not read, of at most max bytes: a listener's
 * users.  The same refusals.
 */
int  secret_read_file(const char *path, size_t max, struct buf *ret, struct buf *why);

/* The refusals alone, for a file that another reads: a listener's key. */
int  secret_check_file(const char *path, struct buf *why);

/*
 * May this group read a secret?  Root's, this process's, and the daemon's
 * (root asks for it in `postern check`).
 */
bool secret_is_our_group(gid_t gid);

#endif
