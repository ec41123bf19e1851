#include "net/avoided.h"

#include <sys/socket.h>

#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define SLOTS   32
#define HOLD_MS (INT64_C(3600) * 1000)

static struct {
	char    address[ADDRESS_TEXT_MAX];      /* "": free */
	int64_t until_ms;
} known[SLOTS];

void
avoided_text(const struct sockaddr_storage *a, char ret[static ADDRESS_TEXT_MAX])
{
	socklen_t n = a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);

	if (getnameinfo((const struct sockaddr *)a, n, ret, ADDRESS_TEXT_MAX, NULL, 0, NI_NUMERICHOST) != 0)
		ret[0] = '\0';
}

/* Its slot; else one that is free; else the oldest. */
static size_t
slot_of(const char *address)
{
	size_t oldest = 0;

	for (size_t i = 0; i < SLOTS; i++)
		if (strcmp(known[i].address, address) == 0)
			return i;
	for (size_t i = 0; i < SLOTS; i++) {
		if (known[i].address[0] == '\0')
			return i;
		if (known[i].until_ms < known[oldest].until_ms)
			oldest = i;
	}
	return oldest;
}

void
avoided_add(const char *address)
{
	size_t i;

	if (address[0] == '\0')
		return;
	i = slot_of(address);
	snprintf(known[i].address, sizeof(known[i].address), "%s", address);
	known[i].until_ms = clock_mono_ms() + HOLD_MS;
}

/* 0: it is not avoided. */
static int64_t
until_ms(const struct sockaddr_storage *a)
{
	char text[ADDRESS_TEXT_MAX];

	avoided_text(a, text);
	for (size_t i = 0; text[0] != '\0' && i < SLOTS; i++)
		if (strcmp(known[i].address, text) == 0 && clock_mono_ms() < known[i].until_ms)
			return known[i].until_ms;
	return 0;
}

/* By insertion: equals keep their order, and there are few. */
void
avoided_order(struct sockaddr_storage *a, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct sockaddr_storage one = a[i];
		int64_t mine = until_ms(&one);
		size_t k = i;

		for (; k > 0 && until_ms(&a[k - 1]) > mine; k--)
			a[k] = a[k - 1];
		a[k] = one;
	}
}

void
avoided_forget(void)
{
	memset(known, 0, sizeof(known));
}
