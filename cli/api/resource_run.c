/* SPDX-License-Identifier: Apache-2.0 */
/* resource_run.c: runs any row of the table: request, answer, and the next page or the next look. */
#include "cli/api/api_client.h"
#include "cli/api/present.h"
#include "cli/api/request.h"
#include "cli/api/resource.h"
#include "common/json/json_scan.h"
#include <stdio.h>
#include <time.h>

enum { RUN_BODY_MAX = 64 << 20, RUN_WATCH_SECONDS = 1 };

#define RUN_PAGE "100" /* the most items that every paged list gives at once */

/* One run. */
struct run {
    struct cli *cli;
    struct resource_args *args;
    struct api_client client;
    struct request request;
    struct present_table table; /* of a list, for people */
    json_t *seen,
        *now;     /* while watching a list: the items of the last look and of this one, by id */
    json_t *last; /* while watching an object */
    int64_t n_printed;
};

/* ---- errors ---- */

static int run_status_of(int http)
{
    return http == 503 ? EXIT_UNREACHABLE : EXIT_FAILED;
}

/* What the problem document says: its field and its detail. */
static int run_refused(struct run *r, int http, const struct buf *body)
{
    json_t *problem = json_loadb(body->data ? body->data : "", body->len, 0, NULL);
    const char *field = json_string_value(json_object_get(problem, "field"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    int status = run_status_of(http);

    detail = detail ? detail : json_string_value(json_object_get(problem, "message"));
    detail = detail ? detail : json_string_value(json_object_get(problem, "title"));
    if (http == 401)
        (void)cli_fail(r->cli, status, "%s; set --key or GRAPNEL_API_KEY",
                       detail ? detail : "the API key is missing or not valid");
    else if (detail)
        (void)cli_fail(r->cli, status, "%s%s%s", field ? field : "", field ? ": " : "", detail);
    else
        (void)cli_fail(r->cli, status, "%s: HTTP status %d", r->client.context.url, http);
    json_decref(problem);
    return status;
}

/* ---- one call ---- */

static const char *run_tenant(const struct run *r)
{
    const struct resource *row = r->args->resource;

    if (!row->has_tenant)
        return NULL;
    return r->args->tenant ? r->args->tenant : r->client.context.tenant;
}

/* The answer's body and what it means; @ret_json is NULL when the body is empty. */
static int run_call(struct run *r, const char *path, struct buf *ret, json_t **ret_json)
{
    const struct api_client_call call = {r->args->resource->method, path,
                                         r->request.body.len ? r->request.body.data : NULL,
                                         run_tenant(r), r->args->if_match};
    int http = api_client_send(&r->client, &call, ret);

    *ret_json = NULL;
    if (http < 0)
        return cli_fail(r->cli, EXIT_UNREACHABLE, "%s", r->client.diag.text);
    if (http < 200 || http > 299)
        return run_refused(r, http, ret);
    if (!ret->len)
        return EXIT_DONE;
    *ret_json = json_loadb(ret->data, ret->len, JSON_DECODE_ANY, NULL);
    return *ret_json ? EXIT_DONE
                     : cli_fail(r->cli, EXIT_FAILED,
                                "%s: the answer is not JSON; expected the URL "
                                "of a Grapnel API",
                                r->client.context.url);
}

/* ---- lists ---- */

/* The array at the row's path, as it came. */
static struct span run_raw_list(const struct run *r, const struct buf *body)
{
    struct span at = buf_span(body);
    char path[64], *rest = NULL;

    (void)snprintf(path, sizeof(path), "%s", r->args->resource->list);
    for (char *name = strtok_r(path, ".", &rest); name; name = strtok_r(NULL, ".", &rest))
        if (!json_member(at, name, &at))
            return (struct span){NULL, 0};
    return at;
}

static bool run_has_enough(const struct run *r)
{
    return r->args->limit && r->n_printed >= r->args->limit;
}

/* While watching: is this item new, or another than when it was last seen? */
static bool run_is_news(struct run *r, const json_t *item, struct span raw)
{
    const char *id = json_string_value(json_object_get(item, "id"));
    json_t *text = json_stringn(raw.data, raw.len);
    bool is_news = !id || !json_equal(json_object_get(r->seen, id), text);

    if (id)
        (void)json_object_set(r->now, id, text);
    json_decref(text);
    return is_news;
}

static int run_print_item(struct run *r, json_t *item, struct span raw)
{
    if (r->args->is_watching && !run_is_news(r, item, raw))
        return EXIT_DONE;
    r->n_printed++;
    if (!r->cli->is_json) {
        present_table_add(&r->table, item);
        return EXIT_DONE;
    }
    return fwrite(raw.data, 1, raw.len, stdout) == raw.len && putchar('\n') != EOF
               ? EXIT_DONE
               : cli_fail(r->cli, EXIT_FAILED, "cannot write to standard output");
}

static int run_print_page(struct run *r, const struct buf *body, json_t *json)
{
    json_t *items = present_at(json, r->args->resource->list);
    struct json_walk walk;
    struct span raw;
    int status = EXIT_DONE;

    if (!json_is_array(items))
        return cli_fail(r->cli, EXIT_FAILED, "the answer has no %s", r->args->resource->list);
    json_walk_at(&walk, run_raw_list(r, body));
    (void)json_walk_enter(&walk);
    for (size_t i = 0; !status && !run_has_enough(r) && json_walk_item(&walk); i++) {
        json_walk_value(&walk, &raw);
        status = run_print_item(r, json_array_get(items, i), raw);
    }
    return status;
}

/* One page: the first is as long as the API makes it, as not every list is paged; what follows is
 * asked for in large pages. */
static int run_page(struct run *r, const char *cursor, json_t **ret)
{
    struct request page = {.has_query = r->request.has_query};
    struct buf body;
    int status;

    buf_init(&page.path, r->request.path.cap);
    buf_init(&body, RUN_BODY_MAX);
    buf_add_span(&page.path, buf_span(&r->request.path));
    if (cursor) {
        request_query(&page, "limit", RUN_PAGE);
        request_query(&page, "cursor", cursor);
    }
    status = run_call(r, page.path.data, &body, ret);
    status = status ? status : run_print_page(r, &body, *ret);
    buf_fini(&body);
    buf_fini(&page.path);
    return status;
}

static int run_pages(struct run *r)
{
    json_t *page = NULL, *next = NULL;
    const char *cursor = NULL;
    int status;

    do {
        status = run_page(r, cursor, &page);
        json_decref(next);
        next = status ? NULL : json_incref(json_object_get(page, "next_cursor"));
        json_decref(page);
        cursor = json_string_value(next);
        /* One who watches wants to know what comes, not all that was. */
    } while (!status && cursor && !run_has_enough(r) && !r->args->is_watching);
    json_decref(next);
    return status;
}

/* One look at a list. */
static int run_list(struct run *r)
{
    int status;

    r->n_printed = 0;
    r->now = json_object();
    status = run_pages(r);
    json_decref(r->seen);
    r->seen = r->now;
    if (status == EXIT_DONE && !r->cli->is_json)
        present_table_flush(&r->table);
    return status;
}

/* ---- objects ---- */

static int run_print_object(struct run *r, const struct buf *body, json_t *json)
{
    if (r->args->is_watching && json_equal(r->last, json))
        return EXIT_DONE;
    if (!json) {
        if (!r->cli->is_json)
            (void)printf("%s: done\n", r->args->resource->name);
        return EXIT_DONE;
    }
    if (r->cli->is_json)
        return cli_print_json(r->cli, body);
    if (r->last)
        (void)putchar('\n');
    present_object(json);
    return EXIT_DONE;
}

static int run_object(struct run *r)
{
    struct buf body;
    json_t *json = NULL;
    int status;

    buf_init(&body, RUN_BODY_MAX);
    status = run_call(r, r->request.path.data, &body, &json);
    status = status ? status : run_print_object(r, &body, json);
    if (!status && r->args->resource->verdict &&
        json_is_false(json_object_get(json, r->args->resource->verdict)))
        status = EXIT_FAILED;
    json_decref(r->last);
    r->last = json;
    buf_fini(&body);
    return status;
}

/* ---- watch ---- */

/* An object is watched until it has ended, a list until the user stops it. */
static bool run_is_over(const struct run *r)
{
    const char *running = r->args->resource->running,
               *equals = running ? strchr(running, '=') : NULL;
    const json_t *value;

    if (!equals)
        return false;
    value = json_object_getn(r->last, running, (size_t)(equals - running));
    return !json_is_string(value) || strcmp(json_string_value(value), equals + 1) != 0;
}

static int run_watch(struct run *r)
{
    const struct timespec wait = {.tv_sec = RUN_WATCH_SECONDS};
    int status;

    for (;;) {
        status = r->args->resource->list ? run_list(r) : run_object(r);
        if (status || fflush(stdout) || run_is_over(r))
            break;
        (void)nanosleep(&wait, NULL);
    }
    return status;
}

/* ---- the whole ---- */

static int run_check(const struct cli *cli, const struct resource_args *args)
{
    const struct resource_argument *a = args->resource->arguments;

    for (size_t i = 0; a[i].name; i++)
        if (a[i].is_required && !args->values[i])
            return cli_misuse(cli, "%s%s is missing", *a[i].name < 'a' ? "" : "--", a[i].name);
    return EXIT_DONE;
}

static int run_with(struct run *r)
{
    struct diag diag = {""};
    int status;

    if (r->args->resource->list && present_table_init(&r->table, r->args->resource->columns))
        status = cli_fail(r->cli, EXIT_FAILED, "out of memory");
    else if (request_init(&r->request, r->args, &diag))
        status = cli_misuse(r->cli, "%s", diag.text);
    else if (r->args->is_watching)
        status = run_watch(r);
    else
        status = r->args->resource->list ? run_list(r) : run_object(r);
    json_decref(r->seen);
    json_decref(r->last);
    present_table_fini(&r->table);
    request_fini(&r->request);
    return status;
}

int resource_run(struct cli *cli)
{
    struct run r = {.cli = cli, .args = cli->args};
    struct context context;
    struct diag diag = {""};
    int status = run_check(cli, r.args);

    if (status)
        return status;
    if (context_resolve(&context, &r.args->context, &diag))
        return cli_misuse(cli, "%s", diag.text);
    status = api_client_init(&r.client, &context) ? cli_fail(cli, EXIT_FAILED, "out of memory")
                                                  : run_with(&r);
    api_client_fini(&r.client);
    return status;
}
