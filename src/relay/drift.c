#include "relay/drift.h"

#include "base/clock.h"

#define NOTICED_S 60    /* less is a clock being disciplined */

int64_t
drift_look(struct drift *d)
{
	int64_t offset_s = clock_wall_s() - clock_mono_ms() / 1000;
	int64_t moved_s = d->looked ? offset_s - d->offset_s : 0;

	if (d->looked && moved_s > -NOTICED_S && moved_s < NOTICED_S)
		return 0;
	/* Kept while it moves little, so that many small steps come to be noticed too. */
	d->offset_s = offset_s;
	d->looked = true;
	return moved_s;
}
