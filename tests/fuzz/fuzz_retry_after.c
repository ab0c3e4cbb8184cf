/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_retry_after.c: the answer is within its bounds, and libcurl reads accepted dates the same
 * way. */
#include "common/base/http_date.h"
#include "common/model/format/backoff.h"
#include "tests/fuzz/fuzz.h"

#include <curl/curl.h>
#include <errno.h>

/* Years of two digits are left out: libcurl has another rule for the century. It also knows nothing
 * before 1583, and lets leap seconds run into the next minute. */
static const int64_t year_1583 = INT64_C(-12212553600);

static void compare(struct span text, int64_t now_ms)
{
    char copy[64];
    int64_t seconds;
    time_t theirs;

    if (!http_date_parse(text, now_ms, &seconds) || seconds < year_1583)
        return;
    MUST(text.len < sizeof(copy) && !memchr(text.data, 0, text.len));
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    theirs = curl_getdate(copy, NULL);
    if (theirs != -1 && !strchr(copy, '-'))
        MUST(theirs == seconds || theirs == seconds + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t now_ms = INT64_C(784111777000),
                         ceilings_ms[] = {0, 1500, 86400000, INT64_MAX};
    struct span text = {(const char *)data, size};

    for (size_t i = 0; i < ARRAY_LEN(ceilings_ms); i++) {
        int64_t r = backoff_retry_after_ms(text, now_ms, ceilings_ms[i]);

        MUST(r == -EINVAL || (r >= 0 && r <= ceilings_ms[i]));
    }
    compare(text, now_ms);
    return 0;
}
