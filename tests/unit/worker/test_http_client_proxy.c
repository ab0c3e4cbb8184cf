/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/http_fixture.h"
#include "tests/support/test_proxy.h"
#include "worker/http/http_proxy.h"

/* ---- a client behind a proxy ---- */

struct proxy_fixture {
    struct test_proxy *proxy;
    struct tls_server *tls;
    char ca_file[64]; /* of the TLS server's CA */
};

static void proxy_client_open(struct fixture *f, const char *ca_file, const char *scheme,
                              const char *login, unsigned port)
{
    char url[256];

    (void)snprintf(url, sizeof(url), "%s://%s%s127.0.0.1:%u", scheme, login, *login ? "@" : "",
                   port);
    client_close(f);
    client_open_by(f, ca_file, url);
}

/* As one would without a proxy, but that loopback is not in the allow-list: only names are called,
 * and the proxy is where it is. */
static void allow_ports(struct fixture *f, unsigned other)
{
    char ports[32];

    (void)snprintf(ports, sizeof(ports), "%u,%u", f->server->port, other);
    set_policy(f, "", ports);
}

static struct test_proxy *open_by(struct fixture *f, bool is_socks, const char *login)
{
    struct test_proxy *p = proxy_start(is_socks, NULL);

    allow_ports(f, 443);
    proxy_client_open(f, NULL, is_socks ? "socks5" : "http", login, p->port);
    return p;
}

/* The fixture's client stays for the teardown, without a connection. */
static void close_by(struct fixture *f, struct test_proxy *p)
{
    client_close(f);
    proxy_stop(p);
    client_open(f, NULL);
}

static void call_name(struct fixture *f, struct probe *p, const char *host, const char *path,
                      int64_t timeout_ms)
{
    char url[256];

    start_url(f, p, url_on(url, "http", host, f->server->port, path), timeout_ms);
    wait_done(p);
}

static void call_fails(struct fixture *f, const char *words)
{
    struct probe p = {.call = {.may_send = on_may_send}, .allows = true};

    call_name(f, &p, "missing.test", "/later", 10000);
    check_error(&p, OUTCOME_NETWORK_ERROR, words);
    assert_non_null(strstr(p.result.message, "egress proxy"));
    assert_int_equal(p.result.started_us, 0);
    assert_int_equal(p.result.retry_after.len, 0);
    assert_int_equal(p.n_asked, 0);
}

/* ---- what goes through ---- */

static void test_proxy_connect(void **state)
{
    struct fixture *f = *state;
    struct test_proxy *proxy = open_by(f, false, "");
    struct probe p = {.n_done = 0};
    char expected[256];

    for (unsigned i = 0; i < 3; i++) {
        call_name(f, &p, "missing.test", "/ok", 10000); /* the proxy resolves */
        check_ok(&p, 200, "fine");
        assert_true(i == 0 ? p.result.connect_us > 0 : p.result.connect_us == 0);
        assert_int_equal(p.result.retry_after.len, 0); /* the proxy said 77 */
    }
    assert_int_equal(f->server->n_accepted, 1);
    assert_int_equal(proxy->n_tunnels, 1);
    (void)snprintf(expected, sizeof(expected),
                   "CONNECT missing.test:%u HTTP/1.1\r\nHost: missing.test:%u\r\n"
                   "Proxy-Connection: Keep-Alive\r\n\r\n",
                   f->server->port, f->server->port);
    assert_string_equal(proxy->last_request, expected); /* nothing of ours */
    assert_string_equal(proxy->last_login, "");
    assert_non_null(strstr(f->server->last_request, "POST /ok HTTP/1.1\r\nHost: missing.test"));
    assert_null(strstr(f->server->last_request, "Proxy-"));

    call_name(f, &p, "missing.test", "/later", 10000);
    check_ok(&p, 503, "later");
    assert_string_equal(p.retry_after, "120");
    call_name(f, &p, "other.test", "/ok", 10000); /* a tunnel leads to one host */
    check_ok(&p, 200, "fine");
    assert_int_equal(proxy->n_tunnels, 2);
    close_by(f, proxy);
}

static void test_proxy_socks(void **state)
{
    struct fixture *f = *state;
    struct test_proxy *proxy = open_by(f, true, "");
    struct probe p = {.n_done = 0};
    char expected[256];

    for (unsigned i = 0; i < 3; i++) {
        call_name(f, &p, "missing.test", "/ok", 10000);
        check_ok(&p, 200, "fine");
    }
    assert_int_equal(proxy->n_tunnels, 1);
    (void)snprintf(expected, sizeof(expected), "missing.test:%u", f->server->port);
    assert_string_equal(proxy->last_request, expected);
    call_name(f, &p, "other.test", "/ok", 10000);
    check_ok(&p, 200, "fine");
    assert_int_equal(proxy->n_tunnels, 2);
    close_by(f, proxy);
}

static void test_proxy_login(void **state)
{
    struct fixture *f = *state;
    struct probe p = {.n_done = 0};

    for (unsigned is_socks = 0; is_socks < 2; is_socks++) {
        struct test_proxy *proxy = open_by(f, is_socks, "us%40er:p%3Aa%25ss");

        proxy->login = "us@er:p:a%ss";
        call_name(f, &p, "missing.test", "/ok", 10000);
        check_ok(&p, 200, "fine");
        assert_string_equal(proxy->last_login, "us@er:p:a%ss");
        close_by(f, proxy);
    }
}

static void test_proxy_login_refused(void **state)
{
    static const char *const logins[] = {"", "user:wrong"};
    struct fixture *f = *state;

    for (unsigned i = 0; i < ARRAY_LEN(logins); i++) {
        struct test_proxy *proxy = open_by(f, false, logins[i]);

        proxy->login = "user:password";
        call_fails(f, "refused CONNECT with status 407: it wants a user name and password");
        close_by(f, proxy);
        proxy = open_by(f, true, logins[i]);
        proxy->login = "user:password";
        call_fails(f, "egress proxy: ");
        close_by(f, proxy);
    }
    assert_int_equal(f->server->n_accepted, 0);
}

/* Neither to send by another's proxy, nor past one's own. The test's environment has both. */
static void test_proxy_is_the_settings_alone(void **state)
{
    struct fixture *f = *state;
    struct test_proxy *proxy = proxy_start(false, NULL);
    struct probe p = {.n_done = 0};
    char url[64];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", proxy->port);
    (void)setenv("http_proxy", url, 1);
    (void)setenv("ALL_PROXY", url, 1);
    call_ok(f, "/ok", 200, "fine");
    assert_int_equal(proxy->n_connections, 0);
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    (void)setenv("no_proxy", "*", 1);
    (void)setenv("NO_PROXY", "*", 1);
    allow_ports(f, 443);
    proxy_client_open(f, NULL, "http", "", proxy->port);
    call_name(f, &p, "missing.test", "/ok", 10000);
    check_ok(&p, 200, "fine");
    assert_int_equal(proxy->n_tunnels, 1);
    (void)unsetenv("http_proxy");
    (void)unsetenv("ALL_PROXY");
    (void)unsetenv("no_proxy");
    (void)unsetenv("NO_PROXY");
    close_by(f, proxy);
}

/* ---- may it be sent? ---- */

static void test_proxy_owner_refuses(void **state)
{
    struct fixture *f = *state;

    for (unsigned is_socks = 0; is_socks < 2; is_socks++) {
        struct test_proxy *proxy = open_by(f, is_socks, "");
        struct probe p = {.call = {.may_send = on_may_send}, .allows = false};
        unsigned n_before = f->server->n_requests;

        call_name(f, &p, "missing.test", "/ok", 10000);
        check_error(&p, OUTCOME_UNKNOWN_ERROR, "not sent: refused by its owner");
        assert_true(p.result.is_refused_by_owner);
        assert_int_equal(p.n_asked, 1);
        assert_int_equal(proxy->n_tunnels, 1); /* it stood */
        assert_int_equal(f->server->n_requests, n_before);
        p.allows = true;
        for (unsigned i = 0; i < 2; i++) { /* then on a reused one */
            call_name(f, &p, "missing.test", "/ok", 10000);
            check_ok(&p, 200, "fine");
            assert_int_equal(p.n_asked, i + 2);
        }
        close_by(f, proxy);
    }
}

/* A request is sent once, whatever becomes of the tunnel. */
static void test_proxy_dead_tunnel(void **state)
{
    struct fixture *f = *state;
    struct test_proxy *proxy = open_by(f, false, "");
    struct probe p = {.n_done = 0};

    call_name(f, &p, "missing.test", "/once", 10000);
    check_ok(&p, 200, "once");
    call_name(f, &p, "missing.test", "/once", 10000);
    check_error(&p, OUTCOME_NETWORK_ERROR, "");
    assert_null(strstr(p.result.message, "proxy")); /* it was let through */
    assert_int_equal(f->server->n_requests, 2);
    close_by(f, proxy);
}

/* ---- the proxy's faults ---- */

static void test_proxy_refuses(void **state)
{
    struct fixture *f = *state;
    struct test_proxy *proxy = open_by(f, false, "");

    proxy->mode = PROXY_REFUSES;
    call_fails(f, "egress proxy: refused CONNECT with status 403");
    proxy->refusal = "HTTP/1.1 503 Busy\r\nRetry-After: 77\r\nContent-Length: 3\r\n\r\nno\n";
    call_fails(f, "egress proxy: refused CONNECT with status 503");
    proxy->refusal = "HTTP/1.1 302 Away\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
    call_fails(f, "egress proxy: refused CONNECT with status 302");
    proxy->mode = PROXY_WORKS; /* nobody listens at the endpoint: that, too, only the proxy says */
    allow_ports(f, 1);
    {
        struct probe p = {.n_done = 0};

        start_url(f, &p, "http://missing.test:1/", 10000);
        wait_done(&p);
        check_error(&p, OUTCOME_NETWORK_ERROR, "egress proxy: refused CONNECT with status 502");
    }
    close_by(f, proxy);
    proxy = open_by(f, true, "");
    proxy->mode = PROXY_REFUSES;
    call_fails(f, "egress proxy: ");
    close_by(f, proxy);
    assert_int_equal(f->server->n_accepted, 0);
}

static void test_proxy_is_broken(void **state)
{
    static const enum proxy_mode modes[] = {PROXY_TALKS_GARBAGE, PROXY_CLOSES};
    struct fixture *f = *state;

    for (unsigned is_socks = 0; is_socks < 2; is_socks++) {
        struct test_proxy *proxy = open_by(f, is_socks, "");

        for (unsigned i = 0; i < ARRAY_LEN(modes); i++) {
            proxy->mode = modes[i];
            call_fails(f, "egress proxy: ");
        }
        close_by(f, proxy);
    }
}

static void test_proxy_is_down(void **state)
{
    struct fixture *f = *state;
    uint16_t port;

    close(listen_on_loopback(&port, 1));
    allow_ports(f, 443);
    proxy_client_open(f, NULL, "http", "", port);
    call_fails(f, "Connection refused");
    client_close(f);
    client_open_by(f, NULL, "socks5://missing.test:1");
    call_fails(f, "egress proxy: ");
}

static void test_proxy_hangs(void **state)
{
    struct fixture *f = *state;

    for (unsigned is_socks = 0; is_socks < 2; is_socks++) {
        struct test_proxy *proxy = open_by(f, is_socks, "");
        struct probe p = {.n_done = 0};

        proxy->mode = PROXY_HANGS;
        call_name(f, &p, "missing.test", "/ok", 300);
        check_error(&p, OUTCOME_TIMEOUT, "the egress proxy did not let us through");
        assert_int_equal(p.result.started_us, 0);
        close_by(f, proxy);
    }
}

/* ---- egress ---- */

static void test_proxy_egress(void **state)
{
    static const char *const urls[] = {"http://10.0.0.1/", "http://127.0.0.1/", "http://[::1]/",
                                       "http://localhost/", "http://example.com:22/"};
    struct fixture *f = *state;
    struct test_proxy *proxy = open_by(f, false, "");
    struct http_target *t = NULL;

    for (unsigned i = 0; i < ARRAY_LEN(urls); i++)
        assert_int_equal(
            http_target_new(&t, f->client, &(struct http_target_options){.url = urls[i]}, NULL),
            -EINVAL);
    assert_null(t);
    close_by(f, proxy);
}

/* ---- TLS ---- */

static void tls_open(struct fixture *f, struct proxy_fixture *t, bool is_socks, bool is_tls)
{
    int fd;

    t->tls = tls_server_start(0);
    t->proxy = proxy_start(is_socks, is_tls ? &t->tls->good : NULL);
    (void)snprintf(t->ca_file, sizeof(t->ca_file), "/tmp/grapnel-test-ca-XXXXXX");
    fd = mkstemp(t->ca_file);
    MUST(fd >= 0);
    close(fd);
    tls_ca_write(t->tls, t->ca_file);
    allow_ports(f, t->tls->port);
}

static void tls_client_open(struct fixture *f, struct proxy_fixture *t, const char *ca_file,
                            const char *scheme)
{
    char url[256];

    client_close(f);
    client_open_by(f, ca_file, url_on(url, scheme, "good.test", t->proxy->port, ""));
}

static void tls_close(struct fixture *f, struct proxy_fixture *t)
{
    client_close(f);
    proxy_stop(t->proxy);
    tls_server_stop(t->tls);
    (void)unlink(t->ca_file);
    client_open(f, NULL);
}

static struct http_target *tls_target(struct fixture *f, const struct proxy_fixture *t,
                                      const char *host, struct http_target_options o)
{
    char url[256];

    o.url = url_on(url, "https", host, t->tls->port, "/");
    return target_by(f, &o);
}

static void call_tls(struct fixture *f, struct probe *p, const struct proxy_fixture *t,
                     const char *host)
{
    struct http_target *target = tls_target(f, t, host, (struct http_target_options){.url = NULL});

    start_target(f, p, target, 10000);
    http_target_unref(target);
    wait_done(p);
}

static void test_proxy_tls(void **state)
{
    struct fixture *f = *state;
    struct proxy_fixture t;
    struct probe p = {.n_done = 0};

    for (unsigned is_socks = 0; is_socks < 2; is_socks++) {
        tls_open(f, &t, is_socks, false);
        tls_client_open(f, &t, t.ca_file, is_socks ? "socks5" : "http");
        for (unsigned i = 0; i < 3; i++) {
            call_tls(f, &p, &t, "good.test");
            check_ok(&p, 200, "ok");
            assert_string_equal(t.tls->last_name, "good.test");
        }
        assert_int_equal(t.tls->n_handshakes, 1);
        call_tls(f, &p, &t, "self.test"); /* the endpoint's fault, not the proxy's */
        check_error(&p, OUTCOME_SSL_ERROR, "self-signed certificate");
        call_tls(f, &p, &t, "wrong.test");
        check_error(&p, OUTCOME_SSL_ERROR, "wrong.test");
        tls_close(f, &t);
    }
}

static void test_proxy_does_not_lend_trust(void **state)
{
    struct fixture *f = *state;
    struct proxy_fixture t;
    struct probe p = {.n_done = 0};
    char pem[4096];

    for (unsigned is_closing = 0; is_closing < 2; is_closing++) {
        struct http_target *trusting;

        tls_open(f, &t, false, false);
        t.tls->is_closing_each = is_closing;
        tls_client_open(f, &t, NULL, "http");
        trusting =
            tls_target(f, &t, "good.test",
                       (struct http_target_options){.ca_pem = tls_pem_of(&t.tls->ca, false, pem)});
        for (unsigned i = 0; i < 20; i++) {
            start_target(f, &p, trusting, 10000);
            wait_done(&p);
            check_ok(&p, 200, "ok");
            call_tls(f, &p, &t, "good.test");
            check_error(&p, OUTCOME_SSL_ERROR, "certificate");
        }
        assert_int_equal(t.tls->n_requests, 20);
        assert_int_equal(t.tls->n_resumed, is_closing ? 19 : 0);
        http_target_unref(trusting);
        tls_close(f, &t);
    }
}

/* TLS in TLS: a client certificate is for the endpoint alone. */
static void test_proxy_behind_tls(void **state)
{
    struct fixture *f = *state;
    struct proxy_fixture t;
    struct probe p = {.n_done = 0};
    struct tls_identity ann;
    struct http_target *target;
    char cert[4096], key[4096];

    tls_open(f, &t, false, true);
    tls_ask_for_client(t.tls);
    tls_client_open(f, &t, t.ca_file, "https");
    ann = tls_identity_make("ann", 1, &t.tls->ca, false);
    target =
        tls_target(f, &t, "good.test",
                   (struct http_target_options){.client_cert_pem = tls_pem_of(&ann, false, cert),
                                                .client_key_pem = tls_pem_of(&ann, true, key)});
    t.tls->is_closing_each = true;
    for (unsigned i = 0; i < 6; i++) {
        start_target(f, &p, target, 10000);
        wait_done(&p);
        check_ok(&p, 200, "ann");
        call_tls(f, &p, &t, "good.test");
        check_ok(&p, 200, "nobody");
        call_name(f, &p, "missing.test", "/ok", 10000);
        check_ok(&p, 200, "fine");
    }
    assert_false(t.proxy->has_seen_client_cert);
    call_tls(f, &p, &t, "self.test");
    check_error(&p, OUTCOME_SSL_ERROR, "the certificate was not trusted");
    call_tls(f, &p, &t, "wrong.test");
    check_error(&p, OUTCOME_SSL_ERROR, "wrong.test");
    http_target_unref(target);
    tls_identity_fini(&ann);
    tls_close(f, &t);
}

/* What an endpoint trusts does not vouch for the proxy. */
static void test_proxy_behind_tls_is_verified(void **state)
{
    struct fixture *f = *state;
    struct proxy_fixture t;
    struct probe p = {.n_done = 0};
    struct http_target *target;
    char pem[4096];

    tls_open(f, &t, false, true);
    tls_client_open(f, &t, NULL, "https");
    target = tls_target(f, &t, "good.test",
                        (struct http_target_options){.ca_pem = tls_pem_of(&t.tls->ca, false, pem)});
    for (unsigned i = 0; i < 2; i++) {
        start_target(f, &p, target, 10000);
        wait_done(&p);
        check_error(&p, OUTCOME_NETWORK_ERROR, "egress proxy: ");
        assert_non_null(strstr(p.result.message, "certificate"));
    }
    assert_int_equal(t.proxy->n_tunnels, 0);
    http_target_unref(target);
    tls_close(f, &t);
}

/* ---- the setting ---- */

static void test_proxy_setting(void **state)
{
    static const char *const good[][2] = {
        {"http://proxy:3128", "http://proxy:3128"},
        {"HTTPS://a:b@10.0.0.1:443/", "https://a:b@10.0.0.1:443/"},
        {"socks5://u@[::1]:1080", "socks5h://u@[::1]:1080"},
        {"socks5h://proxy:1080", "socks5h://proxy:1080"},
        {"", ""},
    };
    struct http_proxy p;
    struct diag diag = {""};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(good); i++) {
        if (http_proxy_parse(&p, good[i][0], &diag))
            fail_msg("%s: %s", good[i][0], diag.text);
        assert_string_equal(p.url, good[i][1]);
        assert_int_equal(p.is_tls, i == 1);
        http_proxy_fini(&p);
    }
    assert_int_equal(http_proxy_parse(&p, NULL, &diag), 0);
}

static void test_proxy_setting_refused(void **state)
{
    static const char *const bad[][2] = {
        {"proxy:3128", "expected http://, https:// or socks5://"},
        {"socks4://proxy:1080", "expected http://, https:// or socks5://"},
        {"http://u:hidden@proxy", "no port; expected host:port"},
        {"http://u:hidden@:3128", "expected [user:password@]host:port"},
        {"http://u:hidden@proxy:0x", "expected [user:password@]host:port"},
        {"http://u:hidden@proxy:99999", "expected [user:password@]host:port"},
        {"http://u:hidden@proxy:80/path", "something behind host:port"},
        {"http://u:hidden@proxy:80?q", "something behind host:port"},
        {"http://u:hid den@proxy:80", "space, control or non-ASCII character at byte 13"},
        {"http://u:hidden%00@proxy:80", "the password cannot be used"},
        {"http://u%0a:hidden@proxy:80", "the user name cannot be used"},
    };
    struct http_proxy p;
    struct diag diag = {""};
    char *text = calloc(1, HTTP_PROXY_BYTES_MAX + 20);

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(http_proxy_parse(&p, bad[i][0], &diag), -EINVAL);
        if (!strstr(diag.text, bad[i][1]))
            fail_msg("%s: %s", bad[i][0], diag.text);
        assert_ptr_equal(strstr(diag.text, "egress_proxy: "), diag.text);
        assert_null(strstr(diag.text, "hid"));
        assert_string_equal(p.url, "");
    }
    memset(text, 'a', HTTP_PROXY_BYTES_MAX + 19);
    assert_int_equal(http_proxy_parse(&p, text, &diag), -EINVAL);
    memcpy(text, "http://", 7);
    (void)snprintf(text + 400, 100, ":b@proxy:80");
    assert_int_equal(http_proxy_parse(&p, text, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "the user name cannot be used; expected at most 255 bytes"));
    free(text);
}

static void test_proxy_setting_stops_the_start(void **state)
{
    struct fixture *f = *state;
    struct http_client_options o = {
        .egress = &f->policy, .connections_max = 16, .proxy = "ftp://proxy:1"};
    struct http_client *c = NULL;
    struct diag diag = {""};

    assert_int_equal(http_client_new(&c, &f->loop, &o, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "egress_proxy: expected http://"));
    assert_null(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IT(proxy_connect),
        IT(proxy_socks),
        IT(proxy_login),
        IT(proxy_login_refused),
        IT(proxy_is_the_settings_alone),
        IT(proxy_owner_refuses),
        IT(proxy_dead_tunnel),
        IT(proxy_refuses),
        IT(proxy_is_broken),
        IT(proxy_is_down),
        IT(proxy_hangs),
        IT(proxy_egress),
        IT(proxy_tls),
        IT(proxy_does_not_lend_trust),
        IT(proxy_behind_tls),
        IT(proxy_behind_tls_is_verified),
        cmocka_unit_test(test_proxy_setting),
        cmocka_unit_test(test_proxy_setting_refused),
        IT(proxy_setting_stops_the_start),
    };

    return cmocka_run_group_tests(tests, open_what_stays_open, NULL);
}
