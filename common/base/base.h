/* SPDX-License-Identifier: Apache-2.0 */
/* base.h: the few macros that every file may use. */
#ifndef GRAPNEL_COMMON_BASE_BASE_H
#define GRAPNEL_COMMON_BASE_BASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* The struct that holds @member at @ptr. */
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Hands the pointer out and forgets it, so that a _cleanup_ on it does nothing. */
#define TAKE(ptr)                                                                                  \
    ({                                                                                             \
        __typeof__(ptr) *take_from_ = &(ptr);                                                      \
        __typeof__(ptr) take_value_ = *take_from_;                                                 \
        *take_from_ = NULL;                                                                        \
        take_value_;                                                                               \
    })

#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _unused_ __attribute__((unused))

#define unreachable() abort()

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

static inline void freep(void *ptr)
{
    free(*(void **)ptr);
}

/* A borrowed run of bytes; @data need not be NUL-terminated. */
struct span {
    const char *data;
    size_t len;
};

#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})

static inline struct span span_of(const char *text) /* borrows @text; NULL is empty */
{
    return (struct span){text, text ? strlen(text) : 0};
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Words for a person, filled in by functions that refuse input: which field, what was expected. */
struct diag {
    char text[200];
};

/* Writes the words and is -EINVAL: `return diag_set(diag, "…: expected …", …)`. @diag may be NULL. A
 * macro, so that compilers and analysers see that it never is 0. */
#define diag_set(...) (diag_write_(__VA_ARGS__), -EINVAL)
void diag_write_(struct diag *diag, const char *format, ...) _printf_(2, 3);

#endif
