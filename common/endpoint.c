#include "common/endpoint.h"

#include "common/backoff.h"
#include "common/err.h"
#include "common/event_check.h"
#include "common/pack.h"
#include "common/sign.h"
#include "common/text.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>

enum { SECRET_BYTES_MIN = 16 };

static void free_events(struct endpoint *e)
{
    for (unsigned i = 0; i < e->n_events; i++)
        free(e->events[i]);
    free(e->events);
    e->events = NULL;
    e->n_events = 0;
}

struct endpoint *endpoint_free(struct endpoint *e)
{
    if (!e)
        return NULL;
    free(e->tenant);
    free(e->url);
    free(e->description);
    free(e->disabled_reason);
    free_events(e);
    for (unsigned i = 0; i < e->n_secrets; i++)
        free(e->secrets[i].data);
    free(e);
    return NULL;
}

void endpoint_pack(struct buf *b, const struct endpoint *e)
{
    pack_map(b, 10);
    pack_text(b, "tenant");
    pack_text(b, e->tenant);
    pack_text(b, "url");
    pack_text(b, e->url);
    pack_text(b, "description");
    pack_text(b, e->description);
    pack_text(b, "dialect");
    pack_text(b, e->dialect->name);
    pack_text(b, "created");
    pack_i64(b, e->created_ms);
    pack_text(b, "slots");
    pack_i64(b, e->slots);
    pack_text(b, "retries");
    pack_i64(b, e->retries);
    pack_text(b, "timeout");
    pack_i64(b, e->timeout_ms);
    pack_text(b, "events");
    pack_array(b, e->n_events);
    for (unsigned i = 0; i < e->n_events; i++)
        pack_text(b, e->events[i]);
    pack_text(b, "secrets");
    pack_array(b, e->n_secrets);
    for (unsigned i = 0; i < e->n_secrets; i++)
        pack_span(b, (struct span){e->secrets[i].data, e->secrets[i].len});
}

static int get_text(const msgpack_object *map, const char *key, char **ret)
{
    struct span text;
    int r = object_span(object_get(map, key), &text);

    if (r)
        return r;
    *ret = text_copy(text);
    return *ret ? 0 : -ENOMEM;
}

static int get_number(const msgpack_object *map, const char *key, int64_t min, int64_t max,
                      int64_t *ret)
{
    int64_t value;

    if (object_i64(object_get(map, key), &value) || value < min || value > max)
        return -EBADMSG;
    *ret = value;
    return 0;
}

static int get_events(const msgpack_object *map, struct endpoint *e)
{
    const msgpack_object *array = object_get(map, "events"), *item;
    struct span text;

    if (!array || array->type != MSGPACK_OBJECT_ARRAY ||
        array->via.array.size > ENDPOINT_EVENTS_MAX)
        return -EBADMSG;
    e->events = calloc(array->via.array.size + 1, sizeof(*e->events));
    if (!e->events)
        return -ENOMEM;
    while ((item = object_at(array, e->n_events))) {
        if (object_span(item, &text))
            return -EBADMSG;
        e->events[e->n_events] = text_copy(text);
        if (!e->events[e->n_events])
            return -ENOMEM;
        e->n_events++;
    }
    return 0;
}

static int add_sealed(struct endpoint *e, unsigned index, struct span sealed)
{
    char *copy = malloc(sealed.len ? sealed.len : 1);

    if (!copy)
        return -ENOMEM;
    memcpy(copy, sealed.data, sealed.len);
    e->secrets[index] = (struct sealed){copy, sealed.len};
    return 0;
}

static int get_secrets(const msgpack_object *map, struct endpoint *e)
{
    const msgpack_object *array = object_get(map, "secrets"), *item;
    struct span sealed;

    if (!array || array->type != MSGPACK_OBJECT_ARRAY ||
        array->via.array.size > ENDPOINT_SECRETS_MAX)
        return -EBADMSG;
    while ((item = object_at(array, e->n_secrets))) {
        if (object_span(item, &sealed) || add_sealed(e, e->n_secrets, sealed))
            return -EBADMSG;
        e->n_secrets++;
    }
    return 0;
}

static int get_numbers(const msgpack_object *map, struct endpoint *e)
{
    int64_t slots, retries;

    if (get_number(map, "created", 0, INT64_MAX, &e->created_ms) ||
        get_number(map, "slots", 0, 1000000, &slots) ||
        get_number(map, "retries", -1, 100, &retries) ||
        get_number(map, "timeout", 0, 3600000, &e->timeout_ms))
        return -EBADMSG;
    e->slots = (unsigned)slots;
    e->retries = (int)retries;
    return 0;
}

static int parse_map(struct endpoint *e, const msgpack_object *map)
{
    struct span dialect;
    int r;

    if (object_span(object_get(map, "dialect"), &dialect))
        return -EBADMSG;
    e->dialect = dialect_find(dialect);
    if (!e->dialect)
        return -EBADMSG;
    r = get_text(map, "tenant", &e->tenant);
    r = r ? r : get_text(map, "url", &e->url);
    r = r ? r : get_text(map, "description", &e->description);
    r = r ? r : get_numbers(map, e);
    r = r ? r : get_events(map, e);
    return r ? r : get_secrets(map, e);
}

int endpoint_parse(struct endpoint **ret, struct span id, struct span record)
{
    struct endpoint *e;
    const msgpack_object *map;
    struct unpack u;
    int r;

    if (id.len >= sizeof(e->id))
        return err_origin(-EBADMSG);
    e = calloc(1, sizeof(*e));
    if (!e)
        return err_origin(-ENOMEM);
    memcpy(e->id, id.data, id.len);
    unpack_init(&u, record);
    r = unpack_next(&u, &map);
    r = r ? -EBADMSG : parse_map(e, map);
    unpack_fini(&u);
    if (r) {
        endpoint_free(e);
        return err_origin(r);
    }
    *ret = e;
    return 0;
}

int endpoint_parse_disabled(struct endpoint *e, struct span packed)
{
    const msgpack_object *o;
    struct unpack u;
    struct span reason;
    int r;

    unpack_init(&u, packed);
    r = unpack_next(&u, &o);
    r = r ? r : object_span(object_at(o, 0), &reason);
    r = r ? r : object_i64(object_at(o, 1), &e->disabled_ms);
    if (!r)
        e->disabled_reason = text_copy(reason);
    unpack_fini(&u);
    return r || !e->disabled_reason ? -EBADMSG : 0;
}

/* A name, perhaps ending in ".*"; or "*". */
static int check_pattern(struct span p, struct diag *diag)
{
    struct span name = p;

    if (span_equal(p, SPAN("*")))
        return 0;
    if (name.len > 2 && memcmp(name.data + name.len - 2, ".*", 2) == 0)
        name.len -= 2;
    if (text_is_name(name, EVENT_TYPE_MAX))
        return 0;
    return diag_set(diag,
                    "events: \"%.*s\": expected event types, prefixes such as user.*, or * for all",
                    (int)MIN(p.len, 80u), p.data);
}

static int add_pattern(struct endpoint *e, struct span p, struct diag *diag)
{
    char **grown;

    if (span_equal(p, SPAN("all")))
        p = SPAN("*");
    if (check_pattern(p, diag))
        return -EINVAL;
    if (e->n_events == ENDPOINT_EVENTS_MAX)
        return diag_set(diag, "events: expected at most %d entries", ENDPOINT_EVENTS_MAX);
    grown = reallocarray(e->events, e->n_events + 1, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    e->events = grown;
    e->events[e->n_events] = text_copy(p);
    if (!e->events[e->n_events])
        return -ENOMEM;
    e->n_events++;
    return 0;
}

static struct span trimmed(struct span s)
{
    while (s.len && s.data[0] == ' ')
        s = (struct span){s.data + 1, s.len - 1};
    while (s.len && s.data[s.len - 1] == ' ')
        s.len--;
    return s;
}

int endpoint_set_events(struct endpoint *e, struct span list, struct diag *diag)
{
    const char *comma;
    struct span rest = list, item;
    int r = 0;

    free_events(e);
    do {
        comma = memchr(rest.data, ',', rest.len);
        item = (struct span){rest.data, comma ? (size_t)(comma - rest.data) : rest.len};
        r = add_pattern(e, trimmed(item), diag);
        if (comma)
            rest = (struct span){comma + 1, rest.len - item.len - 1};
    } while (!r && comma);
    return r;
}

static bool pattern_fits(const char *pattern, struct span type)
{
    size_t len = strlen(pattern);

    if (len == 1 && pattern[0] == '*')
        return true;
    if (len > 2 && pattern[len - 1] == '*') /* "user.*": the dot belongs to the prefix */
        return type.len > len - 1 && memcmp(type.data, pattern, len - 1) == 0;
    return type.len == len && memcmp(type.data, pattern, len) == 0;
}

bool endpoint_wants(const struct endpoint *e, struct span type)
{
    for (unsigned i = 0; i < e->n_events; i++)
        if (pattern_fits(e->events[i], type))
            return true;
    return false;
}

static int check_secret(const struct endpoint *e, struct span secret, struct diag *diag)
{
    struct sign_key *key;
    int r;

    if (secret.len < SECRET_BYTES_MIN || secret.len > SECRET_TEXT_MAX)
        return diag_set(diag, "secret: %zu bytes; expected %d to %d", secret.len, SECRET_BYTES_MIN,
                        SECRET_TEXT_MAX);
    for (size_t i = 0; i < secret.len; i++)
        if (secret.data[i] <= ' ' || secret.data[i] > '~')
            return diag_set(diag, "secret: expected printable ASCII without spaces");
    r = sign_key_new(&key, secret, e->dialect->signature.key_form, diag);
    if (r)
        return r;
    sign_key_free(key);
    return 0;
}

/* The newest is first; what no longer fits is dropped. */
static int push_sealed(struct endpoint *e, struct span sealed)
{
    char *copy = malloc(sealed.len);

    if (!copy)
        return err_origin(-ENOMEM);
    memcpy(copy, sealed.data, sealed.len);
    if (e->n_secrets == ENDPOINT_SECRETS_MAX)
        free(e->secrets[--e->n_secrets].data);
    memmove(e->secrets + 1, e->secrets, e->n_secrets * sizeof(e->secrets[0]));
    e->secrets[0] = (struct sealed){copy, sealed.len};
    e->n_secrets++;
    return 0;
}

int endpoint_add_secret(struct endpoint *e, const struct master_key *k, const char *secret,
                        char *ret_made, struct diag *diag)
{
    char made[64];
    struct buf sealed;
    int r;

    if (!secret) {
        sign_secret_make(made);
        memcpy(ret_made, made, sizeof(made));
        secret = made;
    }
    buf_init(&sealed, SECRET_TEXT_MAX + SECRET_OVERHEAD);
    r = check_secret(e, span_of(secret), diag);
    r = r ? r : secret_seal(&sealed, k, span_of(e->id), span_of(secret));
    r = r ? r : push_sealed(e, buf_span(&sealed));
    buf_fini(&sealed);
    OPENSSL_cleanse(made, sizeof(made));
    return r;
}

int64_t endpoint_timeout_ms(const struct endpoint *e)
{
    return e->timeout_ms ? e->timeout_ms : e->dialect->timeout_ms;
}

unsigned endpoint_attempts_max(const struct endpoint *e)
{
    return e->retries >= 0 ? (unsigned)e->retries : e->dialect->schedule.retries;
}
