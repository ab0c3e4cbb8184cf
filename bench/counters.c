/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int map(void **ret, int fd, int protection)
{
    int flags = fd < 0 ? MAP_ANONYMOUS | MAP_PRIVATE : MAP_SHARED;
    void *memory = mmap(NULL, sizeof(struct counters), protection, flags, fd, 0);

    if (memory == MAP_FAILED)
        return -errno;
    *ret = memory;
    return 0;
}

int counters_create(struct counters **ret, const char *path)
{
    void *memory = NULL;
    int fd = -1, r = 0;

    if (path) {
        fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0)
            return -errno;
        if (ftruncate(fd, sizeof(struct counters)))
            r = -errno;
    }
    if (!r)
        r = map(&memory, fd, PROT_READ | PROT_WRITE);
    if (fd >= 0)
        close(fd);
    if (r)
        return r;
    *ret = memory;
    return 0;
}

int counters_map(const struct counters **ret, const char *path)
{
    struct stat st;
    void *memory = NULL;
    int r = 0, fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st))
        r = -errno;
    else if (st.st_size < (off_t)sizeof(struct counters))
        r = -EINVAL; /* touching what lies behind the file's end would kill us */
    if (!r)
        r = map(&memory, fd, PROT_READ);
    close(fd);
    if (r)
        return r;
    *ret = memory;
    return 0;
}

void counters_unmap(const struct counters *c)
{
    if (c)
        munmap((void *)(uintptr_t)c, sizeof(*c));
}
