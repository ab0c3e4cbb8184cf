/* SPDX-License-Identifier: Apache-2.0 */
/* dialect.h: a dialect is a row of data (dialect.def): envelope, headers, signature, retry
 * schedule, timeout, status policy. Nothing in the worker's or scheduler's flow knows a dialect by
 * name. */
#ifndef GRAPNEL_COMMON_MODEL_FORMAT_DIALECT_H
#define GRAPNEL_COMMON_MODEL_FORMAT_DIALECT_H

#include "common/base/base.h"
#include "common/base/buf.h"
#include "common/crypto/sign_scheme.h"

enum { DIALECT_SCHEDULE_MAX = 16, DIALECT_HEADERS_MAX = 12, DIALECT_STATUSES_MAX = 24 };

/* What a header or an envelope field is filled with. */
enum dialect_value {
    VALUE_DELIVERY_ID,
    VALUE_EVENT_TYPE,
    VALUE_TIMESTAMP_S, /* of this attempt, seconds since 1970; the one that is signed */
    VALUE_TENANT_ID,
    VALUE_ATTEMPT,
    VALUE_VERSION, /* "1.0" */
};

struct dialect_header {
    const char *name;
    enum dialect_value value;
};

enum dialect_envelope {
    ENVELOPE_ROYALTI,
    ENVELOPE_SIMPLE,
    ENVELOPE_VERIFICATION,
    ENVELOPE_TEMPLATE,
    ENVELOPE_STANDARD
};

/* Delay after the n-th failed attempt (n from 1): explicit list, or exponential. */
struct dialect_schedule {
    int64_t delays_ms[DIALECT_SCHEDULE_MAX]; /* used when base_ms is 0; the last one repeats */
    unsigned n_delays;
    int64_t base_ms, cap_ms; /* base · factor^(n-1), at most cap */
    unsigned factor_percent; /* 200: doubling */
    unsigned retries;        /* attempts after the first */
    unsigned jitter_percent; /* 0 or so many percent either way */
};

/* What a status means; looked up top down, first match wins; statuses that match nothing: final. */
enum status_meaning {
    STATUS_SUCCESS,
    STATUS_RETRY,
    STATUS_RETRY_TIMEOUT,
    STATUS_SLOW, /* retried, and the endpoint gets fewer requests at a time for a while */
    STATUS_FINAL,
    STATUS_GONE
};
struct dialect_status {
    int from, to;
    enum status_meaning meaning;
};

/* Which events are signed. */
enum signing { SIGNING_ALWAYS, SIGNING_REQUIRED /* only those whose category demands it */ };

/* A preset, or (policy.h) what an endpoint makes of it. */
struct dialect {
    const char *name;
    const char *user_agent;
    enum dialect_envelope envelope;
    const char *header_prefix; /* what the names of all its headers begin with */
    const char *own_prefix;    /* what they are sent with instead; NULL: the same */
    struct dialect_header headers[DIALECT_HEADERS_MAX];
    unsigned n_headers;
    struct dialect_header id_header,
        timestamp_header; /* sent when they are part of what is signed */
    struct sign_scheme signature;
    enum signing signing;
    struct dialect_schedule schedule;
    int64_t timeout_ms;
    struct dialect_status statuses[DIALECT_STATUSES_MAX];
    unsigned n_statuses;
    int64_t retry_after_max_ms; /* Retry-After is obeyed up to this; 0: not at all */
    bool has_catalogue;         /* its event types are those of catalogue.h, with their rules */
};

const struct dialect *dialect_find(struct span name); /* lends; NULL if unknown */
const struct dialect *dialect_at(size_t index);       /* NULL behind the last */
/* "royalti, simple, …", for messages; lends a static string. */
const char *dialect_names(void);

/* Everything an envelope may hold; all borrowed. */
struct envelope_input {
    struct span delivery_id, event_id, event_type;
    int64_t event_ms;     /* when it occurred */
    struct span trace_id; /* empty: left out (null in royalti's source) */
    struct span data;     /* JSON as the producer wrote it, checked by json_check() */
    struct span tenant_id, tenant_name, tenant_domain;
    struct span source_service, source_environment;
    unsigned attempt, attempts_max; /* attempts_max as configured: see docs/reference/dialects.md */
    int64_t next_retry_ms;          /* wall time of the next try should this fail; 0: null */
};

/* Appends the body to @ret: built once per attempt, signed over exactly these bytes. The producer's
 * data goes in byte for byte. Only buf errors.
 *
 * royalti: data's members actor, resource, attributes, previous go where the guide has them (missing
 * ones are null), other members behind them as they are; `event` is built from id, type, category and
 * importance of the catalogue, unless data brings its own. A data that has none of those four becomes
 * `attributes`. tenant.id is a number when it is written like one of at most 15 digits. */
int dialect_envelope(struct buf *ret, const struct dialect *d, const struct envelope_input *in);

/* Appends header name @name of @d as it is sent: with the prefix of the endpoint's own, if it has one. */
void dialect_header_name(struct buf *ret, const struct dialect *d, const char *name);

/* The value of header @h as text. */
void dialect_header_value(struct buf *ret, const struct dialect_header *h,
                          const struct envelope_input *in, int64_t timestamp_s);

#endif
