// simdjson works in two stages: the first finds the structure of the text by
// vector instructions, the second builds a document. Only the first is used:
// the second refuses numbers beyond 64 bits, limits the depth, does not say
// where an error is, and copies every string.
#include "structure.h"

#include <memory>
#include <new>
#include <simdjson.h>

struct cor_structure {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
    size_t capacity;
};

// Room is made in steps, so that it is seldom made anew.
static const size_t least_capacity = size_t(1) << 18;

extern "C" cor_structure *cor_structure_create(void)
{
    return new (std::nothrow) cor_structure{nullptr, 0};
}

extern "C" void cor_structure_destroy(cor_structure *structure)
{
    delete structure;
}

static bool reserve(cor_structure *s, size_t length)
{
    if (length <= s->capacity)
        return true;
    size_t capacity = s->capacity ? s->capacity : least_capacity;
    while (capacity < length)
        capacity *= 2;
    s->parser.reset();
    s->capacity = 0;
    auto error =
        simdjson::get_active_implementation()->create_dom_parser_implementation(
            capacity, 1, s->parser);
    if (error)
        return false;
    s->capacity = capacity;
    return true;
}

extern "C" cor_structure_outcome cor_structure_find(cor_structure *s,
                                                    const char *text,
                                                    size_t length,
                                                    const uint32_t **index)
{
    static const uint32_t none = 0;
    *index = &none;
    if (length == 0)
        return COR_STRUCTURE_FOUND;
    if (!reserve(s, length))
        return COR_STRUCTURE_MEMORY;
    auto bytes = reinterpret_cast<const uint8_t *>(text);
    auto error =
        s->parser->stage1(bytes, length, simdjson::stage1_mode::regular);
    uint32_t *all = s->parser->structural_indexes.get();
    if (error == simdjson::EMPTY)
        all[0] = uint32_t(length);
    else if (error)
        return COR_STRUCTURE_BROKEN;
    *index = all;
    return COR_STRUCTURE_FOUND;
}
