/* SPDX-License-Identifier: Apache-2.0 */
/* transfer.h: a download or a royalty file that somebody outside prepares and tells of when it is done: its record
 * (a msgpack map), and which status may follow which. Pure.
 *
 *   download   preparing ─► done ─► expired      and back from failed and expired, as it may be prepared again;
 *                  └─► failed                    a `done` of a link that has expired is an old one, come late
 *   file       processing ─► processed */
#ifndef GRAPNEL_ADMIN_INBOUND_TRANSFER_H
#define GRAPNEL_ADMIN_INBOUND_TRANSFER_H

#include "common/base/base.h"
#include "common/base/buf.h"
#include "common/base/id.h"
#include "common/model/mail_address.h"

enum transfer_kind { TRANSFER_DOWNLOAD, TRANSFER_FILE };

/* `processing` and `processed` of a file are the first two. */
enum transfer_state { TRANSFER_BEGUN, TRANSFER_DONE, TRANSFER_FAILED, TRANSFER_EXPIRED };

enum {
    TRANSFER_NAME_MAX = 256,
    TRANSFER_EMAIL_MAX = MAIL_ADDRESS_MAX,
    TRANSFER_SOURCE_MAX = 128,
    TRANSFER_URL_MAX = 2048,
    TRANSFER_RECORD_MAX = 8 << 10,
};

struct transfer {
    enum transfer_kind kind;
    char id[ID_SIZE]; /* a UUID in lower case */
    char tenant[72];
    char name[TRANSFER_NAME_MAX + 1];     /* for people; "": none */
    char email[TRANSFER_EMAIL_MAX + 1];   /* of a download: told when it is done; "": nobody */
    char source[TRANSFER_SOURCE_MAX + 1]; /* of a file: where it is from; "": not said */
    char url[TRANSFER_URL_MAX + 1];       /* of a download; "": none yet */
    enum transfer_state state;
    int64_t created_ms, updated_ms; /* Redis's clock */
};

const char *transfer_noun(enum transfer_kind kind); /* "download", "file" */
const char *transfer_state_name(enum transfer_kind kind, enum transfer_state state);
int transfer_state_find(enum transfer_kind kind, struct span name,
                        enum transfer_state *ret); /* -ENOENT */

/* A UUID of any version, written in lower case to @ret. -EINVAL. */
int transfer_id_parse(char ret[ID_SIZE], struct span text);

/* Copies @value to a text of a transfer, with its NUL, when it is one. All are 0, or -EINVAL with words that begin
 * with the field's name. An empty one is fine. */
int transfer_set_name(struct transfer *t, struct span value, struct diag *diag);
int transfer_set_email(struct transfer *t, struct span value, struct diag *diag);
int transfer_set_source(struct transfer *t, struct span value, struct diag *diag);
/* http: or https:, printable ASCII. */
int transfer_url_check(struct span url, struct diag *diag);

/* What news of a status and a link (empty: none was told) comes to. Changes @t when it is news. */
enum transfer_move { TRANSFER_SAME, TRANSFER_MOVED, TRANSFER_RENEWED /* the link only */ };
/* -EINVAL with words: that cannot follow. @url passed transfer_url_check(). */
int transfer_move(struct transfer *t, enum transfer_state to, struct span url,
                  enum transfer_move *ret, struct diag *diag);

void transfer_pack(struct buf *ret, const struct transfer *t);
/* @t has its kind and id. -EBADMSG */
int transfer_parse(struct transfer *t, struct span record);

#endif
