/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lines.h"
#include <errno.h>
#include <unistd.h>

enum { READ_BYTES = 65536 };

int lines_init(struct lines *l, int fd, size_t line_max)
{
    *l = (struct lines){.fd = fd, .line_max = line_max, .size = line_max + 1 + READ_BYTES};
    l->data = malloc(l->size);
    return l->data ? 0 : -ENOMEM;
}

void lines_fini(struct lines *l)
{
    free(l->data);
    l->data = NULL;
}

/* Reads more behind what is there; there is room, as a whole line never fills the buffer. */
static int lines_fill(struct lines *l)
{
    ssize_t n;

    if (l->at > 0) {
        memmove(l->data, l->data + l->at, l->end - l->at);
        l->end -= l->at;
        l->at = 0;
    }
    do {
        n = read(l->fd, l->data + l->end, l->size - l->end);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    l->is_at_end = n == 0;
    l->end += (size_t)n;
    return 0;
}

/* Throws away what has no end yet, up to the line's end. */
static int lines_skip(struct lines *l)
{
    const char *end = NULL;
    int r;

    while (!end && !l->is_at_end) {
        l->at = l->end = 0;
        r = lines_fill(l);
        if (r)
            return r;
        end = memchr(l->data, '\n', l->end);
    }
    l->at = end ? (size_t)(end - l->data) + 1 : l->end;
    return LINES_TOO_LONG;
}

/* Finds the end of the line at l->at, reading as much as that takes. NULL: there is none. */
static int find_end(struct lines *l, char **ret)
{
    size_t seen = 0;
    int r;

    for (;;) {
        *ret = memchr(l->data + l->at + seen, '\n', l->end - l->at - seen);
        seen = l->end - l->at;
        if (*ret || l->is_at_end || seen > l->line_max)
            return 0;
        r = lines_fill(l);
        if (r)
            return r;
    }
}

int lines_next(struct lines *l, char **ret, size_t *ret_len)
{
    char *end;
    size_t len;
    int r = find_end(l, &end);

    if (r)
        return r;
    len = (end ? (size_t)(end - l->data) : l->end) - l->at;
    if (!end && len == 0)
        return LINES_END;
    l->number++;
    if (len > l->line_max && !end)
        return lines_skip(l);
    *ret = l->data + l->at;
    *ret_len = len;
    l->at += len + (end ? 1 : 0);
    return len > l->line_max ? LINES_TOO_LONG : 0;
}
