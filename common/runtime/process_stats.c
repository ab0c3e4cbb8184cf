/* SPDX-License-Identifier: Apache-2.0 */
#include "common/runtime/process_stats.h"
#include "common/base/clock.h"
#include "common/runtime/metrics.h"
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static int64_t us_of(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

static void read_cpu(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) == 0)
        metric_set(METRIC_process_cpu_seconds_total, 0,
                   us_of(usage.ru_utime) + us_of(usage.ru_stime));
}

static void read_memory(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    char line[128], *resident;

    if (!f)
        return;
    resident = fgets(line, sizeof(line), f) ? strchr(line, ' ') : NULL;
    if (resident)
        metric_set(METRIC_process_resident_memory_bytes, 0,
                   strtoll(resident, NULL, 10) * sysconf(_SC_PAGESIZE));
    (void)fclose(f);
}

static void read_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int64_t n = -3; /* ".", "..", and the one that reads here */
    struct rlimit limit;

    if (dir) {
        while (readdir(dir))
            n++;
        (void)closedir(dir);
        metric_set(METRIC_process_open_fds, 0, n);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metric_set(METRIC_process_max_fds, 0, (int64_t)limit.rlim_cur);
}

void process_stats_read(void)
{
    static int64_t start_ms;

    if (start_ms == 0)
        start_ms = clock_wall_ms();
    metric_set(METRIC_process_start_time_seconds, 0, start_ms);
    read_cpu();
    read_memory();
    read_descriptors();
}
