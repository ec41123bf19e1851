/* message.c - one message of the spool, open; see store.h. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/text.h"
#include "spool/block.h"
#include "spool/journal.h"
#include "spool/kept.h"
#include "spool/reaper.h"
#include "spool/store_private.h"

#define CACHE_BYTES  (16u << 10)        /* most messages are smaller: read with one call */
#define HEADER_CHUNK (64u << 10)

/*
 * Ten thousand recipients, each tried every hour of five days, have a fifth
 * of this.  More is a hole that the file's owner, who kept it open, made to
 * be read for hours in which nobody's mail moves.
 */
#define JOURNAL_MAX  (UINT64_C(1) << 30)

static int
bad(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EBADMSG;
}

/* ---- open and read ---- */

static bool
all_zero(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\0')
			return false;
	return true;
}

/* The first line: how long envelope and message are. */
static int
parse_head(struct span file, uint64_t *ret_envelope, uint64_t *ret_message, const char **ret_why)
{
	struct span head = { file.p, HEAD_LEN };

	if (file.n < HEAD_LEN)
		return bad(ret_why, "shorter than a head");
	if (all_zero(head))
		return -EAGAIN;
	if (!span_starts(head, SPAN(HEAD_MAGIC)))
		return bad(ret_why, "does not begin as a message of this version");
	if (!head_lengths(file.p, ret_envelope, ret_message))
		return bad(ret_why, "its head has no lengths");
	if (*ret_envelope == 0 && *ret_message == 0)
		return -EAGAIN;
	return 0;
}

static int
read_cache(struct message *m, uint64_t file_size)
{
	size_t  want = file_size < CACHE_BYTES ? (size_t)file_size : CACHE_BYTES;
	char   *p = xrealloc(NULL, want);
	ssize_t n = fs_pread_full(m->fd, p, want, 0);

	m->cache = (struct span){ p, n < 0 ? 0 : (size_t)n };
	return n < 0 ? (int)n : 0;
}

/* An envelope that is longer than the cache is read for the parse alone. */
static int
read_envelope(struct message *m, size_t n, const char **ret_why)
{
	struct span text = { m->cache.p + HEAD_LEN, n };
	char       *p = NULL;
	ssize_t     got = (ssize_t)n;
	int         r;

	if (HEAD_LEN + n > m->cache.n) {
		p = xrealloc(NULL, n);
		got = fs_pread_full(m->fd, p, n, HEAD_LEN);
		text.p = p;
	}
	if (got < 0)
		r = (int)got;
	else if ((size_t)got < n)
		r = bad(ret_why, "shorter than its head says");
	else
		r = envelope_parse(text, &m->env, ret_why) < 0 ? -EBADMSG : 0;
	free(p);
	return r;
}

struct addr *
message_sender(struct store *s, uid_t uid)
{
	struct addr *a = addr_of_user(span_of(people_find(&s->people, uid)->name), NULL);

	return a != NULL ? a : addr_null();     /* a login name that no address can be: nobody's, then */
}

/* Whom the file belongs to is the kernel's word; what it says is not. */
static void
fill_in(struct store *s, struct message *m)
{
	const struct person *who = people_find(&s->people, m->uid);
	struct envelope     *e = &m->env;

	e->uid = m->uid;
	free(e->user);
	e->user = xstrdup(who->name);
	/* A listener's client is not the daemon's user. */
	if (e->full_name == NULL && who->full_name != NULL && e->via.address == NULL)
		e->full_name = xstrdup(who->full_name);
	m->unsaid = e->sender == NULL;
	if (m->unsaid)
		e->sender = message_sender(s, m->uid);
}

static int
load(struct store *s, struct message *m, const char **ret_why)
{
	struct stat st;
	uint64_t    size, envelope, message;
	int         r;

	if ((r = fs_stat(m->fd, &st)) < 0)
		return r;
	if (!S_ISREG(st.st_mode))
		return bad(ret_why, "not a regular file");
	size = (uint64_t)st.st_size;
	m->uid = st.st_uid;
	m->mark = gist_mark(&st);
	if ((r = read_cache(m, size)) < 0)
		return r;
	if ((r = parse_head(m->cache, &envelope, &message, ret_why)) < 0)
		return r;
	if (envelope > ENVELOPE_MAX_BYTES)
		return bad(ret_why, "the envelope is too long");
	m->at = HEAD_LEN + envelope;
	m->size = message;
	if (m->at + m->size > size)
		return bad(ret_why, "shorter than its head says");
	if (size - (m->at + m->size) > JOURNAL_MAX)
		return bad(ret_why, "what follows the message is too long for a journal");
	if ((r = read_envelope(m, (size_t)envelope, ret_why)) < 0)
		return r;
	if (store_wrote(s, &st))
		m->uid = m->env.uid;
	else
		envelope_forget_via(&m->env);
	fill_in(s, m);
	m->notes = xcalloc(m->env.nrcpts, sizeof(*m->notes));
	return journal_read(m, size);
}

/*
 * O_APPEND: the journal's lines go to the end whatever was written between.
 * O_NONBLOCK: a FIFO by such a name must not hold up the daemon.
 */
int
store_load(struct store *s, enum place p, msgid id, struct message **ret, const char **ret_why)
{
	int             flags = s->write ? O_RDWR | O_APPEND : O_RDONLY;
	char            name[ID_LEN + 1];
	struct message *m;
	int             fd, r;

	msgid_format(id, name);
	fd = fs_open(s->dir[p], name, flags | O_NONBLOCK | O_NOCTTY, 0);
	if (fd == -ELOOP || fd == -EISDIR || fd == -ENXIO)      /* a link, a directory, a socket */
		return bad(ret_why, "not a regular file");
	if (fd < 0)
		return fd;
	m = xcalloc(1, sizeof(*m));
	m->id = id;
	m->fd = fd;
	r = load(s, m, ret_why);
	if (r < 0) {
		message_close(s, m);
		return r;
	}
	*ret = m;
	return 0;
}

/* ---- the content ---- */

ssize_t
message_read(const struct message *m, uint64_t at, void *p, size_t n)
{
	uint64_t from = m->at + at;
	ssize_t  got;

	if (at >= m->size)
		return 0;
	if (n > m->size - at)
		n = (size_t)(m->size - at);
	if (from + n <= m->cache.n) {
		memcpy(p, m->cache.p + from, n);
		return (ssize_t)n;
	}
	got = fs_pread_full(m->fd, p, n, (off_t)from);
	return got >= 0 && (size_t)got < n ? -EIO : got;
}

ssize_t
message_journal(const struct message *m, uint64_t at, void *p, size_t n)
{
	return fs_pread_full(m->fd, p, n, (off_t)(m->at + m->size + at));
}

/* As much of the message as the cache has. */
static struct span
cached(const struct message *m)
{
	struct span s = { NULL, 0 };

	if (m->at >= m->cache.n)
		return s;
	s.p = m->cache.p + m->at;
	s.n = m->cache.n - m->at;
	if (s.n > m->size)
		s.n = (size_t)m->size;
	return s;
}

static int
read_header(struct message *m, size_t max, struct span *ret)
{
	size_t at = 0;

	buf_done(&m->header);
	buf_init(&m->header, max + HEADER_CHUNK);
	do {
		char   *p = buf_room(&m->header, HEADER_CHUNK);
		ssize_t n;

		if (p == NULL)
			return -EMSGSIZE;
		n = message_read(m, m->header.n, p, HEADER_CHUNK);
		if (n < 0)
			return (int)n;
		buf_took(&m->header, (size_t)n);
	} while (!block_end(buf_view(&m->header), m->header.n == m->size, &at));
	*ret = (struct span){ m->header.p, at };
	return 0;
}

int
message_header(struct message *m, size_t max, struct span *ret)
{
	struct span have = cached(m);
	size_t      at = 0;
	int         r = 0;

	if (m->block.p == NULL) {
		if (block_end(have, have.n == m->size, &at))
			m->block = (struct span){ have.p != NULL ? have.p : "", at };
		else
			r = read_header(m, max, &m->block);
	}
	if (r == 0 && m->block.n > max)
		r = -EMSGSIZE;
	if (r == 0)
		*ret = m->block;
	return r;
}

/* ---- the end ---- */

static void
release(struct message *m)
{
	if (m->fd >= 0)
		fs_close(m->fd);
	for (size_t i = 0; m->notes != NULL && i < m->env.nrcpts; i++)
		free(m->notes[i].text);
	for (size_t i = 0; i < m->nparts; i++)
		free(m->parts[i].to);
	free(m->parts);
	free(m->notes);
	free(m->relay);
	envelope_done(&m->env);
	buf_done(&m->header);
	free((char *)m->cache.p);
	free(m);
}

/*
 * What happened to it need not be read again to be shown.  After a line that
 * could not be written the file says less than *m, and it is what counts.
 */
static void
keep(struct store *s, const struct message *m)
{
	struct stat st;

	if (!m->torn && fs_stat(m->fd, &st) == 0)
		gist_keep(s, m, gist_mark(&st));
	else
		kept_drop(s->kept, m->id);
}

void
message_close(struct store *s, struct message *m)
{
	if (m == NULL)
		return;
	if (m->grown && s != NULL && s->kept != NULL)
		keep(s, m);
	release(m);
}

int
message_remove(struct store *s, enum place p, struct message *m)
{
	char name[ID_LEN + 1];
	int  r;

	assert(s->reaper != NULL);
	msgid_format(m->id, name);
	if ((r = fs_unlink(s->dir[p], name)) < 0)
		return r;
	kept_drop(s->kept, m->id);
	reaper_take(s->reaper, p, m->fd);
	m->fd = -1;
	release(m);
	return 0;
}
