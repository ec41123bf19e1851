/* place.c - the compiled paths and the variables that move them; see place.h. */
#include "spool/place.h"

#include <stdlib.h>
#include <sys/auxv.h>

/*
 * Asked of the kernel on every call: a flag kept from the start could be
 * wrong by then, and secure_getenv(3) is not in every libc.
 */
static const char *
place(const char *variable, const char *compiled)
{
	const char *moved;

	if (getauxval(AT_SECURE) != 0)
		return compiled;
	moved = getenv(variable);
	return moved != NULL && moved[0] != '\0' ? moved : compiled;
}

const char *
place_spool(void)
{
	return place("POSTERN_SPOOL", POSTERN_SPOOL_DIR);
}

void
place_put_token(struct buf *path, const char *relay)
{
	buf_printf(path, "%s/state/oauth-%s.token", place_spool(), relay);
}

const char *
place_run(void)
{
	return place("POSTERN_RUN", POSTERN_RUN_DIR);
}

const char *
place_libexec(void)
{
	return place("POSTERN_LIBEXEC", POSTERN_LIBEXEC_DIR);
}

/* One variable for all three: a build tree keeps all its programs together. */
const char *
place_bin(void)
{
	return place("POSTERN_LIBEXEC", POSTERN_BIN_DIR);
}

const char *
place_sbin(void)
{
	return place("POSTERN_LIBEXEC", POSTERN_SBIN_DIR);
}

const char *
place_conf(void)
{
	return place("POSTERN_CONF", POSTERN_CONF_FILE);
}

const char *
place_providers(void)
{
	return place("POSTERN_PROVIDERS", POSTERN_PROVIDERS_DIR);
}

const char *
place_log(void)
{
	return place("POSTERN_LOG", "/var/log");
}
