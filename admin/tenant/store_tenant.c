/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/tenant/store_tenant.h"
#include "admin/tenant/store_endpoint.h"
#include "common/base/pack.h"
#include "common/moves/configure.h"
#include "common/moves/lookup.h"
#include <errno.h>

enum { RECORD_BYTES_MAX = 64 << 10, SCAN_COUNT = 500, PAGE = 100 };

/* --- one tenant ------------------------------------------------------------------------------- */

static int unreadable(struct store *s, const char *what, struct span id)
{
    (void)diag_set(&s->words, "%s %.*s: its record cannot be read (of a newer version?)", what,
                   (int)MIN(id.len, 80u), id.data);
    return -EBADMSG;
}

static int store_tenant_do_parse(struct store *s, struct span id, struct span record,
                                 struct tenant **ret)
{
    struct tenant *t;

    if (tenant_new(&t, id))
        return -ENOMEM;
    if (tenant_parse(t, record)) {
        (void)tenant_unref(t);
        return unreadable(s, "tenant", id);
    }
    *ret = t;
    return 0;
}

void store_tenant_get_item(const struct store *s, struct store_item *item, struct span id)
{
    redis_arg_text(&item->command, "GET");
    redis_arg_key(&item->command, &s->keys, store_partition(s, id), KEY_TENANT, id);
}

int store_tenant_parse(struct store *s, struct span id, const redisReply *reply,
                       struct tenant **ret)
{
    struct span record;

    if (redis_reply_span(reply, &record))
        return store_tenant_do_parse(s, id, record, ret);
    return reply && reply->type == REDIS_REPLY_NIL ? STORE_MISSING : store_unexpected(s, reply);
}

int store_tenant_get(struct store *s, struct span id, struct tenant **ret, struct buf *ret_record)
{
    struct store_item item;
    struct span record;
    int r;

    store_items_init(&item, 1);
    store_tenant_get_item(s, &item, id);
    r = store_call_all(s, &item, 1);
    r = r ? r : store_tenant_parse(s, id, item.reply, ret);
    if (!r && ret_record && redis_reply_span(item.reply, &record)) {
        buf_clear(ret_record);
        buf_add_span(ret_record, record);
        r = buf_result(ret_record);
    }
    store_items_fini(&item, 1);
    return r;
}

/* --- changing --------------------------------------------------------------------------------- */

void store_tenant_put_item(const struct store *s, struct store_item *item, const struct tenant *t,
                           struct span old)
{
    struct buf record;

    buf_init(&record, RECORD_BYTES_MAX);
    tenant_pack(&record, t);
    item->script = &script_configure;
    move_configure_tenant(
        &item->command, store_head(s, span_of(t->id)),
        &(struct configure_tenant){
            .id = span_of(t->id), .record = buf_span(&record), .old = old, .limit = t->limit});
    buf_fini(&record);
}

int store_tenant_put(struct store *s, const struct tenant *t, struct span old)
{
    struct store_item item;
    int r;

    store_items_init(&item, 1);
    store_tenant_put_item(s, &item, t, old);
    r = store_configure(s, &item.command);
    store_items_fini(&item, 1);
    return r;
}

int store_tenant_remove_if(struct store *s, struct span id, struct span old)
{
    struct redis_command cmd;
    int r;

    redis_command_init(&cmd);
    move_configure_tenant_remove(&cmd, store_head(s, id), id, old);
    r = store_configure(s, &cmd);
    redis_command_fini(&cmd);
    return r;
}

int store_tenant_remove(struct store *s, struct span id)
{
    return store_tenant_remove_if(s, id, SPAN(""));
}

/* --- with its endpoints ------------------------------------------------------------------------- */

static int add_endpoint(struct store *s, struct tenant *t, const struct lookup_answer *a, size_t i)
{
    struct lookup_row row;
    struct endpoint *e = NULL;
    int r;

    if (move_lookup_row(a, i, &row))
        return store_unexpected(s, a->borrowed);
    r = store_endpoint_parse(s, row.id, row.record, row.disabled, &e);
    if (!r && tenant_add_endpoint(t, e)) {
        (void)endpoint_free(e);
        r = -ENOMEM;
    }
    return r;
}

static int compare_endpoints(const void *a, const void *b)
{
    const struct endpoint *const *x = a, *const *y = b;

    if ((*x)->created_ms != (*y)->created_ms)
        return (*x)->created_ms < (*y)->created_ms ? -1 : 1;
    return strcmp((*x)->id, (*y)->id);
}

static int parse_whole(struct store *s, struct span id, const redisReply *reply,
                       struct tenant **ret)
{
    struct lookup_answer answer;
    struct tenant *t = NULL;
    int r;

    if (move_lookup_parse(&answer, reply))
        return store_unexpected(s, reply);
    if (!answer.tenant.len)
        return STORE_MISSING;
    r = store_tenant_do_parse(s, id, answer.tenant, &t);
    for (size_t i = 0; !r && i < answer.n; i++)
        r = add_endpoint(s, t, &answer, i);
    if (!r && t->n_endpoints)
        qsort(t->endpoints, t->n_endpoints, sizeof(struct endpoint *), compare_endpoints);
    if (r)
        (void)tenant_unref(t);
    else
        *ret = t;
    return r;
}

int store_tenant_whole(struct store *s, struct span id, struct tenant **ret)
{
    struct redis_command cmd;
    redisReply *reply = NULL;
    int r;

    redis_command_init(&cmd);
    move_lookup_begin(&cmd, &script_lookup, store_head(s, id), id);
    r = store_call(s, &cmd, &script_lookup, &reply);
    redis_command_fini(&cmd);
    if (!r)
        r = parse_whole(s, id, reply, ret);
    freeReplyObject(reply);
    return r;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* The ids of all tenants, sorted: SSCAN may tell some twice, and people look for names in order. */
struct ids {
    char (*ids)[sizeof(((struct tenant *)NULL)->id)];
    size_t n, room;
    const char *after; /* only what comes behind this one; "": all */
};

static int ids_add(struct ids *l, struct span id)
{
    if (id.len >= sizeof(l->ids[0]))
        return 0; /* none of ours */
    if (l->n == l->room) {
        size_t room = l->room ? l->room * 2 : 256;
        void *grown = reallocarray(l->ids, room, sizeof(l->ids[0]));

        if (!grown)
            return -ENOMEM;
        l->ids = grown;
        l->room = room;
    }
    memcpy(l->ids[l->n], id.data, id.len);
    l->ids[l->n][id.len] = '\0';
    if (strcmp(l->ids[l->n], l->after) > 0)
        l->n++;
    return 0;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void ids_sort(struct ids *l)
{
    size_t kept = 0;

    if (l->n)
        qsort(l->ids, l->n, sizeof(l->ids[0]), compare_ids);
    for (size_t i = 0; i < l->n; i++)
        if (!kept || strcmp(l->ids[kept - 1], l->ids[i]) != 0)
            memmove(l->ids[kept++], l->ids[i], sizeof(l->ids[0]));
    l->n = kept;
}

static int add_page(struct store *s, struct ids *l, const redisReply *reply)
{
    struct span id;
    const redisReply *item;

    for (size_t i = 0; (item = redis_reply_at(reply, i)); i++) {
        if (!redis_reply_span(item, &id))
            return store_unexpected(s, reply);
        if (ids_add(l, id))
            return -ENOMEM;
    }
    return 0;
}

static int scan_partition(struct store *s, struct ids *l, unsigned partition)
{
    char cursor[24] = "0";
    struct redis_command cmd;
    struct span next;
    int r;

    redis_command_init(&cmd);
    do {
        redisReply *reply = NULL;

        redis_command_begin(&cmd);
        redis_arg_text(&cmd, "SSCAN");
        redis_arg_key(&cmd, &s->keys, partition, KEY_TENANTS, SPAN(""));
        redis_arg_text(&cmd, cursor);
        redis_arg_text(&cmd, "COUNT");
        redis_arg_i64(&cmd, SCAN_COUNT);
        r = store_call(s, &cmd, NULL, &reply);
        if (!r && !redis_reply_span(redis_reply_at(reply, 0), &next))
            r = store_unexpected(s, reply);
        r = r ? r : add_page(s, l, redis_reply_at(reply, 1));
        if (!r)
            (void)snprintf(cursor, sizeof(cursor), "%.*s", (int)next.len, next.data);
        freeReplyObject(reply);
    } while (!r && strcmp(cursor, "0") != 0);
    redis_command_fini(&cmd);
    return r;
}

/* `tenants` also names those that were removed but still have records: they are passed over. */
static int store_tenant_tell(struct store *s, const char *id, const redisReply *reply,
                             store_tenant_fn *each, void *arg)
{
    struct tenant *t = NULL;
    int r = store_tenant_parse(s, span_of(id), reply, &t);

    if (r == STORE_MISSING)
        return 0;
    r = r ? r : each(arg, t);
    (void)tenant_unref(t);
    return r;
}

static int store_tenant_tell_page(struct store *s, struct store_item *items, char (*ids)[72],
                                  size_t n, store_tenant_fn *each, void *arg)
{
    int r;

    for (size_t i = 0; i < n; i++)
        store_tenant_get_item(s, &items[i], span_of(ids[i]));
    r = store_call_all(s, items, n);
    for (size_t i = 0; i < n && !r; i++)
        r = store_tenant_tell(s, ids[i], items[i].reply, each, arg);
    store_items_clear(items, n);
    return r;
}

/* Those that come after @after. */
static int store_tenant_scan(struct store *s, const char *after, struct ids *ret)
{
    int r = 0;

    *ret = (struct ids){.after = after};
    for (unsigned p = 0; !r && p < s->keys.partitions; p++)
        r = scan_partition(s, ret, p);
    ids_sort(ret);
    return r;
}

int store_tenant_ids(struct store *s, store_tenant_id_fn *each, void *arg)
{
    struct ids l;
    int r = store_tenant_scan(s, "", &l);

    for (size_t i = 0; i < l.n && !r; i++)
        r = each(arg, l.ids[i]);
    free(l.ids);
    return r;
}

int store_tenants(struct store *s, store_tenant_fn *each, void *arg)
{
    return store_tenants_after(s, "", each, arg);
}

int store_tenants_after(struct store *s, const char *after, store_tenant_fn *each, void *arg)
{
    struct store_item items[PAGE];
    struct ids l;
    int r = store_tenant_scan(s, after, &l);

    store_items_init(items, PAGE);
    for (size_t i = 0; i < l.n && !r; i += PAGE)
        r = store_tenant_tell_page(s, items, l.ids + i, MIN(l.n - i, (size_t)PAGE), each, arg);
    store_items_fini(items, PAGE);
    free(l.ids);
    return r;
}

/* --- what waits and what may go ----------------------------------------------------------------- */

static int ask_i64(struct store *s, const struct redis_command *cmd, int64_t *ret)
{
    redisReply *reply = NULL;
    int r = store_call(s, cmd, NULL, &reply);

    if (!r && !redis_reply_i64(reply, ret))
        *ret = 0; /* not there */
    freeReplyObject(reply);
    return r;
}

static int ask_score(struct store *s, struct span tenant, int64_t *ret)
{
    struct redis_command cmd;
    int r;

    redis_command_init(&cmd);
    redis_arg_text(&cmd, "ZSCORE");
    redis_arg_key(&cmd, &s->keys, store_partition(s, tenant), KEY_THROTTLED, SPAN(""));
    redis_arg_span(&cmd, tenant);
    r = ask_i64(s, &cmd, ret);
    redis_command_fini(&cmd);
    return r;
}

static void window_command(const struct store *s, struct redis_command *cmd, const char *name,
                           struct span tenant)
{
    redis_command_begin(cmd);
    redis_arg_text(cmd, name);
    redis_arg_key(cmd, &s->keys, store_partition(s, tenant), KEY_WINDOW, tenant);
}

/* The window lists when each grant leaves it, in order, and is tidied by the next grant only: how
 * many have not left yet is found by halving. */
static int count_window(struct store *s, struct span tenant, int64_t *ret)
{
    struct redis_command cmd;
    int64_t now_ms, low = 0, high = 0, length, leaves_ms;
    int r = store_now_ms(s, &now_ms);

    redis_command_init(&cmd);
    window_command(s, &cmd, "LLEN", tenant);
    r = r ? r : ask_i64(s, &cmd, &length);
    if (!r)
        high = length;
    while (!r && low < high) {
        int64_t middle = low + (high - low) / 2;

        window_command(s, &cmd, "LINDEX", tenant);
        redis_arg_i64(&cmd, middle);
        r = ask_i64(s, &cmd, &leaves_ms);
        if (!r && leaves_ms <= now_ms)
            low = middle + 1;
        else
            high = middle;
    }
    redis_command_fini(&cmd);
    if (!r)
        *ret = length - low;
    return r;
}

int store_tenant_load(struct store *s, const struct tenant *whole, struct tenant_load *ret)
{
    struct tenant_load load = {0};
    struct endpoint_load one;
    int r = ask_score(s, span_of(whole->id), &load.next_ms);

    r = r ? r : count_window(s, span_of(whole->id), &load.in_window);
    for (unsigned i = 0; i < whole->n_endpoints && !r; i++) {
        r = store_endpoint_load(s, whole->endpoints[i], &one);
        if (!r)
            load.waiting += one.waiting;
    }
    if (!r)
        *ret = load;
    return r;
}
