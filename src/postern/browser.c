#include "postern/browser.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

static bool
is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

/* Whose desktop: ours, or that of whoever became root by sudo or pkexec; NULL: root alone. */
static struct passwd *
owner(void)
{
	static const char *const names[] = { "SUDO_UID", "PKEXEC_UID" };
	uint64_t uid;

	if (geteuid() != 0)
		return getpwuid(geteuid());
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_set(names[i]) && text_number(span_of(getenv(names[i])), UINT32_MAX - 1, &uid) == 0 && uid != 0)
			return getpwuid((uid_t)uid);
	return NULL;
}

static bool
become(const struct passwd *who)
{
	char run[64];

	if (geteuid() != 0)
		return true;
	if (initgroups(who->pw_name, who->pw_gid) != 0 || setgid(who->pw_gid) != 0 || setuid(who->pw_uid) != 0)
		return false;
	snprintf(run, sizeof(run), "/run/user/%u", (unsigned)who->pw_uid);
	return setenv("HOME", who->pw_dir, 1) == 0 && setenv("XDG_RUNTIME_DIR", run, 1) == 0;
}

/* It outlives us, and has nothing of this terminal: not its ^C, and not the pasted address. */
static void
show(const struct passwd *who, const char *url)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || setsid() < 0 || fork() != 0 || !become(who))
		_exit(1);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execlp("xdg-open", "xdg-open", url, (char *)NULL);
	_exit(127);
}

bool
browser_open(const char *url)
{
	struct passwd *who = owner();
	pid_t pid;

	if ((!is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY")) || who == NULL)
		return false;
	/* A provider's own page, in http or https; never a word that xdg-open takes for an option or a file. */
	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		return false;
	pid = fork();
	if (pid == 0)
		show(who, url);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return pid > 0;
}
