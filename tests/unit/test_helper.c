/* test_helper.c - programs that answer, fail, hang, flood and linger. */
#include <sys/stat.h>
#include <sys/wait.h>

#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/helper.h"

Suite *suite_helper(void);

static struct event_base *base;
static struct helper     *helper;
static unsigned           ndone;
static bool               looping, ok, cancel_in_done;
static int                status;
static char               out[4096], why[1024];

static void
done(void *arg, const struct helper_answer *a)
{
	ck_assert_ptr_eq(arg, &base);
	ck_assert_msg(looping, "an answer from inside the call that asked");
	ndone++;
	ok = a->ok;
	status = a->exit;
	snprintf(out, sizeof(out), "%.*s", (int)a->out.n, a->out.n > 0 ? a->out.p : "");
	snprintf(why, sizeof(why), "%s", a->why);
	if (cancel_in_done)
		helper_cancel(helper);
}

static void
turn(void)
{
	looping = true;
	event_base_loop(base, EVLOOP_ONCE);
	looping = false;
}

static void
run_in(const char *const argv[], int limit_ms, size_t max)
{
	helper = helper_run(base, argv, limit_ms, max, done, &base);
	ck_assert_ptr_nonnull(helper);
	ck_assert_uint_eq(ndone, 0);
}

static void
run_shell(const char *script, int limit_ms, size_t max)
{
	run_in((const char *const[]){ "/bin/sh", "-c", script, NULL }, limit_ms, max);
}

static void
setup(void)
{
	base = event_base_new();
	ndone = 0;
	cancel_in_done = false;
}

/* Whatever a test did: no child, no event is left. */
static void
teardown(void)
{
	while (helper_lingering() > 0)
		turn();
	ck_assert_int_eq(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
	event_base_free(base);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

static void
setup_polling(void)
{
	helper_without_pidfd(true);
	setup();
}

static const struct {
	const char *script;
	bool        ok;
	int         exit;
	const char *out;
	const char *why;
} rows[] = {
	{ "echo one; echo two", true, 0, "one\ntwo\n", "" },
	{ "exit 0", true, 0, "", "" },
	{ "echo noise >&2; echo fine", true, 0, "fine\n", "" },
	{ "echo part; echo first >&2; echo second >&2; exit 75", false, 75, "part\n",
	    "sh: exit 75: first" },
	{ "exit 68", false, 68, "", "sh: exit 68" },
	{ "printf 'a\\tb\\001c' >&2; exit 1", false, 1, "", "sh: exit 1: a b?c" },
	{ "kill -9 $$", false, -SIGKILL, "", "sh: ended by signal 9" },
	{ "kill -15 $$", false, -SIGTERM, "", "sh: ended by signal 15" },
	/* The environment is ours, standard input is empty. */
	{ "env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= | sort", true, 0, "LANG=C\n"
	    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n", "" },
	{ "cat; echo end", true, 0, "end\n", "" },
	/* No descriptor of ours, also not one that we only inherited. */
	{ "ls /proc/self/fd | tr '\\n' ' '", true, 0, "0 1 2 3 ", "" },
	/* Default signals, none blocked; 32 and 33 are libc's own. */
	{ "while read -r k v; do case $k in SigBlk:|SigIgn:) "
	    "echo $k$((0x$v & 0x7fffffff));; esac; done </proc/$$/status", true, 0,
	    "SigBlk:0\nSigIgn:0\n", "" },
	/* More of standard error than is kept, and than a pipe holds. */
	{ "i=0; while [ $i -lt 3000 ]; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx >&2; "
	    "i=$((i+1)); done; echo done", true, 0, "done\n", "" },
};

START_TEST(answers)
{
	int leak = open("/dev/null", O_RDONLY);
	sigset_t usr1;

	ck_assert_int_ge(leak, 0);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	run_shell(rows[_i].script, 5000, 4000);
	while (ndone == 0)
		turn();
	ck_assert_str_eq(out, rows[_i].out);
	ck_assert_str_eq(why, rows[_i].why);
	ck_assert_int_eq(ok, rows[_i].ok);
	ck_assert_int_eq(status, rows[_i].exit);
	close(leak);
}
END_TEST

/* As a daemon without standard descriptors would have it. */
START_TEST(answers_without_standard_descriptors)
{
	int saved[3];

	for (int i = 0; i < 3; i++) {
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		close(i);
	}
	run_shell("echo out; echo err >&2; exit 3", 5000, 100);
	while (ndone == 0)
		turn();
	for (int i = 0; i < 3; i++)
		dup2(saved[i], i);
	ck_assert_str_eq(out, "out\n");
	ck_assert_str_eq(why, "sh: exit 3: err");
}
END_TEST

START_TEST(cannot_be_run)
{
	run_in((const char *const[]){ _i == 0 ? "/nonexistent/tool" : "/etc/passwd", NULL }, 5000, 100);
	while (ndone == 0)
		turn();
	ck_assert(!ok);
	ck_assert_int_eq(status, -1);
	ck_assert_str_eq(why, _i == 0 ? "tool: No such file or directory" : "passwd: Permission denied");
}
END_TEST

/* What had been said of it by then is told.  The whole group ends: a
   grandchild would hold this FIFO open. */
START_TEST(deadline)
{
	char fifo[] = "/tmp/postern-helper.XXXXXX", script[128], byte;
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(fifo));
	snprintf(script, sizeof(script), "exec 9>%s/f; sleep 100 & echo waiting >&2; sleep 100", fifo);
	ck_assert_int_eq(chdir(fifo), 0);
	ck_assert_int_eq(mkfifo("f", 0600), 0);
	fd = open("f", O_RDONLY | O_NONBLOCK);
	run_shell(script, 150, 100);
	while (ndone == 0)
		turn();
	ck_assert(!ok);
	ck_assert_int_eq(status, -1);
	ck_assert_str_eq(why, "sh: killed after 150 ms: waiting");
	while (helper_lingering() > 0)
		turn();
	fcntl(fd, F_SETFL, 0);
	ck_assert_int_eq(read(fd, &byte, 1), 0);
	unlink("f");
	rmdir(fifo);
}
END_TEST

START_TEST(too_much)
{
	run_shell("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", 5000, 1000);
	while (ndone == 0)
		turn();
	ck_assert(!ok);
	ck_assert_int_eq(status, -1);
	ck_assert_str_eq(why, "sh: answers too much");
}
END_TEST

/* An agent left behind with our pipe does not delay the answer. */
START_TEST(answer_is_complete_at_exit)
{
	run_shell("echo $$; sleep 100 & echo password", 5000, 100);
	while (ndone == 0)
		turn();
	ck_assert(ok);
	ck_assert_ptr_nonnull(strstr(out, "password\n"));
	kill(-(pid_t)strtoul(out, NULL, 10), SIGKILL);
}
END_TEST

START_TEST(cancelled)
{
	run_shell("sleep 100", 5000, 100);
	if (_i == 1)
		event_base_loop(base, EVLOOP_NONBLOCK);
	helper_cancel(helper);
	helper_cancel(NULL);
	ck_assert_uint_eq(helper_lingering(), 1);
	while (helper_lingering() > 0)
		turn();
	ck_assert_uint_eq(ndone, 0);
}
END_TEST

START_TEST(cancelled_before_it_could_fail)
{
	run_in((const char *const[]){ "/nonexistent/tool", NULL }, 5000, 100);
	helper_cancel(helper);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(ndone, 0);
}
END_TEST

START_TEST(cancelled_in_done)
{
	cancel_in_done = true;
	run_shell("echo x", 5000, 100);
	while (ndone == 0)
		turn();
	ck_assert(ok);
}
END_TEST

/* A process that ignores SIGCHLD is answered, not left waiting. */
START_TEST(sigchld_ignored)
{
	signal(SIGCHLD, SIG_IGN);
	run_shell("echo x", 5000, 100);
	while (ndone == 0)
		turn();
	signal(SIGCHLD, SIG_DFL);
	ck_assert(!ok);
	ck_assert_str_eq(why, "sh: somebody else took its exit status");
}
END_TEST

START_TEST(many_at_once)
{
	for (int i = 0; i < 20; i++)
		helper_run(base, (const char *const[]){ "/bin/echo", "x", NULL },
		    5000, 100, done, &base);
	while (ndone < 20)
		turn();
}
END_TEST

/* More than a pipe holds, and it is there whether the program reads it or not. */
START_TEST(input)
{
	static char text[200000];
	struct helper_call c = { .limit_ms = 10000, .max_bytes = 4000, .input = { text, sizeof(text) } };
	static const char *const reads[] = { "/bin/sh", "-c", "wc -c | tr -d ' '", NULL };
	static const char *const does_not[] = { "/bin/sh", "-c", "echo none", NULL };

	memset(text, 'x', sizeof(text));
	c.argv = reads;
	helper = helper_call(base, &c, done, &base);
	while (ndone < 1)
		turn();
	ck_assert_msg(ok, "%s", why);
	ck_assert_str_eq(out, "200000\n");
	c.argv = does_not;
	helper = helper_call(base, &c, done, &base);
	while (ndone < 2)
		turn();
	ck_assert_str_eq(out, "none\n");
}
END_TEST

START_TEST(passed_variables)
{
	static const char *const pass[] = { "HTTPS_PROXY", "NO_PROXY", NULL };
	static const char *const argv[] = { "/bin/sh", "-c", "echo $HTTPS_PROXY.$NO_PROXY.$SECRET.$LANG", NULL };
	struct helper_call c = { .argv = argv, .pass = pass, .limit_ms = 10000, .max_bytes = 4000 };

	setenv("HTTPS_PROXY", "http://proxy:3128", 1);
	unsetenv("NO_PROXY");
	setenv("SECRET", "secret", 1);
	helper = helper_call(base, &c, done, &base);
	while (ndone < 1)
		turn();
	ck_assert_str_eq(out, "http://proxy:3128...C\n");
}
END_TEST

static void
await_file(const char *path)
{
	for (unsigned i = 0; access(path, F_OK) != 0; i++) {
		ck_assert_uint_lt(i, 4000);
		usleep(2000);
	}
	ck_assert_int_eq(unlink(path), 0);
}

static void
name_file(char path[static 40])
{
	int fd;

	strcpy(path, "/tmp/postern-left-XXXXXX");
	fd = mkstemp(path);
	close(fd);
	unlink(path);
}

/* Left, it goes on for as long as it wants to, and its end is seen by the loop like that of a killed one. */
START_TEST(left)
{
	char script[300], path[40];

	name_file(path);
	snprintf(script, sizeof(script), "trap '' TERM; : > %s; while test -e %s; do sleep 0.02; done; : > %s", path,
	    path, path);
	run_shell(script, 50, 100);
	for (unsigned i = 0; access(path, F_OK) != 0; i++) {
		ck_assert_uint_lt(i, 4000);
		usleep(2000);
	}
	helper_leave(helper);
	ck_assert_uint_eq(helper_lingering(), 1);
	ck_assert(!helper_await(base, 10));
	await_file(path);
	while (helper_lingering() > 0)
		turn();
	ck_assert_uint_eq(ndone, 0);
	ck_assert_int_eq(unlink(path), 0);
	helper_leave(NULL);
}
END_TEST

/* It is asked to end, and most do at once. */
START_TEST(left_ends)
{
	run_shell("sleep 100", 200000, 100);
	helper_leave(helper);
	ck_assert(helper_await(base, 15000));
	ck_assert_uint_eq(ndone, 0);
}
END_TEST

/* Nothing is leaked of one that outlives us; here it is waited for by hand. */
START_TEST(abandoned)
{
	char script[300], path[40];

	name_file(path);
	snprintf(script, sizeof(script), "trap '' TERM; : > %s; exec sleep 0.2", path);
	run_shell(script, 50, 100);
	await_file(path);
	helper_leave(helper);
	helper_abandon();
	ck_assert_uint_eq(helper_lingering(), 0);
	ck_assert_int_gt(waitpid(-1, NULL, 0), 0);
}
END_TEST

static TCase *
make_case(const char *name, void (*before)(void))
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, before, teardown);
	tcase_set_timeout(tc, 10);
	tcase_add_loop_test(tc, answers, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, answers_without_standard_descriptors);
	tcase_add_loop_test(tc, cannot_be_run, 0, 2);
	tcase_add_test(tc, deadline);
	tcase_add_test(tc, too_much);
	tcase_add_test(tc, answer_is_complete_at_exit);
	tcase_add_loop_test(tc, cancelled, 0, 2);
	tcase_add_test(tc, cancelled_before_it_could_fail);
	tcase_add_test(tc, cancelled_in_done);
	tcase_add_test(tc, sigchld_ignored);
	tcase_add_test(tc, many_at_once);
	tcase_add_test(tc, input);
	tcase_add_test(tc, passed_variables);
	tcase_add_test(tc, left);
	tcase_add_test(tc, left_ends);
	tcase_add_test(tc, abandoned);
	return tc;
}

Suite *
suite_helper(void)
{
	Suite *s = suite_create("helper");

	suite_add_tcase(s, make_case("pidfd", setup));
	suite_add_tcase(s, make_case("polling", setup_polling));
	return s;
}
