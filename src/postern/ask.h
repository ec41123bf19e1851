/*
 * ask.h - questions to a person at a terminal: a line, a yes or no, a word
 * that is not shown.  ^C, TERM and HUP arrive while one waits and at no other
 * moment, so what is done between two questions is done whole.
 */
#ifndef POSTERN_ASK_H
#define POSTERN_ASK_H

#include <stdbool.h>

#include "base/buf.h"

#define ASK_LINE_MAX 4096               /* what a terminal takes in one line */

enum ask {
	ASK_OK,
	ASK_END,        /* ^D: nothing more will come */
	ASK_STOPPED,    /* ^C */
};

/* Can somebody be asked: are standard input and output terminals? */
bool     ask_is_person(void);

/* From here on signals wait for a question; once, at the start. */
void     ask_begin(void);
void     ask_end(void);         /* and no more questions: signals are as they were before */

/*
 * "QUESTION [OTHERWISE]: ".  The answer without its blanks at both ends, or
 * otherwise where there is none (NULL: it stays empty), into *ret, which is
 * cleared first.
 */
enum ask ask_line(const char *question, const char *otherwise, struct buf *ret);

/* The same, unseen; what was typed to its last blank.  *ret has room for all of it from birth. */
enum ask ask_secret(const char *question, struct buf *ret);

/* Asked again until it is one of the two. */
enum ask ask_yes(const char *question, bool otherwise, bool *ret);

/* Let time pass: false when a signal came meanwhile, as at a question. */
bool     ask_pause_ms(int ms);

/*
 * Run a program, as ourselves, on this terminal, with the signals as they
 * were before ask_begin().  Its exit status; 127 when it cannot be run, 128
 * and the number when a signal ended it.
 */
int      ask_run(char *const argv[]);

#endif
