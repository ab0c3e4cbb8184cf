/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/scripts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void each_has_its_digest(void **state)
{
    (void)state;
    scripts_init();
#define LOOK(name) assert_int_equal(strlen(script_##name.sha1), 40);
    SCRIPTS(LOOK)
    assert_string_equal(script_name(SCRIPT_publish), "publish");
}

/* Each thread that opens a store asks for it, while others run scripts. */
static void what_is_in_use_is_not_written_again(void **state)
{
    char before = script_publish.sha1[0];

    (void)state;
    script_publish.sha1[0] = '!';
    scripts_init();
    assert_int_equal(script_publish.sha1[0], '!');
    script_publish.sha1[0] = before;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_digest),
        cmocka_unit_test(what_is_in_use_is_not_written_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
