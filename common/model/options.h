/* SPDX-License-Identifier: Apache-2.0 */
/* options.h: values of options, checked; the words name the option and what was expected. */
#ifndef GRAPNEL_COMMON_MODEL_OPTIONS_H
#define GRAPNEL_COMMON_MODEL_OPTIONS_H

#include "common/base/base.h"
#include "common/model/format/dialect.h"

/* @name as it stands in the words: "--slots", or a member of JSON. All are 0, or -EINVAL with words
 * and nothing written. */
int option_i64(int64_t *ret, const char *name, const char *value, int64_t min, int64_t max,
               struct diag *diag);
int option_duration(int64_t *ret, const char *name, const char *value, int64_t min, int64_t max,
                    struct diag *diag);
int option_any_duration(int64_t *ret, const char *name, const char *value, struct diag *diag);
int option_dialect(const struct dialect **ret, const char *name, const char *value,
                   struct diag *diag);
int option_bool(bool *ret, const char *name, const char *value, struct diag *diag);
/* UTF-8 without control characters, at most @max bytes; for names and descriptions. */
int option_words(const char **ret, const char *name, const char *value, size_t max,
                 struct diag *diag);
/* What a tenant may be called. */
int option_tenant(const char **ret, const char *name, const char *value, struct diag *diag);
/* The command's one argument, called @what in the words. */
int option_argument(const char **ret, const char *what, const char *value, struct diag *diag);

/* Attempts a minute: a number, "default" (-1) or "none" (0, as 0). */
int option_limit(int64_t *ret, const char *name, const char *value, struct diag *diag);

#endif
