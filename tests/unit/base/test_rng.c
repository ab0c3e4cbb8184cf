/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/base.h"
#include "common/base/rng.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void bytes_differ(void **state)
{
    uint8_t a[3000], b[3000], zero[32] = {0};

    (void)state;
    rng_bytes(a, sizeof(a)); /* more than the pool holds */
    rng_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    for (size_t i = 0; i + sizeof(zero) <= sizeof(a); i += sizeof(zero))
        assert_memory_not_equal(a + i, zero, sizeof(zero));
}

static void child_does_not_repeat_its_parent(void **state)
{
    uint8_t ours[16], theirs[16];
    int fds[2], status;
    pid_t pid;

    (void)state;
    rng_bytes(ours, 1); /* the pool is filled before the fork */
    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        rng_bytes(theirs, sizeof(theirs));
        _exit(write(fds[1], theirs, sizeof(theirs)) == (ssize_t)sizeof(theirs) ? 0 : 1);
    }
    rng_bytes(ours, sizeof(ours));
    assert_int_equal(read(fds[0], theirs, sizeof(theirs)), sizeof(theirs));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_memory_not_equal(ours, theirs, sizeof(ours));
    close(fds[0]);
    close(fds[1]);
}

static uint64_t script[4];
static size_t script_at;

static void scripted(void *data, size_t len)
{
    assert_int_equal(len, sizeof(uint64_t));
    memcpy(data, &script[script_at++], len);
}

/* 2^64 mod 10 is 6: draws 0 to 5 would make 0 to 5 likelier than 6 to 9, so they are drawn again. */
static void below_is_fair(void **state)
{
    (void)state;
    rng_replace(scripted);
    script[0] = 0;
    script[1] = 5;
    script[2] = 6;
    assert_int_equal(rng_below(10), 6);
    assert_int_equal(script_at, 3);
    script_at = 0;
    script[0] = UINT64_MAX;
    assert_int_equal(rng_below(10), 5);
    rng_replace(NULL);
}

static void below_stays_below(void **state)
{
    unsigned seen[7] = {0};

    (void)state;
    for (int i = 0; i < 7000; i++) {
        uint64_t value = rng_below(7);

        assert_true(value < 7);
        seen[value]++;
    }
    for (size_t i = 0; i < ARRAY_LEN(seen); i++)
        assert_true(seen[i] > 700); /* 1000 ± ten standard deviations */
    assert_int_equal(rng_below(1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_differ),
        cmocka_unit_test(child_does_not_repeat_its_parent),
        cmocka_unit_test(below_is_fair),
        cmocka_unit_test(below_stays_below),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
