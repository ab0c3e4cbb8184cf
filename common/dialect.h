/* dialect.h: a dialect is a row of data (dialect.def): envelope, headers, signature, retry
 * schedule, timeout, status policy. Nothing in the worker's or scheduler's flow knows a dialect by
 * name. */
#ifndef GRAPNEL_COMMON_DIALECT_H
#define GRAPNEL_COMMON_DIALECT_H

#include "common/base.h"
#include "common/buf.h"

enum { DIALECT_SCHEDULE_MAX = 16, DIALECT_HEADERS_MAX = 12 };

enum sign_text { SIGN_TEXT_BODY, SIGN_TEXT_TIMESTAMP_BODY, SIGN_TEXT_ID_TIMESTAMP_BODY };
enum sign_form { SIGN_FORM_HEX, SIGN_FORM_SHA256_HEX, SIGN_FORM_V1_BASE64 };
enum sign_key_form { SIGN_KEY_LITERAL, SIGN_KEY_DECODED };

struct dialect_signature {
    const char *header; /* "X-Royalti-Signature" */
    enum sign_text text;
    enum sign_form form;
    enum sign_key_form key_form;
    bool carries_several; /* space-separated list, for rotation */
};

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

/* Delay after the n-th failed attempt (n from 1): explicit list, or base doubling `retries` times.
 */
struct dialect_schedule {
    int64_t delays_ms[DIALECT_SCHEDULE_MAX]; /* used when base_ms is 0 */
    unsigned n_delays;
    int64_t base_ms, cap_ms; /* base · 2^(n-1), at most cap */
    unsigned retries;        /* default number of retries */
    unsigned jitter_percent; /* 0 or so many percent either way */
};

/* What a status means; looked up top down, first match wins; statuses that match nothing: final. */
enum status_meaning {
    STATUS_SUCCESS,
    STATUS_RETRY,
    STATUS_RETRY_TIMEOUT,
    STATUS_FINAL,
    STATUS_GONE
};
struct dialect_status {
    int from, to;
    enum status_meaning meaning;
};

struct dialect {
    const char *name;
    const char *user_agent;
    enum dialect_envelope envelope;
    struct dialect_header headers[DIALECT_HEADERS_MAX];
    unsigned n_headers;
    struct dialect_signature signature;
    struct dialect_schedule schedule;
    int64_t timeout_ms;
    struct dialect_status statuses[8];
    unsigned n_statuses;
    bool obeys_retry_after;
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
    unsigned attempt, attempts_max; /* attempts_max as configured: see dialects.md */
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

/* The value of header @h as text. */
void dialect_header_value(struct buf *ret, const struct dialect_header *h,
                          const struct envelope_input *in, int64_t timestamp_s);

#endif
