/* SPDX-License-Identifier: Apache-2.0 */
/* egress.h: may this URL, port, address be called? Pure; no look-ups.
 *
 * Checked when an endpoint is configured (URL form, and its host where that is an address) and
 * again with each address that a connection is really made to, so that a name which turns private
 * between check and connect is refused too. */
#ifndef GRAPNEL_COMMON_MODEL_EGRESS_H
#define GRAPNEL_COMMON_MODEL_EGRESS_H

#include "common/base/base.h"
#include <sys/socket.h>

enum { EGRESS_URL_BYTES_MAX = 2048, EGRESS_RANGES_MAX = 32, EGRESS_PORTS_MAX = 32 };

struct egress_range {
    uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned prefix;   /* of 128 */
};

struct egress_policy {
    struct egress_range allow[EGRESS_RANGES_MAX]; /* the operator's: although not public */
    unsigned n_allow;
    uint16_t ports[EGRESS_PORTS_MAX];
    unsigned n_ports;
};

/* From the settings' texts. -EINVAL with words that name the entry. */
int egress_policy_parse(struct egress_policy *ret, const char *allow, const char *ports,
                        struct diag *diag);

/* Is @port among those that may be called at public addresses? -EINVAL with words. */
int egress_check_port(const struct egress_policy *p, unsigned port, struct diag *diag);

/* Is @address in the operator's allow-list? Then any port and plain HTTP will do. */
bool egress_is_exempt(const struct egress_policy *p, const struct sockaddr *address);

/* Is @url fit to be an endpoint? http or https, a host, a permitted port, no user-info, no
 * fragment, no control or space bytes, at most 2048 bytes; https unless @may_be_plain or the host
 * is an address inside the allow-list; a host that is an address in any spelling (decimal, octal,
 * hex, short, [IPv6], with or without zone) must be callable; localhost and what ends in .localhost
 * only where loopback is in the allow-list. -EINVAL with words. Parses with libcurl's CURLU so that
 * check and use read the same URL the same way. */
int egress_check_url(const struct egress_policy *p, struct span url, bool may_be_plain,
                     struct diag *diag);

/* May a connection be made to @address (AF_INET or AF_INET6) and its port? -EINVAL with words. */
int egress_check_address(const struct egress_policy *p, const struct sockaddr *address,
                         struct diag *diag);

#endif
