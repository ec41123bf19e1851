/* test_hash.c - the table grows and shrinks by single nodes and finds each of them. */
#include <check.h>
#include <stdlib.h>

#include "base/hash.h"

#define MANY 50000

struct thing {
	struct hash_node node;
	uint64_t         key;
};

static struct thing *
find(const struct hash *h, uint32_t hash, uint64_t key)
{
	struct hash_node *x = hash_find(h, hash);

	while (x != NULL && ((struct thing *)x)->key != key)
		x = hash_next(x);
	return (struct thing *)x;
}

/* Spread, in neighbours, and all but seven of one hash. */
static uint32_t
hash_of(int kind, uint64_t key)
{
	return kind == 0 ? hash_number(key) : kind == 1 ? (uint32_t)key : (uint32_t)(key % 7);
}

START_TEST(finds)
{
	struct thing *all = xcalloc(MANY, sizeof(*all));
	uint64_t      n = _i == 2 ? 700 : MANY;
	struct hash   h = { 0 };

	ck_assert_ptr_null(hash_find(&h, 0));
	for (uint64_t i = 0; i < n; i++) {
		all[i] = (struct thing){ .node.hash = hash_of(_i, i), .key = i };
		hash_add(&h, &all[i].node);
	}
	ck_assert_uint_eq(h.n, n);
	for (uint64_t i = 0; i < n; i++)
		if (find(&h, all[i].node.hash, i) != &all[i])
			ck_abort_msg("%llu is not there", (unsigned long long)i);
	ck_assert_ptr_null(find(&h, hash_of(_i, n), n));
	for (uint64_t i = 0; i < n; i += 2)
		hash_remove(&h, &all[i].node);
	for (uint64_t i = 0; i < n; i++)
		if (find(&h, all[i].node.hash, i) != (i % 2 == 0 ? NULL : &all[i]))
			ck_abort_msg("%llu is wrong", (unsigned long long)i);
	for (uint64_t i = 1; i < n; i += 2)
		hash_remove(&h, &all[i].node);
	ck_assert_uint_eq(h.n, 0);
	ck_assert_ptr_null(h.chain);
	hash_done(&h);
	free(all);
}
END_TEST

/* What grows one chain at a time must still have short chains. */
START_TEST(is_spread)
{
	struct thing *all = xcalloc(MANY, sizeof(*all));
	struct hash   h = { 0 };
	size_t        longest = 0;

	for (uint64_t i = 0; i < MANY; i++) {
		all[i].node.hash = hash_number((UINT64_C(1764000000000000) + i * 17) << 12 | (i * 2654435761u & 4095));
		hash_add(&h, &all[i].node);
	}
	for (size_t i = 0; i < h.nchains; i++) {
		size_t length = 0;

		for (struct hash_node *x = h.chain[i]; x != NULL; x = x->next)
			length++;
		longest = length > longest ? length : longest;
	}
	ck_assert_uint_le(longest, 16);
	hash_done(&h);
	free(all);
}
END_TEST

Suite *suite_hash(void);

Suite *
suite_hash(void)
{
	Suite *suite = suite_create("hash");
	TCase *tc = tcase_create("hash");

	tcase_add_loop_test(tc, finds, 0, 3);
	tcase_add_test(tc, is_spread);
	suite_add_tcase(suite, tc);
	return suite;
}
