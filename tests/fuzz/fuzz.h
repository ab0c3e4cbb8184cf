/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h: what a harness is made of. fuzz_<module>.c defines LLVMFuzzerTestOneInput(); libFuzzer
 * calls it with inputs of its own, replay.c with the files of a corpus. */
#ifndef GRAPNEL_TESTS_FUZZ_FUZZ_H
#define GRAPNEL_TESTS_FUZZ_FUZZ_H

#include "common/base/base.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As assert(), but in every build. */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
