/* SPDX-License-Identifier: Apache-2.0 */
#include "common/runtime/http_listen.h"
#include "common/base/text.h"
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 511 };

/* "host:port", "[::1]:port" */
static int http_listen_split(const char *address, char host[64], char port[8])
{
    const char *colon = strrchr(address, ':');
    size_t len = colon ? (size_t)(colon - address) : 0;

    if (!colon || len >= 64 || strlen(colon + 1) > 5 || !colon[1])
        return -EINVAL;
    if (len > 1 && address[0] == '[' && address[len - 1] == ']') {
        address++;
        len -= 2;
    } else if (memchr(address, ':', len)) {
        return -EINVAL; /* "::1": is the last part the port? */
    }
    memcpy(host, address, len);
    host[len] = '\0';
    (void)snprintf(port, 8, "%s", colon + 1);
    return 0;
}

static bool is_port(const char *port)
{
    uint64_t number;

    return parse_u64(span_of(port), &number) == 0 && number <= 65535;
}

static int bind_to(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, r;

    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    r = -errno;
    (void)close(fd);
    return r;
}

int http_listen(const char *address, struct diag *diag)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM},
                    *found = NULL;
    char host[64], port[8];
    int fd;

    if (http_listen_split(address, host, port) || !is_port(port) ||
        getaddrinfo(*host ? host : NULL, port, &hints, &found))
        return diag_set(
            diag,
            "listen: \"%.100s\": expected an address and a port, as 127.0.0.1:8080 or [::]:8080",
            address);
    fd = bind_to(found);
    freeaddrinfo(found);
    if (fd < 0)
        return diag_set(diag, "listen: %.100s: %s", address, strerrordesc_np(-fd));
    return fd;
}

unsigned http_listen_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {.any.sa_family = AF_UNSPEC};
    socklen_t len = sizeof(address);

    if (getsockname(fd, &address.any, &len))
        return 0;
    if (address.any.sa_family == AF_INET6)
        return ntohs(address.v6.sin6_port);
    return address.any.sa_family == AF_INET ? ntohs(address.v4.sin_port) : 0;
}
