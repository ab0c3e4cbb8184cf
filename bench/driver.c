/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/driver.h"

#include "bench/now.h"
#include <errno.h>
#include <inttypes.h>
#include <sys/resource.h>

enum { WINDOW_POLL_US = 200, SLEEP_MOST_US = 100000 };

static int make_tenants(struct driver *d)
{
    const struct driver_options *o = &d->options;

    d->tenants = calloc(MAX(o->tenants, 1u), sizeof(*d->tenants));
    if (!d->tenants)
        return -ENOMEM;
    for (uint64_t i = 0; i < o->tenants; i++)
        snprintf(d->tenants[i], sizeof(*d->tenants), "%s%" PRIu64, o->tenant_prefix, i);
    if (!o->tenants)
        snprintf(d->tenants[0], sizeof(*d->tenants), "%s", o->tenant_prefix);
    return 0;
}

int driver_init(struct driver *d, const struct driver_options *o, struct sink *sink,
                const struct counters *counters, struct diag *diag)
{
    *d = (struct driver){.options = *o, .sink = sink, .counters = counters};
    if (o->window && !counters)
        return diag_set(diag, "--window needs --counters, to know what has been received");
    if (o->window && o->rate)
        return diag_set(diag, "--window and --rate exclude each other");
    if (payload_init(&d->payload, o->bytes, o->batch) || make_tenants(d)) {
        driver_fini(d);
        return diag_set(diag, "out of memory");
    }
    if (counters)
        d->counters_base = counters_get(&counters->distinct);
    return 0;
}

void driver_fini(struct driver *d)
{
    payload_fini(&d->payload);
    free(d->tenants);
    d->tenants = NULL;
}

static void sleep_us(int64_t us)
{
    struct timespec t;

    us = MIN(us, (int64_t)SLEEP_MOST_US); /* so that a signal is noticed soon, whenever it came */
    t = (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

static int64_t due_us(const struct driver *d, uint64_t i)
{
    return d->start_us + (int64_t)((unsigned __int128)i * 1000000 / d->options.rate);
}

/* How many may go now. When none: *@ret_wait_us says how long to sleep. */
static uint64_t allowance(const struct driver *d, int64_t now, int64_t *ret_wait_us)
{
    const struct driver_options *o = &d->options;
    uint64_t n = o->batch, received;

    if (o->rate) {
        *ret_wait_us = due_us(d, d->published) - now;
        for (n = 0; n < o->batch && due_us(d, d->published + n) <= now; n++)
            ;
    } else if (o->window) {
        received = counters_get(&d->counters->distinct) - d->counters_base;
        *ret_wait_us = WINDOW_POLL_US;
        n = o->window - MIN(o->window, d->published - MIN(received, d->published));
        /* Small batches would make the driver the thing that is measured. */
        n = n < MIN(o->batch, (o->window + 3) / 4) ? 0 : MIN(n, o->batch);
    }
    return o->count ? MIN(n, o->count - d->published) : n;
}

static int driver_publish(struct driver *d, uint64_t n, struct diag *diag)
{
    const struct driver_options *o = &d->options;
    struct sink_event events[DRIVER_BATCH_MAX];
    int64_t now = now_us();
    size_t accepted = 0;
    int r;

    for (uint64_t i = 0; i < n; i++) {
        uint64_t number = d->published + i;
        int64_t stamp = o->rate ? due_us(d, number) : now;

        if (o->rate)
            histogram_add(&d->lateness, now - stamp);
        events[i] = (struct sink_event){.tenant = d->tenants[o->tenants ? number % o->tenants : 0],
                                        .type = o->type,
                                        .data = payload_stamp(&d->payload, i, stamp)};
    }
    r = d->sink->ops->publish(d->sink, events, n, &accepted, diag);
    histogram_add(&d->calls, now_us() - now);
    d->published += accepted;
    return r;
}

static bool driver_is_over(const struct driver *d, int64_t now)
{
    const struct driver_options *o = &d->options;

    return (o->count && d->published >= o->count) ||
           (o->duration_us && now - d->start_us >= o->duration_us);
}

int driver_run(struct driver *d, const volatile sig_atomic_t *stop, struct diag *diag)
{
    int64_t now, wait_us = 0;
    int r = 0;

    d->start_us = now_us();
    for (now = d->start_us; !*stop && !r && !driver_is_over(d, now); now = now_us()) {
        uint64_t n = allowance(d, now, &wait_us);

        if (n)
            r = driver_publish(d, n, diag);
        else
            sleep_us(wait_us);
    }
    d->end_us = now;
    return r;
}

static double cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

void driver_write_json(const struct driver *d, FILE *out)
{
    double seconds = (double)(d->end_us - d->start_us) / 1e6;

    fprintf(out, "{\"published\":%" PRIu64 ",\"start_us\":%" PRId64 ",\"end_us\":%" PRId64,
            d->published, d->start_us, d->end_us);
    fprintf(out,
            ",\"seconds\":%.3f,\"per_second\":%.1f,\"cpu_us_per_event\":%.2f,\"call_us\":", seconds,
            seconds > 0 ? (double)d->published / seconds : 0,
            d->published ? cpu_us() / (double)d->published : 0);
    histogram_write_json(&d->calls, out);
    fputs(",\"lateness_us\":", out);
    histogram_write_json(&d->lateness, out);
    fputs("}\n", out);
}
