/* SPDX-License-Identifier: Apache-2.0 */
/* api.h: grapnel-api: the management API over HTTP, and inbound webhooks. No state outside Redis: run as many as you
 * like. */
#ifndef GRAPNEL_API_API_H
#define GRAPNEL_API_API_H

#include "api/jwt_keyring.h"
#include "api/pool.h"
#include "api/retry_runner.h"
#include "common/model/egress.h"
#include "common/program/service.h"
#include "common/runtime/http_server.h"
#include <stdatomic.h>

struct api {
    struct service service;
    struct egress_policy egress;
    struct http_server *server;
    struct pool *pool;
    struct retry_runner *retries;
    struct jwt_keyring jwt;
    struct timer drain;      /* looks whether the last answer is out */
    atomic_uint n_testing;   /* threads that wait for what comes of a test */
    atomic_bool is_draining; /* they are not to wait any longer */
    unsigned n_closing;
    bool is_started;
};

int api_main(int argc, char **argv);

#endif
