/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/tenant/endpoint_spec.h"
#include "common/base/err.h"
#include "common/model/destination.h"
#include "common/model/endpoint_tls.h"
#include "common/model/options.h"
#include "common/model/partition.h"
#include <assert.h>
#include <errno.h>

int endpoint_rules_init(struct endpoint_rules *rules, const struct store *s, struct diag *diag)
{
    const struct settings *set = s->settings;

    rules->key = &s->key;
    return egress_policy_parse(&rules->egress, set->egress_allow, set->egress_ports, diag);
}

/* --- values ----------------------------------------------------------------------------------- */

static bool is_default(const char *value)
{
    return strcmp(value, "default") == 0;
}

int spec_dialect(struct endpoint_spec *spec, const char *name, const char *value, struct diag *diag)
{
    return option_dialect(&spec->dialect, name, value, diag);
}

int spec_slots(struct endpoint_spec *spec, const char *name, const char *value, struct diag *diag)
{
    spec->has_slots = true;
    spec->slots = 0;
    return is_default(value) ? 0 : option_i64(&spec->slots, name, value, 1, SPEC_SLOTS_MAX, diag);
}

int spec_overlap(struct endpoint_spec *spec, const char *name, const char *value, struct diag *diag)
{
    spec->has_overlap = true;
    return option_duration(&spec->overlap_ms, name, value, 0, SECRET_OVERLAP_MAX_MS, diag);
}

int spec_description(struct endpoint_spec *spec, const char *name, const char *value,
                     struct diag *diag)
{
    return option_words(&spec->description, name, value, ENDPOINT_DESCRIPTION_MAX, diag);
}

/* --- the endpoint ----------------------------------------------------------------------------- */

static int endpoint_spec_set_url(struct endpoint *e, const char *url, const struct tenant *t,
                                 const struct endpoint_rules *rules, struct diag *diag)
{
    const struct destination_rules check = {.egress = &rules->egress,
                                            .may_be_plain = t->may_be_plain};
    int r = destination_check(span_of(url), &check, diag);

    return r ? r : endpoint_replace_text(&e->url, span_of(url));
}

static int set_filter(struct endpoint *e, const char *filter, struct diag *diag)
{
    return endpoint_set_filter(e, strcmp(filter, "none") == 0 ? SPAN("") : span_of(filter), diag);
}

/* The events that it wants may be named anew with it, as the dialect says how they are named. */
static int set_dialect(struct endpoint *e, const struct endpoint_spec *spec, struct diag *diag)
{
    int r;

    if (!spec->events)
        return endpoint_set_dialect(e, spec->dialect, diag);
    r = endpoint_set_events(e, SPAN("*"), diag); /* suits all */
    r = r ? r : endpoint_set_dialect(e, spec->dialect, diag);
    return r ? r : endpoint_set_events(e, span_of(spec->events), diag);
}

/* NULL, and "none", as nothing. */
static struct span pem_of(const char *text)
{
    return text && strcmp(text, "none") != 0 ? span_of(text) : SPAN("");
}

/* What the kind of destination has no use for is refused, so that nobody trusts in it. */
static int endpoint_spec_check_tls(const struct endpoint *e, const struct endpoint_spec *spec,
                                   struct diag *diag)
{
    const struct destination_type *type = destination_type_of(span_of(e->url));
    const char *name = pem_of(spec->ca).len            ? "ca"
                       : pem_of(spec->client_cert).len ? "client_cert"
                       : pem_of(spec->client_key).len  ? "client_key"
                                                       : NULL;

    if (type->takes_tls || !name)
        return 0;
    return diag_set(diag, "%s: has no use where the URL begins with %s; expected none", name,
                    type->schemes);
}

static int endpoint_spec_set_tls(struct endpoint *e, const struct endpoint_spec *spec,
                                 const struct endpoint_rules *rules, struct diag *diag)
{
    int r = endpoint_spec_check_tls(e, spec, diag);

    if (!r && spec->ca)
        r = endpoint_set_ca(e, pem_of(spec->ca), diag);
    if (r || (!spec->client_cert && !spec->client_key))
        return r;
    return endpoint_set_client(e, rules->key, pem_of(spec->client_cert), pem_of(spec->client_key),
                               diag);
}

static int endpoint_spec_set_parts(struct endpoint *e, const struct endpoint_spec *spec,
                                   struct diag *diag)
{
    int r = 0;

    for (unsigned i = 0; i < N_POLICY_PARTS && !r; i++)
        if (spec->parts[i])
            r = policy_set(&e->policy, (enum policy_part)i,
                           is_default(spec->parts[i]) ? NULL : spec->parts[i], diag);
    return r;
}

/* HMAC and ed25519 keys sign side by side while one kind takes over from the other; but the one in use
 * is of the kind that the form names. */
static bool is_of_kind(const struct endpoint_secret *s, enum sign_form form)
{
    return (*s->public_text != '\0') == (form == SIGN_FORM_V1A_BASE64);
}

/* A secret of another form is no key for signatures of this one: a new one must come, and those that
 * cannot sign beside it go. */
static int check_secrets(struct endpoint *e, const struct endpoint_spec *spec, struct diag *diag)
{
    enum sign_form form = e->policy.row.signature.form;
    const struct endpoint_secret *in_use = &e->secrets.all[0];
    bool suits = e->secrets.n && endpoint_secret_suits(in_use, form);

    if (!e->secrets.n || (suits && is_of_kind(in_use, form)))
        return 0;
    if (!spec->secret && !spec->wants_new_secret)
        return diag_set(diag,
                        "secret: these signatures take secrets of another form than the one in "
                        "use; name a new one (--secret), or have one made (--rotate)");
    if (!suits)
        endpoint_secrets_fini(&e->secrets);
    return 0;
}

/* Where one secret signs, older ones would only be there to be taken for secrets that still count. */
static int get_overlap(const struct endpoint *e, const struct endpoint_spec *spec, int64_t *ret,
                       struct diag *diag)
{
    bool is_list = sign_form_is_list(e->policy.row.signature.form);

    if (!is_list && spec->has_overlap && spec->overlap_ms)
        return diag_set(diag, "overlap: a signature that is no list (v1, v1a) is made with one "
                              "secret; expected 0");
    *ret = spec->has_overlap ? spec->overlap_ms : is_list ? SECRET_OVERLAP_MS : 0;
    return 0;
}

static int endpoint_spec_add_secret(struct endpoint *e, const struct endpoint_spec *spec,
                                    const struct endpoint_rules *rules, int64_t now_ms,
                                    struct made_secret *ret_made, struct diag *diag)
{
    struct secret_change change = {.now_ms = now_ms};
    int r = get_overlap(e, spec, &change.overlap_ms, diag);

    if (r)
        return r;
    return endpoint_add_secret(e, rules->key, spec->secret, &change, ret_made->text, diag);
}

static int endpoint_spec_do_apply(struct endpoint *e, const struct endpoint_spec *spec,
                                  const struct tenant *t, const struct endpoint_rules *rules,
                                  int64_t now_ms, struct made_secret *ret_made, struct diag *diag)
{
    int r = 0;

    if (spec->parts[POLICY_headers]) /* so that the old ones are in nobody's way; new ones follow */
        r = policy_set(&e->policy, POLICY_headers, NULL, diag);
    if (!r && spec->url)
        r = endpoint_spec_set_url(e, spec->url, t, rules, diag);
    if (!r && spec->events && !spec->dialect)
        r = endpoint_set_events(e, span_of(spec->events), diag);
    if (!r && spec->dialect)
        r = set_dialect(e, spec, diag);
    r = r ? r : endpoint_spec_set_parts(e, spec, diag);
    if (!r && spec->filter)
        r = set_filter(e, spec->filter, diag);
    r = r ? r : endpoint_spec_set_tls(e, spec, rules, diag);
    if (!r && spec->description)
        r = endpoint_replace_text(&e->description, span_of(spec->description));
    r = r ? r : check_secrets(e, spec, diag);
    if (!r && (spec->secret || spec->wants_new_secret))
        r = endpoint_spec_add_secret(e, spec, rules, now_ms, ret_made, diag);
    if (!r && spec->has_slots)
        e->slots = (unsigned)spec->slots;
    return r;
}

int endpoint_spec_apply(struct endpoint *e, const struct endpoint_spec *spec,
                        const struct tenant *t, const struct endpoint_rules *rules, int64_t now_ms,
                        struct made_secret *ret_made, struct diag *diag)
{
    int r = endpoint_spec_do_apply(e, spec, t, rules, now_ms, ret_made, diag);

    if (r == -ENOKEY)
        return diag_set(diag, "master_key: not set, but secrets are kept encrypted");
    return r;
}

int endpoint_spec_make(struct endpoint **ret, const struct endpoint_spec *spec,
                       const struct tenant *t, unsigned partitions,
                       const struct endpoint_rules *rules, int64_t now_ms,
                       struct made_secret *ret_made, struct diag *diag)
{
    struct endpoint_spec whole = *spec;
    struct endpoint *e;
    char id[ID_SIZE];
    int r;

    id_make(id, "ep_", partition_of(span_of(t->id), partitions));
    r = endpoint_new(&e, span_of(id), spec->dialect ? spec->dialect : dialect_at(0));
    if (r)
        return r;
    e->created_ms = now_ms;
    whole.dialect = NULL;
    if (!whole.events)
        whole.events = "*";
    whole.wants_new_secret = !whole.secret;
    r = endpoint_replace_text(&e->tenant, span_of(t->id));
    r = r ? r : endpoint_spec_apply(e, &whole, t, rules, now_ms, ret_made, diag);
    if (r)
        (void)endpoint_free(e);
    else
        *ret = e;
    return r;
}
