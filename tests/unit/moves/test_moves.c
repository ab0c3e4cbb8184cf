/* SPDX-License-Identifier: Apache-2.0 */
/* What the packers write and the parsers read, argument by argument, as the scripts name them. */
#include "common/base/text.h"
#include "common/moves/access.h"
#include "common/moves/configure.h"
#include "common/moves/decide.h"
#include "common/moves/fanout.h"
#include "common/moves/heartbeat.h"
#include "common/moves/lookup.h"
#include "common/moves/promote.h"
#include "common/moves/publish.h"
#include "common/moves/rescue.h"
#include "common/moves/retries.h"
#include "common/moves/revise.h"
#include "common/moves/settle.h"
#include "common/moves/trim.h"
#include "common/moves/watch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct admit_limits admit = {11, 12, 13};

/* ---- a command, read back ---- */

enum { ARGS_MAX = 64 };
struct args {
    struct redis_command cmd;
    size_t n;
    struct span all[ARGS_MAX];
};

static uint64_t take_number(const char **at, const char *bytes_end, char kind)
{
    const char *end = memchr(*at, '\r', (size_t)(bytes_end - *at));
    uint64_t n;

    assert_non_null(end);
    assert_int_equal(**at, kind);
    assert_int_equal(parse_u64((struct span){*at + 1, (size_t)(end - *at - 1)}, &n), 0);
    *at = end + 2;
    return n;
}

static void read_back(struct args *a)
{
    struct span bytes = redis_command_bytes(&a->cmd);
    const char *at = bytes.data, *end = bytes.data + bytes.len;

    a->n = take_number(&at, end, '*');
    assert_in_range(a->n, 1, ARGS_MAX);
    for (size_t i = 0; i < a->n; i++) {
        uint64_t len = take_number(&at, end, '$');

        a->all[i] = (struct span){at, len};
        at += len + 2;
    }
    assert_ptr_equal(at, end);
}

/* @wanted: KEYS[1] and all of ARGV, with a bar between them. */
static void check(struct args *a, const struct redis_script *script, const char *wanted)
{
    char all[1024] = "";
    size_t len = 0;

    read_back(a);
    assert_true(span_equal(a->all[0], SPAN("EVALSHA")));
    assert_true(span_equal(a->all[1], span_of(script->sha1)));
    assert_true(span_equal(a->all[2], SPAN("1")));
    for (size_t i = 3; i < a->n; i++)
        len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%.*s", i == 3 ? "" : "|",
                                (int)a->all[i].len, a->all[i].data);
    assert_string_equal(all, wanted);
    redis_command_fini(&a->cmd);
}

static void begin(struct args *a)
{
    *a = (struct args){.n = 0};
    redis_command_init(&a->cmd);
    scripts_init();
}

/* ---- a reply, made of RESP ---- */

static redisReply *reply_of(const char *resp)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    assert_int_equal(redisReaderFeed(reader, resp, strlen(resp)), REDIS_OK);
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
    assert_non_null(reply);
    redisReaderFree(reader);
    return reply;
}

/* ---- packers ---- */

static void packs_settle(void **state)
{
    const struct settle_limits limits = {11, 12, 13, 14};
    struct args a;

    (void)state;
    begin(&a);
    move_settle_begin(&a.cmd, "p:{0}:", &limits);
    move_settle_add(&a.cmd, &(struct settle_job){.kind = SETTLE_LATE,
                                                 .entry = SPAN("1-1"),
                                                 .tenant = SPAN("t"),
                                                 .endpoint = SPAN("e"),
                                                 .id = SPAN("d"),
                                                 .record = SPAN("r"),
                                                 .job = SPAN("j"),
                                                 .outcome = SPAN("o"),
                                                 .number = 5000});
    move_settle_add(&a.cmd, &(struct settle_job){.kind = SETTLE_DONE, .entry = SPAN("1-2")});
    check(&a, &script_settle, "p:{0}:|11|12|13|14|1-1|late|t|e|d|r|j|o|5000|1-2|done|||||||0");
}

static void packs_fanout(void **state)
{
    struct args a;

    (void)state;
    begin(&a);
    move_fanout_begin(&a.cmd, "p:{1}:", &admit, 7);
    move_fanout_add(&a.cmd, &(struct fanout_event){SPAN("1-1"), SPAN("t"), SPAN("own"), 20}, 1);
    move_fanout_add_delivery(&a.cmd,
                             &(struct fanout_delivery){"whd_1", "ep_1", 4, SPAN("j"), SPAN("r")});
    /* nobody wants it: its own id is not sent */
    move_fanout_add(&a.cmd, &(struct fanout_event){SPAN("1-2"), SPAN("t"), SPAN("own"), 20}, 0);
    move_fanout_refuse(&a.cmd, SPAN("1-3"), SPAN("t"), "why");
    check(&a, &script_fanout,
          "p:{1}:|11|12|13|7|1-1|t|20|1|own|whd_1|ep_1|4|j|r|1-2|t|20|0|1-3|t|0|-1|why");
}

static void packs_promote_rescue_and_trim(void **state)
{
    struct args a;

    (void)state;
    begin(&a);
    move_promote_begin(&a.cmd, "h", &admit, 100, 9);
    check(&a, &script_promote, "h|11|12|13|100|9");
    begin(&a);
    move_rescue_begin(&a.cmd, "h", &(struct rescue_options){admit, "s1", 5000, 128, 9});
    check(&a, &script_rescue, "h|11|12|13|s1|5000|128|9");
    begin(&a);
    move_trim_begin(&a.cmd, "h", "0", 60000, 500);
    check(&a, &script_trim, "h|0|60000|500");
}

static void packs_decide(void **state)
{
    static const enum decide_kind kinds[] = {DECIDE_RETRY, DECIDE_FINAL, DECIDE_CANCEL,
                                             DECIDE_REFUSE, DECIDE_DISABLE};
    struct args a;

    (void)state;
    begin(&a);
    move_decide_begin(&a.cmd, "h", &(struct decide_options){9, 3, "ops"});
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        move_decide_add(&a.cmd, &(struct decide_verdict){.kind = kinds[i],
                                                         .entry = SPAN("1"),
                                                         .due_ms = i == 0 ? 77 : 0,
                                                         .last = i == 0 ? SPAN("j") : SPAN("")});
    check(&a, &script_decide,
          "h|9|3|ops|1|retry|||||77|j|1|final|||||0||1|cancel|||||0||1|refuse|||||0||1|disable|||||"
          "0|");
}

static void packs_a_member(void **state)
{
    static const char *const streams[] = {"events", "failed", NULL};
    struct args a;

    (void)state;
    begin(&a);
    move_heartbeat_begin(&a.cmd, "h", "worker/w1", 32, 5000);
    check(&a, &script_heartbeat, "h|worker/w1|32|5000");
    begin(&a);
    move_leave_begin(&a.cmd, "h", "scheduler/s1", "s1", "scheduler", streams);
    check(&a, &script_leave, "h|scheduler/s1|s1|scheduler|events|failed");
}

static void packs_configure(void **state)
{
    struct configure_endpoint e = {.tenant = "t",
                                   .id = "e",
                                   .record = SPAN("new"),
                                   .slots = 5,
                                   .most = 100,
                                   .use = CONFIGURE_DISABLE,
                                   .reason = "why"};
    struct args a;

    (void)state;
    begin(&a);
    move_configure_endpoint(&a.cmd, "h", &e);
    check(&a, &script_configure, "h|endpoint|t|e|new|5|new|100||disable|why");
    e = (struct configure_endpoint){.tenant = "t", .id = "e", .old = SPAN("was"), .most = 100};
    begin(&a);
    move_configure_endpoint(&a.cmd, "h", &e);
    check(&a, &script_configure, "h|endpoint|t|e|||old|100|was||");
    begin(&a);
    move_configure_tenant(&a.cmd, "h",
                          &(struct configure_tenant){SPAN("t"), SPAN("r"), SPAN(""), -1});
    check(&a, &script_configure, "h|tenant|t|r||new|");
    begin(&a);
    move_configure_tenant(&a.cmd, "h",
                          &(struct configure_tenant){SPAN("t"), SPAN("r"), SPAN("o"), 0});
    check(&a, &script_configure, "h|tenant|t|r|0|old|o");
    begin(&a);
    move_configure_webhook(&a.cmd, "h",
                           &(struct configure_webhook){"t", "e", SPAN("tr"), SPAN("to"), SPAN("er"),
                                                       SPAN("eo"), 100, CONFIGURE_ENABLE, NULL});
    check(&a, &script_configure, "h|webhook|t|tr|to|e|er|eo|100|enable|");
}

static void packs_what_removes_and_stops(void **state)
{
    struct args a;

    (void)state;
    begin(&a);
    move_configure_tenant_remove(&a.cmd, "h", SPAN("t"), SPAN("o"));
    check(&a, &script_configure, "h|tenant-remove|t|o");
    begin(&a);
    move_configure_endpoint_remove(&a.cmd, "h", "t", "e", SPAN("o"));
    check(&a, &script_configure, "h|endpoint-remove|t|e|o");
    begin(&a);
    move_configure_endpoint_enable(&a.cmd, "h", "t", "e");
    check(&a, &script_configure, "h|endpoint-enable|t|e");
    begin(&a);
    move_configure_endpoint_disable(&a.cmd, "h", "t", "e", "why");
    check(&a, &script_configure, "h|endpoint-disable|t|e|why");
    begin(&a);
    move_api_key_remove(&a.cmd, "h", SPAN("t"), "k");
    check(&a, &script_api_key_change, "h|remove|t|k");
    begin(&a);
    move_retries_stop(&a.cmd, "h", SPAN("job"), SPAN("t"));
    check(&a, &script_retries, "h|stop|job|t");
}

static void packs_revise(void **state)
{
    struct args a;

    (void)state;
    begin(&a);
    move_revise_begin(
        &a.cmd, "h",
        &(struct revision){SPAN("t"), "source:s", SPAN("r"), SPAN("o"), 5, "sources:t", 9, "s"});
    move_revise_add_event(&a.cmd, &(struct revision_event){"type", SPAN("{}")});
    check(&a, &script_revise, "h|t|source:s|r|o|5|sources:t|9|s|type|{}");
}

static void packs_retries(void **state)
{
    struct args a;

    (void)state;
    begin(&a);
    move_retries_make(
        &a.cmd, "h",
        &(struct retries_make){"job", "t", 10, 100, "failed", "ty", "ep", "ev", 1, 2, 3});
    check(&a, &script_retries,
          "h|make|job|t|10|100|statuses|failed|type|ty|endpoint|ep|event|ev|from|1|to|2|total|3");
    begin(&a);
    move_retries_take(&a.cmd, "h", 5000);
    check(&a, &script_retries, "h|take|5000");
    begin(&a);
    move_retries_step(&a.cmd, "h", &(struct retries_step){"job", "from", "to", true, 7, 8, 9});
    redis_arg_text(&a.cmd, "whd_1");
    check(&a, &script_retries, "h|step|job|from|to|1|7|8|9|whd_1");
    begin(&a);
    move_retry_begin(&a.cmd, "h", SPAN("whd_1"), 60);
    check(&a, &script_retry, "h|whd_1|60");
}

static void packs_access(void **state)
{
    struct args a;

    (void)state;
    begin(&a);
    move_api_key_begin(&a.cmd, "h", SPAN("k"), SPAN("digest"), 60);
    check(&a, &script_api_key, "h|k|digest|60");
    begin(&a);
    move_api_key_add(&a.cmd, "h",
                     &(struct api_key_add){SPAN("t"), SPAN("digest"), "k", "read", "name", 5, 9});
    check(&a, &script_api_key_change, "h|add|t|k|digest|read|name|5|9");
    begin(&a);
    move_pace_begin(&a.cmd, "h", SPAN("n"), 60);
    check(&a, &script_pace, "h|n|60");
    begin(&a);
    move_audit_begin(&a.cmd, "h", &(struct audit_options){SPAN("t"), 100, 5000, "1-1"});
    check(&a, &script_audit, "h|t|100|5000|1-1");
}

static void packs_what_counts_and_looks(void **state)
{
    struct args a;

    (void)state;
    begin(&a);
    move_tally_begin(&a.cmd, "h", 600);
    move_tally_add(&a.cmd, &(struct tally_sum){"t", 4, 3, 2, 1});
    check(&a, &script_tally, "h|600|t|4|3|2|1");
    begin(&a);
    move_alerts_begin(&a.cmd, "h", "0", &(struct alerts_options){600, "ops", 90, 2000, 10});
    check(&a, &script_alerts, "h|600|0|ops|90|2000|10");
    begin(&a);
    move_refused_begin(&a.cmd, "h", "t/s", "why", 5, "ops");
    check(&a, &script_refused, "h|t/s|why|5|ops");
    begin(&a);
    move_queue_depths_begin(&a.cmd, "h");
    check(&a, &script_queue_depths, "h");
    begin(&a);
    move_lookup_begin(&a.cmd, &script_sources, "h", SPAN("t"));
    check(&a, &script_sources, "h|t");
    begin(&a);
    move_publish_begin(&a.cmd, "h", "key", 5000, "t");
    check(&a, &script_publish, "h|key|5000|t");
}

static void every_kind_has_a_word(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= SETTLE_LATE; i++)
        assert_non_null(settle_kind_name(i));
    assert_null(settle_kind_name(SETTLE_LATE + 1));
}

/* ---- parsers ---- */

static void parses_fanout(void **state)
{
    struct fanout_answer answer;
    redisReply *reply = reply_of("*4\r\n:7\r\n:-1\r\n:900\r\n:3\r\n");

    (void)state;
    assert_int_equal(move_fanout_parse(&answer, reply), 0);
    assert_false(answer.is_stale);
    assert_int_equal(answer.version, 7);
    assert_int_equal(answer.delayed_ms, -1);
    assert_int_equal(answer.throttled_ms, 900);
    assert_int_equal(answer.made, 3);
    freeReplyObject(reply);

    reply = reply_of("*1\r\n:8\r\n");
    assert_int_equal(move_fanout_parse(&answer, reply), 0);
    assert_true(answer.is_stale);
    assert_int_equal(answer.version, 8);
    freeReplyObject(reply);
}

static void parses_decide(void **state)
{
    struct decide_answer answer;
    struct span endpoint, reason;
    redisReply *reply = reply_of("*5\r\n:5\r\n$2\r\ne1\r\n$2\r\nr1\r\n$2\r\ne2\r\n$2\r\nr2\r\n");

    (void)state;
    assert_int_equal(move_decide_parse(&answer, reply), 0);
    assert_int_equal(answer.delayed_ms, 5);
    assert_int_equal(answer.n_disabled, 2);
    move_decide_disabled(&answer, 1, &endpoint, &reason);
    assert_true(span_equal(endpoint, SPAN("e2")));
    assert_true(span_equal(reason, SPAN("r2")));
    freeReplyObject(reply);

    reply = reply_of("*2\r\n:5\r\n:6\r\n");
    assert_int_equal(move_decide_parse(&answer, reply), -EPROTO);
    freeReplyObject(reply);
}

static void parses_the_others(void **state)
{
    struct heartbeat_answer beat;
    struct rescue_answer rescued;
    struct settle_answer settled;
    char cursor[TRIM_CURSOR_SIZE];
    redisReply *reply = reply_of("*5\r\n$1\r\n2\r\n$1\r\n5\r\n:6\r\n:7\r\n:-1\r\n");

    (void)state;
    assert_int_equal(move_heartbeat_parse(&beat, reply), 0);
    assert_int_equal(beat.now_us, 2000005);
    assert_int_equal(beat.version, 6);
    assert_int_equal(beat.delayed_ms, 7);
    assert_int_equal(beat.throttled_ms, -1);
    assert_int_equal(move_rescue_parse(&rescued, reply), 0);
    assert_int_equal(rescued.taken, 5);
    assert_true(rescued.has_more);
    assert_int_equal(move_settle_parse(&settled, reply), 0);
    assert_int_equal(settled.lost, 5);
    assert_int_equal(move_trim_parse(cursor, reply), 0);
    assert_string_equal(cursor, "2");
    freeReplyObject(reply);
}

static void parses_refusals(void **state)
{
    static const struct {
        const char *resp;
        int configure, changed, made;
    } words[] = {
        {"+missing\r\n", MOVE_MISSING, MOVE_MISSING, MOVE_MISSING},
        {"+exists\r\n", MOVE_EXISTS, MOVE_EXISTS, MOVE_EXISTS},
        {"+no tenant\r\n", MOVE_NO_TENANT, MOVE_NO_TENANT, MOVE_NO_TENANT},
        {"+too many\r\n", MOVE_TOO_MANY, MOVE_TOO_MANY, MOVE_TOO_MANY},
        {"+changed\r\n", MOVE_CHANGED, MOVE_CHANGED, MOVE_CHANGED},
        {"+past\r\n", -EPROTO, MOVE_API_KEY_PAST, -EPROTO},
        {":5\r\n", 0, 0, 0},
    };
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        redisReply *reply = reply_of(words[i].resp);

        assert_int_equal(move_configure_parse(reply), words[i].configure);
        assert_int_equal(move_api_key_parse_changed(&ms, reply), words[i].changed);
        assert_int_equal(move_retries_parse_made(&ms, reply), words[i].made);
        freeReplyObject(reply);
    }
}

static void parses_lookup(void **state)
{
    struct lookup_answer answer;
    struct lookup_row row;
    redisReply *reply = reply_of("*8\r\n:4\r\n$1\r\nt\r\n$2\r\ne1\r\n$1\r\nr\r\n$0\r\n\r\n"
                                 "$2\r\ne2\r\n$1\r\nr\r\n:1\r\n");

    (void)state;
    assert_int_equal(move_lookup_parse(&answer, reply), 0);
    assert_int_equal(answer.version, 4);
    assert_int_equal(answer.n, 2);
    assert_int_equal(move_lookup_row(&answer, 0, &row), 0);
    assert_true(span_equal(row.id, SPAN("e1")));
    assert_int_equal(row.disabled.len, 0);
    assert_int_equal(move_lookup_row(&answer, 1, &row), -EPROTO);
    freeReplyObject(reply);
}

static void keeps_its_output_when_it_cannot_read(void **state)
{
    static const struct {
        const char *resp;
        int result;
    } bad[] = {
        {"*2\r\n:1\r\n$1\r\nx\r\n", -EPROTO},
        {"*0\r\n", -EPROTO},
        {"$2\r\nOK\r\n", -EPROTO},
        {"-READONLY You can't write against a read only replica.\r\n", -EROFS},
    };
    struct promote_answer answer = {1, 2, 3};
    struct settle_answer settled = {4, 5};
    char cursor[TRIM_CURSOR_SIZE] = "17";

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        redisReply *reply = reply_of(bad[i].resp);

        assert_int_equal(move_promote_parse(&answer, reply), bad[i].result);
        assert_int_equal(move_settle_parse(&settled, reply), bad[i].result);
        if (i > 0)
            assert_int_equal(move_trim_parse(cursor, reply), bad[i].result);
        freeReplyObject(reply);
    }
    assert_int_equal(answer.moved, 3);
    assert_int_equal(settled.settled, 4);
    assert_string_equal(cursor, "17");
}

static void refuses_a_cursor_that_is_too_long(void **state)
{
    redisReply *reply = reply_of("*1\r\n$24\r\n123456789012345678901234\r\n");
    char cursor[TRIM_CURSOR_SIZE] = "17";

    (void)state;
    assert_int_equal(move_trim_parse(cursor, reply), -EPROTO);
    assert_string_equal(cursor, "17");
    freeReplyObject(reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packs_settle),
        cmocka_unit_test(packs_fanout),
        cmocka_unit_test(packs_promote_rescue_and_trim),
        cmocka_unit_test(packs_decide),
        cmocka_unit_test(packs_a_member),
        cmocka_unit_test(packs_configure),
        cmocka_unit_test(packs_what_removes_and_stops),
        cmocka_unit_test(packs_revise),
        cmocka_unit_test(packs_retries),
        cmocka_unit_test(packs_access),
        cmocka_unit_test(packs_what_counts_and_looks),
        cmocka_unit_test(parses_refusals),
        cmocka_unit_test(parses_lookup),
        cmocka_unit_test(every_kind_has_a_word),
        cmocka_unit_test(parses_fanout),
        cmocka_unit_test(parses_decide),
        cmocka_unit_test(parses_the_others),
        cmocka_unit_test(keeps_its_output_when_it_cannot_read),
        cmocka_unit_test(refuses_a_cursor_that_is_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
