#include "relay/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/record.h"
#include "base/text.h"
#include "net/loop.h"

#define STATE       "state"
#define FILE_NAME   "quota"
#define MAX_BYTES   (4u << 20)          /* some 5 KiB an account at the most */
#define SAVE_MS     5000
#define AGAIN_MS    60000               /* a disk that would not take it */
#define BOOT_ID     "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_MAX 64

static const char magic[] = "postern-quota 1";

struct ledger {
	int             dir;            /* state/; -1: it cannot be opened, nothing is kept */
	struct account *accounts;
	struct timer   *save;           /* set: there is something new */
	int64_t         ahead_s;        /* of our clock before the time since boot */
	char            boot[BOOT_ID_MAX + 1];  /* "": unknown */
	bool            failing;        /* said already */
};

int64_t
ledger_now_s(const struct ledger *l)
{
	return clock_boot_s() + l->ahead_s;
}

/* ---- accounts ---- */

static struct account *
find(struct ledger *l, const char *relay, const char *user)
{
	struct account *a = l->accounts;

	while (a != NULL && (strcmp(a->relay, relay) != 0 || strcmp(a->user, user) != 0))
		a = a->next;
	return a;
}

static struct account *
find_or_add(struct ledger *l, const char *relay, const char *user)
{
	struct account *a = find(l, relay, user);

	if (a == NULL) {
		a = xcalloc(1, sizeof(*a));
		a->relay = xstrdup(relay);
		a->user = xstrdup(user);
		a->next = l->accounts;
		l->accounts = a;
	}
	return a;
}

static void
account_free(struct account *a)
{
	free(a->relay);
	free(a->user);
	free(a);
}

struct account *
ledger_account(struct ledger *l, const struct relay_conf *relay)
{
	struct account *a = find_or_add(l, relay->name, relay->user != NULL ? relay->user : "");

	a->users++;
	return a;
}

void
ledger_leave(struct ledger *l, struct account *a)
{
	(void)l;
	a->users--;             /* it goes with its last bucket: the relay may come back */
}

void
ledger_add(struct ledger *l, struct account *a, uint32_t messages, uint32_t recipients)
{
	quota_add(&a->quota, ledger_now_s(l), messages, recipients);
	if (!timer_is_set(l->save))
		timer_set(l->save, SAVE_MS);
}

static bool
is_empty(const struct account *a, int64_t now_s)
{
	for (int k = 0; k < NQUOTAS; k++)
		if (quota_used(&a->quota, k, now_s) > 0)
			return false;
	return true;
}

/* Of relays that no configuration names any more, when their day is over. */
static void
prune(struct ledger *l)
{
	struct account **at = &l->accounts, *a;

	while ((a = *at) != NULL) {
		if (a->users == 0 && is_empty(a, ledger_now_s(l))) {
			*at = a->next;
			account_free(a);
		} else {
			at = &a->next;
		}
	}
}

/* ---- writing ---- */

static void
put(const struct ledger *l, struct buf *b)
{
	buf_printf(b, "%s\nclock now=%lld wall=%lld since-boot=%lld boot=%s\n", magic, (long long)ledger_now_s(l),
	    (long long)clock_wall_s(), (long long)clock_boot_s(), l->boot);
	for (const struct account *a = l->accounts; a != NULL; a = a->next) {
		if (is_empty(a, ledger_now_s(l)))
			continue;
		buf_str(b, "account");
		record_text(b, "relay", a->relay);
		record_text(b, "user", a->user);
		quota_put(&a->quota, ledger_now_s(l), b);
		buf_char(b, '\n');
	}
}

static int
save(struct ledger *l)
{
	struct buf b;
	int err;

	prune(l);
	buf_init(&b, MAX_BYTES);
	put(l, &b);
	err = b.over ? -EFBIG : fs_replace(l->dir, FILE_NAME, buf_view(&b), 0600);
	buf_done(&b);
	if (err != 0 && !l->failing)
		log_err("state/quota cannot be written: %s; after a restart a relay may send more than its limits say",
		    strerror(-err));
	l->failing = err != 0;
	return err;
}

static void
on_save(void *arg)
{
	struct ledger *l = arg;

	if (save(l) != 0)
		timer_set(l->save, AGAIN_MS);
}

/* ---- reading ---- */

/* The value of the line's next word, which must be KEY=; percent-encoded text is decoded into *ret. */
static bool
next_text(struct span *line, const char *key, struct buf *ret)
{
	struct span word, name;

	buf_clear(ret);
	return span_cut(line, ' ', &word) && span_cut(&word, '=', &name) && span_eq(name, span_of(key)) &&
	    text_percent(word, ret) == 0 && !ret->over;
}

static bool
next_number(struct span *line, const char *key, int64_t *ret)
{
	struct span word, name;
	uint64_t n;

	if (!span_cut(line, ' ', &word) || !span_cut(&word, '=', &name) || !span_eq(name, span_of(key)) ||
	    text_number(word, INT64_MAX / 2, &n) != 0)
		return false;
	*ret = (int64_t)n;
	return true;
}

/* Our clock goes on from where it was, by what has passed since. */
static bool
read_clock(struct ledger *l, struct span line)
{
	int64_t now_s, wall_s, boot_s, passed_s;
	struct buf boot;
	bool good;

	buf_init(&boot, BOOT_ID_MAX);
	good = next_number(&line, "now", &now_s) && next_number(&line, "wall", &wall_s) &&
	    next_number(&line, "since-boot", &boot_s) && next_text(&line, "boot", &boot);
	if (good) {
		if (l->boot[0] != '\0' && strcmp(buf_cstr(&boot), l->boot) == 0)
			passed_s = clock_boot_s() - boot_s;
		else
			passed_s = clock_wall_s() - wall_s;
		l->ahead_s = now_s + (passed_s > 0 ? passed_s : 0) - clock_boot_s();
	}
	buf_done(&boot);
	return good;
}

static bool
read_account(struct ledger *l, struct span line)
{
	struct buf relay, user;
	struct account *a;
	struct span word;
	bool good;

	buf_init(&relay, 1024);
	buf_init(&user, 4096);
	good = next_text(&line, "relay", &relay) && next_text(&line, "user", &user) && relay.n > 0;
	if (good) {
		a = find_or_add(l, buf_cstr(&relay), buf_cstr(&user));
		while (good && span_cut(&line, ' ', &word))
			good = quota_read(&a->quota, ledger_now_s(l), word) == 0;
	}
	buf_done(&relay);
	buf_done(&user);
	return good;
}

/* How many lines of it make sense; all of them, or the number of the bad one below nothing. */
static int
parse(struct ledger *l, struct span text)
{
	struct span line, word;
	int n = 0;

	while (span_cut(&text, '\n', &line)) {
		bool good;

		n++;
		if (n == 1)
			good = span_eq(line, span_of(magic));
		else if (!span_cut(&line, ' ', &word))
			good = false;
		else
			good = n == 2 ? span_eq(word, SPAN("clock")) && read_clock(l, line)
			    : span_eq(word, SPAN("account")) && read_account(l, line);
		if (!good)
			return -n;
	}
	return n;
}

static void
forget_all(struct ledger *l)
{
	struct account *a;

	while ((a = l->accounts) != NULL) {
		l->accounts = a->next;
		account_free(a);
	}
}

static void
read_file(struct ledger *l)
{
	struct buf text;
	int n, err;

	buf_init(&text, MAX_BYTES);
	err = fs_slurp(l->dir, FILE_NAME, MAX_BYTES, &text);
	if (err != 0 && err != -ENOENT) {
		log_err("state/quota cannot be read: %s; every relay's limits begin anew", strerror(-err));
	} else if (err == 0 && (n = parse(l, buf_view(&text))) < 2) {
		forget_all(l);
		log_err("state/quota:%d: does not parse; every relay's limits begin anew", n < 0 ? -n : n);
	}
	buf_done(&text);
}

static void
read_boot_id(struct ledger *l)
{
	struct stat st;
	struct buf b;

	buf_init(&b, BOOT_ID_MAX);
	if (fs_slurp_path(BOOT_ID, BOOT_ID_MAX, &st, &b) == 0) {
		struct span id = span_trim(buf_view(&b));

		memcpy(l->boot, id.p, id.n);
	}
	buf_done(&b);
}

/* ---- life ---- */

struct ledger *
ledger_open(struct event_base *base, int spool)
{
	struct ledger *l = xcalloc(1, sizeof(*l));

	l->save = timer_new(base, on_save, l);
	l->ahead_s = clock_wall_s() - clock_boot_s();
	read_boot_id(l);
	l->dir = fs_open_dir(spool, STATE);
	if (l->dir < 0)
		log_err("state/ cannot be opened: %s; every relay's limits begin anew", strerror(-l->dir));
	else
		read_file(l);
	return l;
}

void
ledger_close(struct ledger *l)
{
	if (l == NULL)
		return;
	prune(l);
	if (timer_is_set(l->save) || l->accounts != NULL)
		save(l);                /* if only to say how late it is */
	timer_free(l->save);
	if (l->dir >= 0)
		fs_close(l->dir);
	forget_all(l);
	free(l);
}
