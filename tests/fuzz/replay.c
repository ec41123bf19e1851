/* replay.c - a fuzz target's main without a fuzzer: the named files, one after the other. */
#include <fcntl.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

static int
replay(const char *path)
{
	size_t n = 0, room = 1 << 20;
	uint8_t *p = malloc(room);
	ssize_t got = -1;
	int fd = open(path, O_RDONLY);

	while (fd >= 0 && p != NULL && n < room && (got = read(fd, p + n, room - n)) > 0)
		n += (size_t)got;
	if (fd >= 0)
		close(fd);
	if (got != 0) {
		fprintf(stderr, "%s: cannot be read, or too large\n", path);
		free(p);
		return -1;
	}
	/* Cut to the size, so that a sanitizer sees a read behind the end. */
	p = realloc(p, n > 0 ? n : 1);
	LLVMFuzzerTestOneInput(p, n);
	free(p);
	return 0;
}

int
main(int argc, char **argv)
{
	int bad = argc < 2, i;

	for (i = 1; i < argc; i++)
		if (replay(argv[i]) < 0)
			bad = 1;
	return bad;
}
