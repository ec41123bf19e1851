/*
 * sources.h - the readers, a file each.  Each reads what is there through
 * the model's read(), and lists each key it has no equivalent for.  0, or
 * -errno of the file without which there is nothing to read.
 */
#ifndef IMPORT_SOURCES_H
#define IMPORT_SOURCES_H

#include "import/model.h"

int postfix_read(struct import *im, const char *path);
int exim_read(struct import *im, const char *path);
int nullmailer_read(struct import *im, const char *path);
int dma_read(struct import *im, const char *path);
int ssmtp_read(struct import *im, const char *path);
int msmtp_read(struct import *im, const char *path);
int esmtp_read(struct import *im, const char *path);

#endif
