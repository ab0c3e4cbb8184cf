/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/request.h"

#include <errno.h>
#include <strings.h>

/* Digits up to the first other byte; larger numbers stay at UINT64_MAX / 10 or above. */
static uint64_t leading_number(struct span text)
{
    uint64_t value = 0;

    for (size_t i = 0; i < text.len && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        if (value < UINT64_MAX / 10)
            value = value * 10 + (uint64_t)(text.data[i] - '0');
    return value;
}

static struct span request_trimmed(struct span text)
{
    while (text.len && (*text.data == ' ' || *text.data == '\t')) {
        text.data++;
        text.len--;
    }
    while (text.len && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t'))
        text.len--;
    return text;
}

static bool same_word(struct span a, struct span b)
{
    return a.len == b.len && strncasecmp(a.data, b.data, a.len) == 0;
}

static bool ends_with_word(struct span text, struct span end)
{
    return text.len > end.len &&
           strncasecmp(text.data + text.len - end.len, end.data, end.len) == 0;
}

/* The length tells most headers apart, so that few names are compared. */
static int request_take_header(struct span name, struct span value, struct request *ret,
                               uint64_t *ret_body)
{
    if (same_word(name, SPAN("content-length"))) {
        if (!value.len || *value.data < '0' || *value.data > '9')
            return -EINVAL;
        *ret_body = leading_number(value);
    } else if (same_word(name, SPAN("connection"))) {
        ret->closes = same_word(value, SPAN("close"));
    } else if (same_word(name, SPAN("transfer-encoding"))) {
        return -EINVAL; /* none of our clients sends chunks */
    } else if (same_word(name, SPAN("webhook-id")) || ends_with_word(name, SPAN("-delivery"))) {
        ret->delivery_id = value;
    } else if (ends_with_word(name, SPAN("-attempt"))) {
        ret->attempt = (uint32_t)leading_number(value);
    }
    return 0;
}

/* @head: the lines behind the first, each with its CRLF. */
static int request_take_headers(struct span head, struct request *ret, uint64_t *ret_body)
{
    const char *p = head.data, *end = head.data + head.len;
    int r;

    while (p < end) {
        const char *line_end = memchr(p, '\r', (size_t)(end - p));
        const char *colon = line_end ? memchr(p, ':', (size_t)(line_end - p)) : NULL;

        if (!colon || line_end[1] != '\n')
            return -EINVAL;
        r = request_take_header(
            (struct span){p, (size_t)(colon - p)},
            request_trimmed((struct span){colon + 1, (size_t)(line_end - colon - 1)}), ret,
            ret_body);
        if (r)
            return r;
        p = line_end + 2;
    }
    return 0;
}

static int take_first_line(struct span line, struct request *ret)
{
    const char *method_end = memchr(line.data, ' ', line.len), *path, *path_end;

    if (!method_end)
        return -EINVAL;
    path = method_end + 1;
    path_end = memchr(path, ' ', line.len - (size_t)(path - line.data));
    if (!path_end || path_end == path || *path != '/')
        return -EINVAL;
    ret->method = (struct span){line.data, (size_t)(method_end - line.data)};
    ret->path = (struct span){path, (size_t)(path_end - path)};
    return 0;
}

int request_parse(struct span bytes, struct request *ret)
{
    struct request request = {.attempt = 1};
    const char *head_end = memmem(bytes.data, bytes.len, "\r\n\r\n", 4), *line_end;
    uint64_t body_bytes = 0;
    size_t head_len;
    int r;

    if (!head_end)
        return bytes.len > REQUEST_HEAD_MAX ? -EMSGSIZE : REQUEST_PARTIAL;
    head_len = (size_t)(head_end - bytes.data) + 4;
    line_end = memchr(bytes.data, '\r', head_len);
    r = take_first_line((struct span){bytes.data, (size_t)(line_end - bytes.data)}, &request);
    if (r)
        return r;
    r = request_take_headers((struct span){line_end + 2, (size_t)(head_end - line_end)}, &request,
                             &body_bytes);
    if (r)
        return r;
    if (body_bytes > REQUEST_BODY_MAX)
        return -EMSGSIZE;
    if (bytes.len - head_len < body_bytes)
        return REQUEST_PARTIAL;
    request.body = (struct span){bytes.data + head_len, body_bytes};
    request.bytes = head_len + body_bytes;
    *ret = request;
    return 0;
}

int64_t request_publish_us(struct span body)
{
    const char *found = memmem(body.data, body.len, "{\"t\":", 5);
    uint64_t us;

    if (!found)
        return 0;
    found += 5;
    us = leading_number((struct span){found, body.len - (size_t)(found - body.data)});
    return us < INT64_MAX ? (int64_t)us : 0;
}
