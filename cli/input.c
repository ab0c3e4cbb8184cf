/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/input.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { CHUNK_BYTES = 65536 };

static int input_fail(const char *name, int error, struct diag *diag)
{
    (void)diag_set(diag, "%.100s: %s", name, strerrordesc_np(error));
    return -error;
}

static int input_read_all(struct buf *ret, int fd, const char *name, struct diag *diag)
{
    char chunk[CHUNK_BYTES];
    ssize_t n;

    for (;;) {
        n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return input_fail(name, errno, diag);
        if (n == 0)
            return 0;
        buf_add(ret, chunk, (size_t)n);
        if (buf_result(ret)) {
            (void)diag_set(diag, "%.100s: larger than %zu bytes", name, ret->cap);
            return buf_result(ret);
        }
    }
}

int input_read(struct buf *ret, const char *path, struct diag *diag)
{
    int fd, r;

    if (!path || strcmp(path, "-") == 0)
        return input_read_all(ret, STDIN_FILENO, "standard input", diag);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return input_fail(path, errno, diag);
    r = input_read_all(ret, fd, path, diag);
    (void)close(fd);
    return r;
}
