/*
 * edit.h - change one thing in a configuration's text and leave the rest as
 * its admin wrote it, comments and all.  Knows where options and sections
 * begin and end; knows not what they mean.
 */
#ifndef CONFIG_EDIT_H
#define CONFIG_EDIT_H

#include "base/buf.h"

#define EDIT_RELAYS_MAX 64              /* that are looked at; with more, nothing is edited */

/*
 * The names of the relay sections, in order, allocated: how many, or -EINVAL
 * where the text is none that could be edited, -E2BIG with too many.
 */
int  edit_relays(struct span text, char *ret[static EDIT_RELAYS_MAX]);

/*
 * Give an option outside of all sections this value: in its old place, or
 * above the first relay and the comments that belong to that.  -EINVAL.
 */
int  edit_set(struct buf *text, const char *option, struct span value);

/*
 * Put a section, text with its line end, in the place of the relay `old`; or
 * behind the last one, old being NULL or not there.  -EINVAL.
 */
int  edit_put_relay(struct buf *text, const char *old, struct span section);

/*
 * Has the relay this option, in that section of it (NULL: in none)?  1 or 0;
 * -ENOENT: there is no such relay; -EINVAL.
 */
int  edit_relay_says(struct span text, const char *relay, const char *section, const char *option);

/* Put the option there, which it has not yet; the section is made where it is missing.  -ENOENT, -EINVAL. */
int  edit_put_in_relay(struct buf *text, const char *relay, const char *section, const char *option,
                       struct span value);

/* Append value as a string of the configuration.  It has no line end and no NUL. */
void edit_put_string(struct buf *out, struct span value);

#endif
