/* scratch.c - a spool of a test's own; see scratch.h. */
#include "lib/scratch.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const folders[] = {
	"tmp", "new", "cur", "later", "hold", "dead", "bad", "state",
};

void
scratch_make(struct scratch *s)
{
	/* In memory where there is such a place: what a disk does after a
	   call is not for these tests, and its waits add up. */
	const char *top = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	snprintf(s->path, sizeof(s->path), "%s/postern-XXXXXX", top);
	ck_assert_ptr_nonnull(mkdtemp(s->path));
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(s->fd, 0);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		ck_assert_int_eq(mkdirat(s->fd, folders[i], 0700), 0);
}

void
scratch_remove(struct scratch *s)
{
	char command[128];

	close(s->fd);
	snprintf(command, sizeof(command), "rm -rf %s", s->path);
	ck_assert_int_eq(system(command), 0);
}

int
scratch_count(const struct scratch *s, const char *dir, char *ret_name)
{
	int            fd = openat(s->fd, dir, O_RDONLY | O_DIRECTORY);
	DIR           *d = fdopendir(fd);
	struct dirent *e;
	int            n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		n++;
		if (ret_name != NULL)
			strcpy(ret_name, e->d_name);
	}
	closedir(d);
	return n;
}

static void
path_of(char *path, size_t size, const char *dir, const char *name)
{
	ck_assert_int_lt(snprintf(path, size, "%s/%s", dir, name), (int)size);
}

char *
scratch_read(const struct scratch *s, const char *dir, const char *name, size_t *ret_n)
{
	char        path[512];
	struct stat st;
	char       *p;
	int         fd;

	path_of(path, sizeof(path), dir, name);
	fd = openat(s->fd, path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	p = malloc((size_t)st.st_size + 1);
	ck_assert_int_eq(read(fd, p, (size_t)st.st_size), st.st_size);
	p[st.st_size] = '\0';
	close(fd);
	if (ret_n != NULL)
		*ret_n = (size_t)st.st_size;
	return p;
}

void
scratch_write(const struct scratch *s, const char *dir, const char *name, struct span text)
{
	char path[512];
	int  fd;

	path_of(path, sizeof(path), dir, name);
	fd = openat(s->fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text.p, text.n), (ssize_t)text.n);
	close(fd);
}
