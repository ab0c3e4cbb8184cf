/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/mail_address.h"

enum { SCHEME_LEN = 7 }; /* of "mailto:" */

static bool is_alphanumeric(char c)
{
    char lower = (char)(c | 0x20);

    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
}

/* Parts of letters, digits and @besides, between dots; none of them empty. */
static bool is_dotted(struct span text, const char *besides)
{
    bool has_part = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (c == '.' ? !has_part : !is_alphanumeric(c) && !(c && strchr(besides, c)))
            return false;
        has_part = c != '.';
    }
    return has_part;
}

bool mail_address_is(struct span text)
{
    const char *at = text.len ? memchr(text.data, '@', text.len) : NULL;
    struct span local, domain;

    if (!at || text.len > MAIL_ADDRESS_MAX)
        return false;
    local = (struct span){text.data, (size_t)(at - text.data)};
    domain = (struct span){at + 1, text.len - local.len - 1};
    return local.len <= MAIL_LOCAL_MAX && is_dotted(local, "!#$%&'*+-/=?^_`{|}~") &&
           local.data[0] != '-' && is_dotted(domain, "-") && domain.data[0] != '-';
}

struct span mail_url_address(struct span url)
{
    return (struct span){url.data + SCHEME_LEN, url.len - SCHEME_LEN};
}

int mail_url_check(struct span url, struct diag *diag)
{
    struct span address = mail_url_address(url);

    if (!address.len || mail_address_is(address))
        return 0;
    return diag_set(diag, "url: expected one plain address behind mailto:, such as "
                          "mailto:ann@example.org, or nothing where events name it");
}
