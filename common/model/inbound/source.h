/* SPDX-License-Identifier: Apache-2.0 */
/* source.h: somebody who sends webhooks to a tenant: how a call proves itself, and which event it becomes; as it lies
 * in `source:<id>` (a msgpack map).
 *
 * A kind is a row of data (source_kind): what is looked at, and what holds where a source says nothing else. */
#ifndef GRAPNEL_COMMON_MODEL_INBOUND_SOURCE_H
#define GRAPNEL_COMMON_MODEL_INBOUND_SOURCE_H

#include "common/base/base.h"
#include "common/base/buf.h"
#include "common/base/id.h"
#include "common/model/endpoint_secret.h"
#include "common/model/inbound/source_verify.h"

enum {
    SOURCES_PER_TENANT_MAX = 100,
    SOURCE_TEXT_MAX = 128, /* of a name, a header, a prefix, a path */
    SOURCE_HEADERS_MAX = 16,
    SOURCE_RECORD_MAX = 16 << 10,
};

enum source_from { SOURCE_FROM_FIXED, SOURCE_FROM_HEADER, SOURCE_FROM_PATH, SOURCE_FROM_BODY };

/* Where a text is taken from. */
struct source_pick {
    enum source_from from;
    char text[SOURCE_TEXT_MAX +
              1]; /* it, or the header (in lower case), or the path (filter_path.h) */
};

struct source_kind {
    const char *name; /* "github" */
    enum source_check check;
    const char *header, *prefix; /* "": a source has to say which header */
    struct source_pick type;     /* text "": a source has to say it */
    struct source_pick unique;
    bool may_make_secret; /* or is it told by whoever sends? */
    const char
        *untyped; /* the type of calls that have none, by the kind's own pick; NULL: refused */
};
const struct source_kind *source_kind_find(struct span name); /* lends; NULL */
const char *source_kind_names(void);                          /* "stripe, github, …"; lends */

struct source {
    char id[ID_SIZE]; /* "src_" and a UUID */
    char tenant[72];
    char name[SOURCE_TEXT_MAX + 1]; /* for people */
    const struct source_kind *kind;
    char header[SOURCE_TEXT_MAX + 1]; /* in lower case */
    char prefix[SOURCE_TEXT_MAX + 1];
    enum source_algorithm algorithm;
    int64_t tolerance_ms;
    struct source_pick type; /* of the event */
    char type_prefix[SOURCE_TEXT_MAX + 1];
    struct source_pick unique; /* what tells that a call is one that was there before */
    char kept[SOURCE_HEADERS_MAX]
             [SOURCE_TEXT_MAX + 1]; /* headers that the event gets too, in lower case */
    unsigned n_kept;
    struct endpoint_secrets secrets; /* sealed, context: the source's id */
    int64_t created_ms, updated_ms;
};

/* With what the kind has. source_free(). */
int source_new(struct source **ret, struct span id, const struct source_kind *kind);
struct source *source_free(struct source *s); /* NULL is fine; returns NULL */

struct source_scheme source_scheme_of(const struct source *s); /* borrows from @s */

/* Seals @secret, or one that is made and written to @ret_made, and puts it in front of those that are there. -EINVAL
 * with words, -ENOKEY. */
int source_add_secret(struct source *s, const struct master_key *k, struct span secret,
                      const struct secret_change *change, char ret_made[SIGN_SECRET_SIZE],
                      struct diag *diag);

/* As endpoint_reseal(). */
int source_reseal(struct source *s, const struct master_key *k, bool *ret_changed,
                  struct diag *ret_fault);

void source_pack(struct buf *ret, const struct source *s);
/* Gives *ret. -EBADMSG: of a newer version, or damaged. */
int source_parse(struct source **ret, struct span id, struct span record);

/* source_verify() with each secret that counts at @now_ms of Redis's clock. -EKEYREJECTED, -ENOKEY, -EBADMSG: one cannot be
 * opened, and none of the others is right. */
int source_judge(const struct source *s, const struct master_key *k, const struct source_call *call,
                 int64_t now_ms, const char **ret_why);

#endif
