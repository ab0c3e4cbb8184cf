/* SPDX-License-Identifier: Apache-2.0 */
/* master_key.h: the operator's key, that secrets are encrypted with at rest (secret.h).
 *
 * While it is being changed there are several: one seals, all open. Which one seals is the
 * installation's to say, not the order's: see installation.h. A key is named by the first 4 bytes of
 * its SHA-256, as 8 hex digits; nothing logs or words the key itself. */
#ifndef GRAPNEL_COMMON_CRYPTO_MASTER_KEY_H
#define GRAPNEL_COMMON_CRYPTO_MASTER_KEY_H

#include "common/base/base.h"

enum { MASTER_KEYS_MAX = 4, KEY_ID_BYTES = 4, KEY_ID_SIZE = 9 };
enum { KEY_IDS_SIZE = MASTER_KEYS_MAX * (KEY_ID_SIZE + 1) };

struct master_key {
    struct cipher_key {
        uint8_t bytes[32];
        uint8_t id[KEY_ID_BYTES];
    } all[MASTER_KEYS_MAX]; /* in the order of the setting */
    unsigned n;
    unsigned seals; /* index of the one that seals; the first until master_key_choose() */
    bool is_set;
};

/* From @text (keys of 32 bytes in base64, separated by commas or white space) or from file @path
 * holding the same, where a line that begins with '#' is a comment; one of the two, "" for the
 * other. -EINVAL with words; -ENOENT when both are empty. */
int master_key_load(struct master_key *ret, const char *text, const char *path, struct diag *diag);
void master_key_wipe(struct master_key *k);

/* From now on the key of this id seals. -ENOKEY: it is not among them. */
int master_key_choose(struct master_key *k, const char *id);
bool master_key_has(const struct master_key *k, const char *id);
const struct cipher_key *master_key_find(const struct master_key *k,
                                         const uint8_t id[KEY_ID_BYTES]); /* lends; NULL */

void cipher_key_id(char ret[KEY_ID_SIZE], const uint8_t id[KEY_ID_BYTES]);
/* "630dcd29, aabbccdd": for words to people. */
void master_key_ids(char ret[KEY_IDS_SIZE], const struct master_key *k);

#endif
