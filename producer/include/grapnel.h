/* SPDX-License-Identifier: Apache-2.0 */
/* grapnel.h: publish events to Grapnel.
 *
 *     struct grapnel *g;
 *     if (grapnel_connect(&g, "redis://127.0.0.1:6379/0", NULL))
 *         errx(1, "%s", grapnel_error(g));
 *     struct grapnel_event e = {
 *         .tenant = "123", .type = "USER_CREATED", .data = json, .data_len = strlen(json)};
 *     if (grapnel_publish(g, &e, NULL))
 *         warnx("%s", grapnel_error(g));
 *     grapnel_close(g);
 *
 * A call returns GRAPNEL_OK only after Redis has the event: from then on its deliveries will be
 * made or their failure recorded. After any other answer but GRAPNEL_REFUSED the event may or may
 * not have been accepted (the answer may have been lost); publishing it again with the same
 * idempotency key cannot make it happen twice.
 *
 * A handle is one connection, for one thread at a time; different handles are independent. The
 * calls block, at most for the timeout (and the look-up of the host's name). After a lost
 * connection the next call connects anew. SIGPIPE is never raised. */
#ifndef GRAPNEL_H
#define GRAPNEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GRAPNEL_VERSION "0.1.0"
#define GRAPNEL_API __attribute__((visibility("default")))

enum grapnel_result {
    GRAPNEL_OK = 0,
    /* The event breaks the contract, or url or an option is wrong: grapnel_error() names the field
     * and what was expected; nothing was sent. */
    GRAPNEL_REFUSED = 1,
    GRAPNEL_UNREACHABLE = 2, /* no connection, or it was lost before an answer */
    GRAPNEL_TIMEOUT = 3,     /* no answer in time */
    GRAPNEL_REDIS = 4,       /* Redis answered with an error: grapnel_error() has its words */
    GRAPNEL_NOMEM = 5,
    GRAPNEL_UNPREPARED = 6, /* this Redis holds no Grapnel installation, or one of another form */
    GRAPNEL_UNSAFE = 7,     /* Redis has it, but not as safely as `durability` demands, in time */
};

struct grapnel; /* opaque */

/* Zero means the default. */
struct grapnel_options {
    uint32_t timeout_ms;      /* connect, and each answer; default 5000 */
    const char *key_prefix;   /* default "grapnel" */
    uint32_t partitions;      /* default 0: asked from Redis */
    uint32_t event_bytes_max; /* default 262144 */
    uint64_t idempotency_ms;  /* how long a key is remembered; default 24 h */
    /* When an event counts as accepted: "memory" (default): Redis has it; "fsync": it is on Redis's
     * disk; "replicas=N": N replicas have it too. One more round trip for each 256 events. */
    const char *durability;
    const char *tls_ca_file, *tls_cert_file, *tls_key_file; /* for rediss:// */
};

/* All borrowed for the call. Lengths are in bytes. */
struct grapnel_event {
    const char *tenant; /* required: 1–64 of A-Z a-z 0-9 _ - . : */
    const char *type;   /* required: 1–128 of the same */
    const char *data;   /* required: one JSON value in UTF-8, at most event_bytes_max */
    size_t data_len;
    const char *id; /* optional: your own event id, 1–64 of A-Z a-z 0-9 _ -; else one is made */
    int64_t occurred_ms;         /* optional: milliseconds since 1970; 0: when Redis accepted it */
    const char *trace_id;        /* optional: 1–128 printable ASCII */
    const char *idempotency_key; /* optional: 1–128 printable ASCII without spaces */
    /* optional: W3C Trace Context, sent to endpoints as headers, with a span id of its own for each
     * attempt. traceparent: version 00; tracestate: with a traceparent only, at most 512 bytes. */
    const char *traceparent, *tracestate;
    /* optional: id of one of the tenant's endpoints: it alone gets the event, whatever types and filter
     * it has; for trying it out. Not one of the tenant's: the event is rejected later. */
    const char *endpoint;
};

/* What became of one event. */
struct grapnel_receipt {
    enum grapnel_result result;
    int is_duplicate; /* the idempotency key had been used: event_id is the first one's */
    char event_id[80];
    char error[160]; /* words when result is not GRAPNEL_OK */
};

/* Connects and asks for the installation's form. Gives *@ret, also on failure (for
 * grapnel_error()); only GRAPNEL_NOMEM leaves it NULL. @options may be NULL. */
GRAPNEL_API enum grapnel_result grapnel_connect(struct grapnel **ret, const char *url,
                                                const struct grapnel_options *options);

/* Publishes one event. @receipt may be NULL. */
GRAPNEL_API enum grapnel_result grapnel_publish(struct grapnel *g,
                                                const struct grapnel_event *event,
                                                struct grapnel_receipt *receipt);

/* Publishes @n events, each on its own: some may be refused and others accepted. One round trip for
 * each 256 events or 4 MiB of data. @receipts holds @n, or is NULL. Returns GRAPNEL_OK when all
 * were accepted, else the first other result. Once the connection fails the rest is failed unsent.
 */
GRAPNEL_API enum grapnel_result grapnel_publish_batch(struct grapnel *g,
                                                      const struct grapnel_event *events, size_t n,
                                                      struct grapnel_receipt *receipts);

/* Queues one event (copied) to be sent with others by grapnel_flush(); when 256 events or 1 MiB
 * wait it flushes by itself first. @tag comes back in the flush callback. GRAPNEL_REFUSED is told
 * here. After any answer but GRAPNEL_OK (also that of a flush which had to come first) @event is
 * not queued. */
GRAPNEL_API enum grapnel_result grapnel_enqueue(struct grapnel *g,
                                                const struct grapnel_event *event, void *tag);

/* Told of each queued event when its flush ended. */
typedef void grapnel_flushed_fn(void *arg, void *tag, const struct grapnel_receipt *receipt);
GRAPNEL_API void grapnel_on_flushed(struct grapnel *g, grapnel_flushed_fn *fn, void *arg);

/* Sends what is queued and waits for the answers. GRAPNEL_OK when all were accepted. Events that
 * were not accepted are told to the callback and are no longer queued. */
GRAPNEL_API enum grapnel_result grapnel_flush(struct grapnel *g);

/* Words for the last result that was not GRAPNEL_OK; lent until the next call. */
GRAPNEL_API const char *grapnel_error(const struct grapnel *g);

/* Flushes, closes, frees. NULL is fine. Returns the flush's result. */
GRAPNEL_API enum grapnel_result grapnel_close(struct grapnel *g);

#ifdef __cplusplus
}
#endif
#endif
