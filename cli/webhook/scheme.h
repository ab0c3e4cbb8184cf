/* SPDX-License-Identifier: Apache-2.0 */
/* scheme.h: how deliveries are signed: dialect, an endpoint's own parts of it, and secrets. The options
 * that sign, verify and listen share.
 *
 * Life: zeroed → scheme_option()… → scheme_prepare() → used → scheme_fini(). Options' values are borrowed. */
#ifndef GRAPNEL_CLI_WEBHOOK_SCHEME_H
#define GRAPNEL_CLI_WEBHOOK_SCHEME_H

#include "cli/cli.h"
#include "common/model/format/policy.h"

enum { SCHEME_SECRETS_MAX = 8, SCHEME_ROWS_MAX = 8, SCHEME_NAME_SIZE = 96 };

enum {
    SCHEME_OPTION_DIALECT = OPTION_FIRST,
    SCHEME_OPTION_SECRET,
    SCHEME_OPTION_PART, /* and policy_part */
};
enum { SCHEME_OPTION_NEXT = SCHEME_OPTION_PART + N_POLICY_PARTS }; /* the command's own */

#define SCHEME_SECRET_HELP                                                                         \
    "Signing secret, as the endpoint shows it (whsec_..., or whsk_... for ed25519); may be "       \
    "repeated. Better in the environment as GRAPNEL_SECRET: a command line can be read by others"

#define SCHEME_VERIFY_HELP                                                                         \
    "Signing secret, as the endpoint shows it (whsec_...), or for ed25519 the public key "         \
    "(whpk_...); may be repeated. Better in the environment as GRAPNEL_SECRET: a command line "    \
    "can be read by others"

/* A row for each part, where `SIGNATURE_PART' is defined so, `PART' as nothing, and policy.def included. */
#define SCHEME_PART_OPTION(id_, name_, value_, help_)                                              \
    {(name_), SCHEME_OPTION_PART + POLICY_##id_, (value_), 0, (help_), 0},

struct scheme {
    const struct dialect *dialect; /* NULL: told by the headers */
    const char *parts[N_POLICY_PARTS];
    const char *secrets[SCHEME_SECRETS_MAX];
    size_t n_secrets;
    /* From scheme_prepare() on: the dialects that it may be, each with these parts. */
    struct policy policies[SCHEME_ROWS_MAX];
    size_t n_policies;
};

/* One of the options. -EINVAL with words. */
int scheme_option(struct scheme *s, int key, char *value, struct diag *diag);
/* When all options are there. Secrets come from GRAPNEL_SECRET (several with white space between
 * them) where no option gave one. -EINVAL with words; -ENOMEM. */
int scheme_prepare(struct scheme *s, struct diag *diag);
void scheme_fini(struct scheme *s);

/* The header name @name of row @d as it is sent. */
void scheme_header_name(char ret[SCHEME_NAME_SIZE], const struct dialect *d, const char *name);
/* Which of a row's headers carries @value; NULL when none does. */
const char *scheme_header_of(const struct dialect *d, enum dialect_value value);

/* Words about secret @index (from 0), out of what sign_key_new() said of it. */
void scheme_secret_words(struct diag *ret, const struct scheme *s, size_t index,
                         const struct diag *why);

#endif
