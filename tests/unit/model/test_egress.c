/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/egress.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/un.h>

#include <cmocka.h>

static const char ports[] = "80,443,8080,8443";

static struct egress_policy policy_of(const char *allow)
{
    struct egress_policy p;
    struct diag diag = {""};

    if (egress_policy_parse(&p, allow, ports, &diag))
        fail_msg("policy '%s': %s", allow, diag.text);
    return p;
}

/* What a user who types this sees. Hosts are put into https://<host>/hook. */
static const struct {
    const char *host, *words;
} refused_hosts[] = {
    /* each IPv4 range at both ends */
    {"0.0.0.0", "0.0.0.0 may not be called: \"this\" network (0.0.0.0/8)"},
    {"0.255.255.255", "\"this\" network (0.0.0.0/8)"},
    {"10.0.0.0",
     "10.0.0.0 may not be called: private network (10.0.0.0/8); expected a public address"},
    {"10.255.255.255", "private network (10.0.0.0/8)"},
    {"100.64.0.0", "a carrier's shared range (100.64.0.0/10)"},
    {"100.127.255.255", "a carrier's shared range (100.64.0.0/10)"},
    {"127.0.0.0", "loopback (127.0.0.0/8)"},
    {"127.0.0.1", "127.0.0.1 may not be called: loopback (127.0.0.0/8)"},
    {"127.255.255.255", "loopback (127.0.0.0/8)"},
    {"169.254.0.0", "link-local (169.254.0.0/16)"},
    {"169.254.169.254", "169.254.169.254 may not be called: link-local (169.254.0.0/16)"},
    {"169.254.255.255", "link-local (169.254.0.0/16)"},
    {"172.16.0.0", "private network (172.16.0.0/12)"},
    {"172.31.255.255", "private network (172.16.0.0/12)"},
    {"192.0.0.0", "protocol assignments (192.0.0.0/24)"},
    {"192.0.0.255", "protocol assignments (192.0.0.0/24)"},
    {"192.0.2.0", "documentation (192.0.2.0/24)"},
    {"192.0.2.255", "documentation (192.0.2.0/24)"},
    {"192.88.99.0", "6to4 relays (192.88.99.0/24)"},
    {"192.88.99.255", "6to4 relays (192.88.99.0/24)"},
    {"192.168.0.0", "private network (192.168.0.0/16)"},
    {"192.168.255.255", "private network (192.168.0.0/16)"},
    {"198.18.0.0", "benchmarks (198.18.0.0/15)"},
    {"198.19.255.255", "benchmarks (198.18.0.0/15)"},
    {"198.51.100.0", "documentation (198.51.100.0/24)"},
    {"198.51.100.255", "documentation (198.51.100.0/24)"},
    {"203.0.113.0", "documentation (203.0.113.0/24)"},
    {"203.0.113.255", "documentation (203.0.113.0/24)"},
    {"224.0.0.0", "multicast (224.0.0.0/4)"},
    {"239.255.255.255", "multicast (224.0.0.0/4)"},
    {"240.0.0.0", "reserved (240.0.0.0/4)"},
    {"255.255.255.255", "reserved (240.0.0.0/4)"},
    /* other spellings of addresses */
    {"127.1", "127.0.0.1 may not be called: loopback"},
    {"127.0.1", "127.0.0.1 may not be called: loopback"},
    {"127.65535", "127.0.255.255 may not be called: loopback"},
    {"2130706433", "127.0.0.1 may not be called: loopback"},
    {"0x7f000001", "127.0.0.1 may not be called: loopback"},
    {"0X7F000001", "127.0.0.1 may not be called: loopback"},
    {"0x7f.0.0.1", "127.0.0.1 may not be called: loopback"},
    {"0x7f.1", "127.0.0.1 may not be called: loopback"},
    {"0177.0.0.1", "127.0.0.1 may not be called: loopback"},
    {"0177.0x0.0.01", "127.0.0.1 may not be called: loopback"},
    {"017700000001", "127.0.0.1 may not be called: loopback"},
    {"00000177.1", "127.0.0.1 may not be called: loopback"},
    {"127.0.0.1.", "127.0.0.1 may not be called: loopback"},
    {"0", "0.0.0.0 may not be called: \"this\" network"},
    {"00", "0.0.0.0 may not be called"},
    {"0x", "0.0.0.0 may not be called"},
    {"0.0", "0.0.0.0 may not be called"},
    {"10.1", "10.0.0.1 may not be called: private network"},
    {"012.1", "10.0.0.1 may not be called: private network"},
    {"0xa.0x1", "10.0.0.1 may not be called: private network"},
    {"167772161", "10.0.0.1 may not be called: private network"},
    {"192.168.257", "192.168.1.1 may not be called: private network"},
    {"0300.0250.1.1", "192.168.1.1 may not be called: private network"},
    {"0xc0a80101", "192.168.1.1 may not be called: private network"},
    {"3232235777", "192.168.1.1 may not be called: private network"},
    {"172.1048577", "172.16.0.1 may not be called: private network"},
    {"2852039166", "169.254.169.254 may not be called: link-local"},
    {"0xa9fea9fe", "169.254.169.254 may not be called: link-local"},
    {"0251.0376.0251.0376", "169.254.169.254 may not be called: link-local"},
    {"169.254.43518", "169.254.169.254 may not be called: link-local"},
    {"4294967295", "255.255.255.255 may not be called: reserved"},
    {"0xffffffff", "255.255.255.255 may not be called: reserved"},
    /* what ends in a number but is no address */
    {"256.0.0.1", "'256.0.0.1' looks like an IPv4 address but is none"},
    {"1.2.3.4.5", "'1.2.3.4.5' looks like an IPv4 address but is none"},
    {"127.0.0.08", "looks like an IPv4 address but is none"},
    {"127.0.0.256", "looks like an IPv4 address but is none"},
    {"1.2.65536", "looks like an IPv4 address but is none"},
    {"1.16777216", "looks like an IPv4 address but is none"},
    {"4294967296", "looks like an IPv4 address but is none"},
    {"0x100000000", "looks like an IPv4 address but is none"},
    {"99999999999999999999999999", "looks like an IPv4 address but is none"},
    {"example.1", "'example.1' looks like an IPv4 address but is none"},
    {"example.0x7f", "looks like an IPv4 address but is none"},
    /* IPv6 */
    {"[::]", ":: may not be called: unspecified (::/128)"},
    {"[0:0:0:0:0:0:0:0]", ":: may not be called: unspecified"},
    {"[::1]", "::1 may not be called: loopback (::1/128)"},
    {"[0:0:0:0:0:0:0:1]", "::1 may not be called: loopback"},
    {"[0000:0000:0000:0000:0000:0000:0000:0001]", "::1 may not be called: loopback"},
    {"[::0.0.0.1]", "::1 may not be called: loopback"},
    {"[fc00::]", "private network (fc00::/7)"},
    {"[fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]", "private network (fc00::/7)"},
    {"[FD00:EC2::254]", "fd00:ec2::254 may not be called: private network (fc00::/7)"},
    {"[fe80::1]", "fe80::1 may not be called: link-local (fe80::/10)"},
    {"[fe80::1%25eth0]", "fe80::1 may not be called: link-local (fe80::/10)"},
    {"[febf::1]", "link-local (fe80::/10)"},
    {"[fec0::1]", "site-local (fec0::/10)"},
    {"[ff00::]", "multicast (ff00::/8)"},
    {"[ff02::1]", "multicast (ff00::/8)"},
    {"[2001:db8::1]", "documentation (2001:db8::/32)"},
    {"[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]", "documentation (2001:db8::/32)"},
    {"[3fff::1]", "documentation (3fff::/20)"},
    {"[100::1]", "discard (100::/64)"},
    {"[2001:2::1]", "benchmarks (2001:2::/48)"},
    {"[2001:10::1]", "not for routing (2001:10::/28)"},
    {"[2001:2f::1]", "not for routing (2001:20::/28)"},
    {"[4000::1]", "4000::1 may not be called: outside 2000::/3"},
    {"[1fff::1]", "outside 2000::/3"},
    {"[5f00::1]", "outside 2000::/3"},
    /* IPv6 that carries IPv4 */
    {"[::ffff:127.0.0.1]", "127.0.0.1 may not be called: loopback (127.0.0.0/8)"},
    {"[::ffff:7f00:1]", "127.0.0.1 may not be called: loopback (127.0.0.0/8)"},
    {"[0:0:0:0:0:ffff:10.0.0.1]", "10.0.0.1 may not be called: private network"},
    {"[::ffff:169.254.169.254]", "169.254.169.254 may not be called: link-local"},
    {"[::ffff:0.0.0.0]", "0.0.0.0 may not be called: \"this\" network"},
    {"[::127.0.0.1]", "IPv4-compatible form of 127.0.0.1, loopback (127.0.0.0/8)"},
    {"[::a00:1]", "IPv4-compatible form of 10.0.0.1, private network"},
    {"[::8.8.8.8]", "outside 2000::/3"},
    {"[::ffff:0:127.0.0.1]", "outside 2000::/3"}, /* IPv4-translated */
    {"[64:ff9b::127.0.0.1]", "NAT64 form of 127.0.0.1, loopback (127.0.0.0/8)"},
    {"[64:ff9b::a01:203]",
     "64:ff9b::a01:203 may not be called: NAT64 form of 10.1.2.3, private network"},
    {"[64:ff9b::192.168.1.1]", "NAT64 form of 192.168.1.1, private network"},
    {"[64:ff9b::169.254.169.254]", "NAT64 form of 169.254.169.254, link-local"},
    {"[64:ff9b:0:0:0:1:808:808]", "outside 2000::/3"},
    {"[64:ff9b:1::127.0.0.1]", "a network's own NAT64 (64:ff9b:1::/48)"},
    {"[64:ff9b:1:a00:0:100::]", "a network's own NAT64 (64:ff9b:1::/48)"},
    {"[64:ff9b:1::8.8.8.8]", "a network's own NAT64 (64:ff9b:1::/48)"},
    {"[2002:7f00:1::]", "6to4 form of 127.0.0.1, loopback (127.0.0.0/8)"},
    {"[2002:a00:1::1]", "6to4 form of 10.0.0.1, private network"},
    {"[2002:c0a8:101:1:2:3:4:5]", "6to4 form of 192.168.1.1, private network"},
    {"[2002:a9fe:a9fe::]", "6to4 form of 169.254.169.254, link-local"},
    {"[2002:e000:1::]", "6to4 form of 224.0.0.1, multicast"},
    {"[2001:0:4136:e378:8000:63bf:80ff:fffe]", "Teredo form of 127.0.0.1, loopback"},
    {"[2001:0:4136:e378:8000:63bf:f5ff:fffe]", "Teredo form of 10.0.0.1, private network"},
    {"[2001:0:4136:e378:8000:63bf:3f57:fefe]", "Teredo form of 192.168.1.1, private network"},
    {"[2001:0:a00:1:8000:63bf:f7f7:f7f7]", "Teredo form of 10.0.0.1, private network"},
    /* names of this machine */
    {"localhost", "127.0.0.1 may not be called: loopback"},
    {"LocalHost", "127.0.0.1 may not be called: loopback"},
    {"localhost.", "127.0.0.1 may not be called: loopback"},
    {"app.localhost", "127.0.0.1 may not be called: loopback"},
    {"a.b.LOCALHOST.", "127.0.0.1 may not be called: loopback"},
    {"localhost.localdomain", "127.0.0.1 may not be called: loopback"},
    {"ip6-localhost", "127.0.0.1 may not be called: loopback"},
    /* ports */
    {"example.com:22", "port 22 may not be called; expected one of 80,443,8080,8443"},
    {"example.com:0", "port 0 may not be called"},
    {"example.com:6379", "port 6379 may not be called"},
    {"8.8.8.8:25", "port 25 may not be called"},
    {"[2606:4700:4700::1111]:6379", "port 6379 may not be called"},
    {"example.com:65536", "url: "},
    {"example.com:99999999999999999999", "url: "},
    {"example.com:", "expected a port number behind the host, such as :443"},
    {"example.com:https", "expected a port number behind the host"},
    {"example.com:443:443", "expected a port number behind the host"},
    {"example.com:+443", "expected a port number behind the host"},
    {"example.com:-1", "expected a port number behind the host"},
    {"[2606:4700:4700::1111]443", "expected a port number behind the host"},
    /* user-info */
    {"user@example.com", "has a user name or password before the host; expected none"},
    {"user:secret@example.com", "has a user name or password before the host; expected none"},
    {"@example.com", "has a user name or password before the host; expected none"},
    {"example.com@127.0.0.1", "has a user name or password before the host; expected none"},
    {"example.com:443@10.0.0.1", "has a user name or password before the host; expected none"},
    /* hosts that are none */
    {"", "no host; expected such as https://example.com/path"},
    {":443", "no host"},
    {".", "an empty part between its dots"},
    {".example.com", "an empty part between its dots"},
    {"example..com", "an empty part between its dots"},
    {"127.0.0.1..", "an empty part between its dots"},
    {"exa%6dple.com", "'%' in the host; expected A-Z a-z 0-9 - _ ."},
    {"%31%32%37.0.0.1", "'%' in the host"},
    {"127.0.0.1%00.example.com", "'%' in the host"},
    {"exam,ple.com", "',' in the host"},
    {"exam*ple.com", "'*' in the host"},
    {"example.com;a", "';' in the host"},
    {"{host}", "'{' in the host"},
    {"[::1", "the host has '[' but no ']'"},
    {"[]", "url: "},
    {"[example.com]", "url: "},
    {"[127.0.0.1]", "url: "},
    {"[v1.fe80]", "url: "},
    {"[1:2:3:4:5:6:7:8:9]", "url: "},
    {"[::1%25", "the host has '[' but no ']'"},
    {"1::1", "expected a port number behind the host"},
};

/* And whole URLs. */
static const struct {
    const char *url, *words;
} refused_urls[] = {
    {"", "url: empty; expected such as https://example.com/path"},
    {"example.com", "expected it to begin with https:// or http://"},
    {"example.com/hook", "expected it to begin with https:// or http://"},
    {"//example.com/hook", "expected it to begin with https:// or http://"},
    {"/hook", "expected it to begin with https:// or http://"},
    {"ftp://example.com/", "expected it to begin with https:// or http://"},
    {"file:///etc/passwd", "expected it to begin with https:// or http://"},
    {"gopher://example.com/", "expected it to begin with https:// or http://"},
    {"unix:///run/redis.sock", "expected it to begin with https:// or http://"},
    {"javascript:alert(1)", "expected it to begin with https:// or http://"},
    {"https:example.com", "expected it to begin with https:// or http://"},
    {"https:/example.com", "expected it to begin with https:// or http://"},
    {"https:///example.com", "no host"},
    {"https://", "no host"},
    {"https://?a", "no host"},
    {"http://example.com/hook", "plain HTTP; expected https://"},
    {"HTTP://example.com:8080/hook", "plain HTTP; expected https://"},
    {"http://8.8.8.8/", "plain HTTP; expected https://"},
    {"http://127.0.0.1/", "127.0.0.1 may not be called: loopback"},
    {"https://example.com/#top", "has a fragment ('#' at byte 21); expected none"},
    {"https://example.com#@127.0.0.1/", "has a fragment"},
    {"https://example.com/a b", "space or control character at byte 22"},
    {" https://example.com/", "space or control character at byte 1"},
    {"https://example.com/\n", "space or control character at byte 21"},
    {"https://example.com/\r\nHost: a", "space or control character at byte 21"},
    {"https://exam\tple.com/", "space or control character at byte 13"},
    {"https://example.com/\x7f", "space or control character at byte 21"},
    {"https://example.com\\@127.0.0.1/", "backslash at byte 20; expected '/'"},
    {"https:\\\\example.com/", "backslash at byte 7"},
    {"https://ex\xc3\xa4mple.com/", "byte 11 is not ASCII; expected the host in punycode (xn--)"},
    {"https://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/",
     "byte 9 is not ASCII"}, /* fullwidth 127 */
    {"https://127\xe3\x80\x82"
     "0\xe3\x80\x82"
     "0.1/",
     "byte 12 is not ASCII"},
    {"https://\xe2\x91\xa0.1.1.1/", "byte 9 is not ASCII"},
};

static const char *const accepted[] = {
    "https://example.com",
    "https://example.com/",
    "HTTPS://EXAMPLE.COM/Hook",
    "https://example.com:443/hook?a=b&c=d@e",
    "https://example.com:8443/a/../b",
    "https://example.com:00443/",
    "https://example.com:80/",
    "https://example.com:8080/",
    "https://example.com./hook",
    "https://sub-domain.ex_ample.co.uk/%20",
    "https://xn--exmple-cua.com/",
    "https://example.com?q",
    "https://redis/hook", /* a name: its addresses are checked when we connect */
    "https://localhost.example.com/",
    "https://notlocalhost/",
    "https://10.example.com/",
    "https://127.0.0.1.nip.io/",
    "https://0x7f.example/",
    "https://1e100.net/",
    "https://8.8.8.8/",
    "https://134744072/",
    "https://9.255.255.255/",
    "https://11.0.0.0/",
    "https://100.63.255.255/",
    "https://100.128.0.0/",
    "https://126.255.255.255/",
    "https://128.0.0.0/",
    "https://169.253.255.255/",
    "https://169.255.0.0/",
    "https://172.15.255.255/",
    "https://172.32.0.0/",
    "https://191.255.255.255/",
    "https://192.0.1.0/",
    "https://192.0.3.0/",
    "https://192.88.98.255/",
    "https://192.88.100.0/",
    "https://192.167.255.255/",
    "https://192.169.0.0/",
    "https://198.17.255.255/",
    "https://198.20.0.0/",
    "https://198.51.99.255/",
    "https://198.51.101.0/",
    "https://203.0.112.255/",
    "https://203.0.114.0/",
    "https://223.255.255.255/",
    "https://1.0.0.0/",
    "https://[2606:4700:4700::1111]/",
    "https://[2606:4700:4700::1111]:8443/hook",
    "https://[2001:4860:4860::8888]/",
    "https://[2a00:1450:4001:82a::200e]/",
    "https://[2000::]/",
    "https://[3ffe::1]/",
    "https://[2001:db7::1]/",
    "https://[2001:db9::1]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[64:ff9b::8.8.8.8]/",
    "https://[2002:808:808::1]/",
    "https://[2001:0:4136:e378:8000:63bf:f7f7:f7f7]/",
};

static void expect_refused(const char *url, const char *words)
{
    struct egress_policy p = policy_of("");
    struct diag diag = {""};

    if (egress_check_url(&p, span_of(url), false, &diag) != -EINVAL)
        fail_msg("%s is accepted", url);
    if (!strstr(diag.text, words) || strncmp(diag.text, "url: ", 5) != 0)
        fail_msg("%s: '%s', expected '%s'", url, diag.text, words);
    assert_int_equal(egress_check_url(&p, span_of(url), false, NULL), -EINVAL);
}

static void refuses_hosts_with_words(void **state)
{
    char url[256];

    (void)state;
    assert_true(ARRAY_LEN(refused_hosts) >= 120);
    for (size_t i = 0; i < ARRAY_LEN(refused_hosts); i++) {
        (void)snprintf(url, sizeof(url), "https://%s/hook", refused_hosts[i].host);
        expect_refused(url, refused_hosts[i].words);
        (void)snprintf(url, sizeof(url), "https://%s?q", refused_hosts[i].host);
        expect_refused(url, refused_hosts[i].words);
    }
}

static void refuses_urls_with_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused_urls); i++)
        expect_refused(refused_urls[i].url, refused_urls[i].words);
}

static void refuses_a_nul_byte(void **state)
{
    struct egress_policy p = policy_of("");

    (void)state;
    assert_int_equal(egress_check_url(&p, SPAN("https://example.com/\0"), false, NULL), -EINVAL);
    assert_int_equal(egress_check_url(&p, SPAN("https://127.0.0.1\0.example.com/"), false, NULL),
                     -EINVAL);
}

static int check_length(size_t len, struct diag *diag)
{
    struct egress_policy p = policy_of("");
    char url[EGRESS_URL_BYTES_MAX + 2];

    assert_true(len <= sizeof(url));
    memset(url, 'a', sizeof(url));
    memcpy(url, "https://example.com/", 20);
    return egress_check_url(&p, (struct span){url, len}, false, diag);
}

static void bounds_the_lengths(void **state)
{
    char url[400];
    struct diag diag;

    (void)state;
    assert_int_equal(check_length(EGRESS_URL_BYTES_MAX, &diag), 0);
    assert_int_equal(check_length(EGRESS_URL_BYTES_MAX + 1, &diag), -EINVAL);
    assert_string_equal(diag.text, "url: 2049 bytes; expected at most 2048");

    (void)snprintf(url, sizeof(url), "https://%064d.com/", 0);
    expect_refused(url, "a part of the host is longer than 63 bytes");
    memset(url, 'a', sizeof(url));
    memcpy(url, "https://", 8);
    for (size_t i = 8 + 50; i < 8 + 255; i += 50)
        url[i] = '.';
    url[8 + 255] = '\0';
    expect_refused(url, "the host has 255 bytes; expected at most 253");
}

static void accepts_public_urls(void **state)
{
    struct egress_policy p = policy_of("");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(accepted); i++) {
        struct diag diag = {""};

        if (egress_check_url(&p, span_of(accepted[i]), false, &diag))
            fail_msg("%s: %s", accepted[i], diag.text);
    }
}

static void lets_plain_http_through_where_wanted(void **state)
{
    struct egress_policy p = policy_of("");

    (void)state;
    assert_int_equal(egress_check_url(&p, SPAN("http://example.com/"), true, NULL), 0);
    assert_int_equal(egress_check_url(&p, SPAN("http://8.8.8.8:8080/"), true, NULL), 0);
    assert_int_equal(egress_check_url(&p, SPAN("http://127.0.0.1/"), true, NULL), -EINVAL);
    assert_int_equal(egress_check_url(&p, SPAN("http://localhost/"), true, NULL), -EINVAL);
}

static void check_url_is(const struct egress_policy *p, const char *url, bool expected)
{
    struct diag diag = {""};
    int r = egress_check_url(p, span_of(url), false, &diag);

    if ((r == 0) != expected)
        fail_msg("%s: %d '%s'", url, r, diag.text);
}

static void obeys_the_allow_list(void **state)
{
    struct egress_policy p = policy_of(" 127.0.0.0/8 ,::1/128,10.1.2.3,fd00::/8,64:ff9b:1::/96");

    (void)state;
    /* any port there, and plain HTTP */
    check_url_is(&p, "http://127.0.0.1:9999/", true);
    check_url_is(&p, "https://127.255.0.1:1/", true);
    check_url_is(&p, "http://0x7f.1:9999/", true);
    check_url_is(&p, "http://[::1]:9999/", true);
    check_url_is(&p, "http://[::ffff:127.0.0.1]:9999/", true);
    check_url_is(&p, "http://localhost:9999/", true);
    check_url_is(&p, "http://a.localhost:9999/", true);
    check_url_is(&p, "http://10.1.2.3:81/", true);
    check_url_is(&p, "http://[fd00:1::2]:81/", true);
    check_url_is(&p, "http://[64:ff9b:1::a00:1]/", true);
    /* but nowhere else */
    check_url_is(&p, "http://127.0.0.1:0/", false);
    check_url_is(&p, "https://10.1.2.4/", false);
    check_url_is(&p, "https://[::2]/", false);
    check_url_is(&p, "https://[fc00::1]/", false);
    check_url_is(&p, "https://128.0.0.1:9999/", false);
    check_url_is(&p, "http://128.0.0.1/", false);
    check_url_is(&p, "http://example.com/", false);
    check_url_is(&p, "https://example.com:9999/", false);
    check_url_is(&p, "https://[2002:7f00:1::]/", false); /* a form of loopback, but not loopback */
    check_url_is(&p, "https://[64:ff9b::127.0.0.1]/", false);
}

static void checks_the_address_connected_to(void **state)
{
    static const struct {
        const char *address;
        unsigned port;
        const char *words; /* NULL: may be called */
    } cases[] = {
        {"8.8.8.8", 443, NULL},
        {"8.8.8.8", 8443, NULL},
        {"8.8.8.8", 8444, "port 8444 may not be called"},
        {"10.0.0.1", 443, "10.0.0.1 may not be called: private network (10.0.0.0/8)"},
        {"127.0.0.1", 8444, NULL}, /* by the allow-list */
        {"127.0.0.1", 0, "port 0 may not be called"},
        {"2606:4700:4700::1111", 443, NULL},
        {"2606:4700:4700::1111", 25, "port 25 may not be called"},
        {"::ffff:127.0.0.1", 8444, NULL},
        {"::ffff:10.0.0.1", 443, "10.0.0.1 may not be called: private network (10.0.0.0/8)"},
        {"::1", 443, "::1 may not be called: loopback (::1/128)"},
        {"fe80::1", 443, "fe80::1 may not be called: link-local (fe80::/10)"},
        {"64:ff9b::a9fe:a9fe", 443, "NAT64 form of 169.254.169.254, link-local"},
    };
    struct egress_policy p = policy_of("127.0.0.0/8");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sockaddr_in in4 = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)cases[i].port)};
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = in4.sin_port};
        const struct sockaddr *address = (struct sockaddr *)&in4;
        struct diag diag = {""};
        int r;

        if (inet_pton(AF_INET, cases[i].address, &in4.sin_addr) != 1) {
            assert_int_equal(inet_pton(AF_INET6, cases[i].address, &in6.sin6_addr), 1);
            address = (struct sockaddr *)&in6;
        }
        r = egress_check_address(&p, address, &diag);
        assert_int_equal(r, cases[i].words ? -EINVAL : 0);
        if (cases[i].words && !strstr(diag.text, cases[i].words))
            fail_msg("%s: '%s', expected '%s'", cases[i].address, diag.text, cases[i].words);
        assert_int_equal(egress_is_exempt(&p, address),
                         strstr(cases[i].address, "127.0.0.1") != NULL);
    }
}

static void refuses_other_families(void **state)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/run/redis.sock"};
    struct egress_policy p = policy_of("0.0.0.0/0,::/0");
    struct diag diag;

    (void)state;
    assert_int_equal(egress_check_address(&p, (struct sockaddr *)&un, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "expected IPv4 or IPv6"));
    assert_false(egress_is_exempt(&p, (struct sockaddr *)&un));
}

static void parses_policies(void **state)
{
    struct egress_policy p;

    (void)state;
    assert_int_equal(
        egress_policy_parse(&p, "127.0.0.1/8, 2001:db8::1/32 ,1.2.3.4", " 80 , 443", NULL), 0);
    assert_int_equal(p.n_allow, 3);
    assert_int_equal(p.allow[0].prefix, 96 + 8);
    assert_int_equal(p.allow[0].bytes[12], 127);
    assert_int_equal(p.allow[0].bytes[15], 0); /* behind the prefix: cleared */
    assert_int_equal(p.allow[1].prefix, 32);
    assert_int_equal(p.allow[1].bytes[15], 0);
    assert_int_equal(p.allow[2].prefix, 128);
    assert_int_equal(p.n_ports, 2);
    assert_int_equal(p.ports[0], 80);
    assert_int_equal(p.ports[1], 443);

    assert_int_equal(egress_policy_parse(&p, "0.0.0.0/0,::/0", "80", NULL), 0);
    check_url_is(&p, "http://10.0.0.1:1/", true);
    check_url_is(&p, "http://[fe80::1]:1/", true);
}

static void refuses_broken_policies(void **state)
{
    static const struct {
        const char *allow, *ports, *words;
    } cases[] = {
        {"127.0.0.0/33", "80",
         "egress_allow: '127.0.0.0/33' is no address range; expected such as"},
        {"::/129", "80", "egress_allow: '::/129'"},
        {"127.0.0.0/", "80", "egress_allow: '127.0.0.0/'"},
        {"127.0.0.0/-1", "80", "egress_allow: '127.0.0.0/-1'"},
        {"127.0.0.0/8x", "80", "egress_allow: '127.0.0.0/8x'"},
        {"127.0.0/8", "80", "egress_allow: '127.0.0/8'"},
        {"localhost", "80", "egress_allow: 'localhost'"},
        {"127.0.0.0/8,,::1", "80", "egress_allow: ''"},
        {"127.0.0.0/8,", "80", "egress_allow: ''"},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa/8", "80", "is no address range"},
        {"", "", "egress_ports: '' is no port; expected 1 to 65535"},
        {"", "80,", "egress_ports: ''"},
        {"", "0", "egress_ports: '0' is no port"},
        {"", "65536", "egress_ports: '65536' is no port"},
        {"", "http", "egress_ports: 'http' is no port"},
        {"", "80-90", "egress_ports: '80-90' is no port"},
        {"", "99999999999999999999999", "is no port"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct egress_policy p = {.n_ports = 7};
        struct diag diag = {""};

        assert_int_equal(egress_policy_parse(&p, cases[i].allow, cases[i].ports, &diag), -EINVAL);
        if (!strstr(diag.text, cases[i].words))
            fail_msg("'%s' '%s': '%s'", cases[i].allow, cases[i].ports, diag.text);
        assert_int_equal(p.n_ports, 7); /* written only on success */
    }
}

static void bounds_the_lists(void **state)
{
    char allow[(EGRESS_RANGES_MAX + 1) * 4 + 1] = "", list[(EGRESS_PORTS_MAX + 1) * 3 + 1] = "";
    struct egress_policy p;
    struct diag diag;

    (void)state;
    for (size_t i = 0; i <= EGRESS_RANGES_MAX; i++)
        memcpy(allow + 4 * i, "::1,", 5);
    for (size_t i = 0; i <= EGRESS_PORTS_MAX; i++)
        memcpy(list + 3 * i, "80,", 4);
    assert_int_equal(egress_policy_parse(&p, allow, "80", &diag), -EINVAL);
    assert_string_equal(diag.text, "egress_allow: expected at most 32 ranges");
    assert_int_equal(egress_policy_parse(&p, "", list, &diag), -EINVAL);
    assert_string_equal(diag.text, "egress_ports: expected at most 32 ports");
    allow[EGRESS_RANGES_MAX * 4 - 1] = list[EGRESS_PORTS_MAX * 3 - 1] = '\0';
    assert_int_equal(egress_policy_parse(&p, allow, list, &diag), 0);
    assert_int_equal(p.n_allow, EGRESS_RANGES_MAX);
    assert_int_equal(p.n_ports, EGRESS_PORTS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_hosts_with_words),
        cmocka_unit_test(refuses_urls_with_words),
        cmocka_unit_test(refuses_a_nul_byte),
        cmocka_unit_test(bounds_the_lengths),
        cmocka_unit_test(accepts_public_urls),
        cmocka_unit_test(lets_plain_http_through_where_wanted),
        cmocka_unit_test(obeys_the_allow_list),
        cmocka_unit_test(checks_the_address_connected_to),
        cmocka_unit_test(refuses_other_families),
        cmocka_unit_test(parses_policies),
        cmocka_unit_test(refuses_broken_policies),
        cmocka_unit_test(bounds_the_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
