/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/tenant/endpoint_body.h"
#include "common/base/text.h"
#include "common/json/json_path.h"
#include "common/json/json_scan.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>

enum { EVENTS_BYTES_MAX = 32 << 10 };

const char endpoint_body_names[] =
    "url, dialect, events, secret, slots, filter, ca, client_cert, client_key, description";

int endpoint_body_init(struct endpoint_body *b, struct span text, struct diag *diag)
{
    *b = (struct endpoint_body){.text = text};
    return json_check(text, diag);
}

static void wipe(json_t *text)
{
    if (json_is_string(text))
        OPENSSL_cleanse((void *)(uintptr_t)json_string_value(text), json_string_length(text));
}

void endpoint_body_fini(struct endpoint_body *b)
{
    wipe(b->secret);
    wipe(b->client_key);
    free(b->events);
    free(b->filter);
    for (unsigned i = 0; i < N_POLICY_PARTS; i++)
        free(b->parts[i]);
    *b = (struct endpoint_body){0};
}

/* --- values of one kind ------------------------------------------------------------------------ */

static int endpoint_body_get_text(const char **ret, const char *name, json_t *value,
                                  struct diag *diag)
{
    if (!json_is_string(value) || !json_string_length(value))
        return diag_set(diag, "%s: expected a text that is not empty", name);
    *ret = json_string_value(value);
    return 0;
}

/* A text as it is; a number, object or array as JSON. NULL: out of memory, or cannot be written. */
static char *endpoint_body_text_of(const json_t *value)
{
    return json_is_string(value) ? strdup(json_string_value(value))
                                 : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* --- members ------------------------------------------------------------------------------------ */

static int take_url(struct endpoint_body *b, json_t *value, struct diag *diag)
{
    return endpoint_body_get_text(&b->spec.url, "url", value, diag);
}

static int take_dialect(struct endpoint_body *b, json_t *value, struct diag *diag)
{
    const char *text;

    b->spec.dialect = dialect_at(0);
    if (json_is_null(value))
        return 0;
    if (endpoint_body_get_text(&text, "dialect", value, diag))
        return -EINVAL;
    return spec_dialect(&b->spec, "dialect", text, diag);
}

/* ["A", "user.*"] → "A,user.*" */
static int join_events(struct buf *ret, json_t *array, struct diag *diag)
{
    const char *text;
    json_t *item;
    size_t i;

    json_array_foreach(array, i, item)
    {
        if (endpoint_body_get_text(&text, "events", item, diag))
            return -EINVAL;
        if (strchr(text, ','))
            return diag_set(diag, "events: expected one type in each text of the array");
        buf_add_text(ret, i ? "," : "");
        buf_add_text(ret, text);
    }
    if (!ret->len)
        return diag_set(diag, "events: expected at least one");
    return buf_result(ret);
}

static int take_event_list(struct endpoint_body *b, json_t *array, struct diag *diag)
{
    struct buf joined;
    int r;

    buf_init(&joined, EVENTS_BYTES_MAX);
    r = join_events(&joined, array, diag);
    if (r == -ENOBUFS)
        r = diag_set(diag, "events: expected at most %d", ENDPOINT_EVENTS_MAX);
    if (!r) {
        b->events = buf_take(&joined);
        b->spec.events = b->events;
        r = b->events ? 0 : -ENOMEM;
    }
    buf_fini(&joined);
    return r;
}

static int take_events(struct endpoint_body *b, json_t *value, struct diag *diag)
{
    if (json_is_array(value))
        return take_event_list(b, value, diag);
    b->spec.events = "*";
    return json_is_null(value) ? 0 : endpoint_body_get_text(&b->spec.events, "events", value, diag);
}

static int endpoint_body_take_secret(struct endpoint_body *b, json_t *value, struct diag *diag)
{
    b->secret = value;
    return endpoint_body_get_text(&b->spec.secret, "secret", value, diag);
}

static int take_slots(struct endpoint_body *b, json_t *value, struct diag *diag)
{
    char text[32] = "default";

    if (!json_is_null(value)) {
        if (!json_is_integer(value))
            return diag_set(diag, "slots: expected a whole number");
        (void)snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
    }
    return spec_slots(&b->spec, "slots", text, diag);
}

static int take_filter(struct endpoint_body *b, json_t *value, struct diag *diag)
{
    const struct json_step step = json_step_of(SPAN("filter"));
    struct span written;

    b->spec.filter = "none";
    if (json_is_null(value))
        return 0;
    if (json_is_string(value))
        b->filter = endpoint_body_text_of(value);
    else if (json_is_object(value) && json_find(b->text, &step, 1, &written))
        b->filter = text_copy(written);
    else
        return diag_set(diag, "filter: expected a JSON object");
    b->spec.filter = b->filter;
    return b->filter ? 0 : -ENOMEM;
}

static int get_pem(const char **ret, const char *name, json_t *value, struct diag *diag)
{
    *ret = "none";
    return json_is_null(value) ? 0 : endpoint_body_get_text(ret, name, value, diag);
}

static int take_ca(struct endpoint_body *b, json_t *value, struct diag *diag)
{
    return get_pem(&b->spec.ca, "ca", value, diag);
}

static int take_client_cert(struct endpoint_body *b, json_t *value, struct diag *diag)
{
    return get_pem(&b->spec.client_cert, "client_cert", value, diag);
}

static int take_client_key(struct endpoint_body *b, json_t *value, struct diag *diag)
{
    b->client_key = value;
    return get_pem(&b->spec.client_key, "client_key", value, diag);
}

static int take_description(struct endpoint_body *b, json_t *value, struct diag *diag)
{
    b->spec.description = "";
    if (json_is_null(value))
        return 0;
    if (!json_is_string(value))
        return diag_set(diag, "description: expected a text");
    return spec_description(&b->spec, "description", json_string_value(value), diag);
}

/* "header-prefix" or "header_prefix" */
static int find_part(const char *name, enum policy_part *ret)
{
    char dashed[32];
    size_t len = strnlen(name, sizeof(dashed));

    if (len == sizeof(dashed))
        return -ENOENT;
    for (size_t i = 0; i < len; i++)
        dashed[i] = name[i] == '_' ? '-' : name[i];
    return policy_part_find((struct span){dashed, len}, ret);
}

static int endpoint_body_take_part(struct endpoint_body *b, enum policy_part part, json_t *value,
                                   struct diag *diag)
{
    b->spec.parts[part] = "default";
    if (json_is_null(value))
        return 0;
    if (!json_is_string(value) &&
        !(part == POLICY_headers ? json_is_object(value) : json_is_integer(value)))
        return diag_set(diag, "%s: expected %s", policy_part_name(part),
                        part == POLICY_headers ? "a JSON object" : "a text or a whole number");
    free(b->parts[part]);
    b->parts[part] = endpoint_body_text_of(value);
    b->spec.parts[part] = b->parts[part];
    return b->parts[part] ? 0 : -ENOMEM;
}

static const struct {
    const char *name;
    int (*take)(struct endpoint_body *b, json_t *value, struct diag *diag);
} members[] = {
    {"url", take_url},
    {"dialect", take_dialect},
    {"events", take_events},
    {"secret", endpoint_body_take_secret},
    {"slots", take_slots},
    {"filter", take_filter},
    {"ca", take_ca},
    {"client_cert", take_client_cert},
    {"client_key", take_client_key},
    {"description", take_description},
};

int endpoint_body_take(struct endpoint_body *b, const char *name, json_t *value, struct diag *diag)
{
    enum policy_part part;

    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (strcmp(name, members[i].name) == 0)
            return members[i].take(b, value, diag);
    return find_part(name, &part) ? BODY_OTHER : endpoint_body_take_part(b, part, value, diag);
}
