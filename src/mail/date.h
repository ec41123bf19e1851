/*
 * date.h - the Date field (RFC 5322 §3.3), as programs write it.  Pure: what
 * a text says, not what time it is.
 */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include <stdbool.h>

#include "base/buf.h"

enum date_kind {
	DATE_PLAIN,             /* the form that is to be written today: nothing to repair */
	DATE_MOMENT,            /* another form of a moment that is beyond doubt */
	DATE_ZONELESS,          /* all but where: no zone, or one that means several or nothing */
	DATE_NONE,              /* no date, or none that there is */
};

/*
 * What is it?  MOMENT and ZONELESS append it to *b in today's form: four
 * digits a year, a numeric zone, -0000 for one that is not known (RFC 5322
 * §4.3), the day of the week that it was.
 *
 * Read are RFC 822's and 850's forms, RFC 3339's, and those of ctime(3) and
 * date(1), in English, with comments.
 */
enum date_kind date_read(struct span body, struct buf *b);

#endif
