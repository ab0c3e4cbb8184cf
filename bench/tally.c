/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/tally.h"

#include <errno.h>
#include <inttypes.h>

static void tally_add_others(struct tally *t)
{
    memset(&t->paths[0], 0, sizeof(t->paths[0]));
    memcpy(t->paths[0].name, "(others)", 9);
    t->n_paths = 1;
}

int tally_init(struct tally *t, const struct tally_options *o)
{
    int r;

    *t = (struct tally){.window_us = o->window_us, .counters = o->counters};
    t->paths = calloc(TALLY_PATHS_MAX, sizeof(*t->paths));
    t->path_slots = calloc(TALLY_PATH_SLOTS, sizeof(*t->path_slots));
    t->seconds = calloc(TALLY_SECONDS_MAX, sizeof(*t->seconds));
    if (!t->paths || !t->path_slots || !t->seconds)
        return -ENOMEM;
    r = id_set_init(&t->ids, o->ids_max);
    if (r)
        return r;
    tally_add_others(t);
    return 0;
}

static void clear_paths(struct tally *t)
{
    for (size_t i = 0; i < t->n_paths; i++)
        window_fini(&t->paths[i].window);
    memset(t->path_slots, 0, TALLY_PATH_SLOTS * sizeof(*t->path_slots));
    tally_add_others(t);
}

void tally_fini(struct tally *t)
{
    if (t->paths && t->path_slots)
        clear_paths(t);
    free(t->paths);
    free(t->path_slots);
    free(t->seconds);
    id_set_fini(&t->ids);
}

void tally_clear(struct tally *t, int64_t now_us)
{
    struct counters *c = t->counters;

    clear_paths(t);
    id_set_clear(&t->ids);
    histogram_clear(&t->latency);
    memset(t->seconds, 0, TALLY_SECONDS_MAX * sizeof(*t->seconds));
    t->start_us = now_us;
    c->requests = c->distinct = c->answered = c->failed = 0;
    c->held_most = counters_get(&c->held);
}

/* /t/123/hook?x → /t/123 */
static struct span path_key(struct span path)
{
    size_t i;
    int slashes = 0;

    for (i = 0; i < path.len && path.data[i] != '?'; i++)
        if (path.data[i] == '/' && ++slashes == 3)
            break;
    return (struct span){path.data, MIN(i, sizeof(((struct tally_path *)NULL)->name) - 1)};
}

static uint64_t tally_hash_of(struct span text)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (uint8_t)text.data[i]) * 0x100000001b3u;
    return hash ^ (hash >> 32);
}

static struct tally_path *tally_add_path(struct tally *t, struct span key, uint64_t hash,
                                         size_t slot)
{
    struct tally_path *path;

    if (t->n_paths == TALLY_PATHS_MAX)
        return &t->paths[0];
    path = &t->paths[t->n_paths];
    memset(path, 0, sizeof(*path));
    memcpy(path->name, key.data, key.len);
    path->hash = hash;
    t->path_slots[slot] = (uint32_t)t->n_paths++;
    return path;
}

static struct tally_path *find_path(struct tally *t, struct span key)
{
    uint64_t hash = tally_hash_of(key);
    size_t slot = hash & (TALLY_PATH_SLOTS - 1);

    while (t->path_slots[slot]) {
        struct tally_path *path = &t->paths[t->path_slots[slot]];

        if (path->hash == hash && span_equal(span_of(path->name), key))
            return path;
        slot = (slot + 1) & (TALLY_PATH_SLOTS - 1);
    }
    return tally_add_path(t, key, hash, slot);
}

int64_t tally_request(struct tally *t, const struct request *request, int64_t now_us)
{
    struct tally_path *path = find_path(t, path_key(request->path));
    bool is_first = !request->delivery_id.len || id_set_add(&t->ids, request->delivery_id);
    int64_t published_us = request_publish_us(request->body);
    int64_t second = (now_us - t->start_us) / 1000000;

    path->requests++;
    path->distinct += is_first;
    if (t->window_us)
        window_add(&path->window, now_us, t->window_us);
    counters_add(&t->counters->requests, 1);
    counters_add(&t->counters->distinct, is_first);
    if (second < TALLY_SECONDS_MAX)
        t->seconds[second]++;
    if (!published_us)
        return -1;
    if (is_first)
        histogram_add(&t->latency, now_us - published_us);
    return now_us - published_us;
}

void tally_write_json(const struct tally *t, int64_t now_us, FILE *out)
{
    const struct counters *c = t->counters;

    fprintf(out, "{\"now_us\":%" PRId64 ",\"since_us\":%" PRId64, now_us, t->start_us);
    fprintf(out, ",\"requests\":%" PRIu64 ",\"distinct\":%" PRIu64 ",\"repeated\":%" PRIu64,
            counters_get(&c->requests), counters_get(&c->distinct),
            counters_get(&c->requests) - counters_get(&c->distinct));
    fprintf(out, ",\"answered\":%" PRIu64 ",\"failed\":%" PRIu64, counters_get(&c->answered),
            counters_get(&c->failed));
    fprintf(out, ",\"held\":%" PRIu64 ",\"held_most\":%" PRIu64 ",\"connections\":%" PRIu64,
            counters_get(&c->held), counters_get(&c->held_most), counters_get(&c->connections));
    fprintf(out, ",\"ids_full\":%s,\"latency_us\":",
            t->ids.count == t->ids.count_max ? "true" : "false");
    histogram_write_json(&t->latency, out);
    fputs("}\n", out);
}

/* A path is what a client sent: only what JSON takes as it is goes out. */
static void tally_write_name(const char *name, FILE *out)
{
    fputc('"', out);
    for (; *name; name++)
        fputc(*name < ' ' || *name == '"' || *name == '\\' || *name == 0x7f ? '?' : *name, out);
    fputc('"', out);
}

void tally_write_paths_json(const struct tally *t, FILE *out)
{
    fprintf(out, "{\"window_s\":%.3f,\"paths\":{", (double)t->window_us / 1e6);
    for (size_t i = t->paths[0].requests ? 0 : 1; i < t->n_paths; i++) {
        const struct tally_path *path = &t->paths[i];

        tally_write_name(path->name, out);
        fprintf(out, ":{\"requests\":%" PRIu64 ",\"distinct\":%" PRIu64, path->requests,
                path->distinct);
        if (t->window_us)
            fprintf(out,
                    ",\"window_most\":%" PRIu32 ",\"window_most_us\":%" PRId64
                    ",\"window_is_lower_bound\":%s",
                    path->window.most, path->window.most_us,
                    path->window.overflowed ? "true" : "false");
        fputs(i + 1 < t->n_paths ? "}," : "}", out);
    }
    fputs("}}\n", out);
}

void tally_write_seconds_json(const struct tally *t, int64_t now_us, FILE *out)
{
    int64_t last = MIN((now_us - t->start_us) / 1000000, (int64_t)TALLY_SECONDS_MAX - 1);

    fprintf(out, "{\"since_us\":%" PRId64 ",\"requests\":[", t->start_us);
    for (int64_t i = 0; i <= last; i++)
        fprintf(out, i ? ",%" PRIu32 : "%" PRIu32, t->seconds[i]);
    fputs("]}\n", out);
}
