/* queue_aliases.c - one recipient that is several, several that are one, and what a restart remembers. */
#include "queue_rig.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "vclock.h"

static struct rig r;

static void
setup(void)
{
	rig_make(&r, 1);
	r.top = "local-mail = \"admin@example.net\"\n";
}

/* A file of the spool's folder. */
static void
put(const char *name, const char *text, mode_t mode)
{
	scratch_write(&r.spool, ".", name, span_of(text));
	ck_assert_int_eq(fchmodat(r.spool.fd, name, mode, 0), 0);
}

static void
put_aliases(const char *text)
{
	put("aliases", text, 0644);
}

static unsigned
commands(const char *verb)
{
	return script_count(r.relay[0].script, verb);
}

static void
check_file(msgid id, const char *line)
{
	char *file = rig_file(&r, PLACE_LATER, id);

	ck_assert_msg(strstr(file, line) != NULL, "no \"%s\" in\n%s", line, file);
	free(file);
}

static unsigned
times(const char *text, const char *what)
{
	unsigned n = 0;

	while ((text = strstr(text, what)) != NULL) {
		n++;
		text++;
	}
	return n;
}

START_TEST(each_address_once)
{
	put_aliases("root: bob@example.net, eve@example.net, alice\nstaff: eve@example.net, root, carol@example.net\n");
	rig_submit(&r, "alice@example.org", "root staff postmaster bob@example.net");
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "eve@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "carol@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "admin@example.net"), 1);
	ck_assert_uint_eq(commands("RCPT TO:"), 4);
	ck_assert_uint_eq(rig_logged(&r, "to=<eve@example.net>, orig_to=<root>"), 1);
	rig_end(&r);
}
END_TEST

/* The recipient waits for one of his addresses; the other is not sent again, not even by another daemon. */
START_TEST(a_part_is_remembered)
{
	msgid id;

	put_aliases("root: bob@example.net, late@example.net\n");
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<late", .say = "450 4.2.1 come back", .nth = 1 };
	id = rig_submit(&r, "alice@example.org", "root carol@example.net");
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	ck_assert_uint_ge(r.syncs, 1);
	check_file(id, " sent-part rcpt=1 to=bob@example.net code=250 dsn=2.0.0 relay=one text=2.0.0%20queued\n");
	check_file(id, " sent rcpt=2 code=250 ");
	check_file(id, " defer rcpt=1 code=450 dsn=4.2.1 relay=one text=4.2.1%20come%20back\n");
	rig_halt(&r);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "carol@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "late@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "alice@example.org"), 0);
	rig_end(&r);
}
END_TEST

/* The list has changed while it waited: nobody twice, and who is new gets it. */
START_TEST(a_changed_alias)
{
	put_aliases("root: bob@example.net, late@example.net\nops: bob@example.net, later@example.net\n");
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<late", .say = "450 4.2.1 come back", .nth = 1 };
	r.relay[0].turn[1] = (struct turn){ .when = "RCPT TO:<later", .say = "450 4.2.1 come back", .nth = 1 };
	rig_submit(&r, "alice@example.org", "root ops");
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	put_aliases("root: bob@example.net, new@example.net\nops: bob@example.net\n");
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "new@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "late@example.net"), 0);
	ck_assert_uint_eq(rig_got(&r, 0, "alice@example.org"), 0);
	ck_assert_uint_eq(rig_files(&r, PLACE_LATER), 0);
	rig_end(&r);
}
END_TEST

/* One address refused, one deferred: one report about the one, at once, and none about the other. */
START_TEST(a_part_is_refused)
{
	msgid       id;
	struct span report;

	put_aliases("root: eve@example.net, late@example.net, bob@example.net\n");
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<eve", .say = "550 5.1.1 no such user" };
	r.relay[0].turn[1] = (struct turn){ .when = "RCPT TO:<late", .say = "450 4.2.1 come back", .nth = 1 };
	id = rig_submit(&r, "alice@example.org", "root");
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1 && rig_got(&r, 0, "alice@example.org") == 1, 20);
	report = buf_view(&rig_last(&r, 0)->content);
	ck_assert(span_icontains(report, SPAN("<root> (sent on to <eve@example.net>)\r\n")));
	ck_assert(span_icontains(report, SPAN("Final-Recipient: rfc822; eve@example.net\r\n")));
	ck_assert(!span_icontains(report, SPAN("late@example.net")));
	ck_assert(!span_icontains(report, SPAN("about the other recipients")));
	check_file(id, " fail-part rcpt=1 to=eve@example.net code=550 ");
	check_file(id, " sent-part rcpt=1 to=bob@example.net ");
	rig_halt(&r);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(rig_got(&r, 0, "late@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "alice@example.org"), 1);
	ck_assert_uint_eq(commands("RCPT TO:<eve"), 1);
	rig_end(&r);
}
END_TEST

/* All refused: one report, an entry an address. */
START_TEST(all_parts_are_refused)
{
	put_aliases("root: eve@example.net, evelyn@example.net\n");
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<eve", .say = "550 5.1.1 no such user" };
	rig_submit(&r, "alice@example.org", "root");
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 20);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "alice@example.org"), 1);
	ck_assert_uint_eq(times(buf_cstr(&rig_last(&r, 0)->content), "Final-Recipient: rfc822; eve"), 2);
	rig_end(&r);
}
END_TEST

/* A failed part of a message that nobody can be told of stays to be seen, when the rest is sent later. */
START_TEST(a_part_of_no_sender_is_refused)
{
	put_aliases("root: eve@example.net, late@example.net\n");
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<eve", .say = "550 5.1.1 no such user" };
	r.relay[0].turn[1] = (struct turn){ .when = "RCPT TO:<late", .say = "450 4.2.1 come back", .nth = 1 };
	rig_submit(&r, "", "root");
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	rig_halt(&r);
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_DEAD) == 1, 400);
	ck_assert_uint_eq(rig_got(&r, 0, "late@example.net"), 1);
	rig_end(&r);
}
END_TEST

/* More than a transaction holds. */
START_TEST(a_long_list)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_str(&text, "list: ");
	for (int i = 0; i < 250; i++)
		buf_printf(&text, "%su%d@example.net", i > 0 ? ", " : "", i);
	buf_str(&text, "\n");
	put_aliases(buf_cstr(&text));
	buf_done(&text);
	rig_submit(&r, "alice@example.org", "list");
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 20);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 3);
	for (int i = 0; i < 250; i++) {
		char to[40];

		snprintf(to, sizeof(to), "u%d@example.net", i);
		ck_assert_uint_eq(rig_got(&r, 0, to), 1);
	}
	rig_end(&r);
}
END_TEST

START_TEST(thrown_away)
{
	put_aliases("noreply: /dev/null\n");
	rig_submit(&r, "alice@example.org", "noreply");
	rig_submit(&r, "alice@example.org", "noreply bob@example.net");
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	ck_assert_uint_eq(rig_logged(&r, "to=<noreply>, relay=none, dsn=2.0.0, status=sent (thrown away, as "), 2);
	rig_end(&r);
}
END_TEST

START_TEST(never_run)
{
	put_aliases("vac: \"|/usr/bin/vacation vac\"\nbox: /var/mail/box\n");
	rig_submit(&r, "alice@example.org", "vac");
	rig_submit(&r, "alice@example.org", "box");
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, "admin@example.net"), 2);
	ck_assert_uint_eq(rig_logged(&r, "aliases:1: \"|/usr/bin/vacation vac\" is a command, and never run; "
	    "mail for vac goes to local-mail"), 1);
	ck_assert_uint_eq(rig_logged(&r, "aliases:2: \"/var/mail/box\" is a file, and never written"), 1);
	rig_end(&r);
}
END_TEST

/* An included file with a fault: its list waits, the others go on, and the cure is found without a restart. */
START_TEST(an_include_waits)
{
	char  text[200];
	msgid id;

	snprintf(text, sizeof(text), "list: :include:%s/members, carol@example.net\n", r.spool.path);
	put_aliases(text);
	put("members", "bob@example.net\n", 0666);
	id = rig_submit(&r, "alice@example.org", "list eve@example.net");
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	ck_assert_uint_eq(rig_got(&r, 0, "eve@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "carol@example.net"), 0);
	check_file(id, " defer rcpt=1 dsn=4.3.5 ");
	ck_assert_uint_eq(rig_logged(&r, "others than its owner can write it"), 2);     /* the notice, the deferral */
	put("members", "bob@example.net\n", 0644);
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "carol@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "eve@example.net"), 1);
	rig_end(&r);
}
END_TEST

/* Looked at when there is mail, and what is wrong is said once a version. */
START_TEST(a_changed_file)
{
	rig_start(&r);
	rig_submit(&r, "alice@example.org", "root");
	UNTIL(&r, rig_got(&r, 0, "admin@example.net") == 1, 10);
	put_aliases("root: bob@example.net\nnonsense\n");
	rig_pass(&r, 2);
	rig_submit(&r, "alice@example.org", "root");
	rig_submit(&r, "alice@example.org", "root");
	UNTIL(&r, rig_got(&r, 0, "bob@example.net") == 2, 10);
	ck_assert_uint_eq(rig_logged(&r, "aliases:2: no colon"), 1);
	ck_assert_uint_eq(rig_logged(&r, "aliases: 1 aliases"), 1);
	/* Unusable: the last one counts. */
	put("aliases", "root: eve@example.net\n", 0666);
	rig_pass(&r, 2);
	rig_submit(&r, "alice@example.org", "root");
	UNTIL(&r, rig_got(&r, 0, "bob@example.net") == 3, 10);
	ck_assert_uint_eq(rig_logged(&r, "every user can write it; chmod o-w; what was read before stays in use"), 1);
	ck_assert_int_eq(unlinkat(r.spool.fd, "aliases", 0), 0);
	rig_pass(&r, 2);
	rig_submit(&r, "alice@example.org", "root");
	UNTIL(&r, rig_got(&r, 0, "admin@example.net") == 2, 10);
	rig_end(&r);
}
END_TEST

/* Never readable: local names wait, for mail that took another way could not be called back. */
START_TEST(an_unreadable_file)
{
	put("aliases", "root: bob@example.net\n", 0666);
	rig_submit(&r, "alice@example.org", "root eve@example.net");
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "eve@example.net"), 1);
	ck_assert_uint_eq(rig_logged(&r, "mail for local names waits"), 1);
	ck_assert_uint_eq(rig_logged(&r, "to=<root>, relay=none, dsn=4.3.5, status=deferred ("), 1);
	put_aliases("root: bob@example.net\n");
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "admin@example.net"), 0);
	rig_end(&r);
}
END_TEST

TCase *
queue_aliases_case(void)
{
	TCase *t = tcase_create("aliases");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, each_address_once);
	tcase_add_test(t, a_part_is_remembered);
	tcase_add_test(t, a_changed_alias);
	tcase_add_test(t, a_part_is_refused);
	tcase_add_test(t, all_parts_are_refused);
	tcase_add_test(t, a_part_of_no_sender_is_refused);
	tcase_add_test(t, a_long_list);
	tcase_add_test(t, thrown_away);
	tcase_add_test(t, never_run);
	tcase_add_test(t, an_include_waits);
	tcase_add_test(t, a_changed_file);
	tcase_add_test(t, an_unreadable_file);
	return t;
}
