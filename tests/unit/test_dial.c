/* test_dial.c - the order, the race, the resolver and what is remembered. */
#include <sys/socket.h>
#include <sys/stat.h>

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/avoided.h"
#include "net/dial.h"
#include "net/helper.h"

Suite *suite_dial(void);

/* The order. */

static const struct {
	const char *in, *out;   /* 4 and 6 name the family, a letter the address */
} orders[] = {
	{ "", "" },
	{ "4a", "4a" },
	{ "6a6b", "6a6b" },
	{ "4a6a", "6a4a" },
	{ "4a4b4c6a", "6a4a4b4c" },
	{ "4a6a4b6b", "6a4a6b4b" },
	{ "6a6b6c4a4b", "6a4a6b4b6c" },
};

START_TEST(interleave)
{
	struct sockaddr_storage a[8];
	size_t n = strlen(orders[_i].in) / 2;
	char got[32] = "";

	memset(a, 0, sizeof(a));
	for (size_t i = 0; i < n; i++) {
		a[i].ss_family = orders[_i].in[2 * i] == '6' ? AF_INET6 : AF_INET;
		((struct sockaddr_in *)&a[i])->sin_port = (in_port_t)orders[_i].in[2 * i + 1];
	}
	dial_interleave(a, n);
	for (size_t i = 0; i < n; i++)
		snprintf(got + 2 * i, 3, "%c%c", a[i].ss_family == AF_INET6 ? '6' : '4',
		    ((struct sockaddr_in *)&a[i])->sin_port);
	ck_assert_str_eq(got, orders[_i].out);
}
END_TEST

/* The race. */

static struct event_base *base;
static struct dial       *dial;
static bool               looping, cancel_in_done;
static unsigned           ndone;
static int                fd;
static bool               resolver;
static char               address[128], why[4096];
static unsigned           port;
static int                listener4, listener6;
static char               dir[] = "/tmp/postern-dial.XXXXXX";
static char               script[64];

static void
done(void *arg, const struct dialled *d)
{
	ck_assert_ptr_eq(arg, &base);
	ck_assert_msg(looping, "an answer from inside the call that asked");
	ndone++;
	fd = d->fd;
	resolver = d->resolver;
	snprintf(address, sizeof(address), "%s", d->address);
	snprintf(why, sizeof(why), "%s", d->why);
	if (cancel_in_done)
		dial_cancel(dial);
}

static void
turn(int flags)
{
	looping = true;
	event_base_loop(base, flags);
	looping = false;
}

/* Returns how long it took. */
static int64_t
try(const char *host, int limit_ms)
{
	struct timespec t0, t1;

	if (fd >= 0)
		close(fd);
	fd = -1;
	ndone = 0;
	clock_gettime(CLOCK_MONOTONIC, &t0);
	dial = dial_start(base, host, port, limit_ms, done, &base);
	ck_assert_uint_eq(ndone, 0);
	while (ndone == 0)
		turn(EVLOOP_ONCE);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	return (t1.tv_sec - t0.tv_sec) * 1000 + (t1.tv_nsec - t0.tv_nsec) / 1000000;
}

static void
write_script(const char *text)
{
	FILE *f = fopen(script, "w");

	ck_assert_ptr_nonnull(f);
	fprintf(f, "#!/bin/sh\n%s\n", text);
	fclose(f);
	ck_assert_int_eq(chmod(script, 0755), 0);
}

/* How often it ran: it writes down each host it was asked for. */
static unsigned
asked(void)
{
	char path[80];
	struct stat st;

	snprintf(path, sizeof(path), "%s/asked", dir);
	return stat(path, &st) == 0 ? (unsigned)st.st_size : 0;
}

#define COUNT "printf . >>${0%/*}/asked; "

static int
listen_on(int family)
{
	struct sockaddr_storage ss = { .ss_family = (sa_family_t)family };
	struct sockaddr_in *sin = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;
	socklen_t n = family == AF_INET ? sizeof(*sin) : sizeof(*sin6);
	int on = 1, l = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (family == AF_INET) {
		sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		sin->sin_port = htons((in_port_t)port);
	} else {
		setsockopt(l, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		sin6->sin6_addr = in6addr_loopback;
		sin6->sin6_port = htons((in_port_t)port);
	}
	if (bind(l, (struct sockaddr *)&ss, n) < 0 ||
	    getsockname(l, (struct sockaddr *)&ss, &n) < 0) {
		close(l);
		return -1;
	}
	port = ntohs(sin->sin_port);    /* the same place in both */
	return l;
}

/* The same port of another address of ours. */
static int
other_on(const char *text)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port) };
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listener6 >= 0)
		close(listener6);
	inet_pton(AF_INET, text, &sin.sin_addr);
	ck_assert_int_eq(bind(l, (struct sockaddr *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(listen(l, 8), 0);
	return l;
}

/* A machine may be without IPv6, and its tests with it. */
static bool
has_ipv6(void)
{
	int l = listen_on(AF_INET6);

	if (l >= 0)
		close(l);
	port = 0;
	return l >= 0;
}

/* A bound port that does not listen refuses, and no one else can take it.
   One number for both families; somebody may have it in the other one. */
static void
bind_both(void)
{
	bool both = has_ipv6();

	for (int i = 0; i < 20; i++) {
		port = 0;
		listener4 = listen_on(AF_INET);
		ck_assert_int_ge(listener4, 0);
		listener6 = both ? listen_on(AF_INET6) : -1;
		if (!both || listener6 >= 0)
			return;
		close(listener4);
	}
	ck_abort_msg("no port is free in both families");
}

static void
setup(void)
{
	base = event_base_new();
	fd = -1;
	ndone = 0;
	cancel_in_done = false;
	bind_both();
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(script, sizeof(script), "%s/resolve", dir);
	dial_set_resolver(script);
}

static void
teardown(void)
{
	char path[80];

	while (helper_lingering() > 0)
		turn(EVLOOP_ONCE);
	ck_assert_int_eq(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
	event_base_free(base);
	if (fd >= 0)
		close(fd);
	close(listener4);
	if (listener6 >= 0)
		close(listener6);
	/* Sockets of lost tries are closed: nothing above these. */
	ck_assert_int_eq(fcntl(listener4 + 4, F_GETFD), -1);
	dial_forget();
	dial_set_resolver(NULL);
	clock_release();
	unlink(script);
	snprintf(path, sizeof(path), "%s/asked", dir);
	unlink(path);
	rmdir(dir);
}

/*
 * A full backlog: the kernel drops further SYNs, as a firewall would.
 * Nothing is accepted, so it stays full.
 */
static void
make_black_hole(int l)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	static int fill[4];

	ck_assert_int_eq(listen(l, 0), 0);
	ck_assert_int_eq(getsockname(l, (struct sockaddr *)&ss, &n), 0);
	for (int i = 0; i < 4; i++) {
		fill[i] = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		connect(fill[i], (struct sockaddr *)&ss, n);
		fcntl(fill[i], F_DUPFD_CLOEXEC, 100);
		close(fill[i]);
	}
}

static void
check_connected(const char *want)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	int on = 0;

	ck_assert_msg(fd >= 0, "%s", why);
	ck_assert_str_eq(address, want);
	ck_assert_int_eq(getpeername(fd, (struct sockaddr *)&ss, &n), 0);
	ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	n = sizeof(on);
	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &n), 0);
	ck_assert_int_eq(on, 1);
}

START_TEST(literal)
{
	dial_set_resolver(NULL);
	listen(listener4, 8);
	listen(listener6, 8);
	try(_i == 0 ? "127.0.0.1" : "::1", 1000);
	check_connected(_i == 0 ? "127.0.0.1" : "::1");
}
END_TEST

START_TEST(literal_refused)
{
	char want[128];

	try("127.0.0.1", 1000);
	snprintf(want, sizeof(want), "connect to 127.0.0.1[127.0.0.1]:%u: Connection refused", port);
	ck_assert_str_eq(why, want);
	ck_assert_str_eq(address, "127.0.0.1");
	ck_assert(!resolver);
}
END_TEST

START_TEST(every_address_is_named)
{
	char want[256];

	write_script("printf '127.0.0.1\\n127.0.0.2\\n::1\\n'");
	try("mail.example", 5000);
	ck_assert_int_eq(fd, -1);
	snprintf(want, sizeof(want), "connect to mail.example[::1]:%u: Connection refused; "
	    "mail.example[127.0.0.1]:%u: Connection refused; "
	    "mail.example[127.0.0.2]:%u: Connection refused", port, port, port);
	ck_assert_str_eq(why, want);
	ck_assert_str_eq(address, "127.0.0.2");
}
END_TEST

/* Refused: the next one at once. */
START_TEST(next_at_once)
{
	write_script("printf '::1\\n127.0.0.1\\n'");
	listen(listener4, 8);
	ck_assert_int_lt(try("mail.example", 5000), 200);
	check_connected("127.0.0.1");
}
END_TEST

/* Silent: the next one after 250 ms, and it wins. */
START_TEST(next_after_a_while)
{
	int64_t ms;

	write_script("printf '127.0.0.1\\n::1\\n'");
	make_black_hole(listener6);
	listen(listener4, 8);
	ms = try("mail.example", 5000);
	check_connected("127.0.0.1");
	ck_assert_int_ge(ms, 245);
	ck_assert_int_lt(ms, 2000);
}
END_TEST

START_TEST(deadline)
{
	char want[256];
	int64_t ms;

	write_script("printf '127.0.0.1\\n::1\\n'");
	make_black_hole(listener4);
	ms = try("mail.example", 400);
	snprintf(want, sizeof(want), "connect to mail.example[::1]:%u: Connection refused; "
	    "mail.example[127.0.0.1]:%u: Connection timed out", port, port);
	ck_assert_str_eq(why, want);
	ck_assert_int_ge(ms, 395);
	ck_assert(!resolver);
}
END_TEST

/* The resolver. */

static const struct {
	const char *script;     /* NULL: none is set */
	const char *why;
} failures[] = {
	{ "echo mail.example: Name or service not known >&2; exit 68",
	    "resolve mail.example: no such host" },
	{ "echo mail.example: Temporary failure >&2; exit 75",
	    "resolve mail.example: resolve: exit 75: mail.example: Temporary failure" },
	{ "exit 0", "resolve mail.example: the resolver found no address" },
	{ "echo nonsense; echo 1.2.3.4.5; echo", "resolve mail.example: the resolver found no address" },
	{ "sleep 100", "resolve mail.example: no answer in time" },
	{ "yes 127.0.0.1", "resolve mail.example: resolve: answers too much" },
	{ NULL, "resolve mail.example: no resolver is set" },
};

START_TEST(resolver_fails)
{
	if (failures[_i].script != NULL)
		write_script(failures[_i].script);
	else
		dial_set_resolver(NULL);
	try("mail.example", 300);
	ck_assert_int_eq(fd, -1);
	ck_assert_str_eq(why, failures[_i].why);
	ck_assert_str_eq(address, "");
	ck_assert(resolver);
}
END_TEST

START_TEST(resolver_is_given_host_and_port)
{
	char text[128];

	snprintf(text, sizeof(text), "test \"$*\" = \"mail.example %u\" && echo 127.0.0.1", port);
	write_script(text);
	listen(listener4, 8);
	try("mail.example", 5000);
	check_connected("127.0.0.1");
}
END_TEST

START_TEST(remembered_for_a_minute)
{
	clock_set(0, 1000);
	write_script(COUNT "echo 127.0.0.1");
	listen(listener4, 8);
	try("mail.example", 5000);
	clock_move_ms(59 * 1000);
	try("mail.example", 5000);
	check_connected("127.0.0.1");
	ck_assert_uint_eq(asked(), 1);
	try("other.example", 5000);
	ck_assert_uint_eq(asked(), 2);
	clock_move_ms(1000);
	try("mail.example", 5000);
	ck_assert_uint_eq(asked(), 3);
	dial_forget();
	try("mail.example", 5000);
	ck_assert_uint_eq(asked(), 4);
}
END_TEST

START_TEST(what_cannot_be_reached_is_forgotten)
{
	write_script(COUNT "echo 127.0.0.1");
	try("mail.example", 5000);
	try("mail.example", 5000);
	ck_assert_uint_eq(asked(), 2);
}
END_TEST

/* It connects, and that is all it does: another of the host's comes first for an hour. */
START_TEST(avoided)
{
	clock_set(0, 1000);
	write_script("echo 127.0.0.2; echo 127.0.0.1");
	listen(listener4, 8);
	listener6 = other_on("127.0.0.2");
	try("mail.example", 5000);
	check_connected("127.0.0.2");
	avoided_add("127.0.0.2");
	try("mail.example", 5000);
	check_connected("127.0.0.1");
	clock_move_ms(1000);
	avoided_add("127.0.0.1");               /* neither serves: the one that has been spared for longer */
	try("mail.example", 5000);
	check_connected("127.0.0.2");
	clock_move_ms(3599 * 1000);             /* its hour is over */
	avoided_add("127.0.0.2");
	try("mail.example", 5000);
	check_connected("127.0.0.1");
	clock_move_ms(3600 * 1000);
	try("mail.example", 5000);
	check_connected("127.0.0.2");
	avoided_add("127.0.0.2");
	dial_forget();
	try("mail.example", 5000);
	check_connected("127.0.0.2");
}
END_TEST

/* More than are kept: the newest are. */
START_TEST(avoided_are_few)
{
	struct sockaddr_storage a[2] = { { .ss_family = AF_INET }, { .ss_family = AF_INET } };
	char text[ADDRESS_TEXT_MAX];

	clock_set(0, 1000);
	for (int i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "192.0.2.%d", i);
		avoided_add(text);
		clock_move_ms(1);
	}
	avoided_add("");
	for (int i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "192.0.2.%d", i);
		inet_pton(AF_INET, text, &((struct sockaddr_in *)&a[0])->sin_addr);
		inet_pton(AF_INET, "198.51.100.1", &((struct sockaddr_in *)&a[1])->sin_addr);
		avoided_order(a, 2);
		avoided_text(&a[0], text);
		ck_assert_int_eq(strncmp(text, "192.0.2.", 8) == 0, i < 8);
	}
}
END_TEST

/* The seventeenth takes the place of the oldest, and of no other. */
START_TEST(sixteen_are_remembered)
{
	char host[32];

	clock_set(0, 1000);
	write_script(COUNT "echo 127.0.0.1");
	listen(listener4, 64);
	for (int i = 0; i < 17; i++) {
		clock_move_ms(1);
		snprintf(host, sizeof(host), "h%d.example", i);
		try(host, 5000);
	}
	ck_assert_uint_eq(asked(), 17);
	for (int i = 1; i < 17; i++) {
		snprintf(host, sizeof(host), "h%d.example", i);
		try(host, 5000);
	}
	ck_assert_uint_eq(asked(), 17);
	try("h0.example", 5000);
	ck_assert_uint_eq(asked(), 18);
}
END_TEST

/* Cancelled at every stage: before the first turn, resolving, connecting, waiting for the
   next try. */
START_TEST(cancelled)
{
	write_script(_i == 1 ? "sleep 100" : "printf '127.0.0.1\\n::1\\n'");
	make_black_hole(listener6);
	if (_i == 3)
		make_black_hole(listener4);
	dial = dial_start(base, _i == 2 ? "::1" : "mail.example", port, 5000, done, &base);
	if (_i == 1 || _i == 2)
		turn(EVLOOP_NONBLOCK);
	for (int i = 0; _i == 3 && i < 3; i++)
		turn(EVLOOP_ONCE);
	dial_cancel(dial);
	dial_cancel(NULL);
	turn(EVLOOP_NONBLOCK);
	ck_assert_uint_eq(ndone, 0);
}
END_TEST

START_TEST(cancelled_in_done)
{
	cancel_in_done = true;
	if (_i == 0)
		listen(listener4, 8);
	try("127.0.0.1", 1000);
	ck_assert_int_eq(fd >= 0, _i == 0);
}
END_TEST

Suite *
suite_dial(void)
{
	Suite *s = suite_create("dial");
	TCase *tc = tcase_create("order");

	tcase_add_loop_test(tc, interleave, 0, sizeof(orders) / sizeof(orders[0]));
	suite_add_tcase(s, tc);
	tc = tcase_create("race");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 10);
	tcase_add_loop_test(tc, literal, 0, 1);
	tcase_add_test(tc, literal_refused);
	tcase_add_loop_test(tc, resolver_fails, 0, sizeof(failures) / sizeof(failures[0]));
	tcase_add_test(tc, resolver_is_given_host_and_port);
	tcase_add_test(tc, remembered_for_a_minute);
	tcase_add_test(tc, what_cannot_be_reached_is_forgotten);
	tcase_add_test(tc, sixteen_are_remembered);
	tcase_add_test(tc, avoided);
	tcase_add_test(tc, avoided_are_few);
	tcase_add_loop_test(tc, cancelled_in_done, 0, 2);
	suite_add_tcase(s, tc);
	if (!has_ipv6()) {
		fputs("dial: no ::1 here, 9 tests left out\n", stderr);
		return s;
	}
	tc = tcase_create("two families");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 10);
	tcase_add_loop_test(tc, literal, 1, 2);
	tcase_add_test(tc, every_address_is_named);
	tcase_add_test(tc, next_at_once);
	tcase_add_test(tc, next_after_a_while);
	tcase_add_test(tc, deadline);
	tcase_add_loop_test(tc, cancelled, 0, 4);
	suite_add_tcase(s, tc);
	return s;
}
