/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint_file.c: lines → tenants → endpoints → what became of each line, batch by batch.
 *
 * A batch takes three round trips: read the tenants that it names, add those that are missing, add the
 * endpoints. Memory is bounded by the batch. What Redis itself refuses ends the run; a line that is
 * wrong does not. */
#include "cli/manage/endpoint_file.h"
#include "admin/tenant/endpoint_line.h"
#include "admin/tenant/store_endpoint.h"
#include "admin/tenant/store_tenant.h"
#include "cli/json_write.h"
#include "cli/lines.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/endpoint_view.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <unistd.h>

enum { BATCH = 100, LINE_BYTES_MAX = 64 << 10, JSON_MAX = 4096 };

/* A tenant that lines of the batch name. */
struct slot {
    const char *id;
    struct tenant *t; /* NULL: there is none */
    size_t creator;   /* the first line that wants it made; BATCH: none does */
    bool was_there;
};

struct line {
    uint64_t number;
    struct endpoint_line wanted;
    struct slot *slot;
    struct endpoint *e; /* made, but not there before the batch is sent */
    struct made_secret made;
    struct diag words; /* why not; "": it is fine */
};

struct run {
    struct store *s;
    const struct endpoint_rules *rules;
    struct lines input;
    struct line lines[BATCH];
    struct slot slots[BATCH];
    struct store_item items[BATCH];
    size_t n, n_slots;
    int64_t now_ms;
    bool is_at_end;
    uint64_t added, refused;
};

static bool is_fine(const struct line *l)
{
    return !*l->words.text;
}

/* --- reading a batch -------------------------------------------------------------------------- */

static bool endpoint_file_is_blank(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!text.data[i] || !strchr(" \t\r", text.data[i]))
            return false;
    return true;
}

/* 0, or an exit status. */
static int endpoint_file_read_line(struct run *run)
{
    struct line *l = &run->lines[run->n];
    char *text = NULL;
    size_t len = 0;
    int r = lines_next(&run->input, &text, &len);

    if (r < 0)
        return cli_fail(cli_of(run->s), EXIT_FAILED, "the input cannot be read: %s",
                        strerrordesc_np(-r));
    run->is_at_end = r == LINES_END;
    if (run->is_at_end || (!r && endpoint_file_is_blank((struct span){text, len})))
        return 0;
    *l = (struct line){.number = run->input.number};
    run->n++;
    if (r == LINES_TOO_LONG)
        (void)diag_set(&l->words, "longer than %d bytes", LINE_BYTES_MAX);
    else if (endpoint_line_parse(&l->wanted, (struct span){text, len}, &l->words) == -ENOMEM)
        return cli_fail(cli_of(run->s), EXIT_FAILED, "out of memory");
    return 0;
}

static void endpoint_file_free_batch(struct run *run)
{
    for (size_t i = 0; i < run->n_slots; i++)
        (void)tenant_unref(run->slots[i].t);
    for (size_t i = 0; i < run->n; i++) {
        endpoint_line_fini(&run->lines[i].wanted);
        (void)endpoint_free(run->lines[i].e);
        OPENSSL_cleanse(&run->lines[i].made, sizeof(run->lines[i].made));
    }
    run->n = run->n_slots = 0;
}

/* --- tenants ---------------------------------------------------------------------------------- */

static struct slot *find_slot(struct run *run, const char *tenant)
{
    struct slot *slot;

    for (size_t i = 0; i < run->n_slots; i++)
        if (strcmp(run->slots[i].id, tenant) == 0)
            return &run->slots[i];
    slot = &run->slots[run->n_slots++];
    *slot = (struct slot){.id = tenant, .creator = BATCH};
    return slot;
}

static void list_tenants(struct run *run)
{
    for (size_t i = 0; i < run->n; i++) {
        struct line *l = &run->lines[i];

        if (!is_fine(l))
            continue;
        l->slot = find_slot(run, l->wanted.body.spec.tenant);
        if (l->wanted.creates_tenant)
            l->slot->creator = MIN(l->slot->creator, i);
    }
}

static int load_tenants(struct run *run)
{
    int r;

    for (size_t i = 0; i < run->n_slots; i++)
        store_tenant_get_item(run->s, &run->items[i], span_of(run->slots[i].id));
    r = store_call_all(run->s, run->items, run->n_slots);
    for (size_t i = 0; i < run->n_slots && !r; i++) {
        struct slot *slot = &run->slots[i];

        r = store_tenant_parse(run->s, span_of(slot->id), run->items[i].reply, &slot->t);
        slot->was_there = slot->t;
        if (r == STORE_MISSING)
            r = 0;
    }
    store_items_clear(run->items, run->n_slots);
    return r;
}

static int make_tenant(struct run *run, struct slot *slot)
{
    const struct endpoint_line *wanted = &run->lines[slot->creator].wanted;
    int r = tenant_new(&slot->t, span_of(slot->id));

    if (r)
        return r;
    slot->t->limit = wanted->limit;
    slot->t->may_be_plain = wanted->may_be_plain;
    slot->t->created_ms = run->now_ms;
    return 0;
}

/* Somebody else may have added it in between: then that one it is. */
static int judge_tenant(struct run *run, struct slot *slot, const redisReply *reply)
{
    int r = store_configure_result(run->s, reply);

    if (r != STORE_EXISTS)
        return r;
    slot->t = tenant_unref(slot->t);
    r = store_tenant_get(run->s, span_of(slot->id), &slot->t, NULL);
    return r == STORE_MISSING ? 0 : r;
}

static int add_tenants(struct run *run)
{
    struct slot *sent[BATCH];
    size_t n = 0;
    int r = 0;

    for (size_t i = 0; i < run->n_slots && !r; i++) {
        struct slot *slot = &run->slots[i];

        if (slot->t || slot->creator == BATCH)
            continue;
        r = make_tenant(run, slot);
        if (!r) {
            store_tenant_put_item(run->s, &run->items[n], slot->t, SPAN(""));
            sent[n++] = slot;
        }
    }
    r = r ? r : store_call_all(run->s, run->items, n);
    for (size_t i = 0; i < n && !r; i++)
        r = judge_tenant(run, sent[i], run->items[i].reply);
    store_items_clear(run->items, n);
    return r;
}

/* --- endpoints -------------------------------------------------------------------------------- */

static int make_endpoint(struct run *run, size_t i)
{
    struct line *l = &run->lines[i];
    int r;

    if (!is_fine(l))
        return 0;
    if (!l->slot->t || (!l->slot->was_there && i < l->slot->creator)) {
        (void)diag_set(&l->words, "tenant: there is no tenant %s", l->slot->id);
        return 0;
    }
    r = endpoint_spec_make(&l->e, &l->wanted.body.spec, l->slot->t, run->s->keys.partitions,
                           run->rules, run->now_ms, &l->made, &l->words);
    return is_fine(l) ? r : 0;
}

static int judge_endpoint(struct run *run, struct line *l, const redisReply *reply)
{
    int r = store_configure_result(run->s, reply);

    if (r == STORE_NO_TENANT)
        (void)diag_set(&l->words, "tenant: %s was removed meanwhile", l->slot->id);
    else if (r == STORE_TOO_MANY)
        (void)diag_set(&l->words, "tenant: %s has %d endpoints, which is the most", l->slot->id,
                       ENDPOINTS_PER_TENANT_MAX);
    else
        return r;
    return 0;
}

static int add_endpoints(struct run *run)
{
    struct line *sent[BATCH];
    size_t n = 0;
    int r = 0;

    for (size_t i = 0; i < run->n && !r; i++) {
        r = make_endpoint(run, i);
        if (r || !is_fine(&run->lines[i]))
            continue;
        store_endpoint_put_item(run->s, &run->items[n], run->lines[i].e, SPAN(""));
        sent[n++] = &run->lines[i];
    }
    r = r ? r : store_call_all(run->s, run->items, n);
    for (size_t i = 0; i < n && !r; i++)
        r = judge_endpoint(run, sent[i], run->items[i].reply);
    store_items_clear(run->items, n);
    return r;
}

/* --- telling ---------------------------------------------------------------------------------- */

static int print_refused(struct run *run, const struct line *l)
{
    struct buf json;
    int status;

    (void)fprintf(stderr, "line %" PRIu64 ": %s\n", l->number, l->words.text);
    if (!cli_of(run->s)->is_json)
        return EXIT_DONE;
    buf_init(&json, JSON_MAX);
    json_begin(&json, '{');
    json_put_i64(&json, "line", (int64_t)l->number);
    json_put_text(&json, "error", l->words.text);
    json_end(&json, '}');
    status = cli_print_json(cli_of(run->s), &json);
    buf_fini(&json);
    return status;
}

static int endpoint_file_tell_batch(struct run *run)
{
    int status = EXIT_DONE;

    for (size_t i = 0; i < run->n && !status; i++) {
        const struct line *l = &run->lines[i];

        if (is_fine(l)) {
            run->added++;
            status = endpoint_print(cli_of(run->s), l->e, "added", l->made.text, l->number);
        } else {
            run->refused++;
            status = print_refused(run, l);
        }
    }
    return status;
}

/* The batch did not get through: some of it may be there. */
static int endpoint_file_tell_broken(const struct run *run, int r)
{
    (void)fprintf(stderr,
                  "Lines before %" PRIu64 " are dealt with; of lines %" PRIu64 " to %" PRIu64
                  " it is not known.\n",
                  run->lines[0].number, run->lines[0].number, run->lines[run->n - 1].number);
    return cli_store_fail(run->s, r);
}

/* --- the run ---------------------------------------------------------------------------------- */

static int add_batch(struct run *run)
{
    int status = 0, r;

    while (!status && !run->is_at_end && run->n < BATCH)
        status = endpoint_file_read_line(run);
    if (status || !run->n)
        return status;
    list_tenants(run);
    r = store_change_begin(run->s, &run->now_ms);
    r = r ? r : load_tenants(run);
    r = r ? r : add_tenants(run);
    r = r ? r : add_endpoints(run);
    return r ? endpoint_file_tell_broken(run, r) : endpoint_file_tell_batch(run);
}

static int add_all(struct run *run)
{
    int status = 0;

    while (!status && !run->is_at_end) {
        status = add_batch(run);
        endpoint_file_free_batch(run);
    }
    if (status)
        return status;
    if (!cli_of(run->s)->is_json)
        (void)printf("%" PRIu64 " added, %" PRIu64 " refused\n", run->added, run->refused);
    return run->refused ? EXIT_FAILED : EXIT_DONE;
}

static int endpoint_file_with_input(struct run *run, int fd)
{
    int status;

    store_items_init(run->items, BATCH);
    status = lines_init(&run->input, fd, LINE_BYTES_MAX)
                 ? cli_fail(cli_of(run->s), EXIT_FAILED, "out of memory")
                 : add_all(run);
    lines_fini(&run->input);
    store_items_fini(run->items, BATCH);
    return status;
}

int endpoint_file_add(struct store *s, const struct endpoint_rules *rules, const char *path)
{
    bool is_file = strcmp(path, "-") != 0;
    int fd = is_file ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO, status;
    struct run *run;

    if (fd < 0)
        return cli_fail(cli_of(s), EXIT_FAILED, "--from: %s: %s", path, strerrordesc_np(errno));
    run = calloc(1, sizeof(*run));
    if (run) {
        run->s = s;
        run->rules = rules;
        status = endpoint_file_with_input(run, fd);
    } else {
        status = cli_fail(cli_of(s), EXIT_FAILED, "out of memory");
    }
    free(run);
    if (is_file)
        (void)close(fd);
    return status;
}
