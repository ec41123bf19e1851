/*
 * scan.h - a first walk over a configuration's text, before libconfuse sees
 * it: its lexer keeps its state after an error, so a string left open in
 * one file would swallow the next one that is read.
 */
#ifndef CONFIG_SCAN_H
#define CONFIG_SCAN_H

#include "base/buf.h"

/*
 * Blank out the comments in *text (line ends stay) and refuse what
 * libconfuse would misread.  0, or -EINVAL with the line and a constant text
 * "what is wrong; what would be right".
 */
int scan_text(struct buf *text, unsigned *ret_line, const char **ret_why);

#endif
