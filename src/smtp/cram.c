#include "smtp/cram.h"

#include <string.h>

#include "smtp/hash.h"
#include "smtp/limits.h"
#include "smtp/prep.h"

int
cram_answer(const char *user, struct span password, struct span challenge, struct buf *ret)
{
	unsigned char mac[HASH_MAX];
	struct buf    prepared;
	int           r;

	buf_init(&prepared, LIMIT_AUTH_LINE);
	buf_room(&prepared, LIMIT_AUTH_LINE);
	r = prep(password, &prepared);
	if (r == 0)
		r = hash_mac(HASH_MD5, buf_view(&prepared), challenge, mac);
	buf_wipe(&prepared);
	if (r < 0)
		return r;
	buf_str(ret, user);
	buf_char(ret, ' ');
	for (size_t i = 0; i < hash_size(HASH_MD5); i++)
		buf_printf(ret, "%02x", mac[i]);
	explicit_bzero(mac, sizeof(mac));
	return 0;
}
