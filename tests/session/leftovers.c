#include "leftovers.h"

#include <event2/event.h>

#include <assert.h>
#include <dirent.h>

#include "net/loop.h"

unsigned
leftovers_descriptors(void)
{
	DIR     *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert(d != NULL);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

void
leftovers_events(struct event_base *base, struct buf *out)
{
	int events;

	/* What frees itself later does so now. */
	for (int i = 0; i < 3; i++)
		loop_turn(base);
	events = event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED);
	if (events != 0)
		buf_printf(out, "%d events are left\n", events);
}
