#include "posternd/privilege.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/capability.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"

static const char *const kept[] = {
	"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM", "CREDENTIALS_DIRECTORY", "TZ",
	"POSTERN_SPOOL", "POSTERN_RUN", "POSTERN_LIBEXEC", "POSTERN_CONF", "POSTERN_PROVIDERS", "POSTERN_RESOLV_CONF",
	"SSL_CERT_FILE", "SSL_CERT_DIR",
	/* postern-oauth's way out */
	"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
};

/* The configuration's "${VAR}" must not see what happened to be exported (libconfuse expands it). */
void
privilege_clean_environment(void)
{
	char *value[sizeof(kept) / sizeof(kept[0])];

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const char *v = getenv(kept[i]);

		value[i] = v != NULL ? xstrdup(v) : NULL;
	}
	clearenv();
	setenv("PATH", "/usr/bin:/bin:/usr/sbin:/sbin", 1);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (value[i] != NULL)
			setenv(kept[i], value[i], 1);
		free(value[i]);
	}
}

static int
owner(const char *spool, struct stat *ret, struct buf *why)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/cur", spool);
	if (stat(path, ret) == 0)
		return 0;
	if (errno == EACCES && geteuid() != 0) {
		buf_printf(why, "%s: %s; start as root, or as the daemon's user", path, strerror(errno));
		return EX_NOPERM;
	}
	buf_printf(why, "%s: %s; the spool is made by `make install`, or by the package", path, strerror(errno));
	return EX_OSFILE;
}

int
privilege_run_dir(const char *spool, const char *run, struct buf *why)
{
	struct stat st;
	int rc = owner(spool, &st, why);

	if (rc != 0)
		return rc;
	if (mkdir(run, 0755) != 0) {
		if (errno == EEXIST)
			return 0;
		buf_printf(why, "%s: cannot be made: %s; start as root, or: systemctl start postern", run,
		    strerror(errno));
		return EX_CANTCREAT;
	}
	if (chmod(run, 0755) != 0 || (geteuid() == 0 && chown(run, st.st_uid, st.st_gid) != 0)) {
		buf_printf(why, "%s: %s", run, strerror(errno));
		return EX_OSERR;
	}
	return 0;
}

/*
 * Of root's rights one stays: a listener may be at port 25, and a reload may
 * bring one.  Only in this process: what it executes has none.
 */
static int
keep_low_ports(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct   have[2], keep[2] = { 0 };

	if (syscall(SYS_capget, &head, have) != 0)
		return -1;
	keep[0].permitted = have[0].permitted & 1u << CAP_NET_BIND_SERVICE;
	keep[0].effective = keep[0].permitted;
	return (int)syscall(SYS_capset, &head, keep);
}

static int
become(const struct stat *st, struct buf *why)
{
	const struct passwd *pw = getpwuid(st->st_uid);
	gid_t gid = pw != NULL ? pw->pw_gid : st->st_gid;
	int rc = pw != NULL ? initgroups(pw->pw_name, gid) : setgroups(0, NULL);

	if (rc != 0 || setresgid(gid, gid, gid) != 0 || prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 ||
	    setresuid(st->st_uid, st->st_uid, st->st_uid) != 0 || keep_low_ports() != 0) {
		buf_printf(why, "cannot become uid %u: %s", (unsigned)st->st_uid, strerror(errno));
		return EX_OSERR;
	}
	if (setuid(0) == 0) {
		buf_str(why, "root could be had back after it was given up");
		return EX_OSERR;
	}
	return 0;
}

/*
 * The credential is in this process: no core, no ptrace by other processes
 * of the user.  After the change of user, which sets it anew (to 2 where
 * fs.suid_dumpable says so).
 */
static void
hide(void)
{
#ifdef __SANITIZE_ADDRESS__
	/* The leak checker looks at this process from outside. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
#else
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

int
privilege_drop(const char *spool, struct buf *why)
{
	struct stat st;
	int rc = owner(spool, &st, why);

	if (rc != 0)
		return rc;
	if (geteuid() == st.st_uid) {
		/* AmbientCapabilities= of the unit would reach our helpers. */
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
		hide();
		if (st.st_uid == 0)
			log_warn("%s belongs to root, so this runs as root; `make install` gives it to the "
			    "user postern", spool);
		return 0;
	}
	if (geteuid() == 0) {
		rc = become(&st, why);
		hide();
		return rc;
	}
	buf_printf(why, "%s belongs to uid %u and this is uid %u: start as root or as that user", spool,
	    (unsigned)st.st_uid, (unsigned)geteuid());
	return EX_NOPERM;
}
