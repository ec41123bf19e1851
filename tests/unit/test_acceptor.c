/* test_acceptor.c - many at once, and a shortage of descriptors that ends. */
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/acceptor.h"
#include "net/loop.h"

#define MANY 40

static struct event_base  *base;
static struct sockaddr_in  at;
static int                 listener, client[MANY], got[MANY];
static unsigned            ngot;

static void
take(void *arg, int fd)
{
	ck_assert_ptr_eq(arg, &ngot);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	got[ngot++] = fd;
}

static void
setup(void)
{
	socklen_t n = sizeof(at);

	base = loop_new();
	at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, n), 0);
	ck_assert_int_eq(listen(listener, MANY), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &n), 0);
	ngot = 0;
}

static void
teardown(void)
{
	while (ngot > 0)
		close(got[--ngot]);
	close(listener);
	loop_free(base);
}

static void
dial(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		client[i] = socket(AF_INET, SOCK_STREAM, 0);
		ck_assert_int_eq(connect(client[i], (struct sockaddr *)&at, sizeof(at)), 0);
	}
}

static void
hang_up(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		close(client[i]);
}

/* Turns of the loop until so many came, five seconds at most. */
static unsigned
turns_until(unsigned n)
{
	int64_t  end = clock_mono_ms() + 5000;
	unsigned turns = 0;

	for (; ngot < n && clock_mono_ms() < end; turns++)
		loop_turn(base);
	return turns;
}

START_TEST(many_at_once)
{
	struct acceptor *a = acceptor_new(base, listener, take, &ngot);

	dial(MANY);
	ck_assert_uint_lt(turns_until(MANY), MANY);
	ck_assert_uint_eq(ngot, MANY);
	hang_up(MANY);
	acceptor_free(a);
}
END_TEST

/* While there is no descriptor the socket stays readable: it must not be watched, or the loop never sleeps. */
START_TEST(a_shortage_ends)
{
	struct acceptor *a = acceptor_new(base, listener, take, &ngot);
	struct rlimit    was, none;
	int              next;

	dial(3);
	next = dup(0);
	close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = (struct rlimit){ .rlim_cur = (rlim_t)next, .rlim_max = was.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	loop_turn(base);
	ck_assert_uint_eq(ngot, 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
	loop_turn(base);
	ck_assert_uint_eq(ngot, 0);             /* still resting */
	turns_until(3);
	ck_assert_uint_eq(ngot, 3);
	hang_up(3);
	acceptor_free(a);
}
END_TEST

/* Freed while it rests: nothing of it is left in the loop. */
START_TEST(freed_while_resting)
{
	struct acceptor *a = acceptor_new(base, listener, take, &ngot);
	struct rlimit    was, none;
	int              next;

	dial(1);
	next = dup(0);
	close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = (struct rlimit){ .rlim_cur = (rlim_t)next, .rlim_max = was.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	loop_turn(base);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
	acceptor_free(a);
	loop_turn(base);
	ck_assert_uint_eq(ngot, 0);
	hang_up(1);
}
END_TEST

Suite *suite_acceptor(void);

Suite *
suite_acceptor(void)
{
	Suite *s = suite_create("acceptor");
	TCase *t = tcase_create("acceptor");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 20);
	tcase_add_test(t, many_at_once);
	tcase_add_test(t, a_shortage_ends);
	tcase_add_test(t, freed_while_resting);
	suite_add_tcase(s, t);
	return s;
}
