/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/mail/smtp.h"
#include "common/base/text.h"
#include "worker/curl/tls_store.h"
#include <string.h>
#include <strings.h>

static bool begins(const char *text, const char *prefix)
{
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static int check_url(const char *url, struct diag *diag)
{
    CURLU *parsed = curl_url();
    CURLUcode code = parsed ? curl_url_set(parsed, CURLUPART_URL, url, 0) : CURLUE_OUT_OF_MEMORY;
    char *user = NULL;
    bool has_user = !code && !curl_url_get(parsed, CURLUPART_USER, &user, 0);

    curl_free(user);
    curl_url_cleanup(parsed);
    if (code || has_user || (!begins(url, "smtp://") && !begins(url, "smtps://")))
        return diag_set(diag, "smtp_url: expected smtp://host[:port] or smtps://host[:port]; user "
                              "and password are settings of their own");
    return 0;
}

int smtp_init(struct smtp *s, const struct smtp_options *o, struct diag *diag)
{
    int r;

    *s = (struct smtp){.options = *o};
    r = check_url(o->url, diag);
    return r ? r : tls_store_new(&s->store, o->ca_file, diag);
}

void smtp_fini(struct smtp *s)
{
    X509_STORE_free(s->store);
    s->store = NULL;
}

#define SET(option, value) (curl_easy_setopt(curl, (option), (value)) == CURLE_OK)

static bool set_user(const struct smtp_options *o, CURL *curl)
{
    return !*o->user || (SET(CURLOPT_USERNAME, o->user) && SET(CURLOPT_PASSWORD, o->password));
}

bool smtp_set(const struct smtp *s, CURL *curl)
{
    long tls = s->options.may_be_plain ? CURLUSESSL_TRY : CURLUSESSL_ALL;

    return SET(CURLOPT_URL, s->options.url) && SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps") &&
           SET(CURLOPT_USE_SSL, tls) && set_user(&s->options, curl) && SET(CURLOPT_NOSIGNAL, 1L) &&
           SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) && SET(CURLOPT_PROXY, "") &&
           SET(CURLOPT_QUICK_EXIT, 1L);
}
