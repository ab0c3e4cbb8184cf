/* SPDX-License-Identifier: Apache-2.0 */
/* policy_names.h: the words that parts of a policy are written in; for policy.c, which reads them, and
 * policy_write.c. */
#ifndef GRAPNEL_COMMON_MODEL_FORMAT_POLICY_NAMES_H
#define GRAPNEL_COMMON_MODEL_FORMAT_POLICY_NAMES_H

#include "common/model/format/dialect.h"

static const char *const form_names[] = {
    [SIGN_FORM_HEX] = "hex",
    [SIGN_FORM_SHA256_HEX] = "sha256-hex",
    [SIGN_FORM_V1_BASE64] = "v1",
    [SIGN_FORM_V1A_BASE64] = "v1a",
};

static const char *const signed_names[] = {
    [SIGN_TEXT_BODY] = "body",
    [SIGN_TEXT_TIMESTAMP_BODY] = "timestamp.body",
    [SIGN_TEXT_ID_TIMESTAMP_BODY] = "id.timestamp.body",
};

static const char *const signing_names[] = {
    [SIGNING_ALWAYS] = "always",
    [SIGNING_REQUIRED] = "required",
};

static const char *const meaning_names[] = {
    [STATUS_SUCCESS] = "success", [STATUS_RETRY] = "retry", [STATUS_RETRY_TIMEOUT] = "timeout",
    [STATUS_SLOW] = "slow",       [STATUS_FINAL] = "final", [STATUS_GONE] = "disable",
};

#endif
