/* SPDX-License-Identifier: Apache-2.0 */
/* connection.h: one client of the receiver.
 *
 *   READING ──► DELAYED (--delay) ──► READING
 *      └──────► HANGING (--hang) until the client goes
 *
 * Requests are answered in order; while one is held those behind it wait in @in. Unwritten answers
 * wait in @out, and nothing more is parsed until they are gone. */
#ifndef GRAPNEL_BENCH_CONNECTION_H
#define GRAPNEL_BENCH_CONNECTION_H

#include "bench/receiver.h"

enum connection_state { CONNECTION_READING, CONNECTION_DELAYED, CONNECTION_HANGING };

struct connection {
    struct list all;     /* in receiver.connections */
    struct list delayed; /* in receiver.delayed while DELAYED */
    int fd;
    enum connection_state state;
    bool closes;     /* after the answers at hand */
    bool is_writing; /* @out is not empty */
    int status;      /* what to answer, while DELAYED */
    int64_t due_us;  /* when, while DELAYED */
    struct buf in, out;
};

/* Takes @fd, also on failure. */
int connection_open(struct receiver *r, int fd);
void connection_close(struct receiver *r, struct connection *c);

/* Both close the connection when it ended or broke: careful, @c may be gone after them. */
void connection_on_events(struct receiver *r, struct connection *c, uint32_t events);
void connection_on_due(struct receiver *r, struct connection *c);

#endif
