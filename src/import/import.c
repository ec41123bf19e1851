/* import.c - which systems are here; reading one; the files beside the configuration. */
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fs.h"
#include "import/model.h"
#include "import/sources.h"

static const struct {
	const char *name;
	int       (*read)(struct import *im, const char *path);
	const char *paths[4];   /* the first that is there */
} sources[IMPORT_KINDS] = {
	[IMPORT_POSTFIX] = { "postfix", postfix_read, { "/etc/postfix/main.cf" } },
	[IMPORT_EXIM] = { "exim", exim_read, { "/etc/exim4/update-exim4.conf.conf" } },
	[IMPORT_NULLMAILER] = { "nullmailer", nullmailer_read,
	    { "/etc/nullmailer/remotes", "/usr/local/etc/nullmailer/remotes" } },
	[IMPORT_DMA] = { "dma", dma_read, { "/etc/dma/dma.conf" } },
	[IMPORT_SSMTP] = { "ssmtp", ssmtp_read, { "/etc/ssmtp/ssmtp.conf" } },
	[IMPORT_MSMTP] = { "msmtp", msmtp_read, { "/etc/msmtprc", "/usr/local/etc/msmtprc" } },
	[IMPORT_ESMTP] = { "esmtp", esmtp_read, { "/etc/esmtprc", "/usr/local/etc/esmtprc" } },
};

const char *
import_name(enum import_kind k)
{
	return sources[k].name;
}

enum import_kind
import_kind_of(const char *name)
{
	enum import_kind k = 0;

	while (k < IMPORT_KINDS && strcmp(sources[k].name, name) != 0)
		k++;
	return k;
}

/* ---- the disk ---- */

static int
read_below(void *arg, const char *path, struct buf *ret)
{
	struct buf  full;
	struct stat st;
	int         r = -ENAMETOOLONG;

	buf_init(&full, 4096);
	buf_printf(&full, "%s%s", (const char *)arg, path);
	if (!full.over)
		r = fs_slurp_path(buf_cstr(&full), IMPORT_TEXT_MAX, &st, ret);
	buf_done(&full);
	return r;
}

bool
import_detect(enum import_kind k, const char *root, struct buf *ret)
{
	struct buf full;
	bool       found = false;

	buf_init(&full, 4096);
	for (size_t i = 0; !found && i < 4 && sources[k].paths[i] != NULL; i++) {
		buf_clear(&full);
		buf_printf(&full, "%s%s", root, sources[k].paths[i]);
		found = !full.over && access(buf_cstr(&full), F_OK) == 0;
		if (found) {
			buf_clear(ret);
			buf_str(ret, sources[k].paths[i]);
		}
	}
	buf_done(&full);
	return found;
}

static int
cannot(struct import *im, int error, struct buf *why)
{
	buf_printf(why, "%s: %s", buf_cstr(&im->source), strerror(error));
	if (error == EACCES)
		buf_str(why, "; run this as root");
	return error == EACCES || error == EPERM ? EX_NOPERM : EX_NOINPUT;
}

int
import_read(enum import_kind k, const char *root, const char *providers, struct import **ret, struct buf *why)
{
	struct import *im = model_new(k);
	int            r, rc = 0;

	if (!import_detect(k, root, &im->source)) {
		buf_printf(why, "%s: there is no %s%s", import_name(k), root, sources[k].paths[0]);
		import_free(im);
		return EX_NOINPUT;
	}
	im->read = read_below;
	im->arg = (void *)root;
	r = sources[k].read(im, buf_cstr(&im->source));
	if (r < 0)
		rc = cannot(im, -r, why);
	else
		model_settle(im, providers);
	if (rc == 0 && model_relays(im) == 0) {
		buf_printf(why, "%s: names no relay, so %s delivers by itself or is not set up; "
		    "there is nothing to import, write relay { } as postern.conf(5) shows",
		    buf_cstr(&im->source), import_name(k));
		rc = EX_DATAERR;
	}
	if (rc != 0)
		import_free(im);
	else
		*ret = im;
	return rc;
}

size_t
import_files(const struct import *im, const struct import_file **ret)
{
	*ret = im->files;
	return im->nfiles;
}
