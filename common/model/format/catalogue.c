/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/format/catalogue.h"

#define TEXT(literal) {(literal), sizeof(literal) - 1}

static const struct catalogue_category categories[] = {
#define CATEGORY(name_, subscription_, is_signed_) {TEXT(name_), (subscription_), (is_signed_)},
#define EVENT(...)
#include "common/model/format/catalogue.def"
#undef CATEGORY
#undef EVENT
};

static const struct catalogue_entry entries[] = {
#define CATEGORY(...)
#define EVENT(type_, category_, importance_)                                                       \
    {.type = TEXT(type_), .category = TEXT(category_), .importance = TEXT(importance_)},
#include "common/model/format/catalogue.def"
#undef EVENT
#undef CATEGORY
};

static const struct catalogue_entry custom = {.category = TEXT("CUSTOM"),
                                              .importance = TEXT("medium")};

const struct catalogue_entry *catalogue_at(size_t index)
{
    return index < ARRAY_LEN(entries) ? &entries[index] : NULL;
}

/* Asked once for each attempt. The lengths differ so much that this compares one or two texts. */
const struct catalogue_entry *catalogue_find(struct span type)
{
    for (size_t i = 0; i < ARRAY_LEN(entries); i++)
        if (span_equal(type, entries[i].type))
            return &entries[i];
    return &custom;
}

bool catalogue_has(struct span type)
{
    return catalogue_find(type) != &custom;
}

const struct catalogue_category *catalogue_category_of(struct span type)
{
    struct span name = catalogue_find(type)->category;

    for (size_t i = 0; i < ARRAY_LEN(categories); i++)
        if (span_equal(name, categories[i].name))
            return &categories[i];
    unreachable();
}
