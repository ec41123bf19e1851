/*
 * fuzz.h - what a target is: one function that takes bytes and must come
 * back, whatever they are.  Linked with libFuzzer (make fuzz) or with
 * replay.c, which gives it the files of its corpus (make check).
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Our own promise about what came out. */
#define must(promise) do { \
	if (!(promise)) { \
		fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #promise); \
		abort(); \
	} \
} while (0)

#endif
