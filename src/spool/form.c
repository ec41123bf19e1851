/* form.c - a spool file's fixed lines; see form.h. */
#include "spool/form.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define LENGTH_WIDTH 14

void
head_put(char p[static HEAD_LEN], uint64_t envelope, uint64_t message)
{
	char head[HEAD_LEN + 1];

	assert(envelope <= HEAD_LEN_MAX && message <= HEAD_LEN_MAX);
	snprintf(head, sizeof(head), HEAD_MAGIC "%014llu %014llu\n", (unsigned long long)envelope,
	    (unsigned long long)message);
	memcpy(p, head, HEAD_LEN);
}

static bool
parse_length(const char *p, char end, uint64_t *ret)
{
	return text_number((struct span){ p, LENGTH_WIDTH }, UINT64_MAX, ret) == 0 &&
	    p[LENGTH_WIDTH] == end;
}

bool
head_lengths(const char p[static HEAD_LEN], uint64_t *ret_envelope, uint64_t *ret_message)
{
	p += sizeof(HEAD_MAGIC) - 1;
	return parse_length(p, ' ', ret_envelope) &&
	    parse_length(p + LENGTH_WIDTH + 1, '\n', ret_message);
}

size_t
stored_put(char p[static STORED_MAX], int64_t time_s, const struct lines *l)
{
	int n = snprintf(p, STORED_MAX, "%lld stored%s longest=%zu%s\n", (long long)time_s,
	    l->eightbit ? " 8bit" : "", l->longest, l->dots ? " dots" : "");

	assert(n > 0 && n < STORED_MAX);
	return (size_t)n;
}
