/*
 * command.c - the one mouth.  A line is a handful of parts; they are looked
 * at and counted before the first byte is written, so a line is made whole
 * or not at all.
 */
#include "smtp/command.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "smtp/limits.h"

#define PARTS_MAX 16

/* Why a part may be in a line: which bytes it may hold. */
enum kind {
	RAW,            /* ours, or a path: no CR, LF, NUL */
	WORD,           /* one word of printable ASCII */
	BASE64,
};

struct line {
	struct span part[PARTS_MAX];
	size_t      nparts;
	size_t      bytes;
	int         error;
};

static bool
is_base64(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    c == '+' || c == '/' || c == '=';
}

static bool
is_fit(char c, enum kind kind)
{
	switch (kind) {
	case WORD:
		return c > ' ' && c <= '~';
	case BASE64:
		return is_base64(c);
	default:
		return c != '\r' && c != '\n' && c != '\0';
	}
}

static void
add_span(struct line *l, struct span s, enum kind kind, size_t max)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!is_fit(s.p[i], kind))
			l->error = -EINVAL;
	if (s.n > max && l->error == 0)
		l->error = -EMSGSIZE;
	if (l->error != 0)
		return;
	assert(l->nparts < PARTS_MAX);
	l->part[l->nparts++] = s;
	l->bytes += s.n;
}

/* What stands in this file. */
static void
add(struct line *l, const char *s)
{
	add_span(l, span_of(s), RAW, LIMIT_COMMAND);
}

/* A parameter's value, somebody else's: at least one byte. */
static void
add_value(struct line *l, const char *s, enum kind kind, size_t max)
{
	if (s == NULL || s[0] == '\0')
		l->error = -EINVAL;
	else
		add_span(l, span_of(s), kind, max);
}

/*
 * An address is safe by construction; this is the second lock on the door,
 * for the day when somebody finds another way to make one.
 */
static void
add_path(struct line *l, const struct addr *a)
{
	add(l, "<");
	add_span(l, (struct span){ a->text, a->n }, RAW, LIMIT_COMMAND);
	add(l, ">");
}

static int
put(struct buf *b, struct line *l, size_t max)
{
	size_t i;

	if (l->error != 0)
		return l->error;
	if (l->bytes + 2 > max || b->over || b->max - b->n < l->bytes + 2)
		return -EMSGSIZE;
	for (i = 0; i < l->nparts; i++)
		buf_span(b, l->part[i]);
	buf_str(b, "\r\n");
	return 0;
}

static int
put_plain(struct buf *b, const char *verb)
{
	struct line l = { .nparts = 0 };

	add(&l, verb);
	return put(b, &l, LIMIT_COMMAND);
}

static int
put_hello(struct buf *b, const char *verb, const char *name)
{
	struct line l = { .nparts = 0 };

	add(&l, verb);
	add_value(&l, name, WORD, LIMIT_HELO_NAME);
	return put(b, &l, LIMIT_COMMAND);
}

int
command_ehlo(struct buf *b, const char *name)
{
	return put_hello(b, "EHLO ", name);
}

int
command_helo(struct buf *b, const char *name)
{
	return put_hello(b, "HELO ", name);
}

int
command_starttls(struct buf *b)
{
	return put_plain(b, "STARTTLS");
}

int
command_auth(struct buf *b, const char *mech, const char *initial)
{
	struct line l = { .nparts = 0 };

	add(&l, "AUTH ");
	add_value(&l, mech, WORD, LIMIT_MECHANISM);
	if (initial != NULL) {
		add(&l, " ");
		add_value(&l, initial, BASE64, LIMIT_AUTH_LINE);
	}
	return put(b, &l, LIMIT_AUTH_LINE);
}

/* Empty is an answer too: OAuth's to a refusal (RFC 7628 §3.2.3 has its own, XOAUTH2 this). */
int
command_auth_line(struct buf *b, const char *base64)
{
	struct line l = { .nparts = 0 };

	if (base64 == NULL)
		return -EINVAL;
	if (strcmp(base64, "*") == 0)
		add(&l, "*");
	else
		add_span(&l, span_of(base64), BASE64, LIMIT_AUTH_LINE);
	return put(b, &l, LIMIT_AUTH_LINE);
}

int
command_mail(struct buf *b, const struct addr *from, const struct mail_params *p)
{
	struct line l = { .nparts = 0 };
	char size[32];

	add(&l, "MAIL FROM:");
	add_path(&l, from);
	if (p != NULL && p->size > 0) {
		snprintf(size, sizeof(size), " SIZE=%" PRIu64, p->size);
		add(&l, size);
	}
	if (p != NULL && p->body != NULL) {
		add(&l, " BODY=");
		add_value(&l, p->body, WORD, LIMIT_COMMAND);
	}
	if (p != NULL && p->smtputf8)
		add(&l, " SMTPUTF8");
	if (p != NULL && p->ret != NULL) {
		add(&l, " RET=");
		add_value(&l, p->ret, WORD, LIMIT_COMMAND);
	}
	if (p != NULL && p->envid != NULL) {
		add(&l, " ENVID=");
		add_value(&l, p->envid, WORD, LIMIT_ENVID);
	}
	return put(b, &l, LIMIT_COMMAND);
}

int
command_rcpt(struct buf *b, const struct addr *to, const struct rcpt_params *p)
{
	struct line l = { .nparts = 0 };

	if (addr_is_null(to))
		return -EINVAL;
	add(&l, "RCPT TO:");
	add_path(&l, to);
	if (p != NULL && p->notify != NULL) {
		add(&l, " NOTIFY=");
		add_value(&l, p->notify, WORD, LIMIT_COMMAND);
	}
	if (p != NULL && p->orcpt != NULL) {
		add(&l, " ORCPT=");
		add_value(&l, p->orcpt, WORD, LIMIT_ORCPT);
	}
	return put(b, &l, LIMIT_COMMAND);
}

int
command_data(struct buf *b)
{
	return put_plain(b, "DATA");
}

int
command_bdat(struct buf *b, uint64_t bytes, bool last)
{
	char line[48];

	snprintf(line, sizeof(line), "BDAT %" PRIu64 "%s", bytes, last ? " LAST" : "");
	return put_plain(b, line);
}

int
command_rset(struct buf *b)
{
	return put_plain(b, "RSET");
}

int
command_quit(struct buf *b)
{
	return put_plain(b, "QUIT");
}
