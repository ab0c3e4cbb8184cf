/* SPDX-License-Identifier: Apache-2.0 */
/* sim.c: what happens next. */
#include "sim.h"
#include "common/base/log.h"
#include "common/base/rng.h"
#include "scheduler/scheduler.h"
#include "worker/worker.h"
#include "world.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { ARGS_MAX = 24, FAULT_ONE_IN = 250 };

struct sim sim = {.fd = -1};

/* ---- drawing ---- */

/* splitmix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"). */
static uint64_t draw(void)
{
    uint64_t z = (sim.rng += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

uint64_t sim_below(uint64_t bound)
{
    return draw() % bound;
}

bool sim_chance(unsigned one_in)
{
    return sim_below(one_in) == 0;
}

static void draw_bytes(void *data, size_t len)
{
    uint8_t *out = data;

    while (len-- > 0)
        *out++ = (uint8_t)draw();
}

static int64_t mono_us(void)
{
    return sim.now_us;
}

int64_t sim_wall_us(void)
{
    return (int64_t)SIM_EPOCH_S * 1000000 + sim.now_us;
}

static int64_t wall_ms(void)
{
    return sim_wall_us() / 1000;
}

void sim_trace(const char *format, ...)
{
    char line[400];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    for (const char *at = line; *at; at++) /* FNV-1a */
        sim.hash = (sim.hash ^ (uint8_t)*at) * 0x100000001b3U;
    sim.hash = (sim.hash ^ (uint64_t)sim.now_us) * 0x100000001b3U;
    if (sim.is_traced)
        (void)fprintf(stderr, "%12.6f %s\n", (double)sim.now_us / 1e6, line);
}

/* ---- processes ---- */

struct process *sim_add(const char *name, bool is_worker)
{
    struct process *p = &sim.processes[sim.n_processes++];

    assert(sim.n_processes <= SIM_PROCESSES_MAX);
    *p = (struct process){.is_worker = is_worker, .wakes_us = -1};
    (void)snprintf(p->name, sizeof(p->name), "%s", name);
    list_init(&p->timers);
    list_init(&p->later);
    list_init(&p->clients);
    list_init(&p->calls);
    return p;
}

static int start_program(struct process *p, int argc, char **argv)
{
    p->program = calloc(1, p->is_worker ? sizeof(struct worker) : sizeof(struct scheduler));
    assert(p->program);
    return p->is_worker ? worker_start(p->program, argc, argv)
                        : scheduler_start(p->program, argc, argv);
}

void sim_start(struct process *p)
{
    char *argv[ARGS_MAX];
    char name[32];
    int argc = world_arguments(p, argv, ARGS_MAX - 2);

    (void)snprintf(name, sizeof(name), "--name=%s", p->name);
    argv[argc++] = name;
    argv[argc] = NULL;
    sim_trace("%s starts", p->name);
    sim.current = p;
    p->is_closing = false;
    p->state = PROCESS_RUNNING;
    p->wakes_us = -1;
    assert(start_program(p, argc, argv) == 0);
}

/* What it had in memory is not given back: a killed process cannot. */
void sim_kill(struct process *p, int64_t restart_us)
{
    if (p->state == PROCESS_OFF)
        return;
    sim_trace("%s is killed", p->name);
    sim_redis_forget(p);
    sim_http_forget(p);
    sim_loop_forget(p);
    p->state = PROCESS_OFF;
    p->wakes_us = restart_us < 0 ? -1 : sim.now_us + restart_us;
}

void sim_stop(struct process *p, int64_t for_us)
{
    if (p->state != PROCESS_RUNNING)
        return;
    sim_trace("%s is stopped for %lld ms", p->name, (long long)for_us / 1000);
    p->state = PROCESS_STOPPED;
    p->wakes_us = sim.now_us + for_us;
}

/* It closed everything: as main() does, its memory goes. */
static void end_program(struct process *p)
{
    int status;

    sim.current = p;
    status = p->is_worker ? worker_end(p->program) : scheduler_end(p->program);
    sim_trace("%s ends with %d", p->name, status);
    world_demand(status == 0, "%s ended with %d", p->name, status);
    free(p->program);
    p->state = PROCESS_OFF;
}

static void wake_up(void)
{
    for (unsigned i = 0; i < sim.n_processes; i++) {
        struct process *p = &sim.processes[i];

        if (p->state == PROCESS_RUNNING || p->wakes_us < 0 || sim.now_us < p->wakes_us)
            continue;
        if (p->state == PROCESS_OFF) {
            sim_start(p);
            continue;
        }
        sim_trace("%s goes on", p->name);
        p->state = PROCESS_RUNNING;
        p->wakes_us = -1;
    }
}

/* ---- choices ---- */

static unsigned own_choices(const struct process *p)
{
    return p->state != PROCESS_RUNNING
               ? 0
               : sim_loop_choices(p) + sim_redis_choices(p) + sim_http_choices(p);
}

static void do_own(struct process *p, unsigned choice)
{
    unsigned n = sim_loop_choices(p);

    sim.current = p;
    if (choice < n) {
        sim_loop_do(p, choice);
    } else {
        choice -= n;
        n = sim_redis_choices(p);
        if (choice < n)
            sim_redis_do(p, choice);
        else
            sim_http_do(p, choice - n);
    }
    if (p->is_closing && list_is_empty(&p->later) && list_is_empty(&p->loop->deferred))
        end_program(p);
}

static unsigned server_choices(const struct process *p)
{
    return p->state == PROCESS_OFF ? 0 : sim_redis_server_choices(p);
}

static bool do_one(void)
{
    unsigned total = 0, choice;

    for (unsigned i = 0; i < sim.n_processes; i++)
        total += own_choices(&sim.processes[i]) + server_choices(&sim.processes[i]);
    if (!total)
        return false;
    choice = (unsigned)sim_below(total);
    for (unsigned i = 0; i < sim.n_processes; i++) {
        struct process *p = &sim.processes[i];
        unsigned own = own_choices(p), served = server_choices(p);

        if (choice < own) {
            do_own(p, choice);
            return true;
        }
        if (choice < own + served) {
            sim_redis_server_do(p, choice - own);
            return true;
        }
        choice -= own + served;
    }
    return true;
}

/* ---- time ---- */

static int64_t next_of(const struct process *p)
{
    int64_t next_us = INT64_MAX;

    if (p->state != PROCESS_RUNNING && p->wakes_us >= 0)
        next_us = p->wakes_us;
    if (p->state != PROCESS_RUNNING)
        return next_us;
    next_us = MIN(sim_loop_next_us(p), sim_redis_next_us(p));
    return MIN(next_us, sim_http_next_us(p));
}

static bool advance(int64_t most_us)
{
    int64_t next_us = world_next_us();

    for (unsigned i = 0; i < sim.n_processes; i++)
        next_us = MIN(next_us, next_of(&sim.processes[i]));
    if (next_us == INT64_MAX)
        return false;
    sim.now_us = MAX(sim.now_us + 1, MIN(next_us, sim.now_us + most_us));
    wake_up();
    world_tick();
    return true;
}

/* ---- faults ---- */

static void draw_fault(void)
{
    struct process *p = &sim.processes[sim_below(sim.n_processes)];
    struct sim_faults *f = &sim.faults;

    switch (sim_below(4)) {
    case 0:
        if (f->kills && f->kills--)
            sim_kill(p, (int64_t)sim_below(60000000));
        return;
    case 1:
        if (f->stops && f->stops--)
            sim_stop(p, (int64_t)sim_below(sim_chance(2) ? 3000000 : 90000000));
        return;
    case 2:
        if (f->cuts && f->cuts-- && p->state != PROCESS_OFF)
            sim_redis_cut(p, (unsigned)sim_below(2));
        return;
    default:
        if (!f->outages || !f->outages--)
            return;
        sim.redis_away_us = sim.now_us + (int64_t)sim_below(60000000);
        sim_trace("redis is away");
        for (unsigned i = 0; i < sim.n_processes; i++)
            for (unsigned c = 0; c < 2 && sim.processes[i].state != PROCESS_OFF; c++)
                sim_redis_cut(&sim.processes[i], c);
    }
}

/* ---- the schedule ---- */

void sim_begin(uint64_t seed, const struct sim_faults *faults)
{
    for (unsigned i = 0; i < sim.n_processes; i++)
        sim_kill(&sim.processes[i], -1);
    sim.rng = seed * 0x9e3779b97f4a7c15U + 1;
    sim.now_us = 1000000;
    sim.n_processes = 0;
    sim.faults = *faults;
    sim.n_ops = 0;
    sim.redis_away_us = 0;
    sim.is_calm = false;
    sim.hash = 0xcbf29ce484222325U;
    clock_replace(mono_us, wall_ms);
    rng_replace(draw_bytes);
}

bool sim_step(void)
{
    if (!sim.is_calm && sim.faults.at_op < 0 && sim_chance(FAULT_ONE_IN))
        draw_fault();
    if (sim_chance(6))
        (void)advance(5000);
    return do_one() || advance(INT64_MAX / 4);
}
