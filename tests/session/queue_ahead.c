/*
 * queue_ahead.c - what a listing will say is read while nothing moves, and
 * only then; as far as there is room.  What lies in hold/ the queue itself
 * never opens, so whoever does is known.
 */
#include "queue_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "relay/ahead.h"
#include "spool/gist.h"
#include "spool/kept.h"
#include "spool/store_private.h"

#define HELD 300u                       /* more than a slice */

static struct rig    r;
static struct ahead *ahead;
static msgid         held[HELD];
static unsigned      opened;            /* of hold/ */
static bool          asked;

static int
watching_openat(int dir, const char *name, int flags, mode_t mode)
{
	msgid id;

	opened += r.store != NULL && dir == r.store->dir[PLACE_HOLD] && msgid_parse(name, &id);
	return fs_kernel.openat(dir, name, flags, mode);
}

static bool
is_asked(void *arg)
{
	(void)arg;
	return asked;
}

static void
setup(void)
{
	rig_make(&r, 1);
	opened = 0;
	asked = false;
	for (size_t i = 0; i < HELD; i++) {
		held[i] = rig_submit(&r, "alice@example.org", "bob@example.net");
		rig_move(&r, held[i], PLACE_NEW, PLACE_HOLD);
	}
}

static void
start(void)
{
	rig_start(&r);
	fs.openat = watching_openat;
	ahead = ahead_new(r.base, r.q, is_asked, NULL);
}

static void
end(void)
{
	ahead_free(ahead);
	rig_end(&r);
}

/* ---- what the memory says ---- */

static void
put(void *arg, const struct gist *g)
{
	struct buf *b = arg;

	buf_printf(b, "%llx %u %llu %u %zu ", (unsigned long long)g->id, (unsigned)g->uid,
	    (unsigned long long)g->size, g->attempts, g->nrcpts);
	buf_span(b, g->sender);
	for (size_t i = 0; i < g->nrcpts; i++) {
		buf_printf(b, " %d ", g->rcpts[i].what);
		buf_span(b, g->rcpts[i].addr);
		buf_span(b, g->rcpts[i].text);
	}
}

/* From memory, and the same as the file says. */
static void
check_known(msgid id)
{
	unsigned        before = opened;
	const char     *why = "";
	struct buf      said, read;
	struct message *m;
	struct gist     g;

	buf_init(&said, 4096);
	buf_init(&read, 4096);
	ck_assert_int_eq(store_gist(r.store, PLACE_HOLD, id, put, &said, &why), 0);
	ck_assert_uint_eq(opened, before);
	ck_assert_int_eq(store_load(r.store, PLACE_HOLD, id, &m, &why), 0);
	gist_of(m, &g);
	put(&read, &g);
	gist_done(&g);
	message_close(r.store, m);
	ck_assert_str_eq(buf_cstr(&said), buf_cstr(&read));
	buf_done(&said);
	buf_done(&read);
}

START_TEST(reads_what_lies_there)
{
	start();
	UNTIL(&r, ahead_is_done(ahead), 60);
	ck_assert_uint_eq(opened, HELD);
	for (size_t i = 0; i < HELD; i++)
		check_known(held[i]);
	rig_pass(&r, 3600);
	ck_assert_uint_eq(opened, 2 * HELD);    /* those of the check: it is done once */
	end();
}
END_TEST

/* It is the memory that must not be believed then. */
START_TEST(believes_the_file)
{
	char            name[ID_LEN + 1];
	const char     *why = "";
	struct buf      said;
	struct message *m;

	start();
	UNTIL(&r, ahead_is_done(ahead), 60);
	ck_assert_int_eq(store_load(r.store, PLACE_HOLD, held[0], &m, &why), 0);
	ck_assert_int_eq(dprintf(m->fd, "1764000000 defer rcpt=1 code=452 text=full\n"), 43);
	message_close(r.store, m);
	buf_init(&said, 4096);
	ck_assert_int_eq(store_gist(r.store, PLACE_HOLD, held[0], put, &said, &why), 0);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&said), "full"));
	msgid_format(held[1], name);
	ck_assert_int_eq(unlinkat(r.store->dir[PLACE_HOLD], name, 0), 0);
	ck_assert_int_eq(store_gist(r.store, PLACE_HOLD, held[1], put, &said, &why), -ENOENT);
	buf_done(&said);
	end();
}
END_TEST

/* While it is at it: half of the rest goes, and comes to another place. */
START_TEST(passes_over_what_goes)
{
	start();
	UNTIL(&r, opened > 0, 60);
	for (size_t i = 0; i < HELD; i += 2)
		rig_move(&r, held[i], PLACE_HOLD, PLACE_DEAD);
	UNTIL(&r, ahead_is_done(ahead), 60);
	for (size_t i = 1; i < HELD; i += 2)
		check_known(held[i]);
	end();
}
END_TEST

/* ---- when ---- */

START_TEST(waits_for_mail_on_its_way)
{
	rig_submit_each(&r, 200);
	start();
	while (!rig_is_empty(&r)) {
		ck_assert_uint_eq(opened, 0);
		rig_within(&r, 60);
		ck_assert(rig_turn(&r));
	}
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 200);
	UNTIL(&r, ahead_is_done(ahead), 60);
	ck_assert_uint_eq(opened, HELD);
	end();
}
END_TEST

START_TEST(waits_for_who_asks)
{
	asked = true;
	start();
	rig_pass(&r, 60);
	ck_assert_uint_eq(opened, 0);
	asked = false;
	UNTIL(&r, ahead_is_done(ahead), 60);
	ck_assert_uint_eq(opened, HELD);
	end();
}
END_TEST

/* What no relay takes for now is no reason to wait. */
START_TEST(does_not_wait_for_what_rests)
{
	r.relay[0].secret = "wrong";
	rig_submit_each(&r, 20);
	start();
	UNTIL(&r, ahead_is_done(ahead), 60);
	ck_assert_uint_eq(opened, HELD);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 20);
	end();
}
END_TEST

START_TEST(ends_with_the_room)
{
	rig_start(&r);
	kept_free(r.store->kept);
	r.store->kept = kept_new(8192);
	fs.openat = watching_openat;
	ahead = ahead_new(r.base, r.q, is_asked, NULL);
	UNTIL(&r, ahead_is_done(ahead), 60);
	ck_assert_uint_gt(opened, 50);
	ck_assert_uint_lt(opened, HELD);
	ck_assert_uint_le(kept_bytes(r.store->kept), 8192);
	end();
}
END_TEST

TCase *
queue_ahead_case(void)
{
	TCase *tc = tcase_create("ahead");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, reads_what_lies_there);
	tcase_add_test(tc, believes_the_file);
	tcase_add_test(tc, passes_over_what_goes);
	tcase_add_test(tc, waits_for_mail_on_its_way);
	tcase_add_test(tc, waits_for_who_asks);
	tcase_add_test(tc, does_not_wait_for_what_rests);
	tcase_add_test(tc, ends_with_the_room);
	return tc;
}
