/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/egress.h"
#include "common/base/text.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

/* Every address is looked at as 16 bytes, IPv4 as ::ffff:a.b.c.d. */
struct address {
    uint8_t bytes[16];
};

/* What is not public, by the special-purpose registries of IANA (RFC 6890 and its updates). What
 * stands first wins. */
static const struct {
    const char *range, *what;
    struct egress_range bits;
} refused[] = {
#define V4_BYTES(a, b, c, d) {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}
#define V4(a, b, c, d, len, what)                                                                  \
    {                                                                                              \
        #a "." #b "." #c "." #d "/" #len, what,                                                    \
        {                                                                                          \
            V4_BYTES(a, b, c, d), 96 + (len)                                                       \
        }                                                                                          \
    }
    V4(0, 0, 0, 0, 8, "\"this\" network"),
    V4(10, 0, 0, 0, 8, "private network"),
    V4(100, 64, 0, 0, 10, "a carrier's shared range"),
    V4(127, 0, 0, 0, 8, "loopback"),
    V4(169, 254, 0, 0, 16, "link-local"),
    V4(172, 16, 0, 0, 12, "private network"),
    V4(192, 0, 0, 0, 24, "protocol assignments"),
    V4(192, 0, 2, 0, 24, "documentation"),
    V4(192, 88, 99, 0, 24, "6to4 relays"),
    V4(192, 168, 0, 0, 16, "private network"),
    V4(198, 18, 0, 0, 15, "benchmarks"),
    V4(198, 51, 100, 0, 24, "documentation"),
    V4(203, 0, 113, 0, 24, "documentation"),
    V4(224, 0, 0, 0, 4, "multicast"),
    V4(240, 0, 0, 0, 4, "reserved"),
#undef V4
#undef V4_BYTES
    {"::/128", "unspecified", {{0}, 128}},
    {"::1/128", "loopback", {{[15] = 1}, 128}},
    {"64:ff9b:1::/48", "a network's own NAT64", {{0, 0x64, 0xff, 0x9b, 0, 1}, 48}},
    {"100::/64", "discard", {{1}, 64}},
    {"2001:2::/48", "benchmarks", {{0x20, 1, 0, 2}, 48}},
    {"2001:10::/28", "not for routing", {{0x20, 1, 0, 0x10}, 28}},
    {"2001:20::/28", "not for routing", {{0x20, 1, 0, 0x20}, 28}},
    {"2001:db8::/32", "documentation", {{0x20, 1, 0xd, 0xb8}, 32}},
    {"3fff::/20", "documentation", {{0x3f, 0xff}, 20}},
    {"fc00::/7", "private network", {{0xfc}, 7}},
    {"fe80::/10", "link-local", {{0xfe, 0x80}, 10}},
    {"fec0::/10", "site-local", {{0xfe, 0xc0}, 10}},
    {"ff00::/8", "multicast", {{0xff}, 8}},
};

/* Forms that carry an IPv4 address to which the packet may end up being sent. */
static const struct {
    const char *name;
    struct egress_range bits;
    unsigned at; /* where the four bytes are */
    bool is_inverted;
} carriers[] = {
    {"IPv4-compatible", {{0}, 96}, 12, false},   {"NAT64", {{0, 0x64, 0xff, 0x9b}, 96}, 12, false},
    {"6to4", {{0x20, 2}, 16}, 2, false},         {"Teredo", {{0x20, 1, 0, 0}, 32}, 12, true},
    {"Teredo", {{0x20, 1, 0, 0}, 32}, 4, false}, /* the server, which takes part too */
};

/* Outside of these nothing is public, whatever may be assigned one day. */
static const struct egress_range v4 = {{[10] = 0xff, [11] = 0xff}, 96};
static const struct egress_range global_unicast = {{0x20}, 3};
static const struct egress_range nat64 = {{0, 0x64, 0xff, 0x9b}, 96};

static bool range_has(const struct egress_range *r, const struct address *a)
{
    unsigned whole = r->prefix / 8, rest = r->prefix % 8;

    if (memcmp(r->bytes, a->bytes, whole) != 0)
        return false;
    return rest == 0 || ((r->bytes[whole] ^ a->bytes[whole]) & (0xff00 >> rest) & 0xff) == 0;
}

static void address_set_v4(struct address *a, const uint8_t bytes[4])
{
    memcpy(a->bytes, v4.bytes, 12);
    memcpy(a->bytes + 12, bytes, 4);
}

static void address_text(const struct address *a, char ret[INET6_ADDRSTRLEN])
{
    if (range_has(&v4, a))
        (void)inet_ntop(AF_INET, a->bytes + 12, ret, INET6_ADDRSTRLEN);
    else
        (void)inet_ntop(AF_INET6, a->bytes, ret, INET6_ADDRSTRLEN);
}

static bool is_allowed(const struct egress_policy *p, const struct address *a)
{
    for (unsigned i = 0; i < p->n_allow; i++)
        if (range_has(&p->allow[i], a))
            return true;
    return false;
}

static int check_ranges(const struct address *a, const char *text, const char *form,
                        struct diag *diag)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (range_has(&refused[i].bits, a))
            return diag_set(diag, "%s may not be called: %s%s (%s); expected a public address",
                            text, form, refused[i].what, refused[i].range);
    return 0;
}

static int check_carried(const struct address *a, const char *text, struct diag *diag)
{
    for (size_t i = 0; i < ARRAY_LEN(carriers); i++) {
        struct address inner;
        char form[64], inner_text[INET6_ADDRSTRLEN];
        uint8_t bytes[4];
        int r;

        if (!range_has(&carriers[i].bits, a))
            continue;
        for (unsigned n = 0; n < 4; n++)
            bytes[n] = a->bytes[carriers[i].at + n] ^ (carriers[i].is_inverted ? 0xff : 0);
        address_set_v4(&inner, bytes);
        address_text(&inner, inner_text);
        (void)snprintf(form, sizeof(form), "%s form of %s, ", carriers[i].name, inner_text);
        r = check_ranges(&inner, text, form, diag);
        if (r)
            return r;
    }
    return 0;
}

static int check_public(const struct address *a, struct diag *diag)
{
    char text[INET6_ADDRSTRLEN];
    int r;

    address_text(a, text);
    r = check_ranges(a, text, "", diag);
    if (r)
        return r;
    r = check_carried(a, text, diag);
    if (r)
        return r;
    if (!range_has(&v4, a) && !range_has(&global_unicast, a) && !range_has(&nat64, a))
        return diag_set(diag, "%s may not be called: outside 2000::/3; expected a public address",
                        text);
    return 0;
}

int egress_check_port(const struct egress_policy *p, unsigned port, struct diag *diag)
{
    char list[EGRESS_PORTS_MAX * 6 + 1] = "";
    size_t len = 0;

    for (unsigned i = 0; i < p->n_ports; i++) {
        if (p->ports[i] == port)
            return 0;
        len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%u", i ? "," : "", p->ports[i]);
    }
    return diag_set(diag, "port %u may not be called; expected one of %.120s", port, list);
}

/* False for what is neither IPv4 nor IPv6. */
static bool address_read(struct address *ret, unsigned *ret_port, const struct sockaddr *from)
{
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;

    if (from->sa_family == AF_INET) {
        memcpy(&in4, from, sizeof(in4));
        address_set_v4(ret, (const uint8_t *)&in4.sin_addr);
        *ret_port = ntohs(in4.sin_port);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        memcpy(&in6, from, sizeof(in6));
        memcpy(ret->bytes, &in6.sin6_addr, sizeof(ret->bytes));
        *ret_port = ntohs(in6.sin6_port);
        return true;
    }
    return false;
}

bool egress_is_exempt(const struct egress_policy *p, const struct sockaddr *address)
{
    struct address a;
    unsigned port;

    return address_read(&a, &port, address) && is_allowed(p, &a);
}

int egress_check_address(const struct egress_policy *p, const struct sockaddr *address,
                         struct diag *diag)
{
    struct address a;
    unsigned port;
    int r;

    if (!address_read(&a, &port, address))
        return diag_set(diag, "address family %d may not be called; expected IPv4 or IPv6",
                        address->sa_family);
    if (is_allowed(p, &a))
        return port ? 0 : diag_set(diag, "port 0 may not be called");
    r = check_public(&a, diag);
    return r ? r : egress_check_port(p, port, diag);
}

/* The next entry of a comma-separated list, without the spaces around it; false at the end. */
static bool egress_next_entry(const char **at, struct span *ret)
{
    const char *end;

    if (!*at)
        return false;
    end = strchrnul(*at, ',');
    *ret = (struct span){*at, (size_t)(end - *at)};
    *at = *end ? end + 1 : NULL;
    while (ret->len && strchr(" \t", ret->data[0]))
        ret->data++, ret->len--;
    while (ret->len && strchr(" \t", ret->data[ret->len - 1]))
        ret->len--;
    return true;
}

static void clear_behind_prefix(struct egress_range *r)
{
    for (unsigned bit = r->prefix; bit < 128; bit++)
        r->bytes[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
}

/* "10.0.0.0/8", "::1/128"; without a prefix the one address. */
static bool range_parse(struct egress_range *ret, struct span text)
{
    const char *slash = memchr(text.data, '/', text.len);
    size_t len = slash ? (size_t)(slash - text.data) : text.len;
    char address[INET6_ADDRSTRLEN];
    struct address a;
    struct in_addr in4;
    uint64_t prefix = 128;

    if (len >= sizeof(address))
        return false;
    memcpy(address, text.data, len);
    address[len] = '\0';
    if (slash && parse_u64((struct span){slash + 1, text.len - len - 1}, &prefix))
        return false;
    if (inet_pton(AF_INET, address, &in4) == 1) {
        address_set_v4(&a, (const uint8_t *)&in4);
        if (slash && prefix > 32)
            return false;
        prefix += slash ? 96 : 0;
    } else if (inet_pton(AF_INET6, address, a.bytes) != 1 || prefix > 128) {
        return false;
    }
    memcpy(ret->bytes, a.bytes, sizeof(a.bytes));
    ret->prefix = (unsigned)prefix;
    clear_behind_prefix(ret);
    return true;
}

static int parse_allow(struct egress_policy *p, const char *list, struct diag *diag)
{
    const char *at = *list ? list : NULL;
    struct span entry;

    while (egress_next_entry(&at, &entry)) {
        if (p->n_allow == EGRESS_RANGES_MAX)
            return diag_set(diag, "egress_allow: expected at most %d ranges", EGRESS_RANGES_MAX);
        if (!range_parse(&p->allow[p->n_allow], entry))
            return diag_set(diag,
                            "egress_allow: '%.*s' is no address range; expected such as 127.0.0.0/8"
                            " or fd00::/8",
                            (int)MIN(entry.len, 60), entry.data);
        p->n_allow++;
    }
    return 0;
}

static int parse_ports(struct egress_policy *p, const char *list, struct diag *diag)
{
    const char *at = list;
    struct span entry;
    uint64_t port;

    while (egress_next_entry(&at, &entry)) {
        if (p->n_ports == EGRESS_PORTS_MAX)
            return diag_set(diag, "egress_ports: expected at most %d ports", EGRESS_PORTS_MAX);
        if (parse_u64(entry, &port) || port < 1 || port > 65535)
            return diag_set(diag, "egress_ports: '%.*s' is no port; expected 1 to 65535",
                            (int)MIN(entry.len, 60), entry.data);
        p->ports[p->n_ports++] = (uint16_t)port;
    }
    return 0;
}

int egress_policy_parse(struct egress_policy *ret, const char *allow, const char *ports,
                        struct diag *diag)
{
    struct egress_policy p = {.n_allow = 0};
    int r;

    r = parse_allow(&p, allow, diag);
    if (r)
        return r;
    r = parse_ports(&p, ports, diag);
    if (r)
        return r;
    *ret = p;
    return 0;
}
