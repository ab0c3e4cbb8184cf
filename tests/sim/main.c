/* SPDX-License-Identifier: Apache-2.0 */
/* main.c: runs schedules: `sim_grapnel [--seeds N] [--seed S] [--sweep [--every K]] [--trace]`, with SIM_REDIS, the socket of a
 * redis-server of its own. Exit status 1 and the seed, when something is wrong. */
#include "common/redis/redis_client.h"
#include "sim.h"
#include "world.h"
#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STEPS_MAX = 400000,
    CALM_AFTER_US = 120000000,
    CHECK_EVERY = 150,
    END_CHECK_EVERY = 200,
    A_CHILD = 50
};

struct run {
    uint64_t seed;
    struct sim_faults faults;
};

struct totals {
    unsigned long long schedules, deliveries, steps, ops, virtual_s;
};

static void connect_redis(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", getenv("SIM_REDIS"));
    sim.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sim.reader = redisReaderCreate();
    if (sim.fd < 0 || !sim.reader ||
        connect(sim.fd, (struct sockaddr *)&address, sizeof(address))) {
        perror("SIM_REDIS");
        exit(2);
    }
}

/* ---- one schedule ---- */

static unsigned step_until(bool (*is_done)(void), unsigned steps, unsigned every)
{
    for (; steps < STEPS_MAX && !world_n_wrong(); steps++) {
        if (sim.now_us > CALM_AFTER_US)
            sim.is_calm = true; /* what is left has its peace, so that it can end */
        if (steps % CHECK_EVERY == 0)
            world_check();
        if (steps % every == 0 && is_done())
            return steps;
        if (!sim_step())
            world_demand(false, "nothing can happen any more");
    }
    world_demand(steps < STEPS_MAX, "it does not end");
    return steps;
}

static bool all_ended(void)
{
    for (unsigned i = 0; i < sim.n_processes; i++)
        if (sim.processes[i].state != PROCESS_OFF || sim.processes[i].wakes_us >= 0)
            return false;
    return true;
}

static bool all_run(void)
{
    for (unsigned i = 0; i < sim.n_processes; i++)
        if (sim.processes[i].state != PROCESS_RUNNING)
            return false;
    return true;
}

/* False: something is wrong. */
static bool run_schedule(const struct run *run, struct totals *totals)
{
    unsigned steps;

    sim_begin(run->seed, &run->faults);
    world_begin();
    steps = step_until(world_is_done, 0, END_CHECK_EVERY);
    sim.is_calm = true;
    if (!world_n_wrong())
        world_judge();
    steps = step_until(all_run, steps, 1);
    for (unsigned i = 0; i < sim.n_processes && !world_n_wrong(); i++)
        sim_terminate(&sim.processes[i]);
    steps = step_until(all_ended, steps, 1);
    if (!world_n_wrong())
        world_judge_end();
    totals->schedules++;
    totals->deliveries += world_n_deliveries();
    totals->steps += steps;
    totals->ops += (unsigned long long)sim.n_ops;
    totals->virtual_s += (unsigned long long)(sim.now_us / 1000000);
    if (world_n_wrong())
        (void)fprintf(stderr, "failed: --seed %llu --fault %d --at-op %lld\n",
                      (unsigned long long)run->seed, (int)run->faults.fault,
                      (long long)run->faults.at_op);
    return world_n_wrong() == 0;
}

static struct run drawn_run(uint64_t seed)
{
    return (struct run){.seed = seed,
                        .faults = {.kills = (unsigned)(seed % 4),
                                   .stops = (unsigned)(seed / 4 % 3),
                                   .cuts = (unsigned)(seed / 12 % 4),
                                   .outages = (unsigned)(seed / 48 % 2),
                                   .at_op = -1}};
}

/* ---- many ---- */

/* Killed processes leave their memory behind: every now and then in a child of ours, which ends. */
static bool in_child(bool (*work)(const void *arg, struct totals *totals), const void *arg,
                     struct totals *totals)
{
    int ends[2], status = 1;
    pid_t child;

    assert(!pipe(ends));
    child = fork();
    if (child == 0) {
        bool is_good;

        connect_redis();
        is_good = work(arg, totals);
        assert(write(ends[1], totals, sizeof(*totals)) == sizeof(*totals));
        _exit(is_good ? 0 : 1);
    }
    (void)close(ends[1]);
    (void)!read(ends[0], totals, sizeof(*totals));
    (void)close(ends[0]);
    assert(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct range {
    uint64_t first, n;
};

static bool run_range(const void *arg, struct totals *totals)
{
    const struct range *r = arg;
    bool is_good = true;

    for (uint64_t i = 0; i < r->n && is_good; i++) {
        struct run run = drawn_run(r->first + i);

        is_good = run_schedule(&run, totals);
    }
    return is_good;
}

static bool run_one(const void *arg, struct totals *totals)
{
    return run_schedule(arg, totals);
}

static bool run_seeds(uint64_t first, uint64_t n, struct totals *totals)
{
    for (uint64_t i = 0; i < n; i += A_CHILD) {
        struct range r = {first + i, MIN(n - i, (uint64_t)A_CHILD)};

        if (!in_child(run_range, &r, totals))
            return false;
    }
    return true;
}

/* The same schedule again and again, and each time the next operation goes wrong, in each way. */
struct sweep {
    uint64_t seed;
    enum sim_fault fault;
    int64_t first, n, every;
};

static bool run_sweep_part(const void *arg, struct totals *totals)
{
    const struct sweep *s = arg;

    for (int64_t op = s->first; op < s->first + s->n; op += s->every) {
        struct run run = {.seed = s->seed, .faults = {.at_op = op, .fault = s->fault}};

        if (!run_schedule(&run, totals))
            return false;
    }
    return true;
}

static bool run_sweep(uint64_t seed, int64_t every, struct totals *totals)
{
    struct run plain = {.seed = seed, .faults = {.at_op = INT64_MAX}};
    struct totals first = {0};
    bool is_good = in_child(run_one, &plain, &first);

    for (int fault = 0; fault < SIM_FAULTS && is_good; fault++)
        for (int64_t op = 0; op < (int64_t)first.ops && is_good; op += A_CHILD * every) {
            struct sweep s = {seed, (enum sim_fault)fault, op,
                              MIN(A_CHILD * every, (int64_t)first.ops - op), every};

            is_good = in_child(run_sweep_part, &s, totals);
        }
    return is_good;
}

static void tell(const struct totals *t)
{
    (void)printf("%llu schedules, %llu deliveries, %llu operations, %llu steps, %llu hours of "
                 "virtual time\n",
                 t->schedules, t->deliveries, t->ops, t->steps, t->virtual_s / 3600);
}

/* ---- command line ---- */

struct wish {
    uint64_t seed, n_seeds;
    int64_t every; /* of a sweep: each so-many-th operation */
    struct run one;
    bool is_one, is_sweep, is_twice;
};

static void parse(struct wish *w, int argc, char **argv)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'},
        {"seeds", required_argument, NULL, 'n'},
        {"sweep", no_argument, NULL, 'w'},
        {"trace", no_argument, NULL, 't'},
        {"at-op", required_argument, NULL, 'o'},
        {"fault", required_argument, NULL, 'f'},
        {"every", required_argument, NULL, 'e'},
        {"twice", no_argument, NULL, '2'},
        {0},
    };
    int64_t at_op = -1;
    int fault = 0, c;

    *w = (struct wish){.n_seeds = 1, .every = 1};
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 's':
            w->seed = strtoull(optarg, NULL, 10);
            break;
        case 'n':
            w->n_seeds = strtoull(optarg, NULL, 10);
            break;
        case 'w':
            w->is_sweep = true;
            break;
        case 't':
            sim.is_traced = true;
            break;
        case 'o':
            at_op = strtoll(optarg, NULL, 10);
            break;
        case 'f':
            fault = (int)strtol(optarg, NULL, 10);
            break;
        case 'e':
            w->every = MAX(strtoll(optarg, NULL, 10), 1);
            break;
        case '2':
            w->is_twice = true;
            break;
        default:
            exit(2);
        }
    }
    w->one = drawn_run(w->seed);
    w->is_one = at_op >= 0;
    if (w->is_one)
        w->one.faults = (struct sim_faults){.at_op = at_op, .fault = (enum sim_fault)fault};
}

/* Whether a seed is a schedule. */
static bool run_twice(const struct run *run, struct totals *totals)
{
    uint64_t first;
    bool is_good = run_schedule(run, totals);

    first = sim.hash;
    is_good = run_schedule(run, totals) && is_good;
    if (first != sim.hash)
        (void)fprintf(stderr, "the second run of seed %llu was another\n",
                      (unsigned long long)run->seed);
    return is_good && first == sim.hash;
}

int main(int argc, char **argv)
{
    struct totals totals = {0};
    struct wish w;
    bool is_good;

    parse(&w, argc, argv);
    if (!getenv("SIM_REDIS")) {
        (void)fprintf(stderr, "SIM_REDIS: expected the path of a redis-server's socket\n");
        return 2;
    }
    (void)setenv("GRAPNEL_MASTER_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", 1);
    if (w.is_one || w.is_twice)
        connect_redis();
    if (w.is_twice)
        is_good = run_twice(&w.one, &totals);
    else if (w.is_one)
        is_good = run_schedule(&w.one, &totals);
    else if (w.is_sweep)
        is_good = run_sweep(w.seed, w.every, &totals);
    else
        is_good = run_seeds(w.seed, w.n_seeds, &totals);
    tell(&totals);
    return is_good ? 0 : 1;
}
