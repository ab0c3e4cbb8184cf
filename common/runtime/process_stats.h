/* SPDX-License-Identifier: Apache-2.0 */
/* process_stats.h: what the kernel knows of this process, for the metrics that begin with `process_`. */
#ifndef GRAPNEL_COMMON_RUNTIME_PROCESS_STATS_H
#define GRAPNEL_COMMON_RUNTIME_PROCESS_STATS_H

/* Sets them; the start time is that of the first call. What cannot be read stays as it was. */
void process_stats_read(void);

#endif
