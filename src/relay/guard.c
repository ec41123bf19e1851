#include "relay/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "mail/header.h"
#include "net/loop.h"
#include "relay/flood.h"
#include "relay/submitted.h"
#include "relay/telling.h"
#include "relay/whose.h"

#define HOUR_S      3600
#define FIRST_MS    30000               /* a flood has just begun: let there be something to tell */
#define AGAIN_MS    600000              /* a digest that could not be written */
#define REPORTS     "reports"
#define STATE       "state"
#define FILE_NAME   "flood"
#define FILE_MAX    (FLOOD_NAMES * 13 * 128u)

struct guard {
	struct store        *store;
	const struct config *conf;
	uid_t                self;
	struct flood        *users;     /* of flood { per } */
	int64_t              per_s;     /* … as it is now */
	struct flood        *reports;   /* one name, an hour */
	bool                 seeds;     /* there was no state: the spool is all we know */
	struct telling      *telling;
	struct timer        *tell;
	int64_t              told_s;    /* the last digest */
	bool                 untold;    /* held since then, or while one was being made */
};

static void
on_tell(void *arg)
{
	struct guard *g = arg;

	g->untold = false;
	telling_start(g->telling, g->conf);
}

/* Soon after the first, then once a period. */
static void
arm_tell(struct guard *g)
{
	int64_t wait_s = g->told_s + g->conf->flood.per_s - clock_wall_s();

	g->untold = true;
	if (timer_is_set(g->tell) || telling_is_going(g->telling))
		return;
	if (wait_s > g->conf->flood.per_s)      /* the clock went back */
		wait_s = g->conf->flood.per_s;
	timer_set(g->tell, wait_s * 1000 > FIRST_MS ? wait_s * 1000 : FIRST_MS);
}

static void
on_told(void *arg, int err)
{
	struct guard *g = arg;

	if (err != 0) {
		g->untold = true;
		timer_set(g->tell, AGAIN_MS);
		return;
	}
	g->told_s = clock_wall_s();
	if (g->untold)
		arm_tell(g);
}

/* ---- life ---- */

struct guard *
guard_new(struct event_base *base, struct store *store)
{
	struct guard *g = xcalloc(1, sizeof(*g));

	g->store = store;
	g->self = getuid();
	g->reports = flood_new(HOUR_S);
	g->telling = telling_new(base, store, on_told, g);
	g->tell = timer_new(base, on_tell, g);
	return g;
}

/* Every line of text, that begins with this word, without it. */
static void
take_lines(struct flood *f, const char *word, struct span text)
{
	struct span line, first;

	while (span_cut(&text, '\n', &line))
		if (span_cut(&line, ' ', &first) && span_eq(first, span_of(word)))
			flood_take(f, line, clock_wall_s());
}

void
guard_configure(struct guard *g, const struct config *c)
{
	struct buf was;

	/* What is going on has the old one in hand. */
	if (telling_is_going(g->telling)) {
		telling_stop(g->telling);
		g->untold = true;
	}
	g->conf = c;
	if (g->users == NULL || g->per_s != c->flood.per_s) {
		buf_init(&was, FILE_MAX);
		if (g->users != NULL)
			flood_put(g->users, "user", &was);
		flood_free(g->users);
		g->per_s = c->flood.per_s;
		g->users = flood_new(g->per_s > 0 ? g->per_s : HOUR_S);
		take_lines(g->users, "user", buf_view(&was));
		buf_done(&was);
	}
	if (c->flood.per_user == 0)
		timer_off(g->tell);
	else if (g->untold)
		arm_tell(g);
}

void
guard_free(struct guard *g)
{
	if (g == NULL)
		return;
	telling_free(g->telling);
	timer_free(g->tell);
	flood_free(g->users);
	flood_free(g->reports);
	free(g);
}

/* ---- from one start to the next ---- */

/* False: the line that is always there is not, so it is no state of ours, or none that we know. */
static bool
take_words(struct guard *g, struct span text)
{
	struct span line, word;
	uint64_t    when_s;
	bool        ours = false;

	while (span_cut(&text, '\n', &line)) {
		if (!span_cut(&line, ' ', &word))
			continue;
		if (span_eq(word, SPAN("told")) && text_number(line, INT64_MAX, &when_s) == 0) {
			g->told_s = (int64_t)when_s;
			ours = true;
		} else if (span_eq(word, SPAN("untold"))) {
			g->untold = true;
		}
	}
	return ours;
}

/* Reading it takes it away: counts that are older than a crash would be wrong without a sign of it. */
static void
read_state(struct guard *g)
{
	int        dir = fs_open_dir(store_spool_fd(g->store), STATE), err;
	struct buf text;
	bool       ours = false;

	buf_init(&text, FILE_MAX);
	err = dir < 0 ? dir : fs_slurp(dir, FILE_NAME, FILE_MAX, &text);
	if (err == 0) {
		take_lines(g->users, "user", buf_view(&text));
		take_lines(g->reports, "report", buf_view(&text));
		ours = take_words(g, buf_view(&text));
		err = fs_unlink(dir, FILE_NAME);
		if (err == 0 && !ours)
			err = -EBADMSG;
	}
	g->seeds = !ours;
	if (err != 0 && err != -ENOENT)
		log_warn("state/%s cannot be read and removed: %s; who sent how much is counted from what is queued",
		    FILE_NAME, strerror(-err));
	if (dir >= 0)
		fs_close(dir);
	buf_done(&text);
}

static void
write_state(struct guard *g)
{
	int        dir, err;
	struct buf text;

	if (flood_names(g->users) + flood_names(g->reports) == 0 && !g->untold && g->told_s == 0)
		return;
	buf_init(&text, FILE_MAX);
	buf_printf(&text, "told %lld\n%s", (long long)g->told_s, g->untold ? "untold 1\n" : "");
	flood_put(g->users, "user", &text);
	flood_put(g->reports, "report", &text);
	dir = fs_open_dir(store_spool_fd(g->store), STATE);
	err = dir < 0 ? dir : text.over ? -EFBIG : fs_replace(dir, FILE_NAME, buf_view(&text), 0600);
	if (err != 0)
		log_warn("state/%s cannot be written: %s; at the next start who sent how much is counted from what is "
		    "queued", FILE_NAME, strerror(-err));
	if (dir >= 0)
		fs_close(dir);
	buf_done(&text);
}

static bool
is_recent(const struct guard *g, msgid id)
{
	return msgid_time_us(id) / 1000000 > clock_wall_s() - g->conf->flood.per_s;
}

void
guard_seed(struct guard *g, const struct entry *e)
{
	char key[FLOOD_NAME_MAX + 1];

	if (!g->seeds || g->conf->flood.per_user == 0 || e->uid == 0 || e->uid == g->self || !is_recent(g, e->id))
		return;
	whose_uid(e->uid, key);
	(void)flood_add(g->users, key, entry_arrival_s(e));
}

static int
seed_held(void *arg, const struct stored *m)
{
	struct guard *g = arg;
	struct stored st;

	if (!is_recent(g, m->id))
		return 0;
	g->untold = true;
	if (store_stat(g->store, PLACE_HOLD, m->id, &st) == 0)
		guard_seed(g, &(struct entry){ .id = m->id, .uid = st.uid });
	return 0;
}

void
guard_start(struct guard *g)
{
	read_state(g);
	if (g->conf->flood.per_user == 0)
		return;
	if (g->seeds)
		(void)store_scan(g->store, PLACE_HOLD, false, seed_held, g);
	if (g->untold)
		arm_tell(g);
}

void
guard_stop(struct guard *g)
{
	g->untold |= telling_is_going(g->telling);
	telling_stop(g->telling);
	timer_off(g->tell);
	write_state(g);
}

/* ---- users ---- */

/* Its reason in the file is a courtesy, and no reason to let it go. */
static enum guard_word
hold(struct guard *g, const struct entry *e, struct message *m, const struct whose *w, unsigned n)
{
	const struct flood_conf *limit = &g->conf->flood;
	char                     id[ID_LEN + 1];
	struct buf               per;
	int                      noted = message_note_held(m, clock_wall_s(), "flood", NULL);
	int                      err = store_move(g->store, e->id, PLACE_CUR, PLACE_HOLD);

	msgid_format(e->id, id);
	if (err != 0) {
		log_err("%s: should be held (flood), but cannot be moved: %s; it goes its way", id, strerror(-err));
		return GUARD_PASS;
	}
	if (noted != 0)
		log_err("%s: is held (flood), but its journal cannot be written: %s", id, strerror(-noted));
	buf_init(&per, 64);
	text_put_duration(&per, limit->per_s);
	if (n == limit->per_user + 1)
		log_warn("flood: %s sent more than %u messages in %s: further ones are held, "
		    "postern queue --state hold lists them", w->name, limit->per_user, buf_cstr(&per));
	log_info("%s: uid=%u, from=<%s>, held (flood: %u of %s in %s)", id, (unsigned)m->uid, m->env.sender->text, n,
	    w->name, buf_cstr(&per));
	buf_done(&per);
	arm_tell(g);
	return GUARD_HELD;
}

/* One more of somebody; m: NULL when nobody has looked into it yet. */
static enum guard_word
count(struct guard *g, const struct entry *e, const char *key, struct message *m)
{
	int64_t         now_s = clock_wall_s(), when_s = entry_arrival_s(e);
	unsigned        n = flood_add(g->users, key, when_s < now_s ? when_s : now_s);
	struct message *own = NULL;
	enum guard_word word = GUARD_PASS;
	const char     *why;
	struct whose    w;

	if (n <= g->conf->flood.per_user)
		return GUARD_PASS;
	if (m == NULL && store_load(g->store, PLACE_CUR, e->id, &own, &why) == 0)
		m = own;
	/* What cannot be read has its own way, to bad/. */
	if (m != NULL && !whose_is_exempt(m, g->conf->flood.exempt)) {
		whose(m, &w);
		word = hold(g, e, m, &w, n);
	}
	message_close(g->store, own);
	return word;
}

/* ---- reports ---- */

/* Among the daemon's own: a report is, a notice to root is not. */
static bool
is_report(struct message *m)
{
	struct submitted sub;
	struct field     f;
	bool             found = false;

	if (m->env.via.address != NULL || m->uid != getuid() || !addr_is_null(m->env.sender))
		return false;
	if (submitted_read(m, &sub) == 0)
		while (!found && header_next(&sub.fields, &f))
			found = header_is(&f, "Content-Type") &&
			    span_istarts(span_trim(f.body), SPAN("multipart/report"));
	submitted_done(&sub);
	return found;
}

static void
note_wait(struct guard *g, struct message *m)
{
	struct outcome_note n = { .what = OUTCOME_DEFERRED, .time_s = clock_wall_s(), .dsn = "4.3.2" };
	struct buf          text;

	if (m->notes[0].what != OUTCOME_NONE)
		return;                         /* once is enough */
	buf_init(&text, 128);
	buf_printf(&text, "it waits, because %u reports an hour may leave (reports-per-hour)",
	    g->conf->reports_per_hour);
	n.text = text.p;
	(void)message_note(m, 0, &n, false);
	buf_done(&text);
}

static enum guard_word
look_at_report(struct guard *g, struct message *m, int64_t *ret_due_s)
{
	int64_t now_s = clock_wall_s(), room_s;

	room_s = flood_room_at(g->reports, REPORTS, g->conf->reports_per_hour, now_s);
	if (room_s <= now_s) {
		(void)flood_add(g->reports, REPORTS, now_s);
		return GUARD_PASS;
	}
	note_wait(g, m);
	/* All that wait are due at once then; the oldest come first, and the others are put off again. */
	*ret_due_s = room_s;
	return GUARD_WAIT;
}

/* ---- what came ---- */

/*
 * Of the daemon's user: its own, a listener's, or somebody's who came
 * through the socket.  Only the file knows.
 */
static enum guard_word
look_inside(struct guard *g, const struct entry *e, bool arrived, int64_t *ret_due_s)
{
	enum guard_word word = GUARD_PASS;
	struct message *m;
	const char     *why;
	struct whose    w;

	if (store_load(g->store, PLACE_CUR, e->id, &m, &why) != 0)
		return GUARD_PASS;
	whose(m, &w);
	if (is_report(m))
		word = look_at_report(g, m, ret_due_s);
	else if (arrived && g->conf->flood.per_user > 0 && (w.shared || (m->uid != 0 && m->uid != g->self)))
		word = count(g, e, w.key, m);
	message_close(g->store, m);
	return word;
}

enum guard_word
guard_arrived(struct guard *g, const struct entry *e, int64_t *ret_due_s)
{
	char key[FLOOD_NAME_MAX + 1];

	if (e->uid == g->self)
		return look_inside(g, e, true, ret_due_s);
	if (g->conf->flood.per_user == 0 || e->uid == 0)
		return GUARD_PASS;
	whose_uid(e->uid, key);
	return count(g, e, key, NULL);
}

enum guard_word
guard_returned(struct guard *g, const struct entry *e, int64_t *ret_due_s)
{
	return e->uid == g->self ? look_inside(g, e, false, ret_due_s) : GUARD_PASS;
}
