/* SPDX-License-Identifier: Apache-2.0 */
/* world.h: what a simulation is about: tenants, endpoints, events; and whether all is as it must be. */
#ifndef GRAPNEL_TESTS_SIM_WORLD_H
#define GRAPNEL_TESTS_SIM_WORLD_H

#include "sim.h"

/* Makes the installation anew, and the processes; what is to be published is drawn. */
void world_begin(void);
/* The command line of a process; how many. */
int world_arguments(const struct process *p, char **ret, int max);

int64_t world_next_us(void); /* when it publishes next; INT64_MAX: never */
void world_tick(void);       /* time has moved */

/* All is published, and nothing is on its way. */
bool world_is_done(void);
/* The invariants that hold at any moment, on one picture of all keys. */
void world_check(void);
/* What must hold when it is done. */
void world_judge(void);
/* When all processes have ended, too. */
void world_judge_end(void);

void world_demand(bool is_true, const char *format, ...) _printf_(2, 3);
unsigned world_n_wrong(void);
unsigned world_n_deliveries(void);

#endif
