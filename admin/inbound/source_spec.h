/* SPDX-License-Identifier: Apache-2.0 */
/* source_spec.h: what is wanted of an inbound source, as members of a JSON object, applied to one. */
#ifndef GRAPNEL_ADMIN_INBOUND_SOURCE_SPEC_H
#define GRAPNEL_ADMIN_INBOUND_SOURCE_SPEC_H

#include "common/model/inbound/source.h"
#include <jansson.h>

/* A new source of @tenant, with a secret: the one that @body names, or a new one, written to @ret_made. -EINVAL with
 * words that begin with the member's name; -ENOKEY, -ENOMEM. */
int source_spec_make(struct source **ret, const json_t *body, const char *tenant,
                     unsigned partitions, const struct master_key *key, int64_t now_ms,
                     char ret_made[SIGN_SECRET_SIZE], struct diag *diag);

/* Changes @s as far as @body names something. A null secret: one is made. */
int source_spec_apply(struct source *s, const json_t *body, const struct master_key *key,
                      int64_t now_ms, char ret_made[SIGN_SECRET_SIZE], struct diag *diag);

#endif
