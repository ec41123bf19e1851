/*
 * filter.h - which messages of the queue are meant: options that several
 * commands share.  Those that are given must all fit.
 */
#ifndef POSTERN_FILTER_H
#define POSTERN_FILTER_H

#include "postern/args.h"
#include "postern/queued.h"

/* The head of such a command's table: an index below FILTER_OPTIONS_N is for filter_set(). */
#define FILTER_OPTIONS FILTER_OPTIONS_AS("relay")
/* Where --relay says something else, the filter's has another name. */
#define FILTER_OPTIONS_AS(relay_name) \
	{ "sender", "PATTERN", "from whom: alice@example.com, *@example.com, alice; <> is a report's" }, \
	{ "recipient", "PATTERN", "to whom, among those who have not got it" }, \
	{ "user", "PATTERN", "who submitted it" }, \
	{ relay_name, "PATTERN", "which relay answered last" }, \
	{ "state", "LIST", "some of ready, active, later, hold, dead, bad" }, \
	{ "older", "AGE", "arrived longer ago: 30m, 4h, 2d" }, \
	{ "newer", "AGE", "arrived since" }, \
	{ "reason", "TEXT", "a part of the reason why it waits; * stands for anything" }
#define FILTER_OPTIONS_N 8

struct filter {
	const char *text[FILTER_OPTIONS_N];     /* argv's own; NULL: not given */
	unsigned    states;                     /* bits, 1 << enum queued_state; 0: all */
	int64_t     older_s;
	int64_t     newer_s;
	char        host[256];
};

/* states: those that are meant when none is named. */
void filter_init(struct filter *f, unsigned states);

/* Option `index` of a table that begins with FILTER_OPTIONS.  0; else said, and EX_USAGE. */
int  filter_set(struct filter *f, const struct args *a, int index);

bool filter_is_set(const struct filter *f);
bool filter_fits(const struct filter *f, const struct queued *q, int64_t now_s);

#endif
