/* SPDX-License-Identifier: Apache-2.0 */
/* egress_url.c: egress_check_url(). The form is checked on the text itself, so that the words are
 * ours and no parser's leniency matters; host and port are then taken from libcurl, which will use
 * them. */
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/model/egress.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <strings.h>

enum { HOST_BYTES_MAX = 253, LABEL_BYTES_MAX = 63 };

static int egress_url_check_bytes(struct span url, struct diag *diag)
{
    if (url.len == 0)
        return diag_set(diag, "url: empty; expected such as https://example.com/path");
    if (url.len > EGRESS_URL_BYTES_MAX)
        return diag_set(diag, "url: %zu bytes; expected at most %d", url.len, EGRESS_URL_BYTES_MAX);

    for (size_t i = 0; i < url.len; i++) {
        unsigned char c = (unsigned char)url.data[i];

        if (c <= 0x20 || c == 0x7f)
            return diag_set(diag, "url: space or control character at byte %zu", i + 1);
        if (c >= 0x80)
            return diag_set(diag,
                            "url: byte %zu is not ASCII; expected the host in punycode (xn--)"
                            " and the rest percent-encoded",
                            i + 1);
        if (c == '\\')
            return diag_set(diag, "url: backslash at byte %zu; expected '/'", i + 1);
        if (c == '#')
            return diag_set(diag, "url: has a fragment ('#' at byte %zu); expected none", i + 1);
    }
    return 0;
}

static bool egress_url_takes_prefix(struct span *text, const char *prefix)
{
    size_t len = strlen(prefix);

    if (text->len < len || strncasecmp(text->data, prefix, len) != 0)
        return false;
    *text = (struct span){text->data + len, text->len - len};
    return true;
}

/* Up to the first of @stops, or all of it. */
static struct span up_to(struct span text, const char *stops)
{
    size_t n = 0;

    while (n < text.len && !strchr(stops, text.data[n]))
        n++;
    return (struct span){text.data, n};
}

static size_t digits_len(struct span text)
{
    size_t n = 0;

    while (n < text.len && text.data[n] >= '0' && text.data[n] <= '9')
        n++;
    return n;
}

/* What may stand in a host name. Percent signs are out: they could spell an address. */
static int egress_url_check_name(struct span host, struct diag *diag)
{
    size_t label = 0;

    if (host.len == 0)
        return diag_set(diag, "url: no host; expected such as https://example.com/path");
    if (host.len > HOST_BYTES_MAX + 1)
        return diag_set(diag, "url: the host has %zu bytes; expected at most %d", host.len,
                        HOST_BYTES_MAX);
    for (size_t i = 0; i < host.len; i++) {
        char c = host.data[i];

        if (c != '.' && c != '-' && c != '_' && !(c >= '0' && c <= '9') &&
            !((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
            return diag_set(diag, "url: '%c' in the host; expected A-Z a-z 0-9 - _ .", c);
        if (c == '.' && label == 0)
            return diag_set(diag, "url: the host has an empty part between its dots");
        label = c == '.' ? 0 : label + 1;
        if (label > LABEL_BYTES_MAX)
            return diag_set(diag, "url: a part of the host is longer than %d bytes",
                            LABEL_BYTES_MAX);
    }
    return 0;
}

/* Behind the host: nothing, or ":443". */
static int check_port_text(struct span text, struct diag *diag)
{
    if (text.len == 0)
        return 0;
    if (!egress_url_takes_prefix(&text, ":") || text.len == 0 || digits_len(text) != text.len)
        return diag_set(diag, "url: expected a port number behind the host, such as :443");
    return 0;
}

/* "host", "host:port", "[v6]", "[v6%zone]:port". What is between brackets is parsed later. */
static int check_authority(struct span authority, struct diag *diag)
{
    bool is_bracketed = authority.len && authority.data[0] == '[';
    struct span host = up_to(authority, is_bracketed ? "]" : ":");
    int r;

    if (memchr(authority.data, '@', authority.len))
        return diag_set(diag, "url: has a user name or password before the host; expected none");
    if (is_bracketed) {
        if (host.len == authority.len)
            return diag_set(diag, "url: the host has '[' but no ']'");
        host.len++;
    } else {
        r = egress_url_check_name(host, diag);
        if (r)
            return r;
    }
    return check_port_text((struct span){host.data + host.len, authority.len - host.len}, diag);
}

static int egress_url_check_text(struct span url, bool *ret_is_https, struct diag *diag)
{
    struct span rest = url;

    *ret_is_https = egress_url_takes_prefix(&rest, "https://");
    if (!*ret_is_https && !egress_url_takes_prefix(&rest, "http://"))
        return diag_set(diag, "url: expected it to begin with https:// or http://");
    return check_authority(up_to(rest, "/?"), diag);
}

/* One part of an address as the C library reads it: decimal, 0octal or 0xhex. */
static bool parse_part(struct span part, uint64_t *ret)
{
    unsigned base = 10;
    uint64_t value = 0;

    if (egress_url_takes_prefix(&part, "0x"))
        base = 16;
    else if (part.len == 0)
        return false;
    else if (part.len > 1 && part.data[0] == '0')
        base = 8;
    for (size_t i = 0; i < part.len; i++) {
        char c = part.data[i], lower = (char)(c | 0x20);
        unsigned digit = c >= '0' && c <= '9'           ? (unsigned)(c - '0')
                         : lower >= 'a' && lower <= 'f' ? (unsigned)(lower - 'a') + 10
                                                        : 99;

        if (digit >= base)
            return false;
        value = value * base + digit;
        value = MIN(value, (uint64_t)UINT32_MAX + 1); /* a number still, if too large a one */
    }
    *ret = value;
    return true;
}

/* Resolvers read a host whose last part is a number as an address, so we do too. */
static bool ends_in_number(struct span host)
{
    const char *dot = memrchr(host.data, '.', host.len);
    const char *last = dot ? dot + 1 : host.data;
    struct span part = {last, host.len - (size_t)(last - host.data)};
    uint64_t ignored;

    return part.len && (digits_len(part) == part.len || parse_part(part, &ignored));
}

/* "127.1", "0x7f000001", "0177.0.0.1", "2130706433": one to four parts, the last fills what is
 * left. */
static bool parse_v4(struct span host, struct in_addr *ret)
{
    uint32_t address = 0;
    uint64_t part;

    for (unsigned n = 0; n < 4; n++) {
        struct span text = up_to(host, ".");
        bool is_last = text.len == host.len;

        if (!parse_part(text, &part) || part > (is_last ? UINT32_MAX >> 8 * n : 0xff))
            return false;
        if (is_last) {
            ret->s_addr = htonl(address | (uint32_t)part);
            return true;
        }
        address |= (uint32_t)part << (24 - 8 * n);
        host = (struct span){text.data + text.len + 1, host.len - text.len - 1};
    }
    return false;
}

union endpoint_address {
    struct sockaddr any;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
};

static bool is_localhost(struct span host)
{
    static const char *const names[] = {"localhost", "localhost.localdomain", "localhost6",
                                        "ip6-localhost", "ip6-loopback"};
    static const char tail[] = ".localhost";
    size_t tail_len = sizeof(tail) - 1;

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (host.len == strlen(names[i]) && strncasecmp(host.data, names[i], host.len) == 0)
            return true;
    return host.len > tail_len && strncasecmp(host.data + host.len - tail_len, tail, tail_len) == 0;
}

static int read_v6(union endpoint_address *ret, struct span host, struct diag *diag)
{
    char text[INET6_ADDRSTRLEN];

    ret->in6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
    if (host.len < sizeof(text)) {
        memcpy(text, host.data, host.len);
        text[host.len] = '\0';
        if (inet_pton(AF_INET6, text, &ret->in6.sin6_addr) == 1)
            return 0;
    }
    return diag_set(diag, "url: the host in brackets is no IPv6 address");
}

enum { HOST_IS_NAME = 1 };

/* 0 with an address, HOST_IS_NAME, or -EINVAL with words. Localhost is the address it stands for.
 */
static int read_host(union endpoint_address *ret, struct span host, struct diag *diag)
{
    if (egress_url_takes_prefix(&host, "["))
        return read_v6(ret, up_to(host, "%]"), diag);
    if (host.len && host.data[host.len - 1] == '.')
        host.len--;

    ret->in4 = (struct sockaddr_in){.sin_family = AF_INET};
    if (is_localhost(host)) {
        ret->in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return 0;
    }
    if (!ends_in_number(host))
        return HOST_IS_NAME;
    if (!parse_v4(host, &ret->in4.sin_addr))
        return diag_set(diag, "url: the host '%.*s' looks like an IPv4 address but is none",
                        (int)MIN(host.len, 60), host.data);
    return 0;
}

/* As libcurl reads the URL. */
struct url_parts {
    char *host, *port;
};

static void url_parts_fini(struct url_parts *u)
{
    curl_free(u->host);
    curl_free(u->port);
}

static void curlup(CURLU **u)
{
    curl_url_cleanup(*u);
}

static int egress_url_parse(struct url_parts *ret, struct span url, struct diag *diag)
{
    _cleanup_(curlup) CURLU *u = curl_url();
    char text[EGRESS_URL_BYTES_MAX + 1];
    CURLUcode code;

    if (!u)
        return err_origin(-ENOMEM);
    memcpy(text, url.data, url.len);
    text[url.len] = '\0';
    code = curl_url_set(u, CURLUPART_URL, text, CURLU_DISALLOW_USER);
    if (!code)
        code = curl_url_get(u, CURLUPART_HOST, &ret->host, 0);
    if (!code)
        code = curl_url_get(u, CURLUPART_PORT, &ret->port, CURLU_DEFAULT_PORT);
    if (code == CURLUE_OUT_OF_MEMORY)
        return err_origin(-ENOMEM);
    return code ? diag_set(diag, "url: %s", curl_url_strerror(code)) : 0;
}

static int check_address(const struct egress_policy *p, union endpoint_address *address,
                         uint64_t port, bool *ret_is_exempt, struct diag *diag)
{
    struct diag words;
    int r;

    address->in4.sin_port = htons((uint16_t)port); /* the same place in both families */
    *ret_is_exempt = egress_is_exempt(p, &address->any);
    r = egress_check_address(p, &address->any, &words);
    return r ? diag_set(diag, "url: %s", words.text) : 0;
}

static int check_port(const struct egress_policy *p, uint64_t port, struct diag *diag)
{
    struct diag words;
    int r = egress_check_port(p, (unsigned)port, &words);

    return r ? diag_set(diag, "url: %s", words.text) : 0;
}

/* May it be called? @ret_is_exempt: the operator has opened the address. */
static int egress_url_check_parts(const struct egress_policy *p, const struct url_parts *u,
                                  bool *ret_is_exempt, struct diag *diag)
{
    union endpoint_address address;
    uint64_t port;
    int r;

    *ret_is_exempt = false;
    if (parse_u64(span_of(u->port), &port) || port > 65535)
        return diag_set(diag, "url: '%.20s' is no port", u->port);
    r = read_host(&address, span_of(u->host), diag);
    if (r == HOST_IS_NAME)
        return check_port(p, port, diag);
    return r ? r : check_address(p, &address, port, ret_is_exempt, diag);
}

int egress_check_url(const struct egress_policy *p, struct span url, bool may_be_plain,
                     struct diag *diag)
{
    _cleanup_(url_parts_fini) struct url_parts parts = {NULL};
    bool is_https, is_exempt;
    int r;

    r = egress_url_check_bytes(url, diag);
    if (r)
        return r;
    r = egress_url_check_text(url, &is_https, diag);
    if (r)
        return r;
    r = egress_url_parse(&parts, url, diag);
    if (r)
        return r;
    r = egress_url_check_parts(p, &parts, &is_exempt, diag);
    if (r)
        return r;
    if (!is_https && !may_be_plain && !is_exempt)
        return diag_set(diag, "url: plain HTTP; expected https://");
    return 0;
}
