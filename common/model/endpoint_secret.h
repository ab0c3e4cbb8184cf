/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_secret.h: the signing secrets of an endpoint: one in use, and older ones that are still
 * honoured for a while after it was rotated. */
#ifndef GRAPNEL_COMMON_MODEL_ENDPOINT_SECRET_H
#define GRAPNEL_COMMON_MODEL_ENDPOINT_SECRET_H

#include "common/base/base.h"
#include "common/base/buf.h"
#include "common/base/pack.h"
#include "common/crypto/secret.h"
#include "common/crypto/sign_key.h"

enum { ENDPOINT_SECRETS_MAX = 4, SECRET_ID_SIZE = 12 };
#define SECRET_OVERLAP_MS INT64_C(86400000)      /* where nothing else is said */
#define SECRET_OVERLAP_MAX_MS INT64_C(604800000) /* 7 d */

struct sealed { /* by secret_seal(), context: the endpoint's id */
    char *data;
    size_t len;
};

struct endpoint_secret {
    struct sealed sealed;
    char id[SECRET_ID_SIZE];            /* "sec_" and 7 characters at random: tells nothing of it */
    char public_text[SIGN_SECRET_SIZE]; /* whpk_…; "": it is no ed25519 key */
    enum sign_form form;                /* of the signatures that it was made for */
    int64_t created_ms;
    int64_t until_ms; /* it signs until then; 0: it is the one in use */
};

struct endpoint_secrets {
    struct endpoint_secret all[ENDPOINT_SECRETS_MAX]; /* the newest first */
    unsigned n;
};

void endpoint_secrets_fini(struct endpoint_secrets *s);

void endpoint_secrets_pack(struct buf *ret, const struct endpoint_secrets *s);
int endpoint_secrets_parse(struct endpoint_secrets *s, const msgpack_object *array); /* -EBADMSG */

/* A new secret and what becomes of those that are there. */
struct secret_change {
    int64_t now_ms;     /* Redis's clock */
    int64_t overlap_ms; /* how long they go on signing; 0: they go at once */
};
/* Takes over @secret->sealed, puts it in front. -ENOSPC: as many as there may be are in use still. */
int endpoint_secrets_add(struct endpoint_secrets *s, const struct endpoint_secret *secret,
                         const struct secret_change *change);
/* Takes one of the older ones away. -ENOENT; -EBUSY: it is the one in use. */
int endpoint_secrets_revoke(struct endpoint_secrets *s, const char *id);
/* Takes all the older ones away; how many. */
unsigned endpoint_secrets_revoke_old(struct endpoint_secrets *s);

/* Does it sign at @now_ms? */
bool endpoint_secret_is_live(const struct endpoint_secret *s, int64_t now_ms);
/* Can a key that was made for signatures of one form make those of another? */
bool endpoint_secret_suits(const struct endpoint_secret *s, enum sign_form form);

#endif
