/* SPDX-License-Identifier: Apache-2.0 */
/* delivery_view.h: a delivery as JSON, with the names of the platform guide, and as words. */
#ifndef GRAPNEL_CLI_MANAGE_DELIVERY_VIEW_H
#define GRAPNEL_CLI_MANAGE_DELIVERY_VIEW_H

#include "admin/delivery/delivery_record.h"
#include "cli/cli.h"
#include "cli/table.h"

enum {
    DELIVERY_JSON_MAX = 64 << 20,
    RESPONSE_JSON_BYTES = 16 << 10, /* of a response that JSON shows */
    RESPONSE_WORDS_CHARS = 300,     /* of a response that people are shown */
};

/* The members of its object, for others to add to. @url: where its endpoint is now; NULL: it was
 * removed. */
void delivery_json(struct buf *b, const struct delivery_record *d, const char *url);
/* The members `attempts` and `history`. */
void delivery_json_details(struct buf *b, const struct delivery_record *d);

/* One entry of the record as the members of an object: kind, at, and what the kind has; no
 * response. */
void delivery_entry_json(struct buf *b, const struct record_entry *e);
/* The same as a row of DELIVERY_ENTRY_TITLES. */
#define DELIVERY_ENTRY_COLUMNS 5
extern const char *const delivery_entry_titles[DELIVERY_ENTRY_COLUMNS];
void delivery_entry_row(struct table *t, const struct record_entry *e);
/* … and as a line, without its end. */
void delivery_entry_words(struct buf *b, const struct record_entry *e);

/* Tells that there is no delivery @id, or that it is no id at all; the exit status. */
int delivery_missing(const struct cli *cli, const char *id);

/* "evt_2_1737556200000_0" of its event. */
void delivery_event(const struct delivery_record *d, char ret[64]);

#endif
