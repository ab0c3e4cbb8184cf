/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/api/request.h"
#include "cli/input.h"
#include "common/base/clock.h"
#include "common/base/iso_time.h"
#include "common/base/text.h"
#include "common/json/json_scan.h"
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>

enum { REQUEST_PATH_MAX = 64 << 10, REQUEST_FILE_MAX = 256 << 10, REQUEST_SECRET_MAX = 1024 };
enum { REQUEST_BODY_MAX = 8 << 20 };

/* ---- path and query ---- */

static void request_add_encoded(struct buf *b, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:";

    for (; *text; text++)
        if (strchr(plain, *text))
            buf_add_char(b, *text);
        else
            buf_printf(b, "%%%02X", (unsigned char)*text);
}

void request_query(struct request *r, const char *name, const char *value)
{
    buf_add_char(&r->path, r->has_query ? '&' : '?');
    r->has_query = true;
    buf_add_text(&r->path, name);
    buf_add_char(&r->path, '=');
    request_add_encoded(&r->path, value);
}

/* The route with the value of each {member} in its place. */
static void request_add_path(struct request *r, const struct resource_args *args)
{
    const struct resource_argument *a = args->resource->arguments;
    const char *route = args->resource->route;
    size_t len = strcspn(route, "{");

    buf_add(&r->path, route, len);
    if (!route[len])
        return;
    for (size_t i = 0; a[i].name; i++)
        if (a[i].place == IN_PATH)
            request_add_encoded(&r->path, args->values[i]);
    buf_add_text(&r->path, strchr(route, '}') + 1);
}

/* ---- body ---- */

static json_t *request_list(const char *text)
{
    json_t *list = json_array();

    while (list && *text) {
        size_t len = strcspn(text, ","), from = strspn(text, " "), to = len;

        while (to > from && text[to - 1] == ' ')
            to--;
        if (to > from)
            (void)json_array_append_new(list, json_stringn(text + from, to - from));
        text += len + (text[len] == ',');
    }
    return list;
}

static json_t *request_number(const char *name, const char *text, struct diag *diag)
{
    int64_t value = 0;

    if (strcmp(text, "none") != 0 && parse_i64(span_of(text), &value)) {
        (void)diag_set(diag, "--%s: expected a number", name);
        return NULL;
    }
    return json_integer(value);
}

static json_t *request_bool(const char *name, const char *text, struct diag *diag)
{
    bool value = true;

    if (*text && parse_bool(span_of(text), &value)) {
        (void)diag_set(diag, "--%s: expected yes or no", name);
        return NULL;
    }
    return json_boolean(value);
}

/* The API takes times only: those who think in days need not compute one. */
static json_t *request_end(const char *text)
{
    char time[ISO_TIME_LEN + 1];
    int64_t ms;

    if (parse_duration_ms(span_of(text), &ms))
        return json_string(text);
    iso_time_write(time, clock_wall_ms() + ms);
    time[ISO_TIME_LEN] = '\0';
    return json_string(time);
}

static json_t *request_file(const char *path, struct diag *diag)
{
    struct buf file;
    json_t *value = NULL;

    buf_init(&file, REQUEST_FILE_MAX);
    (void)buf_reserve(&file, REQUEST_FILE_MAX); /* growing would leave a key behind */
    if (input_read(&file, path, diag) == 0) {
        value = json_stringn(file.data, file.len);
        if (!value)
            (void)diag_set(diag, "%.100s: expected PEM", path);
    }
    buf_wipe(&file);
    return value;
}

static json_t *request_secret(const char *name, const char *text, struct diag *diag)
{
    char line[REQUEST_SECRET_MAX];
    json_t *value;

    if (strcmp(text, "-") != 0)
        return json_string(text);
    if (!fgets(line, sizeof(line), stdin)) {
        (void)diag_set(diag, "--%s: standard input has no line", name);
        return NULL;
    }
    line[strcspn(line, "\r\n")] = '\0';
    value = json_string(line);
    OPENSSL_cleanse(line, sizeof(line));
    return value;
}

static json_t *request_value(const struct resource_argument *a, const char *text, struct diag *diag)
{
    if (a->null_word && strcmp(text, a->null_word) == 0)
        return json_null();
    switch (a->kind) {
    case AS_NUMBER:
        return request_number(a->name, text, diag);
    case AS_BOOL:
        return request_bool(a->name, text, diag);
    case AS_TRUE:
        return json_true();
    case AS_END:
        return request_end(text);
    case AS_LIST:
        return request_list(text);
    case AS_FILE:
        return request_file(text, diag);
    case AS_SECRET:
        return request_secret(a->name, text, diag);
    case AS_JSON: /* goes as it is; see request_add_json() */
    case AS_TEXT:
        break;
    }
    return json_string(text);
}

static bool request_has_body(const struct resource *row)
{
    for (const struct resource_argument *a = row->arguments; a->name; a++)
        if (a->place == IN_BODY)
            return true;
    return false;
}

/* Byte for byte: 1500.00 stays 1500.00. */
static int request_add_json(struct buf *b, const char *name, const char *text, struct diag *diag)
{
    struct diag why = {""};

    if (json_check(span_of(text), &why))
        return diag_set(diag, "%s: expected JSON: %.100s", name, why.text);
    buf_add_text(b, text);
    return 0;
}

static int request_add_value(struct buf *b, const struct resource_argument *a, const char *text,
                             struct diag *diag)
{
    json_t *value;
    char *json;

    if (a->kind == AS_JSON && !(a->null_word && strcmp(text, a->null_word) == 0))
        return request_add_json(b, a->name, text, diag);
    value = request_value(a, text, diag);
    if (!value)
        return *diag->text ? -EINVAL : diag_set(diag, "%s: expected UTF-8", a->name);
    json = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(value);
    if (!json)
        return diag_set(diag, "out of memory");
    buf_add_text(b, json);
    OPENSSL_cleanse(json, strlen(json));
    free(json);
    return 0;
}

static int request_add_body(struct request *r, const struct resource_args *args, struct diag *diag)
{
    const struct resource_argument *a = args->resource->arguments;
    struct buf *b = &r->body;
    int result = 0;

    (void)buf_reserve(b, REQUEST_BODY_MAX); /* growing would leave a secret behind */
    buf_add_char(b, '{');
    for (size_t i = 0; a[i].name && !result; i++) {
        if (a[i].place != IN_BODY || !args->values[i])
            continue;
        buf_printf(b, "%s\"%s\":", b->len > 1 ? "," : "", a[i].member);
        result = request_add_value(b, &a[i], args->values[i], diag);
    }
    buf_add_char(b, '}');
    if (!result && buf_result(b))
        result = diag_set(diag, "the arguments are too long");
    return result;
}

int request_init(struct request *r, const struct resource_args *args, struct diag *diag)
{
    const struct resource_argument *a = args->resource->arguments;

    *r = (struct request){.has_query = false};
    buf_init(&r->path, REQUEST_PATH_MAX);
    buf_init(&r->body, REQUEST_BODY_MAX);
    request_add_path(r, args);
    for (size_t i = 0; a[i].name; i++)
        if (a[i].place == IN_QUERY && args->values[i])
            request_query(r, a[i].member, args->values[i]);
    if (buf_result(&r->path))
        return diag_set(diag, "the arguments are too long");
    return request_has_body(args->resource) ? request_add_body(r, args, diag) : 0;
}

void request_fini(struct request *r)
{
    buf_wipe(&r->body);
    buf_fini(&r->path);
}
