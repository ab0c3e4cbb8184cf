/* SPDX-License-Identifier: Apache-2.0 */
/* load.c: see load.h.
 *
 *   version + bodies ──all cached──► each delivery goes on
 *          └── stale or missing ──► sync ──► bodies again ──► each delivery goes on */
#include "worker/load.h"

#include "common/base/err.h"
#include <errno.h>

/* One delivery that is waited for. */
struct load_item {
    struct load *load;
    struct delivery *delivery;  /* its event names the item's too; it has gone on once NULL */
    struct redis_request fetch; /* of its event's body */
    struct list link;           /* in `waiting` */
};

struct load {
    const struct load_setup *setup;
    unsigned partition;
    struct redis_request version;
    int64_t seen;        /* the version, once answered; -1: unknown */
    struct list waiting; /* struct load_item, for the configuration */
    unsigned n_waiting, n_pending;
    struct config_cache_sync sync;
    struct span *tenants;
    struct load_item items[]; /* one a delivery */
};

static void load_release(struct load *l)
{
    if (l->n_pending || !list_is_empty(&l->waiting))
        return;
    free(l->tenants);
    free(l);
}

static void load_fetch(struct load_item *i, redis_done_fn *done)
{
    const struct load_setup *s = i->load->setup;
    struct redis_command *cmd = s->command;

    redis_command_begin(cmd);
    redis_arg_text(cmd, "XRANGE");
    redis_arg_key(cmd, s->keys, i->load->partition, KEY_EVENTS, SPAN(""));
    redis_arg_span(cmd, i->delivery->job.event);
    redis_arg_span(cmd, i->delivery->job.event);
    redis_send(s->redis, &i->fetch, cmd, 0, done, NULL);
}

static void load_hand_back(struct load_item *i)
{
    delivery_hand_back(TAKE(i->delivery));
}

/* [[id, fields]] or []: the event whose body was asked for. */
static void load_send_on(struct load_item *i, const redisReply *reply)
{
    const redisReply *entry = redis_reply_at(reply, 0);
    struct delivery *d = TAKE(i->delivery);
    struct event event;

    if (entry && event_parse(&event, entry, d->partition, NULL) == 0)
        delivery_send(d, &event);
    else
        delivery_send(d, NULL);
}

static void load_hand_back_waiting(struct load *l)
{
    struct list *node;

    while ((node = list_pop(&l->waiting)))
        load_hand_back(list_entry(node, struct load_item, link));
}

static void load_on_fetched_again(struct redis_request *request, int result, redisReply *reply)
{
    struct load_item *i = container_of(request, struct load_item, fetch);
    struct load *l = i->load;

    if (!result)
        result = redis_reply_result(reply);
    if (result)
        load_hand_back(i);
    else
        load_send_on(i, reply);
    l->n_pending--;
    load_release(l);
}

static void load_on_synced(void *arg, int result)
{
    struct load *l = arg;
    struct list *node;

    l->n_pending--;
    if (result)
        load_hand_back_waiting(l);
    while ((node = list_pop(&l->waiting))) {
        l->n_pending++;
        load_fetch(list_entry(node, struct load_item, link), load_on_fetched_again);
    }
    load_release(l);
}

static void load_sync(struct load *l)
{
    size_t n = 0;

    l->tenants = calloc(l->n_waiting, sizeof(*l->tenants));
    if (!l->tenants) {
        load_hand_back_waiting(l);
        return;
    }
    list_for_each (node, &l->waiting)
        l->tenants[n++] = list_entry(node, struct load_item, link)->delivery->job.tenant;
    l->n_pending = 1;
    config_cache_sync_start(&l->sync, l->setup->config_cache, l->setup->loop, l->partition, l->seen,
                            l->tenants, n, load_on_synced, l);
}

static void load_answered(struct load *l)
{
    if (--l->n_pending == 0 && !list_is_empty(&l->waiting))
        load_sync(l);
    load_release(l);
}

static bool load_knows(const struct load *l, const struct delivery *d)
{
    const struct config_cache *config_cache = l->setup->config_cache;

    return l->seen >= 0 && l->seen == config_cache_version(config_cache, l->partition) &&
           config_cache_find(config_cache, d->job.tenant);
}

static void load_on_fetched(struct redis_request *request, int result, redisReply *reply)
{
    struct load_item *i = container_of(request, struct load_item, fetch);
    struct load *l = i->load;

    if (!result)
        result = redis_reply_result(reply);
    if (result) {
        load_hand_back(i);
    } else if (load_knows(l, i->delivery)) {
        load_send_on(i, reply);
    } else {
        l->n_waiting++;
        list_push_back(&l->waiting, &i->link);
    }
    load_answered(l);
}

/* Comes before the bodies, as it was asked first. */
static void load_on_version(struct redis_request *request, int result, redisReply *reply)
{
    struct load *l = container_of(request, struct load, version);

    if (!result && redis_reply_result(reply) == 0 && !redis_reply_i64(reply, &l->seen))
        l->seen = 0; /* nothing has been configured yet */
    load_answered(l);
}

static void load_ask_version(struct load *l)
{
    const struct load_setup *s = l->setup;

    redis_command_begin(s->command);
    redis_arg_text(s->command, "GET");
    redis_arg_key(s->command, s->keys, l->partition, KEY_VERSION, SPAN(""));
    redis_send(s->redis, &l->version, s->command, 0, load_on_version, NULL);
}

static struct load *load_new(const struct load_setup *setup, unsigned partition, unsigned n)
{
    struct load *l = calloc(1, sizeof(*l) + n * sizeof(l->items[0]));

    if (!l)
        return NULL;
    l->setup = setup;
    l->partition = partition;
    l->seen = -1;
    l->n_pending = 1 + n;
    list_init(&l->waiting);
    return l;
}

static unsigned load_count(const struct list *deliveries)
{
    unsigned n = 0;

    list_for_each (node, deliveries)
        n++;
    return n;
}

static void load_hand_back_all(struct list *deliveries)
{
    struct list *node;

    while ((node = list_pop(deliveries)))
        delivery_hand_back(list_entry(node, struct delivery, wait));
}

void load_start(const struct load_setup *setup, unsigned partition, struct list *deliveries)
{
    struct load *l = load_new(setup, partition, load_count(deliveries));
    struct load_item *item;
    struct list *node;

    if (!l) {
        load_hand_back_all(deliveries);
        return;
    }
    load_ask_version(l);
    for (item = l->items; (node = list_pop(deliveries)); item++) {
        item->load = l;
        item->delivery = list_entry(node, struct delivery, wait);
        list_init(&item->link);
        load_fetch(item, load_on_fetched);
    }
}
