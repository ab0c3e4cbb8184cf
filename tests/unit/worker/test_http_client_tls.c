/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/http_fixture.h"
#include "tests/support/tls_server.h"

/* ---- TLS ---- */

struct tls_fixture {
    struct tls_server *server;
    char ca_file[64];
};

static void tls_open(struct fixture *f, struct tls_fixture *t, int version_max)
{
    char ports[16];
    int fd;

    t->server = tls_server_start(version_max);
    (void)snprintf(t->ca_file, sizeof(t->ca_file), "/tmp/grapnel-test-ca-XXXXXX");
    fd = mkstemp(t->ca_file);
    MUST(fd >= 0);
    close(fd);
    tls_ca_write(t->server, t->ca_file);
    (void)snprintf(ports, sizeof(ports), "%u", t->server->port);
    set_policy(f, "127.0.0.0/8", ports);
    client_close(f);
    client_open(f, t->ca_file);
}

static void tls_close(struct fixture *f, struct tls_fixture *t)
{
    client_close(f);
    tls_server_stop(t->server);
    (void)unlink(t->ca_file);
    client_open(f, NULL);
}

static void tls_call(struct fixture *f, struct tls_fixture *t, struct probe *p, const char *host)
{
    char url[256];

    start_url(f, p, url_on(url, "https", host, t->server->port, "/"), 10000);
    wait_done(p);
}

static void test_tls_verified(void **state)
{
    struct fixture *f = *state;
    struct tls_fixture t;
    struct probe p = {.n_done = 0};

    tls_open(f, &t, 0);
    for (unsigned i = 0; i < 3; i++) {
        tls_call(f, &t, &p, "good.test");
        check_ok(&p, 200, "ok");
    }
    assert_int_equal(t.server->n_handshakes, 1);
    assert_int_equal(t.server->n_requests, 3);
    tls_close(f, &t);
}

static void test_tls_refused(void **state)
{
    struct fixture *f = *state;
    struct tls_fixture t;
    struct probe p = {.n_done = 0};

    tls_open(f, &t, 0);
    tls_call(f, &t, &p, "self.test");
    check_error(&p, OUTCOME_SSL_ERROR, "self-signed certificate");
    tls_call(f, &t, &p, "wrong.test");
    check_error(&p, OUTCOME_SSL_ERROR, "wrong.test");
    tls_call(f, &t, &p, "expired.test");
    check_error(&p, OUTCOME_SSL_ERROR, "certificate has expired");
    assert_int_equal(p.result.started_us, 0);
    assert_int_equal(t.server->n_requests, 0);
    tls_call(f, &t, &p, "good.test"); /* OpenSSL's error queue holds nothing of the above */
    check_ok(&p, 200, "ok");
    tls_close(f, &t);
}

/* A CA that we do not have: the system's store does not know this test's. */
static void test_tls_unknown_issuer(void **state)
{
    struct fixture *f = *state;
    struct tls_fixture t;
    struct probe p = {.n_done = 0};

    tls_open(f, &t, 0);
    client_close(f);
    client_open(f, NULL);
    tls_call(f, &t, &p, "good.test");
    check_error(&p, OUTCOME_SSL_ERROR, "certificate");
    tls_close(f, &t);
}

static void test_tls_old_version(void **state)
{
    struct fixture *f = *state;
    struct tls_fixture t;
    struct probe p = {.n_done = 0};

    tls_open(f, &t, TLS1_1_VERSION);
    tls_call(f, &t, &p, "good.test");
    check_error(&p, OUTCOME_SSL_ERROR, "the receiver speaks no TLS 1.2 or later");
    assert_int_equal(t.server->n_handshakes, 0);
    tls_close(f, &t);
    tls_open(f, &t, TLS1_2_VERSION);
    tls_call(f, &t, &p, "good.test");
    check_ok(&p, 200, "ok");
    tls_close(f, &t);
}

/* By whichever handle carries the call: @busy has the one that made the first handshake. */
static void test_tls_session_is_resumed(void **state)
{
    struct fixture *f = *state;
    struct tls_fixture t;
    struct probe p = {.n_done = 0}, busy = {.n_done = 0};

    tls_open(f, &t, 0);
    t.server->is_closing_each = true;
    tls_call(f, &t, &p, "good.test");
    check_ok(&p, 200, "ok");
    assert_int_equal(t.server->n_resumed, 0);
    start(f, &busy, "/silent", 10000);
    for (unsigned i = 0; i < 3; i++) {
        tls_call(f, &t, &p, "good.test");
        check_ok(&p, 200, "ok");
    }
    assert_int_equal(t.server->n_handshakes, 4);
    assert_int_equal(t.server->n_resumed, 3);
    cancel_and_check(f, &busy);
    tls_close(f, &t);
}

static void test_tls_bad_ca_file(void **state)
{
    struct fixture *f = *state;
    struct http_client_options o = {
        .egress = &f->policy, .connections_max = 16, .ca_file = "/nonexistent/ca.pem"};
    struct http_client *c = NULL;
    struct diag diag = {""};

    assert_int_equal(http_client_new(&c, &f->loop, &o, &diag), -EINVAL);
    assert_string_equal(diag.text, "tls_ca_file: no certificates in '/nonexistent/ca.pem'; "
                                   "expected a PEM file");
    assert_null(c);
}
/* ---- targets with something of their own ---- */

/* A server that the shared store does not know. */
static void stranger_open(struct fixture *f, struct tls_fixture *t)
{
    tls_open(f, t, 0);
    client_close(f);
    client_open(f, NULL);
}

static struct http_target *tls_target(struct fixture *f, const struct tls_fixture *t,
                                      const char *host, struct http_target_options o)
{
    char url[256];

    o.url = url_on(url, "https", host, t->server->port, "/");
    return target_by(f, &o);
}

static void call_target(struct fixture *f, struct probe *p, struct http_target *t)
{
    start_target(f, p, t, 10000);
    wait_done(p);
}

static void test_tls_extra_ca(void **state)
{
    struct fixture *f = *state;
    struct tls_fixture t;
    struct probe p = {.n_done = 0};
    struct http_target *target;
    char pem[2][4096], both[8192];

    stranger_open(f, &t);
    /* behind another, with text between */
    (void)snprintf(both, sizeof(both), "first\n%.*s\nsecond\n%.*s",
                   (int)tls_pem_of(&t.server->self, false, pem[0]).len, pem[0],
                   (int)tls_pem_of(&t.server->ca, false, pem[1]).len, pem[1]);
    target = tls_target(f, &t, "good.test", (struct http_target_options){.ca_pem = span_of(both)});
    for (unsigned i = 0; i < 3; i++) {
        call_target(f, &p, target);
        check_ok(&p, 200, "ok");
        assert_string_equal(t.server->last_name, "good.test");
    }
    assert_int_equal(t.server->n_handshakes, 1);
    http_target_unref(target);
    target =
        tls_target(f, &t, "expired.test", (struct http_target_options){.ca_pem = span_of(both)});
    call_target(f, &p, target);
    check_error(&p, OUTCOME_SSL_ERROR, "certificate has expired");
    http_target_unref(target);
    target = tls_target(f, &t, "wrong.test", (struct http_target_options){.ca_pem = span_of(both)});
    call_target(f, &p, target);
    check_error(&p, OUTCOME_SSL_ERROR, "wrong.test");
    http_target_unref(target);
    tls_close(f, &t);
}

/* One that is trusted itself, and what all trust is still trusted besides. */
static void test_tls_extra_ca_is_added(void **state)
{
    struct fixture *f = *state;
    struct tls_fixture t;
    struct probe p = {.n_done = 0};
    struct http_target *good, *self;
    struct http_target_options o = {.url = NULL};
    char pem[4096];

    tls_open(f, &t, 0); /* the shared store knows the CA */
    o.ca_pem = tls_pem_of(&t.server->self, false, pem);
    good = tls_target(f, &t, "good.test", o);
    self = tls_target(f, &t, "self.test", o);
    call_target(f, &p, good);
    check_ok(&p, 200, "ok");
    call_target(f, &p, self);
    check_ok(&p, 200, "ok");
    http_target_unref(good);
    http_target_unref(self);
    tls_close(f, &t);
}

/* Trust must not travel: neither by an idle connection, nor by a session. */
static void alternate(struct fixture *f, struct tls_fixture *t, bool is_closing_each)
{
    struct probe p = {.n_done = 0};
    struct http_target *trusting, *other, *plain;
    char pem[4096], other_pem[4096];

    stranger_open(f, t);
    t->server->is_closing_each = is_closing_each;
    trusting =
        tls_target(f, t, "good.test",
                   (struct http_target_options){.ca_pem = tls_pem_of(&t->server->ca, false, pem)});
    other = tls_target(
        f, t, "good.test",
        (struct http_target_options){.ca_pem = tls_pem_of(&t->server->self, false, other_pem)});
    plain = tls_target(f, t, "good.test", (struct http_target_options){.url = NULL});
    for (unsigned i = 0; i < 30; i++) {
        call_target(f, &p, trusting);
        check_ok(&p, 200, "ok");
        call_target(f, &p, i % 2 ? other : plain);
        check_error(&p, OUTCOME_SSL_ERROR, "certificate");
        assert_int_equal(p.result.started_us, 0);
        call_target(f, &p, i % 2 ? plain : other);
        check_error(&p, OUTCOME_SSL_ERROR, "certificate");
    }
    assert_int_equal(t->server->n_requests, 30);
    http_target_unref(trusting);
    http_target_unref(other);
    http_target_unref(plain);
}

static void test_tls_trust_is_not_lent_by_a_connection(void **state)
{
    struct tls_fixture t;

    alternate(*state, &t, false);
    assert_int_equal(t.server->n_handshakes, 1); /* there was one to lend */
    tls_close(*state, &t);
}

static void test_tls_trust_is_not_lent_by_a_session(void **state)
{
    struct tls_fixture t;

    alternate(*state, &t, true);
    assert_int_equal(t.server->n_handshakes, 30);
    assert_int_equal(t.server->n_resumed, 29);
    tls_close(*state, &t);
}

/* Two that trust the same may share, as any two may that trust what all do. */
static void test_tls_same_trust_is_shared(void **state)
{
    struct fixture *f = *state;
    struct tls_fixture t;
    struct probe p = {.n_done = 0};
    char pem[4096];

    stranger_open(f, &t);
    for (unsigned i = 0; i < 3; i++) { /* each is gone before the next is made */
        struct http_target *target = tls_target(
            f, &t, "good.test",
            (struct http_target_options){.ca_pem = tls_pem_of(&t.server->ca, false, pem)});

        call_target(f, &p, target);
        check_ok(&p, 200, "ok");
        http_target_unref(target);
    }
    assert_int_equal(t.server->n_handshakes, 1);
    tls_close(f, &t);
}

struct clients {
    struct tls_identity identities[2];
    struct http_target *targets[4]; /* ann, bob, nobody, ann by a CA of her own too */
};

static const char *const client_names[] = {"ann", "bob", "nobody", "ann"};

static void clients_open(struct fixture *f, struct tls_fixture *t, struct clients *c)
{
    char cert[4096], key[4096], ca[4096];

    for (unsigned i = 0; i < 4; i++) {
        struct http_target_options o = {.url = NULL};

        if (i < 2)
            c->identities[i] = tls_identity_make(client_names[i], 1, &t->server->ca, false);
        if (i != 2) {
            o.client_cert_pem = tls_pem_of(&c->identities[i % 3], false, cert);
            o.client_key_pem = tls_pem_of(&c->identities[i % 3], true, key);
        }
        if (i == 3)
            o.ca_pem = tls_pem_of(&t->server->self, false, ca);
        c->targets[i] = tls_target(f, t, "good.test", o);
    }
}

static void clients_close(struct clients *c)
{
    for (unsigned i = 0; i < 4; i++)
        http_target_unref(c->targets[i]);
    tls_identity_fini(&c->identities[0]);
    tls_identity_fini(&c->identities[1]);
}

static void alternate_clients(struct fixture *f, bool is_closing_each, unsigned n_handshakes,
                              unsigned n_resumed)
{
    struct tls_fixture t;
    struct clients c;
    struct probe p = {.n_done = 0};

    tls_open(f, &t, 0);
    tls_ask_for_client(t.server);
    t.server->is_closing_each = is_closing_each;
    clients_open(f, &t, &c);
    for (unsigned i = 0; i < 60; i++) {
        unsigned who = (i / 4 + i * 3) % 4; /* every one comes behind every other */

        call_target(f, &p, c.targets[who]);
        check_ok(&p, 200, client_names[who]);
    }
    assert_int_equal(t.server->n_handshakes, n_handshakes);
    assert_int_equal(t.server->n_resumed, n_resumed);
    clients_close(&c);
    tls_close(f, &t);
}

static void test_tls_client_is_not_lent_by_a_connection(void **state)
{
    alternate_clients(*state, false, 4, 0);
}

static void test_tls_client_is_not_lent_by_a_session(void **state)
{
    alternate_clients(*state, true, 60, 56);
}

static void test_tls_client_is_wanted(void **state)
{
    struct fixture *f = *state;
    struct tls_fixture t;
    struct clients c;
    struct probe p = {.n_done = 0};

    tls_open(f, &t, 0);
    tls_require_client(t.server);
    clients_open(f, &t, &c);
    call_target(f, &p, c.targets[2]);
    check_error(&p, OUTCOME_SSL_ERROR, "the receiver wants a client certificate");
    assert_int_equal(t.server->n_requests, 0);
    call_target(f, &p, c.targets[0]);
    check_ok(&p, 200, "ok");
    clients_close(&c);
    tls_close(f, &t);
}

static void test_tls_client_has_expired(void **state)
{
    struct fixture *f = *state;
    struct tls_fixture t;
    struct tls_identity old;
    struct probe p = {.n_done = 0};
    struct http_target *target;
    char cert[4096], key[4096];

    tls_open(f, &t, 0);
    tls_require_client(t.server);
    old = tls_identity_make("old", -1, &t.server->ca, false);
    target =
        tls_target(f, &t, "good.test",
                   (struct http_target_options){.client_cert_pem = tls_pem_of(&old, false, cert),
                                                .client_key_pem = tls_pem_of(&old, true, key)});
    call_target(f, &p, target);
    check_error(&p, OUTCOME_SSL_ERROR, "the client certificate has expired");
    http_target_unref(target);
    tls_identity_fini(&old);
    tls_close(f, &t);
}

static void test_tls_bad_pem(void **state)
{
    struct fixture *f = *state;
    struct http_target *t = NULL;
    struct http_target_options o = {.url = "https://good.test/", .ca_pem = SPAN("garbage")};
    struct diag diag = {""};

    assert_int_equal(http_target_new(&t, f->client, &o, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "ca: holds no certificate"));
    o.ca_pem = SPAN("");
    o.client_key_pem = SPAN("garbage");
    assert_int_equal(http_target_new(&t, f->client, &o, &diag), -EINVAL);
    assert_non_null(strstr(diag.text, "client_cert: expected with client_key"));
    assert_null(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IT(tls_verified),
        IT(tls_refused),
        IT(tls_unknown_issuer),
        IT(tls_old_version),
        IT(tls_session_is_resumed),
        IT(tls_bad_ca_file),
        IT(tls_extra_ca),
        IT(tls_extra_ca_is_added),
        IT(tls_trust_is_not_lent_by_a_connection),
        IT(tls_trust_is_not_lent_by_a_session),
        IT(tls_same_trust_is_shared),
        IT(tls_client_is_not_lent_by_a_connection),
        IT(tls_client_is_not_lent_by_a_session),
        IT(tls_client_is_wanted),
        IT(tls_client_has_expired),
        IT(tls_bad_pem),
    };

    return cmocka_run_group_tests(tests, open_what_stays_open, NULL);
}
