/* SPDX-License-Identifier: Apache-2.0 */
/* rng.h: random numbers, from OpenSSL's generator; tests replace it by a seeded one. */
#ifndef GRAPNEL_COMMON_BASE_RNG_H
#define GRAPNEL_COMMON_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* Fit for keys and ids. Buffered inside; aborts if the system has no randomness. */
void rng_bytes(void *data, size_t len);

/* Evenly from [0, bound); bound > 0. */
uint64_t rng_below(uint64_t bound);

/* For tests: a replacement for rng_bytes(); NULL gives back the real one. */
void rng_replace(void (*bytes)(void *data, size_t len));

#endif
