/*
 * input.h - the message as it comes on standard input, up to its end: the
 * end of the file or, unless -i was given, a line with one dot.  Keeps every
 * other octet as it is.
 */
#ifndef SENDMAIL_INPUT_H
#define SENDMAIL_INPUT_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input {
	int    fd;
	bool   dot_ends;
	bool   line_start;      /* the next octet begins a line */
	size_t held;            /* octets of ".\r" kept back: perhaps the last line */
	bool   over;            /* the end was seen, or reading failed */
};

#define INPUT_LEAST 64

void    input_init(struct input *in, int fd, bool dot_ends);

/* n (at least INPUT_LEAST) octets or fewer; 0 at the end; -errno. */
ssize_t input_read(struct input *in, char *p, size_t n);

/*
 * Read and forget what is left: a writer whose pipe is closed early dies of
 * SIGPIPE before it sees our exit code.  A terminal is not waited for, nor
 * one that writes for ever: more than INPUT_DRAIN_BYTES is no message.
 */
#define INPUT_DRAIN_MS    (60 * 1000)
#define INPUT_DRAIN_BYTES (1u << 30)
void    input_drain(struct input *in, int64_t most_ms);

#endif
