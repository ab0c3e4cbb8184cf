/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/sign_time.h"
#include "common/base/text.h"

int sign_time_parse(struct span text, int64_t *ret_s)
{
    int64_t value;

    if (parse_i64(text, &value) || value < 0 || value > INT64_C(253402300799))
        return -EINVAL;
    if (text.len > 1 && text.data[0] == '0')
        return -EINVAL; /* the text is signed, so one number has one text */
    *ret_s = value;
    return 0;
}

bool sign_time_is_fresh(int64_t timestamp_s, int64_t tolerance_ms, int64_t now_ms)
{
    return !tolerance_ms || llabs(now_ms - timestamp_s * 1000) <= tolerance_ms;
}
