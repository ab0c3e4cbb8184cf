/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/delivery/delivery_record.h"
#include "common/base/err.h"
#include <errno.h>

enum { ENTRIES_MAX = 100000 };

static int delivery_record_add_entry(struct delivery_record *d, size_t *room,
                                     const struct record_entry *e)
{
    struct record_entry *grown;

    if (d->n == *room) {
        *room = *room ? *room * 2 : 8;
        grown = reallocarray(d->entries, *room, sizeof(*grown));
        if (!grown)
            return err_origin(-ENOMEM);
        d->entries = grown;
    }
    d->entries[d->n++] = *e;
    return d->n > ENTRIES_MAX ? err_origin(-EBADMSG) : 0;
}

static int read_entries(struct delivery_record *d, struct span bytes)
{
    struct record_reader *reader;
    struct record_entry e;
    size_t room = 0;
    int r = record_open(&reader, bytes);

    if (r)
        return r;
    while (!(r = record_next(reader, &e))) {
        r = delivery_record_add_entry(d, &room, &e);
        if (r)
            break;
    }
    (void)record_close(reader);
    return r == RECORD_END ? 0 : r;
}

int delivery_record_parse(struct delivery_record *ret, struct span id, struct span bytes)
{
    struct delivery_record d = {0};
    int r;

    if (id_parse(id, "whd_", &d.partition) || id.len >= sizeof(d.id))
        return err_origin(-EBADMSG);
    memcpy(d.id, id.data, id.len);
    r = read_entries(&d, bytes);
    if (!r && (!d.n || d.entries[0].kind != RECORD_CREATED))
        r = err_origin(-EBADMSG);
    if (r)
        delivery_record_fini(&d);
    else
        *ret = d;
    return r;
}

void delivery_record_fini(struct delivery_record *d)
{
    free(d->entries);
    d->entries = NULL;
    d->n = 0;
}

int delivery_record_add(struct delivery_record *d, const struct record_entry *e)
{
    size_t room = d->n;

    return delivery_record_add_entry(d, &room, e);
}

const struct record_entry *delivery_created(const struct delivery_record *d)
{
    return &d->entries[0];
}

const struct record_entry *delivery_last(const struct delivery_record *d)
{
    return &d->entries[d->n - 1];
}

const struct record_entry *delivery_last_attempt(const struct delivery_record *d)
{
    for (size_t i = d->n; i-- > 0;)
        if (d->entries[i].kind == RECORD_ATTEMPT)
            return &d->entries[i];
    return NULL;
}

bool delivery_is_final(const struct delivery_record *d)
{
    return delivery_last(d)->kind == RECORD_FINAL;
}

struct span delivery_status(const struct delivery_record *d)
{
    return delivery_is_final(d) ? delivery_last(d)->final : SPAN("pending");
}

int64_t delivery_next_ms(const struct delivery_record *d)
{
    const struct record_entry *last = delivery_last(d);

    return last->kind == RECORD_RETRY || last->kind == RECORD_AGAIN ? last->due_ms : 0;
}

enum delivery_place delivery_place(const struct delivery_record *d, int64_t now_ms)
{
    if (delivery_is_final(d))
        return PLACE_ENDED;
    if (delivery_last(d)->kind == RECORD_ATTEMPT)
        return PLACE_VERDICT;
    return delivery_next_ms(d) > now_ms ? PLACE_DELAYED : PLACE_READY;
}

const char *delivery_place_name(enum delivery_place place)
{
    static const char *const names[] = {
        [PLACE_ENDED] = "ended",
        [PLACE_READY] = "ready",
        [PLACE_VERDICT] = "verdict",
        [PLACE_DELAYED] = "delayed",
    };

    return names[place];
}

const char *delivery_place_words(enum delivery_place place)
{
    static const char *const words[] = {
        [PLACE_ENDED] = "ended",
        [PLACE_READY] = "ready: waits for a permit or a worker, or is being sent",
        [PLACE_VERDICT] = "the last attempt failed: a scheduler decides what comes next",
        [PLACE_DELAYED] = "backs off until its next attempt is due",
    };

    return words[place];
}
