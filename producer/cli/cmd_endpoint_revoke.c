/* cmd_endpoint_revoke.c: `grapnel endpoint revoke`: older secrets stop signing at once. */
#include "common/options.h"
#include "producer/cli/cli_store.h"
#include "producer/cli/commands.h"
#include "producer/cli/endpoint_choice.h"
#include "producer/cli/endpoint_view.h"
#include <errno.h>
#include <stdio.h>

enum { RECORD_BYTES_MAX = 256 << 10, TRIES = 10 };

struct args {
    struct endpoint_choice choice;
    const char *secret; /* its id */
    bool is_all_old;
};

enum { OPT_OLD = OPTION_FIRST };

static const struct argp_option options[] = {
    {"old", OPT_OLD, NULL, 0, "All but the one in use", 0},
    ENDPOINT_CHOICE_OPTION,
    {0},
};

static int on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;
    int r;

    if (key == ARGP_KEY_ARG && a->choice.id)
        return option_argument(&a->secret, "secret", value, diag);
    r = endpoint_choice_option(&a->choice, key, value, diag);
    if (r != CHOICE_OTHER)
        return r;
    if (key != OPT_OLD)
        return diag_set(diag, "unexpected option");
    a->is_all_old = true;
    return 0;
}

/* What is read, changed and written back, unless somebody else wrote in between. */
struct change {
    struct buf old;
    struct endpoint *e;
    unsigned n; /* secrets that went */
};

/* -ENOENT, -EBUSY: as endpoint_secrets_revoke(). */
static int take_away(const struct args *a, struct change *c)
{
    int r;

    if (a->is_all_old) {
        c->n = endpoint_secrets_revoke_old(&c->e->secrets);
        return 0;
    }
    r = endpoint_secrets_revoke(&c->e->secrets, a->secret);
    c->n = r == 0;
    return r;
}

static int print(struct cli *cli, const struct change *c)
{
    if (cli->is_json)
        return endpoint_print(cli, c->e, "", "", 0);
    (void)printf("endpoint %s: %u %s revoked\n", c->e->id, c->n, c->n == 1 ? "secret" : "secrets");
    return EXIT_DONE;
}

static int tell(const struct store *s, const struct args *a, const struct change *c, int r)
{
    switch (r) {
    case 0:
        return print(cli_of(s), c);
    case -ENOENT:
        return cli_fail(cli_of(s), EXIT_FAILED, "endpoint %s has no secret %.40s", a->choice.id,
                        a->secret);
    case -EBUSY:
        return cli_fail(cli_of(s), EXIT_FAILED,
                        "secret %.40s is the one in use; to replace it at once: "
                        "grapnel endpoint set %s --rotate --overlap 0",
                        a->secret, a->choice.id);
    case STORE_CHANGED:
        return cli_fail(cli_of(s), EXIT_FAILED, "endpoint %s is being changed by others; try again",
                        a->choice.id);
    case STORE_MISSING:
    case STORE_NO_TENANT:
        return endpoint_missing(cli_of(s), a->choice.id);
    default:
        return cli_store_fail(s, r);
    }
}

/* One try; true: somebody else wrote in between. */
static bool revoke_once(struct store *s, const struct args *a, bool is_last, int *ret_status)
{
    struct change c = {0};
    bool is_lost = false;
    int r;

    buf_init(&c.old, RECORD_BYTES_MAX);
    *ret_status = endpoint_choice_load(s, &a->choice, &c.e, &c.old);
    if (!*ret_status) {
        r = take_away(a, &c);
        if (!r && c.n)
            r = store_endpoint_put(s, c.e, buf_span(&c.old));
        is_lost = r == STORE_CHANGED && !is_last;
        if (!is_lost)
            *ret_status = tell(s, a, &c, r);
    }
    buf_fini(&c.old);
    (void)endpoint_free(c.e);
    return is_lost;
}

static int check(const struct cli *cli, const struct args *a)
{
    int status = endpoint_choice_check(cli, &a->choice);

    if (status)
        return status;
    if (!a->secret && !a->is_all_old)
        return cli_misuse(cli, "the secret's id is missing (or --old)");
    if (a->secret && a->is_all_old)
        return cli_misuse(cli, "a secret's id and --old: expected one of them");
    return EXIT_DONE;
}

static int run(struct cli *cli)
{
    const struct args *a = cli->args;
    struct store s;
    int status = check(cli, a), tries = 1;

    if (status)
        return status;
    status = cli_store_open(&s, cli);
    if (!status)
        while (revoke_once(&s, a, tries == TRIES, &status))
            tries++;
    store_close(&s);
    return status;
}

const struct command command_endpoint_revoke = {
    .name = "endpoint revoke",
    .arguments = "ID [SECRET]",
    .about = "Take away an endpoint's older secrets before their time",
    .details = "SECRET is what `grapnel endpoint show' calls it (sec_…). It signs no attempt that "
               "begins after this was answered. The one in use cannot be revoked, as nothing "
               "would sign then: `grapnel endpoint set ID --rotate --overlap 0' replaces it, and "
               "all others, at once.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = on_option,
    .run = run,
};
