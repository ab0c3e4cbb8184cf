/* SPDX-License-Identifier: Apache-2.0 */
/* sim.h: workers and schedulers of one installation in one process, on fake I/O and a virtual clock.
 *
 * Their code is the product's; in place of loop.c, service.c, redis_client.c and http_client.c stand
 * sim_*.c, linked first. Redis is a real redis-server that runs the product's scripts, with the virtual clock
 * put in for its own (sim_scripts.c). Nothing happens by itself: sim_step() draws what happens next, so that a seed
 * is a schedule, and the same seed the same schedule. */
#ifndef GRAPNEL_TESTS_SIM_SIM_H
#define GRAPNEL_TESTS_SIM_SIM_H

#include "common/base/base.h"
#include "common/base/buf.h"
#include "common/program/service.h"
#include "common/runtime/loop.h"
#include <hiredis/hiredis.h>

enum { SIM_PROCESSES_MAX = 8, SIM_EPOCH_S = 1800000000 };

enum process_state {
    PROCESS_OFF,
    PROCESS_RUNNING,
    PROCESS_STOPPED, /* as by SIGSTOP: until wakes_us */
};

struct process {
    char name[16];
    bool is_worker;
    enum process_state state;
    int64_t wakes_us;        /* when it is continued, or started (OFF; -1: never) */
    struct loop *loop;       /* of its service */
    struct service *service; /* valid when not OFF */
    bool is_closing;         /* it called service_close() */
    struct list timers;      /* struct sim_timer */
    struct list later;       /* struct sim_later */
    struct list clients;     /* struct redis_client */
    struct list calls;       /* struct http_call, on their way */
    void *program;           /* struct worker or struct scheduler */
};

/* What a schedule may go wrong with. */
struct sim_faults {
    unsigned kills, stops, cuts, outages; /* how many of each, at most; drawn */
    int64_t at_op;                        /* instead: the one operation at which... (-1: none) */
    enum sim_fault {
        FAULT_LOST_BEFORE, /* the connection is lost, Redis never gets the command */
        FAULT_LOST_AFTER,  /* Redis runs it, the answer is lost */
        FAULT_KILL_BEFORE, /* the process is killed, and starts anew some time later */
        FAULT_KILL_AFTER,
        FAULT_STOP, /* it is stopped for longer than its lease, after Redis ran the command */
        SIM_FAULTS
    } fault;
};

struct sim {
    uint64_t rng;   /* the schedule's */
    int64_t now_us; /* mono; Redis's clock and the wall are SIM_EPOCH_S later */
    struct process processes[SIM_PROCESSES_MAX];
    unsigned n_processes;
    struct process *current; /* whose code runs */
    struct sim_faults faults;
    int64_t n_ops;         /* commands that Redis was given, and requests that were sent */
    int64_t redis_away_us; /* nobody can connect until then */
    bool is_calm;          /* no more faults are drawn */
    int fd;                /* of redis-server */
    redisReader *reader;
    uint64_t hash; /* of all that happened: two runs of a seed agree */
    bool is_traced;
};
extern struct sim sim;

/* Begins a schedule: everything anew but the connection to redis-server. */
void sim_begin(uint64_t seed, const struct sim_faults *faults);
/* Draws from [0, bound). */
uint64_t sim_below(uint64_t bound);
bool sim_chance(unsigned one_in);
void sim_trace(const char *format, ...) _printf_(1, 2);

int64_t sim_wall_us(void);

/* ---- processes ---- */

struct process *sim_add(const char *name, bool is_worker);
void sim_start(struct process *p);
void sim_kill(struct process *p, int64_t restart_us); /* -1: it stays away */
void sim_stop(struct process *p, int64_t for_us);
void sim_terminate(struct process *p); /* SIGTERM */

/* One thing happens. False: nothing can happen any more. */
bool sim_step(void);

/* ---- parts, called by sim.c ---- */

/* What a process could do now: the number of its choices, and one of them is done. */
unsigned sim_loop_choices(const struct process *p);
void sim_loop_do(struct process *p, unsigned choice);
unsigned sim_redis_choices(const struct process *p); /* answers that could be taken */
void sim_redis_do(struct process *p, unsigned choice);
unsigned sim_redis_server_choices(const struct process *p); /* commands that could be run */
void sim_redis_server_do(struct process *p, unsigned choice);
unsigned sim_http_choices(const struct process *p);
void sim_http_do(struct process *p, unsigned choice);

/* When something of it is next, INT64_MAX: never. */
int64_t sim_loop_next_us(const struct process *p);
int64_t sim_redis_next_us(const struct process *p);
int64_t sim_http_next_us(const struct process *p);

void sim_redis_cut(struct process *p, unsigned client); /* loses a connection */
void sim_redis_forget(struct process *p);               /* it was killed */
void sim_loop_forget(struct process *p);
void sim_http_forget(struct process *p);

/* On a later turn of @p. */
void sim_later(struct process *p, defer_fn *fn, void *arg);

/* ---- redis-server ---- */

/* Once in a process, before any script is run. */
void sim_scripts_init(void);

/* Runs one command (RESP bytes) at the virtual time; appends the answer's bytes to @ret. */
void sim_redis_run(struct span command, struct buf *ret);
/* The same with its words; gives the reply. */
redisReply *sim_redis_command(const char *format, ...);
void sim_redis_changed(void); /* by the last of these: blocked reads may have something now */

#endif
