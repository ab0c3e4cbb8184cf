#include "store/endpoint_line.h"
#include "common/options.h"
#include <errno.h>
#include <stdio.h>

enum { EVENTS_BYTES_MAX = 32 << 10 };

/* --- values of one kind ------------------------------------------------------------------------ */

static int get_text(const char **ret, const char *name, json_t *value, struct diag *diag)
{
    if (!json_is_string(value) || !json_string_length(value))
        return diag_set(diag, "%s: expected a text that is not empty", name);
    *ret = json_string_value(value);
    return 0;
}

static int get_bool(bool *ret, const char *name, json_t *value, struct diag *diag)
{
    if (!json_is_boolean(value))
        return diag_set(diag, "%s: expected true or false", name);
    *ret = json_is_true(value);
    return 0;
}

/* As a text, for the checks that options go through. */
static int get_number(char ret[32], const char *name, json_t *value, struct diag *diag)
{
    if (!json_is_integer(value))
        return diag_set(diag, "%s: expected a whole number", name);
    (void)snprintf(ret, 32, "%lld", (long long)json_integer_value(value));
    return 0;
}

/* --- members ------------------------------------------------------------------------------------ */

static int take_tenant(struct endpoint_line *l, json_t *value, struct diag *diag)
{
    const char *text;

    if (get_text(&text, "tenant", value, diag))
        return -EINVAL;
    return option_tenant(&l->spec.tenant, "tenant", text, diag);
}

static int take_url(struct endpoint_line *l, json_t *value, struct diag *diag)
{
    return get_text(&l->spec.url, "url", value, diag);
}

static int take_dialect(struct endpoint_line *l, json_t *value, struct diag *diag)
{
    const char *text;

    if (get_text(&text, "dialect", value, diag))
        return -EINVAL;
    return spec_dialect(&l->spec, "dialect", text, diag);
}

/* ["A", "user.*"] → "A,user.*" */
static int join_events(struct buf *ret, json_t *array, struct diag *diag)
{
    const char *text;
    json_t *item;
    size_t i;

    json_array_foreach(array, i, item)
    {
        if (get_text(&text, "events", item, diag))
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

static int take_events(struct endpoint_line *l, json_t *value, struct diag *diag)
{
    struct buf joined;
    int r;

    if (!json_is_array(value))
        return get_text(&l->spec.events, "events", value, diag);
    buf_init(&joined, EVENTS_BYTES_MAX);
    r = join_events(&joined, value, diag);
    if (r == -ENOBUFS)
        r = diag_set(diag, "events: expected at most %d", ENDPOINT_EVENTS_MAX);
    if (!r) {
        l->events = buf_take(&joined);
        l->spec.events = l->events;
        r = l->events ? 0 : -ENOMEM;
    }
    buf_fini(&joined);
    return r;
}

static int take_secret(struct endpoint_line *l, json_t *value, struct diag *diag)
{
    return get_text(&l->spec.secret, "secret", value, diag);
}

static int take_slots(struct endpoint_line *l, json_t *value, struct diag *diag)
{
    char text[32];

    if (get_number(text, "slots", value, diag))
        return -EINVAL;
    return spec_slots(&l->spec, "slots", text, diag);
}

/* A text as it is; a number, object or array as JSON. NULL: out of memory, or cannot be written. */
static char *text_of(const json_t *value)
{
    return json_is_string(value) ? strdup(json_string_value(value))
                                 : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

static int take_filter(struct endpoint_line *l, json_t *value, struct diag *diag)
{
    if (!json_is_string(value) && !json_is_object(value))
        return diag_set(diag, "filter: expected a JSON object");
    l->filter = text_of(value);
    l->spec.filter = l->filter;
    return l->filter ? 0 : -ENOMEM;
}

static int take_ca(struct endpoint_line *l, json_t *value, struct diag *diag)
{
    return get_text(&l->spec.ca, "ca", value, diag);
}

static int take_client_cert(struct endpoint_line *l, json_t *value, struct diag *diag)
{
    return get_text(&l->spec.client_cert, "client_cert", value, diag);
}

static int take_client_key(struct endpoint_line *l, json_t *value, struct diag *diag)
{
    return get_text(&l->spec.client_key, "client_key", value, diag);
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

static int take_part(struct endpoint_line *l, enum policy_part part, json_t *value,
                     struct diag *diag)
{
    if (!json_is_string(value) && !json_is_integer(value) && !json_is_object(value))
        return diag_set(diag, "%s: expected a text", policy_part_name(part));
    free(l->parts[part]);
    l->parts[part] = text_of(value);
    l->spec.parts[part] = l->parts[part];
    return l->parts[part] ? 0 : -ENOMEM;
}

static int take_description(struct endpoint_line *l, json_t *value, struct diag *diag)
{
    if (!json_is_string(value))
        return diag_set(diag, "description: expected a text");
    return spec_description(&l->spec, "description", json_string_value(value), diag);
}

static int take_limit(struct endpoint_line *l, json_t *value, struct diag *diag)
{
    char text[32];

    if (json_is_string(value))
        return option_limit(&l->limit, "create_tenant.limit", json_string_value(value), diag);
    if (get_number(text, "create_tenant.limit", value, diag))
        return -EINVAL;
    return option_limit(&l->limit, "create_tenant.limit", text, diag);
}

static int take_create_tenant(struct endpoint_line *l, json_t *value, struct diag *diag)
{
    const char *name;
    json_t *member;

    if (!json_is_object(value))
        return get_bool(&l->creates_tenant, "create_tenant", value, diag);
    l->creates_tenant = true;
    json_object_foreach(value, name, member)
    {
        int r;

        if (json_is_null(member))
            continue;
        if (strcmp(name, "limit") == 0)
            r = take_limit(l, member, diag);
        else if (strcmp(name, "allow_http") == 0)
            r = get_bool(&l->may_be_plain, "create_tenant.allow_http", member, diag);
        else
            r = diag_set(diag, "create_tenant.%.40s: unknown; expected limit, allow_http", name);
        if (r)
            return r;
    }
    return 0;
}

static const struct {
    const char *name;
    int (*take)(struct endpoint_line *l, json_t *value, struct diag *diag);
} members[] = {
    {"tenant", take_tenant},           {"url", take_url},
    {"dialect", take_dialect},         {"events", take_events},
    {"secret", take_secret},           {"slots", take_slots},
    {"filter", take_filter},           {"ca", take_ca},
    {"client_cert", take_client_cert}, {"client_key", take_client_key},
    {"description", take_description}, {"create_tenant", take_create_tenant},
};

/* Names what there is. */
static int refuse_member(const char *name, struct diag *diag)
{
    struct buf words;

    buf_init(&words, sizeof(diag->text));
    buf_printf(&words, "%.40s: unknown; expected ", name);
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        buf_printf(&words, "%s, ", members[i].name);
    buf_add_text(&words, "or a part of a policy (grapnel help endpoint add)");
    (void)diag_set(diag, "%s", words.data ? words.data : name);
    buf_fini(&words);
    return -EINVAL;
}

static int take_member(struct endpoint_line *l, const char *name, json_t *value, struct diag *diag)
{
    enum policy_part part;

    if (json_is_null(value))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (strcmp(name, members[i].name) == 0)
            return members[i].take(l, value, diag);
    if (find_part(name, &part) == 0)
        return take_part(l, part, value, diag);
    return refuse_member(name, diag);
}

int endpoint_line_parse(struct endpoint_line *l, struct span text, struct diag *diag)
{
    const char *name;
    json_error_t error;
    json_t *value;

    *l = (struct endpoint_line){.limit = -1};
    l->json = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (!l->json)
        return diag_set(diag, "not JSON: %.120s (byte %d)", error.text, error.position);
    if (!json_is_object(l->json))
        return diag_set(diag, "expected a JSON object");
    json_object_foreach(l->json, name, value)
    {
        int r = take_member(l, name, value, diag);

        if (r)
            return r;
    }
    if (!l->spec.tenant || !l->spec.url)
        return diag_set(diag, "%s: missing", l->spec.tenant ? "url" : "tenant");
    return 0;
}

void endpoint_line_fini(struct endpoint_line *l)
{
    json_decref(l->json);
    free(l->events);
    free(l->filter);
    for (unsigned i = 0; i < N_POLICY_PARTS; i++)
        free(l->parts[i]);
    *l = (struct endpoint_line){0};
}
