/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_egress.c: what egress_check_url() lets pass, the C library and libcurl do not read as
 * something that may not be called.
 *
 * The first byte says what the rest is: 'u' a URL, 'p' the two lines of a policy, 'a' two bytes of
 * port and an address. */
#include "common/model/egress.h"
#include "tests/fuzz/fuzz.h"

#include "common/base/text.h"
#include <curl/curl.h>
#include <netdb.h>
#include <netinet/in.h>

static struct egress_policy strict_policy(void)
{
    struct egress_policy p;

    MUST(egress_policy_parse(&p, "", "80,443,8080,8443", NULL) == 0);
    return p;
}

static void check_host(const struct egress_policy *p, const char *host, const char *port)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char bare[256];
    size_t len = strlen(host);

    if (len > 2 && host[0] == '[')
        host++, len -= 2;
    MUST(len < sizeof(bare));
    memcpy(bare, host, len);
    bare[len] = '\0';
    if (getaddrinfo(bare, port, &hints, &found) == 0)
        MUST(egress_check_address(p, found->ai_addr, NULL) == 0);
    if (found)
        freeaddrinfo(found);
}

static char *part_of(CURLU *u, CURLUPart part)
{
    char *text = NULL;

    (void)curl_url_get(u, part, &text, CURLU_DEFAULT_PORT);
    return text;
}

/* Read anew, by the parser that will use it. */
static void check_accepted(const struct egress_policy *p, const char *url)
{
    CURLU *u = curl_url();
    char *scheme, *host, *port, *user, *fragment;

    MUST(u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK);
    scheme = part_of(u, CURLUPART_SCHEME);
    host = part_of(u, CURLUPART_HOST);
    port = part_of(u, CURLUPART_PORT);
    user = part_of(u, CURLUPART_USER);
    fragment = part_of(u, CURLUPART_FRAGMENT);
    MUST(scheme && strcmp(scheme, "https") == 0);
    MUST(!user && !fragment && host && port);
    check_host(p, host, port);
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(user);
    curl_free(fragment);
    curl_url_cleanup(u);
}

static void check_url(struct span url)
{
    struct egress_policy p = strict_policy();
    char text[EGRESS_URL_BYTES_MAX + 1];
    struct diag diag = {""};

    if (egress_check_url(&p, url, false, &diag)) {
        MUST(strncmp(diag.text, "url: ", 5) == 0);
        return;
    }
    MUST(url.len <= EGRESS_URL_BYTES_MAX && !memchr(url.data, 0, url.len));
    memcpy(text, url.data, url.len);
    text[url.len] = '\0';
    check_accepted(&p, text);
    MUST(egress_check_url(&p, url, true, NULL) == 0);
}

static void check_policy(struct span text)
{
    char *lines = text_copy(text), *second;
    struct egress_policy p;
    struct diag diag = {""};

    MUST(lines);
    second = strchr(lines, '\n');
    if (second)
        *second++ = '\0';
    if (egress_policy_parse(&p, lines, second ? second : "443", &diag)) {
        MUST(strncmp(diag.text, "egress_", 7) == 0);
    } else {
        MUST(p.n_allow <= EGRESS_RANGES_MAX && p.n_ports >= 1 && p.n_ports <= EGRESS_PORTS_MAX);
        for (unsigned i = 0; i < p.n_allow; i++)
            MUST(p.allow[i].prefix <= 128);
    }
    free(lines);
}

/* IPv4 and its mapped form are one address. */
static void check_address(struct span bytes)
{
    struct egress_policy p = strict_policy();
    struct sockaddr_in in4 = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    bool may_call;

    if (bytes.len != 6 && bytes.len != 18)
        return;
    memcpy(&in4.sin_port, bytes.data, 2);
    in6.sin6_port = in4.sin_port;
    if (bytes.len == 18) {
        memcpy(&in6.sin6_addr, bytes.data + 2, 16);
        (void)egress_check_address(&p, (struct sockaddr *)&in6, NULL);
        return;
    }
    memcpy(&in4.sin_addr, bytes.data + 2, 4);
    in6.sin6_addr.s6_addr[10] = in6.sin6_addr.s6_addr[11] = 0xff;
    memcpy(in6.sin6_addr.s6_addr + 12, bytes.data + 2, 4);
    may_call = egress_check_address(&p, (struct sockaddr *)&in4, NULL) == 0;
    MUST(may_call == (egress_check_address(&p, (struct sockaddr *)&in6, NULL) == 0));
    MUST(!may_call || (ntohl(in4.sin_addr.s_addr) >> 24) - 1 < 223);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = {(const char *)data + 1, size - 1};

    if (size == 0)
        return 0;
    if (data[0] == 'u')
        check_url(rest);
    else if (data[0] == 'p')
        check_policy(rest);
    else if (data[0] == 'a')
        check_address(rest);
    return 0;
}
