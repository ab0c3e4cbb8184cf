#include "store/source_spec.h"
#include "common/options.h"
#include "common/partition.h"
#include "common/source_event.h"
#include "common/text.h"
#include <errno.h>
#include <stdio.h>

enum { TOLERANCE_MAX_MS = 24 * 3600 * 1000 };

/* ---- values ---- */

static int get_text(struct span *ret, const char *name, const json_t *value, size_t max,
                    struct diag *diag)
{
    if (!json_is_string(value) || json_string_length(value) > max)
        return diag_set(diag, "%s: expected a text of at most %zu bytes", name, max);
    *ret = (struct span){json_string_value(value), json_string_length(value)};
    return 0;
}

static void copy(char *to, struct span text)
{
    memcpy(to, text.data, text.len);
    to[text.len] = '\0';
}

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* RFC 9110, in lower case. */
static int get_header(char ret[SOURCE_TEXT_MAX + 1], const char *name, const json_t *value,
                      struct diag *diag)
{
    struct span text;

    if (get_text(&text, name, value, SOURCE_TEXT_MAX, diag))
        return -EINVAL;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        ret[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
        if (!is_token_char(ret[i]))
            return diag_set(diag, "%s: expected the name of a header", name);
    }
    ret[text.len] = '\0';
    return text.len ? 0 : diag_set(diag, "%s: expected the name of a header", name);
}

/* "5m", or milliseconds. */
static int get_duration(int64_t *ret, const char *name, const json_t *value, int64_t min,
                        int64_t max, struct diag *diag)
{
    char digits[32];

    if (json_is_string(value))
        return option_duration(ret, name, json_string_value(value), min, max, diag);
    if (!json_is_integer(value))
        return diag_set(diag, "%s: expected a duration such as 5m", name);
    (void)snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(value));
    return option_duration(ret, name, digits, min, max, diag);
}

/* ---- where a text is from ---- */

static int get_path(struct source_pick *ret, const char *name, const json_t *value,
                    struct diag *diag)
{
    struct span text;

    if (get_text(&text, name, value, SOURCE_TEXT_MAX, diag) || source_path_check(name, text, diag))
        return -EINVAL;
    copy(ret->text, text);
    return 0;
}

static int get_fixed(struct source_pick *ret, const char *name, const json_t *value,
                     struct diag *diag)
{
    struct span text;

    if (get_text(&text, name, value, SOURCE_TEXT_MAX, diag) || source_type_check(name, text, diag))
        return -EINVAL;
    copy(ret->text, text);
    return 0;
}

static int take_from(struct source_pick *ret, const char *name, const json_t *value,
                     struct diag *diag)
{
    const char *member = strchr(name, '.') + 1;

    if (strcmp(member, "header") == 0) {
        ret->from = SOURCE_FROM_HEADER;
        return get_header(ret->text, name, value, diag);
    }
    if (strcmp(member, "path") == 0) {
        ret->from = SOURCE_FROM_PATH;
        return get_path(ret, name, value, diag);
    }
    if (strcmp(name, "event_type.fixed") == 0) {
        ret->from = SOURCE_FROM_FIXED;
        return get_fixed(ret, name, value, diag);
    }
    ret->from = SOURCE_FROM_BODY;
    ret->text[0] = '\0';
    return json_is_true(value) ? 0 : diag_set(diag, "%s: expected true", name);
}

static int get_prefix(char ret[SOURCE_TEXT_MAX + 1], const json_t *value, struct diag *diag)
{
    struct span text;

    if (get_text(&text, "event_type.prefix", value, 64, diag) ||
        (text.len && source_type_check("event_type.prefix", text, diag)))
        return -EINVAL;
    copy(ret, text);
    return 0;
}

/* {"header": "X-GitHub-Event", "prefix": "github."}: one of the former, and what may stand beside it. */
static int get_pick(struct source_pick *ret, const char *field, const char *const *names,
                    const char *words, const json_t *value, struct diag *diag)
{
    struct source_pick found = {0};
    char name[32];
    unsigned n = 0;

    if (!json_is_object(value))
        return diag_set(diag, "%s: expected %s", field, words);
    for (unsigned i = 0; i < 3; i++) {
        const json_t *member = json_object_get(value, names[i]);

        (void)snprintf(name, sizeof(name), "%s.%s", field, names[i]);
        if (!member || json_is_null(member))
            continue;
        if (take_from(&found, name, member, diag))
            return -EINVAL;
        n++;
    }
    if (n != 1)
        return diag_set(diag, "%s: expected %s", field, words);
    *ret = found;
    return 0;
}

static int only_members(const char *field, const json_t *value, const char *const *names,
                        struct diag *diag)
{
    const char *name;
    json_t *member;

    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        unsigned i = 0;

        while (names[i] && strcmp(names[i], name) != 0)
            i++;
        if (!names[i])
            return diag_set(diag, "%s.%.40s: unknown", field, name);
    }
    return 0;
}

/* ---- members ---- */

struct applying {
    struct source *s;
    const json_t *body;
    const struct master_key *key;
    struct secret_change change;
    char *ret_made;
};

static int take_name(struct applying *a, const json_t *value, struct diag *diag)
{
    const char *words;
    struct span text;

    if (get_text(&text, "name", value, SOURCE_TEXT_MAX, diag) ||
        option_words(&words, "name", text.data, SOURCE_TEXT_MAX, diag))
        return -EINVAL;
    copy(a->s->name, text);
    return 0;
}

static bool has_own_header(const struct source_kind *kind)
{
    return kind->check == SOURCE_STANDARD || kind->check == SOURCE_BASIC;
}

static int take_header(struct applying *a, const json_t *value, struct diag *diag)
{
    if (has_own_header(a->s->kind))
        return diag_set(diag, "header: a source of kind %s has its own", a->s->kind->name);
    return get_header(a->s->header, "header", value, diag);
}

static int take_prefix(struct applying *a, const json_t *value, struct diag *diag)
{
    struct span text;

    if (has_own_header(a->s->kind))
        return diag_set(diag, "prefix: a source of kind %s has its own", a->s->kind->name);
    if (get_text(&text, "prefix", value, SOURCE_TEXT_MAX, diag))
        return -EINVAL;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] > '~')
            return diag_set(diag, "prefix: expected printable ASCII");
    copy(a->s->prefix, text);
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
    return get_duration(&a->s->tolerance_ms, "tolerance", value, 1000, TOLERANCE_MAX_MS, diag);
}

static int take_event_type(struct applying *a, const json_t *value, struct diag *diag)
{
    static const char *const names[] = {"fixed", "header", "path", "prefix", NULL};
    const json_t *prefix = json_object_get(value, "prefix");

    if (only_members("event_type", value, names, diag) ||
        get_pick(&a->s->type, "event_type", names,
                 "{\"fixed\": …}, {\"header\": …} or {\"path\": …}", value, diag))
        return -EINVAL;
    a->s->type_prefix[0] = '\0';
    return prefix && !json_is_null(prefix) ? get_prefix(a->s->type_prefix, prefix, diag) : 0;
}

static int take_unique_by(struct applying *a, const json_t *value, struct diag *diag)
{
    static const char *const names[] = {"body", "header", "path", NULL};

    if (only_members("unique_by", value, names, diag))
        return -EINVAL;
    return get_pick(&a->s->unique, "unique_by", names,
                    "{\"header\": …}, {\"path\": …} or {\"body\": true}", value, diag);
}

static int take_headers(struct applying *a, const json_t *value, struct diag *diag)
{
    size_t i, n = json_array_size(value);

    if (!json_is_array(value) || n > SOURCE_HEADERS_MAX)
        return diag_set(diag, "headers: expected at most %d names of headers", SOURCE_HEADERS_MAX);
    for (i = 0; i < n; i++) {
        char *kept = a->s->kept[i];

        if (get_header(kept, "headers", json_array_get(value, i), diag))
            return -EINVAL;
    }
    a->s->n_kept = (unsigned)n;
    return 0;
}

static int take_secret(struct applying *a, const json_t *value, struct diag *diag)
{
    struct span text = SPAN("");

    if (!json_is_null(value) && get_text(&text, "secret", value, SECRET_TEXT_MAX, diag))
        return -EINVAL;
    if (!json_is_null(value) && !text.len)
        return diag_set(diag, "secret: expected a text that is not empty");
    return source_add_secret(a->s, a->key, text, &a->change, a->ret_made, diag);
}

/* With take_secret(), which comes behind it. */
static int take_overlap(struct applying *a, const json_t *value, struct diag *diag)
{
    return get_duration(&a->change.overlap_ms, "overlap", value, 0, SECRET_OVERLAP_MAX_MS, diag);
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
    {"kind", take_kind},           {"name", take_name},
    {"header", take_header},       {"prefix", take_prefix},
    {"algorithm", take_algorithm}, {"tolerance", take_tolerance},
    {"headers", take_headers},     {"event_type", take_event_type},
    {"unique_by", take_unique_by}, {"overlap", take_overlap},
    {"secret", take_secret},
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
        bool is_named = value && (!json_is_null(value) || members[i].take == take_secret);

        if (is_named)
            r = members[i].take(&a, value, diag);
    }
    s->updated_ms = now_ms;
    return r ? r : check_complete(s, diag);
}

/* ---- a new one ---- */

static const struct source_kind *kind_of(const json_t *body, struct diag *diag)
{
    const char *name = json_string_value(json_object_get(body, "kind"));
    const struct source_kind *kind = name ? source_kind_find(span_of(name)) : NULL;

    if (!kind)
        (void)diag_set(diag, "kind: expected %s", source_kind_names());
    return kind;
}

static int fill(struct source *s, const json_t *body, const struct master_key *key, int64_t now_ms,
                char ret_made[SIGN_SECRET_SIZE], struct diag *diag)
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
    const struct source_kind *kind = kind_of(body, diag);
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
    r = fill(s, body, key, now_ms, ret_made, diag);
    if (r)
        (void)source_free(s);
    else
        *ret = s;
    return r;
}
