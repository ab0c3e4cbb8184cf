/* SPDX-License-Identifier: Apache-2.0 */
/* up.h: the whole of Grapnel on one machine, for trying and developing: what `grapnel up` runs.
 *
 * The state folder holds all that must survive: `redis/` (append-only file), `master.key`, `api.key`, `demo.json`
 * (the sample endpoint), `log/`, `env` (to be sourced by a shell). A second `up` on the same folder goes
 * on where the first one stopped; two at the same time are refused. */
#ifndef GRAPNEL_CLI_UP_UP_H
#define GRAPNEL_CLI_UP_UP_H

#include "cli/cli.h"
#include "cli/up/child.h"
#include "cli/up/up_api.h"

enum { UP_PATH_MAX = 400, UP_CHILDREN = 5 };

enum up_child { UP_REDIS, UP_SCHEDULER, UP_WORKER, UP_API, UP_RECEIVER };

struct up {
    struct cli *cli; /* borrowed */
    char folder[UP_PATH_MAX], log_folder[UP_PATH_MAX + 8], redis_folder[UP_PATH_MAX + 8];
    char redis_socket[UP_PATH_MAX + 16], redis_url[UP_PATH_MAX + 24];
    char grapnel[UP_PATH_MAX], scheduler[UP_PATH_MAX], worker[UP_PATH_MAX],
        api[UP_PATH_MAX]; /* programs */
    char redis_server[UP_PATH_MAX];
    char name[32], port_text[8];
    int lock;
    struct up_api http; /* of the API */
    uint16_t port;      /* of the receiver; 0: it takes a free one */
    struct child children[UP_CHILDREN];
    struct buf lines; /* of the receiver, not yet whole */
};

/* Makes or opens the state folder, finds the programs, sets the environment that all children get.
 * An exit status, told. */
int up_prepare(struct up *up, struct cli *cli, const char *folder);
void up_fini(struct up *up);

/* Starts redis-server, the scheduler, the worker and the API, and waits until they work. An exit status, told. */
int up_start(struct up *up);
/* Starts the receiver on up->port, or on a free one, and learns the port. An exit status, told. */
int up_start_receiver(struct up *up, const char *secret);

/* Waits for a line of the receiver, a signal or the end of a child. Restarts what has ended. */
enum up_news { UP_LINE, UP_SIGNAL, UP_NOTHING, UP_BROKEN };
enum up_news up_wait(struct up *up, int wait_ms, struct buf *ret_line);

/* Ends all children in order: nothing in flight is lost. An exit status. */
int up_stop(struct up *up);

#endif
