/*
 * posternd - the relay daemon.  In the foreground, always: what runs in the
 * background is a supervisor's business.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/version.h"
#include "config/config.h"
#include "net/dial.h"
#include "net/helper.h"
#include "net/loop.h"
#include "net/uplink.h"
#include "posternd/control.h"
#include "posternd/listen.h"
#include "posternd/notify.h"
#include "posternd/privilege.h"
#include "posternd/reload.h"
#include "posternd/sockets.h"
#include "posternd/submit.h"
#include "posternd/try.h"
#include "relay/queue.h"
#include "relay/token.h"
#include "spool/place.h"
#include "spool/store.h"
#include "spool/wake.h"

#define FINISH_MS 10000         /* what is in flight at SIGTERM gets this long */
#define LOOK_MS   15000         /* is the spool still where sendmail finds it? */
#define REAP_MS   1000          /* programs that were killed */
#define RENEW_MS  50000         /* a token's renewal, whose own limit is 45 s */

struct daemon {
	const char        *conf_path;
	struct event_base *base;
	struct store      *store;
	struct queue      *queue;
	struct control    *control;
	struct submit     *submit;
	struct listen     *listen;
	struct uplink     *uplink;
	struct timer      *give_up, *look;
	int                wake;
	struct watch      *on_wake, *on_term, *on_int, *on_hup;
	bool               leaving;
	int                rc;          /* of an end that nobody asked for */
};

static int
fail(int code, const struct buf *why)
{
	struct span rest = buf_view(why), line;

	while (span_cut(&rest, '\n', &line))
		fprintf(stderr, "posternd: %.*s\n", (int)line.n, line.p);
	return code;
}

/* ---- events ---- */

static void
wake(void *arg)
{
	struct daemon *d = arg;

	wake_drain(d->wake);
	queue_wake(d->queue);
}

static void
idle(void *arg)
{
	struct daemon *d = arg;

	loop_stop(d->base);
}

static void
give_up(void *arg)
{
	struct daemon *d = arg;

	log_warn("stop: some deliveries did not finish in %d s and are broken off; they are repeated",
	    FINISH_MS / 1000);
	queue_stop(d->queue);
}

static void
term(void *arg)
{
	struct daemon *d = arg;

	if (d->leaving) {
		queue_stop(d->queue);           /* asked twice: now */
		return;
	}
	d->leaving = true;
	notify_stopping();
	log_info("stop: finishing what is in flight");
	timer_set(d->give_up, FINISH_MS);
	listen_quit(d->listen);
	queue_quit(d->queue, idle, d);
}

/*
 * sendmail writes where the path leads to.  A spool that was moved, or
 * replaced by a backup, is not that: its messages would wait with nobody
 * looking, so the next daemon is to begin with the other.
 */
static void
look_at_spool(void *arg)
{
	struct daemon *d = arg;

	timer_set(d->look, LOOK_MS);
	if (d->leaving || store_is_at(d->store, place_spool()))
		return;
	log_err("%s was removed, moved or replaced while this daemon worked in it: start posternd again, "
	    "when a spool is there", place_spool());
	d->rc = EX_OSFILE;
	term(d);
}

static void
hup(void *arg)
{
	struct daemon *d = arg;
	struct buf why;

	buf_init(&why, 4096);
	if (!d->leaving)
		reload(d->queue, d->listen, d->conf_path, &why);
	buf_done(&why);
}

static bool
on_reload(void *arg, struct buf *why)
{
	struct daemon *d = arg;

	if (!d->leaving)
		return reload(d->queue, d->listen, d->conf_path, why);
	buf_str(why, "the daemon is stopping");
	return false;
}

static void
network(void *arg, enum reach now)
{
	struct daemon *d = arg;

	queue_set_reach(d->queue, now);
}

static void
on_said(void *arg, const char *line)
{
	(void)arg;
	notify_status(line);
}

/* ---- start ---- */

static void
usage(FILE *to)
{
	fprintf(to,
	    "usage: posternd [-c FILE]\n"
	    "  -c, --config FILE   the configuration (%s)\n"
	    "      --version\n"
	    "      --help\n"
	    "Runs in the foreground. SIGTERM: finish and stop. SIGHUP: read the configuration again.\n",
	    place_conf());
}

/* Arguments; -1: go on, otherwise the exit code. */
static int
arguments(struct daemon *d, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			d->conf_path = optarg;
			break;
		case 'V':
			version_print("posternd");
			return EX_OK;
		case 'h':
			usage(stdout);
			return EX_OK;
		default:
			usage(stderr);
			return EX_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "posternd: unexpected argument \"%s\"\n", argv[optind]);
	return EX_USAGE;
}

static void
open_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

static int
open_spool(struct daemon *d, struct buf *why)
{
	const char *what;
	pid_t pid;
	int err = store_open(place_spool(), true, &d->store, &what);

	if (err == -EBUSY) {
		pid = store_locked_by(place_spool());
		buf_printf(why, "%s: another posternd is at work here", place_spool());
		if (pid > 0)
			buf_printf(why, ": process %ld; stop that one first, or leave it to it", (long)pid);
		return EX_TEMPFAIL;
	}
	if (err != 0) {
		buf_printf(why, "%s/%s: %s", place_spool(), what, strerror(-err));
		return EX_OSFILE;
	}
	d->wake = wake_open(store_spool_fd(d->store));
	if (d->wake < 0) {
		buf_printf(why, "%s/wake: %s", place_spool(), strerror(-d->wake));
		return EX_OSFILE;
	}
	return 0;
}

static void
watch_all(struct daemon *d)
{
	d->on_wake = watch_fd(d->base, d->wake, wake, d);
	d->on_term = watch_signal(d->base, SIGTERM, term, d);
	d->on_int = watch_signal(d->base, SIGINT, term, d);
	d->on_hup = watch_signal(d->base, SIGHUP, hup, d);
	d->give_up = timer_new(d->base, give_up, d);
	d->look = timer_new(d->base, look_at_spool, d);
	timer_set(d->look, LOOK_MS);
}

/* Everything that can be wrong is found here, before "ready" is said. */
static int
start(struct daemon *d, struct buf *why)
{
	const struct control_daemon self = { .reload = on_reload, .arg = d };
	struct config *conf;
	int rc, err;

	if ((rc = privilege_run_dir(place_spool(), place_run(), why)) != 0 ||
	    (rc = privilege_drop(place_spool(), why)) != 0 ||
	    (rc = reload_read(d->conf_path, &conf, why)) != 0)
		return rc;
	if ((rc = open_spool(d, why)) != 0) {
		config_free(conf);
		return rc;
	}
	d->base = loop_new();
	watch_all(d);                   /* a signal waits for the loop from here on */
	d->queue = queue_new(d->base, d->store, conf, why);
	if (d->queue == NULL)
		return EX_CONFIG;
	d->control = control_start(d->base, d->queue, &self, why);
	if (d->control == NULL)
		return EX_OSERR;
	d->submit = submit_start(d->base, d->queue, why);
	if (d->submit == NULL)
		return EX_OSERR;
	d->listen = listen_start(d->base, d->queue, why);
	if (d->listen == NULL)
		return EX_OSERR;
	reload_apply(queue_conf(d->queue), d->store);
	d->uplink = uplink_new(d->base, network, d);
	network(d, uplink_reach(d->uplink));
	if ((err = queue_start(d->queue)) != 0) {
		buf_printf(why, "%s: cannot be read: %s", place_spool(), strerror(-err));
		return EX_IOERR;
	}
	return 0;
}

/*
 * A provider may have taken the old refresh token back: the new one must
 * reach the disk, and a service manager kills what a daemon leaves behind.
 * A second TERM ends the wait with us.
 */
static void
await_helpers(struct event_base *base)
{
	if (!helper_await(base, REAP_MS)) {
		log_info("stop: a token is being renewed; its file comes first");
		if (!helper_await(base, RENEW_MS))
			log_warn("stop: a program does not end; it is left to itself");
	}
	helper_abandon();
}

static void
finish(struct daemon *d)
{
	listen_stop(d->listen);
	submit_stop(d->submit);
	control_stop(d->control);
	watch_free(d->on_wake);
	watch_free(d->on_term);
	watch_free(d->on_int);
	watch_free(d->on_hup);
	timer_free(d->give_up);
	timer_free(d->look);
	uplink_free(d->uplink);
	if (d->queue != NULL)
		queue_free(d->queue);
	if (d->base != NULL)
		await_helpers(d->base);
	notify_stop();
	if (d->base != NULL)
		loop_free(d->base);
	if (d->wake >= 0)
		close(d->wake);
	store_close(d->store);
}

int
main(int argc, char **argv)
{
	static char resolver[4096], oauth[4096];
	struct daemon d = { .wake = -1 };
	struct buf why;
	int rc;

	sockets_take_passed();
	open_standard_descriptors();
	d.conf_path = place_conf();
	if ((argc < 2 || strcmp(argv[1], "--try") != 0) && (rc = arguments(&d, argc, argv)) != -1)
		return rc;
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);       /* a unit's LimitFSIZE: EFBIG, as a full disk */
	privilege_clean_environment();
	snprintf(resolver, sizeof(resolver), "%s/postern-resolve", place_libexec());
	dial_set_resolver(resolver);
	snprintf(oauth, sizeof(oauth), "%s/postern-oauth", place_libexec());
	token_set_helper(oauth);
	if (argc > 1 && strcmp(argv[1], "--try") == 0)
		return try_main(argc - 1, argv + 1);
	buf_init(&why, 8192);
	if ((rc = start(&d, &why)) != 0) {
		rc = fail(rc, &why);
	} else {
		/* Reading the configuration and the spool leaves holes that nothing will fill for months. */
		malloc_trim(0);
		notify_start(d.base);
		notify_ready();
		queue_listen(d.queue, on_said, &d);
		log_info("start: version %s, configuration %s", version_text(), d.conf_path);
		loop_run(d.base);
		rc = d.rc;
	}
	finish(&d);
	if (rc == 0)
		log_info("stop: done");
	buf_done(&why);
	return rc;
}
