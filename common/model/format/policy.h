/* SPDX-License-Identifier: Apache-2.0 */
/* policy.h: how an endpoint is called: its dialect, and over it what the endpoint has of its own.
 *
 * Each part (policy.def) is kept as the text in which people write it: the same in options, files,
 * records and answers. The texts are compiled into a row of the same form as the dialects', so that who
 * uses it sees no difference. Pure. */
#ifndef GRAPNEL_COMMON_MODEL_FORMAT_POLICY_H
#define GRAPNEL_COMMON_MODEL_FORMAT_POLICY_H

#include "common/base/base.h"
#include "common/base/buf.h"
#include "common/model/format/dialect.h"

enum policy_part {
#define PART(id_, ...) POLICY_##id_,
#include "common/model/format/policy.def"
#undef PART
    N_POLICY_PARTS
};

enum { POLICY_TEXT_MAX = 16 << 10 };

struct policy {
    struct dialect row;          /* in effect; points into texts and lines */
    char *texts[N_POLICY_PARTS]; /* NULL: as the dialect has it */
    struct buf lines;            /* of `headers`: "Name: value", each ended by NUL */
};

void policy_init(struct policy *p, const struct dialect *d);
void policy_fini(struct policy *p);

/* Copies @text; NULL: as the dialect has it. -EINVAL with words that begin with the part's name, and
 * nothing changed; -ENOMEM. */
int policy_set(struct policy *p, enum policy_part part, const char *text, struct diag *diag);
/* Another dialect under the same texts. -EINVAL with words when they do not suit it. */
int policy_set_dialect(struct policy *p, const struct dialect *d, struct diag *diag);

const char *policy_part_name(enum policy_part part);  /* "header-prefix" */
const char *policy_part_value(enum policy_part part); /* "PREFIX" */
const char *policy_part_help(enum policy_part part);
int policy_part_find(struct span name, enum policy_part *ret); /* -ENOENT */

/* Appends what @row has for a part, as one would write it: "30s,5m,2h". Nothing for `headers`, as these
 * are no dialect's. */
void policy_part_write(struct buf *ret, const struct dialect *row, enum policy_part part);

#endif
