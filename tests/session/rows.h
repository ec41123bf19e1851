/*
 * rows.h - the scenarios, each named after what goes wrong in it.
 */
#ifndef SESSION_ROWS_H
#define SESSION_ROWS_H

#include <check.h>

#include "driver.h"

struct rows {
	const struct row *row;
	size_t            n;
};

extern const struct rows rows_opening;          /* connect to AUTH */
extern const struct rows rows_message;          /* MAIL to the end of data, QUIT */
extern const struct rows rows_stream;           /* many messages, long ones, odd replies */

Suite *suite_queue(void);
Suite *suite_day(void);                         /* an account's worst day and a half: queue_day.c */

#endif
