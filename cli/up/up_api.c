/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/up/up_api.h"
#include "common/base/text.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in address_of(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* 0: none. It may be taken again before the API starts; then that says so. */
static uint16_t free_port(void)
{
    struct sockaddr_in address = address_of(0);
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_had;

    if (fd < 0)
        return 0;
    is_had = bind(fd, (struct sockaddr *)&address, len) == 0 &&
             getsockname(fd, (struct sockaddr *)&address, &len) == 0;
    close(fd);
    return is_had ? ntohs(address.sin_port) : 0;
}

int up_api_choose_port(struct up_api *a)
{
    uint16_t port = free_port();

    if (!port)
        return -EADDRINUSE;
    (void)snprintf(a->listen, sizeof(a->listen), "127.0.0.1:%u", port);
    return 0;
}

int up_api_read_key(struct up_api *a, const char *path)
{
    FILE *file = fopen(path, "re");

    if (!file)
        return -errno;
    if (!fgets(a->key, sizeof(a->key), file))
        a->key[0] = '\0';
    (void)fclose(file);
    a->key[strcspn(a->key, "\n")] = '\0';
    return a->key[0] ? 0 : -EBADMSG;
}

bool up_api_answers(const struct up_api *a)
{
    const char *colon = strchr(a->listen, ':');
    uint64_t port = 0;
    struct sockaddr_in address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_there;

    (void)parse_u64(span_of(colon + 1), &port);
    address = address_of((uint16_t)port);
    is_there = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    if (fd >= 0)
        close(fd);
    return is_there;
}
