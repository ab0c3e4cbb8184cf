/* SPDX-License-Identifier: Apache-2.0 */
/* resume.h: how far a file has been published, so that an interrupted run can go on.
 *
 * The resume file holds one line of fixed width: a random id, the number of lines that are dealt
 * with, and the CRC-32 of those lines, by which another input is noticed. It is written over in
 * place and synced after each batch that Redis has acknowledged. The batch whose answer was lost is
 * sent again by the next run; each of its lines has an idempotency key made from id and line
 * number. */
#ifndef GRAPNEL_CLI_PUBLISH_RESUME_H
#define GRAPNEL_CLI_PUBLISH_RESUME_H

#include "common/base/base.h"

enum { RESUME_ID_SIZE = 33, RESUME_KEY_SIZE = RESUME_ID_SIZE + 21 };

struct resume {
    int fd; /* -1: there is no resume file, and all calls do nothing */
    char id[RESUME_ID_SIZE];
    uint64_t lines; /* dealt with, by this run and those before */
    uint32_t crc;   /* of these lines with their line ends */
    uint64_t skip;  /* lines that runs before dealt with, and their CRC */
    uint32_t skip_crc;
};

/* Opens or makes @path (NULL: none) and locks it against a second run. Negative with words. */
int resume_open(struct resume *r, const char *path, struct diag *diag);
void resume_close(struct resume *r);

/* Counts a line that the reader handed out. True: it was dealt with before and is to be skipped.
 * -EINVAL with words when the lines to skip turn out to be others than those dealt with. */
int resume_pass(struct resume *r, struct span line, bool *ret_is_done, struct diag *diag);
/* The input has ended: -EINVAL with words when there are fewer lines than were dealt with. */
int resume_end(const struct resume *r, struct diag *diag);

/* All lines that were passed are dealt with: written and synced. */
int resume_save(struct resume *r, struct diag *diag);

/* The idempotency key of line @number. */
void resume_key(const struct resume *r, uint64_t number, char ret[RESUME_KEY_SIZE]);

#endif
