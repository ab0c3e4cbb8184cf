/* SPDX-License-Identifier: Apache-2.0 */
/* destination.h: the door between the worker and what it delivers to.
 *
 * A kind of destination is a row of common/model/destination.def and a folder here, in which
 * `destination_<name>` is defined: what follows is all that the worker knows of it. Its URLs are
 * checked and its answers judged by the row's functions, as the API and the command line know those.
 *
 * Life: open → (prepare → (start → done) … → release) … → close. */
#ifndef GRAPNEL_WORKER_DESTINATION_H
#define GRAPNEL_WORKER_DESTINATION_H

#include "common/crypto/master_key.h"
#include "common/model/destination.h"
#include "common/model/egress.h"
#include "common/model/endpoint.h"
#include "common/runtime/loop.h"
#include "common/runtime/settings.h"
#include "worker/attempt.h"

/* What the worker lends, for as long as the destination is open. */
struct destination_setup {
    struct loop *loop;
    const struct settings *settings;
    const struct egress_policy *egress;
    const struct master_key *master_key;
};

struct destination_stats {
    uint64_t connects;
    unsigned in_flight;
};

struct destination {
    /* Gives *ret, the destination's own. -EINVAL with words that name the setting. */
    int (*open)(void **ret, const struct destination_setup *setup, struct diag *diag);
    /* Nothing is under way, all is released. Frees, then calls @on_closed(@arg). */
    void (*close)(void *self, defer_fn *on_closed, void *arg);
    /* What attempts need of a cached endpoint, made once; its URL has been checked. Gives *ret. Else
     * why no attempt can be made, with words. */
    enum outcome_code (*prepare)(void **ret, void *self, const struct endpoint *e,
                                 struct diag *why);
    void (*release)(void *prepared); /* NULL is fine */
    /* Builds what is sent and begins. When it fails nothing is called back: -EINVAL with words if the
     * event cannot be sent there, ever; else it is tried again. */
    int (*start)(void *self, struct attempt *a, const struct attempt_input *in, struct diag *why);
    /* Ends it; the callback comes on a later turn with NETWORK_ERROR. */
    void (*cancel)(struct attempt *a);
    struct destination_stats (*stats)(const void *self);
};

/* Those of a worker: one of each kind. Zeroed, or opened. */
enum { DESTINATIONS_MAX = 16 };
struct destinations {
    void *selves[DESTINATIONS_MAX];
    unsigned n_closing;
    struct defer closed;
    defer_fn *on_closed;
    void *on_closed_arg;
};

/* On failure what was opened stays so, for a process that ends. */
int destinations_open(struct destinations *d, const struct destination_setup *setup,
                      struct diag *diag);
void destinations_close(struct destinations *d, struct loop *l, defer_fn *on_closed, void *arg);
struct destination_stats destinations_stats(const struct destinations *d);

const struct destination *destination_of(const struct destination_type *type);
void *destinations_self(const struct destinations *d, const struct destination_type *type);

#endif
