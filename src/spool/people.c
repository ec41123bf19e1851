/* people.c - uid to names; see people.h. */
#include "spool/people.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

#define FRESH_MS      (600 * 1000)      /* a new or renamed user shows within this */
#define PASSWD_BYTES  4096
#define PASSWD_MAX    (1u << 20)        /* an entry longer than this is no entry */
#define FULL_NAME_MAX 255

/* Up to the first comma; '&' stands for the login name with a capital (finger's custom). */
static char *
gecos_name(const char *gecos, const char *login)
{
	struct buf b;

	buf_init(&b, FULL_NAME_MAX);
	for (; gecos != NULL && *gecos != '\0' && *gecos != ','; gecos++) {
		size_t at = b.n;

		if (*gecos != '&') {
			buf_char(&b, (unsigned char)*gecos < 32 || *gecos == 127 ? ' ' : *gecos);
			continue;
		}
		buf_str(&b, login);
		if (b.n > at && b.p[at] >= 'a' && b.p[at] <= 'z')
			b.p[at] = (char)(b.p[at] - 32);
	}
	if (span_trim(buf_view(&b)).n == 0) {
		buf_done(&b);
		return NULL;
	}
	return (char *)buf_steal(&b).p;
}

static char *
digits(uid_t uid)
{
	struct buf b;

	buf_init(&b, 32);
	buf_printf(&b, "%lu", (unsigned long)uid);
	return (char *)buf_steal(&b).p;
}

static void
ask(uid_t uid, struct person *ret)
{
	struct passwd pw, *found = NULL;
	size_t        n = PASSWD_BYTES;
	char         *p = xrealloc(NULL, n);

	while (getpwuid_r(uid, &pw, p, n, &found) == ERANGE && n < PASSWD_MAX) {
		n *= 2;
		p = xrealloc(p, n);
	}
	*ret = (struct person){ .uid = uid, .asked_ms = clock_mono_ms() };
	if (found != NULL && pw.pw_name[0] != '\0') {
		ret->name = xstrdup(pw.pw_name);
		ret->full_name = gecos_name(pw.pw_gecos, pw.pw_name);
	} else {
		ret->name = digits(uid);
	}
	free(p);
}

static void
forget(struct person *w)
{
	free(w->name);
	free(w->full_name);
	*w = (struct person){ 0 };
}

const struct person *
people_find(struct people *p, uid_t uid)
{
	struct person *w;
	size_t         i;

	for (i = 0; i < PEOPLE_MAX; i++)
		if (p->who[i].name != NULL && p->who[i].uid == uid)
			break;
	if (i < PEOPLE_MAX && clock_mono_ms() - p->who[i].asked_ms < FRESH_MS)
		return &p->who[i];
	if (i == PEOPLE_MAX) {
		i = p->next;
		p->next = (p->next + 1) % PEOPLE_MAX;
	}
	w = &p->who[i];
	forget(w);
	ask(uid, w);
	return w;
}

void
people_done(struct people *p)
{
	for (size_t i = 0; i < PEOPLE_MAX; i++)
		forget(&p->who[i]);
}
