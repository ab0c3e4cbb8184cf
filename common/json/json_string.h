/* SPDX-License-Identifier: Apache-2.0 */
/* json_string.h: what a JSON string says, compared without a copy of it.
 *
 * @raw is what stands between the quotes in text that passed json_check(); "plain" is what it says,
 * in UTF-8. Half a surrogate pair (\ud800 alone) fits the grammar and is no character: it says the
 * three bytes that UTF-8 would have for it, so that it equals itself and nothing else. */
#ifndef GRAPNEL_COMMON_JSON_JSON_STRING_H
#define GRAPNEL_COMMON_JSON_JSON_STRING_H

#include "common/base/base.h"

bool json_string_equal(struct span raw, struct span plain);
bool json_string_has_prefix(struct span raw, struct span plain);

/* Writes what @raw says to @ret, at most @size bytes of it and no NUL. Returns how many bytes it is
 * in all, never more than raw.len. */
size_t json_string_plain(char *ret, size_t size, struct span raw);

#endif
