/* load.c: see load.h.
 *
 *   version + bodies ──all cached──► each delivery goes on
 *          └── stale or missing ──► sync ──► bodies again ──► each delivery goes on */
#include "worker/load.h"

#include "common/base/err.h"
#include "worker/worker.h"
#include <errno.h>

static void load_release(struct load *l)
{
    if (l->n_pending || !list_is_empty(&l->waiting))
        return;
    free(l->tenants);
    free(l);
}

/* [[id, fields]] or []: the event whose body was asked for. */
static void send_on(struct delivery *d, const redisReply *reply)
{
    const redisReply *entry = redis_reply_at(reply, 0);
    struct event event;

    d->load = NULL;
    if (entry && event_parse(&event, entry, d->partition, NULL) == 0)
        delivery_send(d, &event);
    else
        delivery_send(d, NULL);
}

static void hand_back_waiting(struct load *l)
{
    struct list *node;

    while ((node = list_pop(&l->waiting)))
        delivery_hand_back(list_entry(node, struct delivery, wait));
}

static void on_fetched_again(struct redis_request *request, int result, redisReply *reply)
{
    struct delivery *d = container_of(request, struct delivery, fetch);
    struct load *l = d->load;

    if (!result)
        result = redis_reply_result(reply);
    d->load = NULL;
    if (result)
        delivery_hand_back(d);
    else
        send_on(d, reply);
    l->n_pending--;
    load_release(l);
}

static void on_synced(void *arg, int result)
{
    struct load *l = arg;
    struct list *node;

    l->n_pending--;
    if (result)
        hand_back_waiting(l);
    while ((node = list_pop(&l->waiting))) {
        l->n_pending++;
        delivery_fetch(list_entry(node, struct delivery, wait), on_fetched_again);
    }
    load_release(l);
}

static void sync_waiting(struct load *l)
{
    size_t n = 0;

    l->tenants = calloc(l->n_waiting, sizeof(*l->tenants));
    if (!l->tenants) {
        hand_back_waiting(l);
        return;
    }
    list_for_each (node, &l->waiting)
        l->tenants[n++] = list_entry(node, struct delivery, wait)->job.tenant;
    l->n_pending = 1;
    directory_sync_start(&l->sync, l->worker->directory, &l->worker->service.loop, l->partition,
                         l->seen, l->tenants, n, on_synced, l);
}

static void load_answered(struct load *l)
{
    if (--l->n_pending == 0 && !list_is_empty(&l->waiting))
        sync_waiting(l);
    load_release(l);
}

static bool is_known(const struct load *l, const struct delivery *d)
{
    const struct directory *directory = l->worker->directory;

    return l->seen >= 0 && l->seen == directory_version(directory, l->partition) &&
           directory_find(directory, d->job.tenant);
}

static void on_fetched(struct redis_request *request, int result, redisReply *reply)
{
    struct delivery *d = container_of(request, struct delivery, fetch);
    struct load *l = d->load;

    if (!result)
        result = redis_reply_result(reply);
    if (result) {
        d->load = NULL;
        delivery_hand_back(d);
    } else if (is_known(l, d)) {
        send_on(d, reply);
    } else {
        d->state = DELIVERY_WAITING;
        l->n_waiting++;
        list_push_back(&l->waiting, &d->wait);
    }
    load_answered(l);
}

/* Comes before the bodies, as it was asked first. */
static void on_version(struct redis_request *request, int result, redisReply *reply)
{
    struct load *l = container_of(request, struct load, version);

    if (!result && redis_reply_result(reply) == 0 && !redis_reply_i64(reply, &l->seen))
        l->seen = 0; /* nothing has been configured yet */
    load_answered(l);
}

static void ask_version(struct load *l)
{
    struct worker *w = l->worker;

    redis_command_begin(&w->command);
    redis_arg_text(&w->command, "GET");
    redis_arg_key(&w->command, &w->keys, l->partition, KEY_VERSION, SPAN(""));
    redis_send(w->redis, &l->version, &w->command, 0, on_version, NULL);
}

static void hand_back_all(struct list *deliveries)
{
    struct list *node;

    while ((node = list_pop(deliveries)))
        delivery_hand_back(list_entry(node, struct delivery, wait));
}

void load_start(struct worker *w, unsigned partition, struct list *deliveries)
{
    struct load *l = calloc(1, sizeof(*l));
    struct list *node;

    if (!l) {
        hand_back_all(deliveries);
        return;
    }
    *l = (struct load){.worker = w, .partition = partition, .seen = -1, .n_pending = 1};
    list_init(&l->waiting);
    ask_version(l);
    while ((node = list_pop(deliveries))) {
        struct delivery *d = list_entry(node, struct delivery, wait);

        d->load = l;
        l->n_pending++;
        delivery_fetch(d, on_fetched);
    }
}
