/*
 * wake.h - the FIFO by which a submitter tells the daemon to look into new/.
 * A hint: losing it costs the time to the next look, never a message.
 */
#ifndef SPOOL_WAKE_H
#define SPOOL_WAKE_H

void wake_poke(int spool);              /* never blocks; failure is no news */
int  wake_open(int spool);              /* daemon: a descriptor to poll, or -errno; makes the FIFO if it can */
void wake_drain(int fd);

#endif
