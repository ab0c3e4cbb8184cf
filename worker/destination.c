/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/destination.h"
#include "common/base/err.h"

/* A row's folder defines this. The table names no folder's header, so that no circle comes about. */
#define DESTINATION(name, ...) extern const struct destination destination_##name;
#include DESTINATION_ROWS
#undef DESTINATION

#define DESTINATION(name, ...) &destination_##name,
static const struct destination *const all[] = {
#include DESTINATION_ROWS
};
#undef DESTINATION

_Static_assert(ARRAY_LEN(all) <= DESTINATIONS_MAX, "struct destinations has no room for the rows");

const struct destination *destination_of(const struct destination_type *type)
{
    return all[destination_type_index(type)];
}

void *destinations_self(const struct destinations *d, const struct destination_type *type)
{
    return d->selves[destination_type_index(type)];
}

int destinations_open(struct destinations *d, const struct destination_setup *setup,
                      struct diag *diag)
{
    for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
        int r = all[i]->open(&d->selves[i], setup, diag);

        if (r)
            return err_trace(r);
    }
    return 0;
}

static void destinations_on_closed(void *arg)
{
    struct destinations *d = arg;

    if (--d->n_closing == 0)
        d->on_closed(d->on_closed_arg);
}

void destinations_close(struct destinations *d, struct loop *l, defer_fn *on_closed, void *arg)
{
    d->on_closed = on_closed;
    d->on_closed_arg = arg;
    d->n_closing = 1; /* ours, so that this is never said before the loop's next turn */
    defer_init(&d->closed, destinations_on_closed, d);
    loop_defer(l, &d->closed);
    for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
        if (!d->selves[i])
            continue;
        d->n_closing++;
        all[i]->close(TAKE(d->selves[i]), destinations_on_closed, d);
    }
}

struct destination_stats destinations_stats(const struct destinations *d)
{
    struct destination_stats sum = {0};

    for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
        struct destination_stats one = d->selves[i] ? all[i]->stats(d->selves[i]) : sum;

        if (!d->selves[i])
            continue;
        sum.connects += one.connects;
        sum.in_flight += one.in_flight;
    }
    return sum;
}
