/* SPDX-License-Identifier: Apache-2.0 */
/* sign_scheme.h: what a signature covers and how it is written. */
#ifndef GRAPNEL_COMMON_CRYPTO_SIGN_SCHEME_H
#define GRAPNEL_COMMON_CRYPTO_SIGN_SCHEME_H

#include "common/base/base.h"

enum sign_text { SIGN_TEXT_BODY, SIGN_TEXT_TIMESTAMP_BODY, SIGN_TEXT_ID_TIMESTAMP_BODY };
/* How a signature is written, and with that which keys make it; see sign.h. V1 and V1A are entries
 * of a list separated by spaces: only they can carry several, for rotation. */
enum sign_form { SIGN_FORM_HEX, SIGN_FORM_SHA256_HEX, SIGN_FORM_V1_BASE64, SIGN_FORM_V1A_BASE64 };

static inline bool sign_form_is_list(enum sign_form form)
{
    return form == SIGN_FORM_V1_BASE64 || form == SIGN_FORM_V1A_BASE64;
}

/* What is signed and how it is written, as a dialect or a source says. */
struct sign_scheme {
    const char *header; /* "X-Royalti-Signature" */
    enum sign_text text;
    enum sign_form form;
};

#endif
