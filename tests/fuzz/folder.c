/* folder.c - see folder.h. */
#include "fuzz/folder.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

static char  path[64];
static pid_t owner;

static const char *const places[] = { "", "/tmp", "/new", "/cur", "/later", "/hold", "/dead", "/bad", "/state" };

#define NPLACES (sizeof(places) / sizeof(places[0]))

/* Files, and empty directories. */
static void
empty(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && unlinkat(dirfd(d), e->d_name, 0) < 0)
			(void)unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
	if (d != NULL)
		closedir(d);
}

static void
place(char to[static PATH_MAX], size_t i)
{
	must(snprintf(to, PATH_MAX, "%s/spool%s", folder(), places[i]) < PATH_MAX);
}

static void
leave(void)
{
	char dir[PATH_MAX];

	if (getpid() != owner)
		return;
	for (size_t i = NPLACES; i-- > 0;) {
		place(dir, i);
		empty(dir);
	}
	empty(path);
	(void)rmdir(path);
}

const char *
folder(void)
{
	const char *top = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	if (path[0] != '\0')
		return path;
	snprintf(path, sizeof(path), "%s/postern-fuzz-XXXXXX", top);
	must(mkdtemp(path) != NULL);
	must(chmod(path, 0711) == 0);           /* a stranger may come to the sockets in it */
	owner = getpid();
	atexit(leave);
	return path;
}

const char *
folder_spool(void)
{
	static char spool[PATH_MAX];
	char dir[PATH_MAX];

	place(spool, 0);
	for (size_t i = 0; i < NPLACES; i++) {
		place(dir, i);
		(void)mkdir(dir, 0755);
		if (i > 0)
			empty(dir);
	}
	return spool;
}

const char *
folder_file(const char *name, struct span text, unsigned mode)
{
	static char file[PATH_MAX];
	int fd;

	must(snprintf(file, sizeof(file), "%s/%s", folder(), name) < (int)sizeof(file));
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	must(fd >= 0 && fchmod(fd, mode) == 0 && write(fd, text.p, text.n) == (ssize_t)text.n);
	close(fd);
	return file;
}
