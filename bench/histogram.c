/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/histogram.h"

#include <inttypes.h>

void histogram_clear(struct histogram *h)
{
    memset(h, 0, sizeof(*h));
}

/* Below 2^7 a slot is one value; above, each doubling shares 64 slots. */
static size_t slot_of(uint64_t us)
{
    unsigned top, shift;

    if (us < 2u << HISTOGRAM_STEP_BITS)
        return us;
    top = 63 - (unsigned)__builtin_clzll(us);
    shift = top - HISTOGRAM_STEP_BITS;
    return MIN(((size_t)shift << HISTOGRAM_STEP_BITS) + (us >> shift), (size_t)HISTOGRAM_SLOTS - 1);
}

/* The largest value that falls into @slot. */
static uint64_t slot_end(size_t slot)
{
    size_t shift;

    if (slot < 2u << HISTOGRAM_STEP_BITS)
        return slot;
    shift = (slot >> HISTOGRAM_STEP_BITS) - 1;
    return ((slot - (shift << HISTOGRAM_STEP_BITS) + 1) << shift) - 1;
}

void histogram_add(struct histogram *h, int64_t us)
{
    uint64_t value = us > 0 ? (uint64_t)us : 0;

    h->count++;
    h->sum += value;
    h->max = MAX(h->max, value);
    h->slots[slot_of(value)]++;
}

uint64_t histogram_quantile(const struct histogram *h, double fraction)
{
    uint64_t wanted = (uint64_t)(fraction * (double)h->count + 0.999999), seen = 0;

    if (!h->count)
        return 0;
    for (size_t i = 0; i < HISTOGRAM_SLOTS; i++) {
        seen += h->slots[i];
        if (seen >= wanted && seen)
            return MIN(slot_end(i), h->max);
    }
    return h->max;
}

void histogram_write_json(const struct histogram *h, FILE *out)
{
    fprintf(out,
            "{\"count\":%" PRIu64 ",\"mean\":%" PRIu64 ",\"p50\":%" PRIu64 ",\"p90\":%" PRIu64
            ",\"p99\":%" PRIu64 ",\"p999\":%" PRIu64 ",\"max\":%" PRIu64 "}",
            h->count, h->count ? h->sum / h->count : 0, histogram_quantile(h, 0.5),
            histogram_quantile(h, 0.9), histogram_quantile(h, 0.99), histogram_quantile(h, 0.999),
            h->max);
}
