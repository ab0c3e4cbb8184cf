/* SPDX-License-Identifier: Apache-2.0 */
/* redis_address.c: where Redis is, from a URL. The words of a refusal never repeat the URL: it may
 * hold a password. */
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/redis/redis_client.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/un.h>

enum { PORT_DEFAULT = 6379, DB_MAX = 65535, URL_BYTES_MAX = 2048 };

static const char forms[] = "redis://[user][:password]@host[:port][/db], rediss:// or unix:///path";

static void free_secret(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void redis_address_fini(struct redis_address *a)
{
    free(a->host);
    free(a->user);
    free_secret(a->password);
    free(a->unix_path);
    free(a->tls_ca_file);
    free(a->tls_cert_file);
    free(a->tls_key_file);
    *a = (struct redis_address){0};
}

/* Takes what stands before the first (or last) @separator off the front of @rest, and the
 * separator. */
static bool take_before(struct span *rest, char separator, bool is_last, struct span *ret)
{
    const char *at = NULL;

    if (rest->len)
        at = is_last ? memrchr(rest->data, separator, rest->len)
                     : memchr(rest->data, separator, rest->len);
    if (!at)
        return false;
    *ret = (struct span){rest->data, (size_t)(at - rest->data)};
    *rest = (struct span){at + 1, rest->len - ret->len - 1};
    return true;
}

static bool redis_address_take_prefix(struct span *rest, const char *prefix)
{
    size_t len = strlen(prefix);

    if (rest->len < len || memcmp(rest->data, prefix, len) != 0)
        return false;
    *rest = (struct span){rest->data + len, rest->len - len};
    return true;
}

/* Gives a copy with %xx decoded. -EINVAL also for a %00: these become C strings. */
static int redis_address_decode(char **ret, struct span text)
{
    char *out = calloc(1, text.len + 1);
    size_t len = 0;

    if (!out)
        return err_origin(-ENOMEM);
    for (size_t i = 0; i < text.len; i++) {
        size_t n = 0;

        out[len] = text.data[i];
        if (text.data[i] == '%') {
            if (text.len - i < 3 ||
                parse_hex((struct span){text.data + i + 1, 2}, (uint8_t *)out + len, &n) ||
                !out[len]) {
                free_secret(out);
                return -EINVAL;
            }
            i += 2;
        }
        len++;
    }
    *ret = out;
    return 0;
}

/* [user][:password] */
static int parse_login(struct redis_address *a, struct span login, struct diag *diag)
{
    struct span user;

    if (!take_before(&login, ':', false, &user) || login.len == 0)
        return diag_set(diag,
                        "the part before '@' must have a password: :password or user:password "
                        "('@', ':', '/' and '%%' in it written as %%40, %%3A, %%2F and %%25)");
    if (redis_address_decode(&a->password, login) ||
        (user.len && redis_address_decode(&a->user, user)))
        return diag_set(diag, "user or password has a '%%' that is not followed by two hex digits");
    return 0;
}

/* host, host:port, [::1], [::1]:port */
static int parse_host(struct redis_address *a, struct span text, struct diag *diag)
{
    struct span host = text, port = {"", 0};
    uint64_t number = PORT_DEFAULT;
    bool has_port;

    if (redis_address_take_prefix(&text, "[")) {
        if (!take_before(&text, ']', false, &host))
            return diag_set(diag, "the host has a '[' without its ']'");
        has_port = redis_address_take_prefix(&text, ":");
        if (!has_port && text.len)
            return diag_set(diag, "only ':' and a port may follow the ']' of the host");
        port = text;
    } else {
        has_port = take_before(&text, ':', false, &host);
        if (has_port)
            port = text;
    }
    if (host.len == 0 || memchr(host.data, '\0', host.len) || memchr(host.data, ' ', host.len))
        return diag_set(diag, "a host is missing; expected %s", forms);
    if (has_port && (parse_u64(port, &number) || number < 1 || number > 65535))
        return diag_set(diag, "the port must be a number from 1 to 65535");

    a->port = (int)number;
    a->host = text_copy(host);
    return a->host ? 0 : diag_set(diag, "out of memory");
}

static int parse_tcp(struct redis_address *a, struct span rest, struct diag *diag)
{
    struct span host, login;
    uint64_t db = 0;
    int r;

    if (!take_before(&rest, '/', false, &host)) {
        host = rest;
        rest = SPAN("");
    }
    if (rest.len && (parse_u64(rest, &db) || db > DB_MAX))
        return diag_set(diag, "the database behind the '/' must be a number from 0 to %d", DB_MAX);
    a->db = (int)db;

    if (take_before(&host, '@', true, &login)) {
        r = parse_login(a, login, diag);
        if (r)
            return r;
    }
    return parse_host(a, host, diag);
}

static int parse_unix(struct redis_address *a, struct span path, struct diag *diag)
{
    size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

    if (path.len < 2 || path.data[0] != '/' || path.len > max)
        return diag_set(diag, "unix:// must be followed by an absolute path of at most %zu bytes",
                        max);
    a->unix_path = text_copy(path);
    return a->unix_path ? 0 : diag_set(diag, "out of memory");
}

int redis_address_parse(struct redis_address *ret, const char *url, struct diag *diag)
{
    struct redis_address a = {0};
    struct span rest = span_of(url);
    int r;

    if (rest.len > URL_BYTES_MAX)
        return diag_set(diag, "longer than %d bytes", URL_BYTES_MAX);
    if (redis_address_take_prefix(&rest, "unix://")) {
        r = parse_unix(&a, rest, diag);
    } else if (redis_address_take_prefix(&rest, "redis://") ||
               (a.is_tls = redis_address_take_prefix(&rest, "rediss://"))) {
        r = parse_tcp(&a, rest, diag);
    } else {
        r = diag_set(diag, "expected %s", forms);
    }
    if (r) {
        redis_address_fini(&a);
        return r;
    }
    *ret = a;
    return 0;
}

void redis_address_text(const struct redis_address *a, char *ret, size_t size)
{
    const char *user = a->user ? a->user : "", *at = a->user ? "@" : "";
    bool is_ipv6;

    if (a->unix_path) {
        (void)snprintf(ret, size, "unix://%s", a->unix_path);
        return;
    }
    is_ipv6 = strchr(a->host, ':') != NULL;
    (void)snprintf(ret, size, "%s://%s%s%s%s%s:%d/%d", a->is_tls ? "rediss" : "redis", user, at,
                   is_ipv6 ? "[" : "", a->host, is_ipv6 ? "]" : "", a->port, a->db);
}

static socklen_t as_unix(const char *path, struct sockaddr_un *ret)
{
    ret->sun_family = AF_UNIX;
    memcpy(ret->sun_path, path, MIN(strlen(path), sizeof(ret->sun_path) - 1));
    return sizeof(*ret);
}

socklen_t redis_address_literal(const struct redis_address *a, struct sockaddr_storage *ret)
{
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)ret;

    memset(ret, 0, sizeof(*ret));
    if (a->unix_path)
        return as_unix(a->unix_path, (struct sockaddr_un *)ret);
    if (inet_pton(AF_INET, a->host, &ipv4->sin_addr) == 1) {
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = htons((uint16_t)a->port);
        return sizeof(*ipv4);
    }
    if (inet_pton(AF_INET6, a->host, &ipv6->sin6_addr) == 1) {
        ipv6->sin6_family = AF_INET6;
        ipv6->sin6_port = htons((uint16_t)a->port);
        return sizeof(*ipv6);
    }
    return 0;
}
