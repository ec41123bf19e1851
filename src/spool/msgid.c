/* msgid.c - message names; see msgid.h. */
#include "spool/msgid.h"

#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

#define RANDOM_BITS 12

/*
 * Random against two submitters in one microsecond, no more: whoever makes
 * a file by this name asks for a fresh one if it exists.  That is why the
 * counter will do where the kernel has no randomness yet, early at boot.
 */
msgid
msgid_new(void)
{
	static _Atomic uint16_t calls;  /* threads ask too */
	uint16_t        r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		r = ++calls;
	return (msgid)clock_wall_us() << RANDOM_BITS | (r & ((1u << RANDOM_BITS) - 1));
}

/* Only the one form msgid_format writes, so no two names are one message. */
bool
msgid_parse(const char *name, msgid *ret)
{
	msgid id = 0;

	for (int i = 0; i < ID_LEN; i++) {
		char c = name[i];

		if (c >= '0' && c <= '9')
			id = id << 4 | (msgid)(c - '0');
		else if (c >= 'A' && c <= 'F')
			id = id << 4 | (msgid)(c - 'A' + 10);
		else
			return false;
	}
	if (name[ID_LEN] != '\0')
		return false;
	*ret = id;
	return true;
}

void
msgid_format(msgid id, char ret[static ID_LEN + 1])
{
	for (int i = ID_LEN - 1; i >= 0; i--, id >>= 4)
		ret[i] = "0123456789ABCDEF"[id & 15];
	ret[ID_LEN] = '\0';
}

int64_t
msgid_time_us(msgid id)
{
	return (int64_t)(id >> RANDOM_BITS);
}
