#include "common/catalogue.h"

static const struct catalogue_entry entries[] = {
#define TEXT(literal) {(literal), sizeof(literal) - 1}
#define EVENT(type_, category_, importance_)                                                       \
    {.type = TEXT(type_), .category = TEXT(category_), .importance = TEXT(importance_)},
#include "common/catalogue.def"
#undef EVENT
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
