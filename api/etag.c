/* SPDX-License-Identifier: Apache-2.0 */
#include "api/etag.h"
#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>

void etag_of(char ret[ETAG_SIZE], struct span record)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];

    (void)SHA256((const unsigned char *)record.data, record.len, digest);
    for (size_t i = 0; i < 16; i++)
        (void)snprintf(ret + 1 + 2 * i, 3, "%02x", digest[i]);
    ret[0] = ret[ETAG_SIZE - 2] = '"';
    ret[ETAG_SIZE - 1] = '\0';
}

static const char *etag_skip(const char *at, const char *what)
{
    return at + strspn(at, what);
}

/* Takes one tag, quotes and all; false when there is none. */
static bool next_tag(const char **at, struct span *ret, bool *ret_is_weak)
{
    const char *begin = etag_skip(*at, " \t,"), *end;

    *ret_is_weak = strncmp(begin, "W/", 2) == 0;
    begin += *ret_is_weak ? 2 : 0;
    end = *begin == '"' ? strchr(begin + 1, '"') : NULL;
    if (!end)
        return false;
    *ret = (struct span){begin, (size_t)(end + 1 - begin)};
    *at = end + 1;
    return true;
}

bool etag_fits(const char *if_match, const char *etag)
{
    const char *at = etag_skip(if_match, " \t");
    struct span tag;
    bool is_weak;

    if (*at == '*')
        return !*etag_skip(at + 1, " \t");
    while (next_tag(&at, &tag, &is_weak))
        if (!is_weak && span_equal(tag, span_of(etag)))
            return true;
    return false;
}

void etag_tell(struct call *c, struct span record)
{
    char etag[ETAG_SIZE];

    etag_of(etag, record);
    call_field(c, "ETag", etag);
}

int etag_check(struct call *c, struct span record)
{
    const char *wanted = call_header(c, "if-match");
    char etag[ETAG_SIZE];

    etag_of(etag, record);
    if (!wanted || etag_fits(wanted, etag))
        return 0;
    call_problem(c, 412, "If-Match", "it is another version by now: read it again");
    return -EINVAL;
}
