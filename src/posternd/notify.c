#include "posternd/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/loop.h"

static struct {
	int                fd;
	struct sockaddr_un to;
	socklen_t          to_n;
	struct timer      *watchdog;
	int64_t            every_ms;
} sd = { .fd = -1 };

static void
say(const char *text)
{
	const struct sockaddr *to = (const struct sockaddr *)&sd.to;

	if (sd.fd != -1)
		(void)!sendto(sd.fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, to, sd.to_n);
}

static void
on_watchdog(void *arg)
{
	(void)arg;
	say("WATCHDOG=1");
	timer_set(sd.watchdog, sd.every_ms);
}

/* WATCHDOG_PID says whom the deadline is for. */
static void
start_watchdog(struct event_base *base)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t us, for_pid;

	if (usec == NULL || text_number(span_of(usec), UINT64_C(1) << 50, &us) != 0 || us < 2000)
		return;
	if (pid != NULL && (text_number(span_of(pid), UINT32_MAX, &for_pid) != 0 || for_pid != (uint64_t)getpid()))
		return;
	sd.every_ms = (int64_t)us / 2000;
	sd.watchdog = timer_new(base, on_watchdog, NULL);
	timer_set(sd.watchdog, sd.every_ms);
}

void
notify_start(struct event_base *base)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path != NULL ? strlen(path) : 0;

	if (n < 2 || n >= sizeof(sd.to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	sd.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sd.fd == -1)
		return;
	sd.to.sun_family = AF_UNIX;
	memcpy(sd.to.sun_path, path, n);
	if (path[0] == '@')
		sd.to.sun_path[0] = '\0';       /* the abstract namespace */
	sd.to_n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	start_watchdog(base);
}

void
notify_ready(void)
{
	say("READY=1");
}

/* Type=notify-reload wants the moment with it. */
void
notify_reloading(void)
{
	char text[64];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_mono_ms() * 1000);
	say(text);
}

void
notify_stopping(void)
{
	say("STOPPING=1");
}

void
notify_status(const char *status)
{
	char text[512];

	snprintf(text, sizeof(text), "STATUS=%s", status);
	say(text);
}

void
notify_stop(void)
{
	timer_free(sd.watchdog);
	if (sd.fd != -1)
		close(sd.fd);
	sd.watchdog = NULL;
	sd.fd = -1;
}
