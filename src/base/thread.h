/*
 * thread.h - a thread for what blocks.  Signals are the main thread's, so one
 * is born with all of them blocked.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

int thread_start(pthread_t *ret, void *(*run)(void *arg), void *arg);   /* 0 or -errno */

#endif
