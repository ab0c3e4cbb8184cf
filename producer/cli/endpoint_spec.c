#include "producer/cli/endpoint_spec.h"
#include "common/err.h"
#include "common/partition.h"
#include "producer/cli/options.h"
#include <assert.h>
#include <errno.h>

int endpoint_rules_init(struct endpoint_rules *rules, const struct store *s, struct diag *diag)
{
    const struct settings *set = &s->cli->settings;

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

int spec_retries(struct endpoint_spec *spec, const char *name, const char *value, struct diag *diag)
{
    spec->has_retries = true;
    spec->retries = -1;
    return is_default(value) ? 0
                             : option_i64(&spec->retries, name, value, 0, SPEC_RETRIES_MAX, diag);
}

int spec_timeout(struct endpoint_spec *spec, const char *name, const char *value, struct diag *diag)
{
    spec->has_timeout = true;
    spec->timeout_ms = 0;
    return is_default(value) ? 0
                             : option_duration(&spec->timeout_ms, name, value, SPEC_TIMEOUT_MIN_MS,
                                               SPEC_TIMEOUT_MAX_MS, diag);
}

int spec_description(struct endpoint_spec *spec, const char *name, const char *value,
                     struct diag *diag)
{
    return option_words(&spec->description, name, value, ENDPOINT_DESCRIPTION_MAX, diag);
}

/* --- the endpoint ----------------------------------------------------------------------------- */

static int replace(char **place, const char *value)
{
    char *copy;

    assert(value);
    copy = strdup(value);
    if (!copy)
        return err_origin(-ENOMEM);
    free(*place);
    *place = copy;
    return 0;
}

static int set_url(struct endpoint *e, const char *url, const struct tenant *t,
                   const struct endpoint_rules *rules, struct diag *diag)
{
    int r = egress_check_url(&rules->egress, span_of(url), t->may_be_plain, diag);

    return r ? r : replace(&e->url, url);
}

static void drop_secrets(struct endpoint *e)
{
    while (e->n_secrets)
        free(e->secrets[--e->n_secrets].data);
}

/* A secret of another form is no key for the new dialect: it goes, and a new one must come. */
static int set_dialect(struct endpoint *e, const struct endpoint_spec *spec, struct diag *diag)
{
    bool suits = !e->dialect || e->dialect->signature.key_form == spec->dialect->signature.key_form;

    if (!suits && !spec->secret && !spec->wants_new_secret)
        return diag_set(diag,
                        "--dialect: %s takes secrets of another form than %s; name a new one "
                        "(--secret), or have one made (--rotate)",
                        spec->dialect->name, e->dialect->name);
    if (!suits)
        drop_secrets(e);
    e->dialect = spec->dialect;
    return 0;
}

static int add_secret(struct endpoint *e, const struct endpoint_spec *spec,
                      const struct endpoint_rules *rules, struct made_secret *ret_made,
                      struct diag *diag)
{
    int r = endpoint_add_secret(e, rules->key, spec->secret, ret_made->text, diag);

    if (r == -ENOKEY)
        return diag_set(diag, "master_key: not set, but secrets are kept encrypted");
    return r;
}

static void set_numbers(struct endpoint *e, const struct endpoint_spec *spec)
{
    if (spec->has_slots)
        e->slots = (unsigned)spec->slots;
    if (spec->has_retries)
        e->retries = (int)spec->retries;
    if (spec->has_timeout)
        e->timeout_ms = spec->timeout_ms;
}

int endpoint_spec_apply(struct endpoint *e, const struct endpoint_spec *spec,
                        const struct tenant *t, const struct endpoint_rules *rules,
                        struct made_secret *ret_made, struct diag *diag)
{
    int r = 0;

    if (spec->url)
        r = set_url(e, spec->url, t, rules, diag);
    if (!r && spec->dialect)
        r = set_dialect(e, spec, diag);
    if (!r && spec->events)
        r = endpoint_set_events(e, span_of(spec->events), diag);
    if (!r && spec->description)
        r = replace(&e->description, spec->description);
    if (!r && (spec->secret || spec->wants_new_secret))
        r = add_secret(e, spec, rules, ret_made, diag);
    if (!r)
        set_numbers(e, spec);
    return r;
}

int endpoint_spec_make(struct endpoint **ret, const struct endpoint_spec *spec,
                       const struct tenant *t, unsigned partitions,
                       const struct endpoint_rules *rules, int64_t now_ms,
                       struct made_secret *ret_made, struct diag *diag)
{
    struct endpoint_spec whole = *spec;
    struct endpoint *e = calloc(1, sizeof(*e));
    int r;

    if (!e)
        return err_origin(-ENOMEM);
    id_make(e->id, "ep_", partition_of(span_of(t->id), partitions));
    e->created_ms = now_ms;
    e->retries = -1;
    if (!whole.dialect)
        whole.dialect = dialect_at(0);
    if (!whole.events)
        whole.events = "*";
    if (!whole.description)
        whole.description = "";
    whole.wants_new_secret = !whole.secret;
    r = replace(&e->tenant, t->id);
    r = r ? r : endpoint_spec_apply(e, &whole, t, rules, ret_made, diag);
    if (r)
        (void)endpoint_free(e);
    else
        *ret = e;
    return r;
}
