/*
 * browser.h - a browser on the desktop of whoever called us.  Knows no OAuth.
 */
#ifndef POSTERN_BROWSER_H
#define POSTERN_BROWSER_H

#include <stdbool.h>

/*
 * Ask the desktop (xdg-open) to show an address, as the person whose desktop
 * it is: with root's rights no browser runs, and none should.  False: there
 * is no desktop, or it is not known whose; then nothing was done.  True says
 * only that it was asked.  The address stands in the process list meanwhile,
 * so it must hold nothing secret.
 */
bool browser_open(const char *url);

#endif
