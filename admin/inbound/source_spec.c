/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/inbound/source_spec.h"
#include "admin/inbound/source_value.h"
#include "common/model/inbound/source_event.h"
#include "common/model/options.h"
#include "common/model/partition.h"
#include <errno.h>
#include <stdio.h>

enum { TOLERANCE_MAX_MS = 24 * 3600 * 1000 };

static void source_spec_copy(char *to, struct span text)
{
    memcpy(to, text.data, text.len);
    to[text.len] = '\0';
}

/* ---- members ---- */

struct applying {
    struct source *s;
    const json_t *body;
    const struct master_key *key;
    struct secret_change change;
    char *ret_made;
};

static int source_spec_take_name(struct applying *a, const json_t *value, struct diag *diag)
{
    const char *words;
    struct span text;

    if (source_value_text(&text, "name", value, SOURCE_TEXT_MAX, diag) ||
        option_words(&words, "name", text.data, SOURCE_TEXT_MAX, diag))
        return -EINVAL;
    source_spec_copy(a->s->name, text);
    return 0;
}

static bool has_own_header(const struct source_kind *kind)
{
    return kind->check == SOURCE_STANDARD || kind->check == SOURCE_BASIC;
}

static int source_spec_take_header(struct applying *a, const json_t *value, struct diag *diag)
{
    if (has_own_header(a->s->kind))
        return diag_set(diag, "header: a source of kind %s has its own", a->s->kind->name);
    return source_value_header(a->s->header, "header", value, diag);
}

static int source_spec_take_prefix(struct applying *a, const json_t *value, struct diag *diag)
{
    struct span text;

    if (has_own_header(a->s->kind))
        return diag_set(diag, "prefix: a source of kind %s has its own", a->s->kind->name);
    if (source_value_text(&text, "prefix", value, SOURCE_TEXT_MAX, diag))
        return -EINVAL;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] > '~')
            return diag_set(diag, "prefix: expected printable ASCII");
    source_spec_copy(a->s->prefix, text);
    return 0;
}

static int take_algorithm(struct applying *a, const json_t *value, struct diag *diag)
{
    enum source_check check = a->s->kind->check;
    const char *name;

    if (check != SOURCE_HMAC_HEX && check != SOURCE_HMAC_BASE64)
        return diag_set(diag, "algorithm: a source of kind %s has its own", a->s->kind->name);
    for (int i = 0; (name = source_algorithm_name((enum source_algorithm)i)); i++)
        if (json_is_string(value) && strcmp(json_string_value(value), name) == 0) {
            a->s->algorithm = (enum source_algorithm)i;
            return 0;
        }
    return diag_set(diag, "algorithm: expected sha256, sha1 or sha512");
}

static int take_tolerance(struct applying *a, const json_t *value, struct diag *diag)
{
    enum source_check check = a->s->kind->check;

    if (check != SOURCE_STRIPE && check != SOURCE_STANDARD)
        return diag_set(diag, "tolerance: a source of kind %s has no timestamp", a->s->kind->name);
    return source_value_duration(&a->s->tolerance_ms, "tolerance", value, 1000, TOLERANCE_MAX_MS,
                                 diag);
}

static int take_event_type(struct applying *a, const json_t *value, struct diag *diag)
{
    static const char *const names[] = {"fixed", "header", "path", "prefix", NULL};
    const json_t *prefix = json_object_get(value, "prefix");

    if (source_value_only("event_type", value, names, diag) ||
        source_value_pick(&a->s->type, "event_type", names,
                          "{\"fixed\": …}, {\"header\": …} or {\"path\": …}", value, diag))
        return -EINVAL;
    a->s->type_prefix[0] = '\0';
    return prefix && !json_is_null(prefix)
               ? source_value_type_prefix(a->s->type_prefix, prefix, diag)
               : 0;
}

static int take_unique_by(struct applying *a, const json_t *value, struct diag *diag)
{
    static const char *const names[] = {"body", "header", "path", NULL};

    if (source_value_only("unique_by", value, names, diag))
        return -EINVAL;
    return source_value_pick(&a->s->unique, "unique_by", names,
                             "{\"header\": …}, {\"path\": …} or {\"body\": true}", value, diag);
}

static int source_spec_take_headers(struct applying *a, const json_t *value, struct diag *diag)
{
    size_t i, n = json_array_size(value);

    if (!json_is_array(value) || n > SOURCE_HEADERS_MAX)
        return diag_set(diag, "headers: expected at most %d names of headers", SOURCE_HEADERS_MAX);
    for (i = 0; i < n; i++) {
        char *kept = a->s->kept[i];

        if (source_value_header(kept, "headers", json_array_get(value, i), diag))
            return -EINVAL;
    }
    a->s->n_kept = (unsigned)n;
    return 0;
}

static int source_spec_take_secret(struct applying *a, const json_t *value, struct diag *diag)
{
    struct span text = SPAN("");

    if (!json_is_null(value) && source_value_text(&text, "secret", value, SECRET_TEXT_MAX, diag))
        return -EINVAL;
    if (!json_is_null(value) && !text.len)
        return diag_set(diag, "secret: expected a text that is not empty");
    return source_add_secret(a->s, a->key, text, &a->change, a->ret_made, diag);
}

/* With source_spec_take_secret(), which comes behind it. */
static int source_spec_take_overlap(struct applying *a, const json_t *value, struct diag *diag)
{
    return source_value_duration(&a->change.overlap_ms, "overlap", value, 0, SECRET_OVERLAP_MAX_MS,
                                 diag);
}

static int take_kind(struct applying *a, const json_t *value, struct diag *diag)
{
    if (json_is_string(value) && strcmp(json_string_value(value), a->s->kind->name) == 0)
        return 0;
    return diag_set(diag, "kind: cannot be changed; make another source");
}

/* In the order in which they are applied, whatever their order in the object. */
static const struct member {
    const char *name;
    int (*take)(struct applying *a, const json_t *value, struct diag *diag);
} members[] = {
    {"kind", take_kind},
    {"name", source_spec_take_name},
    {"header", source_spec_take_header},
    {"prefix", source_spec_take_prefix},
    {"algorithm", take_algorithm},
    {"tolerance", take_tolerance},
    {"headers", source_spec_take_headers},
    {"event_type", take_event_type},
    {"unique_by", take_unique_by},
    {"overlap", source_spec_take_overlap},
    {"secret", source_spec_take_secret},
};

static int check_names(const json_t *body, struct diag *diag)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)body, name, value)
    {
        size_t i = 0;

        while (i < ARRAY_LEN(members) && strcmp(members[i].name, name) != 0)
            i++;
        if (i == ARRAY_LEN(members))
            return diag_set(diag,
                            "%.40s: unknown; expected name, kind, secret, overlap, header, prefix, "
                            "algorithm, tolerance, event_type, unique_by or headers",
                            name);
    }
    return 0;
}

/* What neither the kind nor the object says. */
static int check_complete(const struct source *s, struct diag *diag)
{
    if (!*s->header)
        return diag_set(diag, "header: missing; expected the header that is looked at");
    if (!*s->type.text)
        return diag_set(diag, "event_type: missing; expected {\"fixed\": …}, {\"header\": …} or "
                              "{\"path\": …}");
    if (s->type.from == SOURCE_FROM_FIXED &&
        strlen(s->type_prefix) + strlen(s->type.text) > EVENT_TYPE_MAX)
        return diag_set(diag, "event_type: expected at most %d bytes with the prefix",
                        EVENT_TYPE_MAX);
    for (unsigned i = 0; i < s->n_kept; i++)
        if (strcmp(s->kept[i], s->header) == 0 || strcmp(s->kept[i], "authorization") == 0)
            return diag_set(diag, "headers: %s may hold a secret", s->kept[i]);
    return 0;
}

int source_spec_apply(struct source *s, const json_t *body, const struct master_key *key,
                      int64_t now_ms, char ret_made[SIGN_SECRET_SIZE], struct diag *diag)
{
    struct applying a = {.s = s,
                         .body = body,
                         .key = key,
                         .change = {.now_ms = now_ms, .overlap_ms = SECRET_OVERLAP_MS},
                         .ret_made = ret_made};
    int r = check_names(body, diag);

    ret_made[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(members) && !r; i++) {
        const json_t *value = json_object_get(body, members[i].name);
        bool is_named =
            value && (!json_is_null(value) || members[i].take == source_spec_take_secret);

        if (is_named)
            r = members[i].take(&a, value, diag);
    }
    s->updated_ms = now_ms;
    return r ? r : check_complete(s, diag);
}

/* ---- a new one ---- */

static const struct source_kind *source_spec_kind_of(const json_t *body, struct diag *diag)
{
    const char *name = json_string_value(json_object_get(body, "kind"));
    const struct source_kind *kind = name ? source_kind_find(span_of(name)) : NULL;

    if (!kind)
        (void)diag_set(diag, "kind: expected %s", source_kind_names());
    return kind;
}

static int source_spec_fill(struct source *s, const json_t *body, const struct master_key *key,
                            int64_t now_ms, char ret_made[SIGN_SECRET_SIZE], struct diag *diag)
{
    const struct secret_change change = {.now_ms = now_ms};
    int r = source_spec_apply(s, body, key, now_ms, ret_made, diag);

    if (!r && !s->secrets.n)
        r = source_add_secret(s, key, SPAN(""), &change, ret_made, diag);
    return r;
}

int source_spec_make(struct source **ret, const json_t *body, const char *tenant,
                     unsigned partitions, const struct master_key *key, int64_t now_ms,
                     char ret_made[SIGN_SECRET_SIZE], struct diag *diag)
{
    const struct source_kind *kind = source_spec_kind_of(body, diag);
    struct source *s = NULL;
    char id[ID_SIZE];
    int r;

    if (!kind)
        return -EINVAL;
    id_make(id, "src_", partition_of(span_of(tenant), partitions));
    r = source_new(&s, span_of(id), kind);
    if (r)
        return r;
    (void)snprintf(s->tenant, sizeof(s->tenant), "%s", tenant);
    s->created_ms = now_ms;
    r = source_spec_fill(s, body, key, now_ms, ret_made, diag);
    if (r)
        (void)source_free(s);
    else
        *ret = s;
    return r;
}
