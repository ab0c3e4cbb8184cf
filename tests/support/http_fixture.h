/* SPDX-License-Identifier: Apache-2.0 */
/* http_fixture.h: what the tests of the worker's HTTP client have in common: a client on a loop, a
 * scripted receiver, a resolver of their own, and calls that note what came of them.
 *
 * Names: <anything>.test is 127.0.0.1; missing.test does not exist; slow.test takes until the end
 * of the test; private.test, privates.test and both.test have private addresses (both: and a good
 * one behind); second.test is 127.0.0.2 and 127.0.0.1. */
#ifndef GRAPNEL_TESTS_SUPPORT_HTTP_FIXTURE_H
#define GRAPNEL_TESTS_SUPPORT_HTTP_FIXTURE_H

#include "worker/http/http_client.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/support/scripted_server.h"

struct fixture {
    struct loop loop;
    struct http_client *client;
    struct egress_policy policy;
    struct scripted_server *server;
    bool is_closed;
    unsigned n_fds;
};

struct probe {
    struct http_call call;
    struct fixture *f;
    unsigned n_done;
    bool is_starting, allows, hits_client; /* hits_client: cancels @victim from its callback */
    unsigned n_asked;                      /* may_send */
    struct probe *victim;
    struct attempt_result result; /* spans are copied below */
    char body[16384], retry_after[300];
};

enum { PLAIN_HEADERS = 2 };
extern const struct span plain_headers[PLAIN_HEADERS];

/* For cmocka. After each test: closing with whatever is idle leaves neither memory (ASan) nor a
 * descriptor behind. */
int setup(void **state);
int teardown(void **state);
int open_what_stays_open(void **state); /* of the group */
#define IT(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

void client_open(struct fixture *f, const char *ca_file);
void client_open_by(struct fixture *f, const char *ca_file, const char *proxy);
void client_close(struct fixture *f);
void on_client_closed(void *fixture);
void set_policy(struct fixture *f, const char *allow, const char *ports);

unsigned looking(void); /* look-ups of slow.test under way */

/* The URL of @path. */
const char *url_on(char ret[256], const char *scheme, const char *host, unsigned port,
                   const char *path);
struct http_target *target_by(struct fixture *f, const struct http_target_options *o);

/* Start a call; by path: to the scripted receiver. */
void start_target(struct fixture *f, struct probe *p, struct http_target *t, int64_t timeout_ms);
void start_url(struct fixture *f, struct probe *p, const char *url, int64_t timeout_ms);
void start(struct fixture *f, struct probe *p, const char *path, int64_t timeout_ms);
void copy_result(struct probe *p,
                 const struct attempt_result *result); /* for a callback of one's own */
bool on_may_send(struct http_call *call);
void wait_done(struct probe *p);
void cancel_and_check(struct fixture *f, struct probe *p);

void check_ok(const struct probe *p, int status, const char *body);
void check_error(const struct probe *p, enum outcome_code code, const char *words);
void call_ok(struct fixture *f, const char *path, int status, const char *body);
void call_error(struct fixture *f, const char *path, int64_t timeout_ms, enum outcome_code code,
                const char *words);

#endif
