/*
 * store.h - the read side of the spool: the daemon's.
 *
 * A message is one file from birth to death; its directory is its state;
 * each arrow is one system call.
 *
 *  sendmail        posternd
 *  tmp/ ---> new/ ---> cur/ ------------> gone      every recipient settled: unlink
 *                       |                  ^
 *                       +--> later/ -------+        deferred: waits for its next attempt
 *                       +<-> hold/                  held by an admin or the flood guard; released
 *                       +--> dead/                  neither deliverable nor returnable
 *                       +--> bad/                   does not parse; kept, counted, shown
 *
 * The file: head line, envelope, message (CRLF line ends), journal.  The
 * first two never change, the journal only grows, and a torn last line of it
 * is ignored.  The next attempt is computed from age and last attempt, so
 * nothing about scheduling is stored: arrival is the ID, last attempt is
 * mtime, size is st_size, and the submitter is st_uid; where that is the
 * daemon, its own word in the file (store_private.h).
 *
 * Knows files and envelopes; knows nothing of SMTP, time or policy.
 */
#ifndef SPOOL_STORE_H
#define SPOOL_STORE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "spool/draft.h"
#include "spool/envelope.h"
#include "spool/msgid.h"

enum place { PLACE_TMP, PLACE_NEW, PLACE_CUR, PLACE_LATER, PLACE_HOLD, PLACE_DEAD, PLACE_BAD, NPLACE };

const char *place_name(enum place p);           /* "new" … */

struct store;

/*
 * Open the spool at path.  write: the daemon's use; also takes the lock that
 * keeps a second daemon out (-EBUSY) and starts the helper thread.  Without:
 * for looking (mailq while the daemon is down).  0 or -errno, *ret_what then
 * names the directory that failed (constant text).
 */
int  store_open(const char *path, bool write, struct store **ret, const char **ret_what);
void store_close(struct store *s);              /* waits for the helper thread */

/* Whose lock made store_open say -EBUSY, as far as it is known; 0: it is not. */
pid_t store_locked_by(const char *path);

/* Does the path still lead to this spool?  Not when it was removed, moved or replaced; a path
   that cannot be followed just now proves nothing. */
bool store_is_at(const struct store *s, const char *path);

/* The first failure the helper thread met since the last call, or 0: a directory
   could not be synced, so what was delivered may be sent again after a crash. */
int  store_trouble(struct store *s);
const char *store_user(struct store *s, uid_t uid);     /* a login name, else the digits; lent until the next call */
int  store_spool_fd(const struct store *s);     /* for draft_begin, wake; borrowed */

/* What readdir and fstatat tell. */
struct stored {
	msgid   id;
	uid_t   uid;
	off_t   size;
	int64_t mtime_s;        /* the last attempt, if there was one */
};

/* Call each() for every message there.  Files that are no message (name) are
   skipped.  Ends when each() returns other than 0, and returns that.
   stat: false leaves uid, size and mtime 0 (new/ is renamed before it is read). */
int  store_scan(struct store *s, enum place p, bool stat,
                int (*each)(void *arg, const struct stored *m), void *arg);

/*
 * The same in steps of some hundred files, for a place that may hold a
 * hundred thousand; nothing is stat'ed, and others may scan meanwhile.  What
 * comes or goes between two steps may be seen or not.  A step: 1: there are
 * more, 0: that was all, or what each() ended it with; -errno.
 */
struct store_walk;
int  store_walk_begin(struct store *s, enum place p, struct store_walk **ret);
int  store_walk_step(struct store_walk *w, int (*each)(void *arg, const struct stored *m), void *arg);
void store_walk_end(struct store_walk *w);              /* NULL is fine */

int64_t store_changed_us(struct store *s, enum place p);        /* when something last came or went; 0: unknown */

int  store_stat(struct store *s, enum place p, msgid id, struct stored *ret);
int  store_move(struct store *s, msgid id, enum place from, enum place to);
void store_sync_soon(struct store *s, enum place p);    /* the helper thread syncs it within a second */
int  store_remove(struct store *s, enum place p, msgid id);     /* unread, whatever it is; as message_remove() */

/*
 * new/ → cur/.  After the clock was set back a name may be taken there; the
 * message then gets another, which nobody has been told yet.  -ENOENT: gone.
 */
int  store_take(struct store *s, msgid id, msgid *ret_id);

/* Remove orphans older than age_s from tmp/; how many. */
int  store_reap(struct store *s, int64_t age_s);

/* Free bytes of the spool's file system. */
uint64_t store_free_bytes(const struct store *s);

/* ---- one message, open ---- */

/* One recipient's last outcome, as the journal has it. */
enum outcome { OUTCOME_NONE, OUTCOME_SENT, OUTCOME_DEFERRED, OUTCOME_FAILED };

struct outcome_note {
	enum outcome what;
	int64_t      time_s;
	int          code;              /* 0: none */
	char         dsn[12];           /* "" : none */
	char         relay[64];
	char        *text;              /* NULL: none */
	unsigned     tries;             /* outcomes of this recipient so far; not looked at in a new note */
	const char  *to;                /* new notes only: one address of the recipient; NULL: all of him */
};

/* An address of a recipient that was settled while others of him waited (an alias makes several). */
struct part_note {
	size_t       rcpt;
	enum outcome what;              /* sent or failed */
	char        *to;
};

struct message {
	msgid           id;
	uid_t           uid;            /* who submitted it: st_uid, or the daemon's word */
	int             fd;
	uint64_t        size;           /* message bytes */
	uint64_t        at;             /* where in the file it begins */
	struct envelope env;
	struct outcome_note *notes;     /* one a recipient of env */
	struct part_note    *parts;     /* in the order of the journal */
	size_t          nparts;
	unsigned        attempts;       /* rounds so far: the most outcomes any recipient had */
	bool            warned;         /* a delay notice went out */
	char           *relay;          /* the only one that is to carry it, as an admin said; NULL: by its routes */
	char            held_by[16];    /* why it was last put into hold/: "admin", "flood"; "": it never was */
	int64_t         first_s;        /* the earliest time in its journal; 0: none */
	int64_t         reopened_s;     /* an admin gave it a new life then; 0: nobody did */
	bool            eightbit;       /* stored: bytes above 127 in it */
	bool            dots;           /* stored: a line begins with a dot */
	size_t          longest;        /* stored: longest line without its end; 0: unknown */
	struct span     cache;          /* the file's first bytes, owned: the head, and for a small message all of it */
	struct buf      header;         /* message_header's, when the cache is too short for it */
	struct span     block;          /* message_header's answer, once there was one */
	bool            torn;           /* the journal's last line has no end: the next begins with one */
	bool            unsaid;         /* the sender, by the submitter: filled in */
	uint64_t        mark;           /* of the file as it was read (store_private.h) */
	bool            grown;          /* its journal, since then */
};

/*
 * Open and read: one openat, one fstat, one pread for a small message.  The
 * sender, the user and the full name that the submitter did not state are
 * filled in from the submitter's uid, so env.sender and env.user are always there.
 * 0; -EBADMSG: does not parse, *ret_why says what (constant); -EAGAIN: a head
 * of zeros, was never accepted; other -errno from the system.
 */
int  store_load(struct store *s, enum place p, msgid id, struct message **ret, const char **ret_why);

/* Bytes of the message, from the cache when they are there.  n, or less at the
   end; -errno (-EIO: the file is shorter than it was). */
ssize_t message_read(const struct message *m, uint64_t at, void *p, size_t n);

/* The header block with its closing blank line if there is one: in the cache, or read.
   -EMSGSIZE: longer than max bytes.  The span lives as long as the message. */
int  message_header(struct message *m, size_t max, struct span *ret);

/*
 * Journal lines, and the same into m->notes.  `sync`: fdatasync before
 * returning (an outcome that must not be repeated: one sent while others
 * wait).  text is encoded here, and cut at NOTE_TEXT_MAX.  With `to` it is about
 * one address and goes to m->parts.  On -errno it is there all the same, since
 * it did happen: only a restart would not know.
 */
#define NOTE_TEXT_MAX 1000
int  message_note(struct message *m, size_t rcpt, const struct outcome_note *n, bool sync);
int  message_note_warned(struct message *m, int64_t now_s);

/*
 * By whose hand it was held or let go: `by` a word, user a login name or NULL.
 * Reopened: recipients that failed are tried again, which must be known
 * before the file moves, so this one is synced.
 */
int  message_note_held(struct message *m, int64_t now_s, const char *by, const char *user);
int  message_note_released(struct message *m, int64_t now_s, const char *user);
int  message_note_reopened(struct message *m, int64_t now_s, const char *user);
int  message_note_routed(struct message *m, int64_t now_s, const char *relay, const char *user);

/* Journal text as the file has it, from its offset `at` on: n octets, or less at the end; -errno. */
ssize_t message_journal(const struct message *m, uint64_t at, void *p, size_t n);

/* Close; NULL is fine. */
void message_close(struct store *s, struct message *m);

/*
 * The end of a message: unlink while it is open; the close, which frees the
 * blocks, is the helper thread's.  Also tells the thread that the place wants
 * a sync within a second.  Consumes m when 0; otherwise m stays.
 */
int  message_remove(struct store *s, enum place p, struct message *m);

#endif
