/*
 * Lines of JSON. The text is taken in pieces of many lines, whose tokens are
 * found at one stroke; a piece that is broken somewhere is taken line by line,
 * so that one bad record spoils no other.
 */
#include "coracle/json.h"

#include "coracle/memory.h"
#include "json_walk.h"
#include "structure.h"

#include <string.h>

/* Fits into the second-level cache with its tokens. */
enum { PIECE = 1 << 18 };

struct cor_json {
    cor_structure *structure;
    json_tree tree;
    json_brackets brackets;
    int32_t *same; /* of each path, the first that is equal */
    int paths;
    bool repeated; /* some are equal */
    /* the text in hand */
    const char *at, *end, *piece, *piece_end;
    const uint32_t *token;
    bool slashes; /* the piece has backslashes */
    bool broken;  /* its tokens are found line by line */
};

static int create(cor_json *j, const cor_path *path, int paths)
{
    int64_t nodes = 1;
    for (int i = 0; i < paths; i++)
        nodes += path[i].parts;
    j->structure = cor_structure_create();
    if (!j->structure)
        return cor_fail(COR_EMEMORY, "out of memory: a reader of JSON");
    COR_TRY(COR_NEW(&j->tree.node, nodes));
    COR_TRY(COR_NEW_ZEROED(&j->tree.field, paths));
    COR_TRY(COR_NEW(&j->same, paths));
    j->paths = paths;
    j->tree.nodes = 1;
    j->tree.node[0] = (json_node){.leaf = -1, .child = -1, .next = -1};
    for (int32_t i = 0; i < paths; i++) {
        j->same[i] = json_tree_add(&j->tree, &path[i], i);
        j->repeated |= j->same[i] != i;
    }
    return COR_OK;
}

int cor_json_create(const cor_path *path, int paths, cor_json **json)
{
    *json = NULL;
    COR_TRY(COR_NEW_ZEROED(json, 1));
    int rc = create(*json, path, paths);
    if (rc != COR_OK)
        cor_json_destroy(json);
    return rc;
}

void cor_json_destroy(cor_json **json)
{
    if (!*json)
        return;
    if ((*json)->structure)
        cor_structure_destroy((*json)->structure);
    cor_free((*json)->tree.node);
    cor_free((*json)->tree.field);
    cor_free((*json)->brackets.closing);
    cor_free((*json)->same);
    cor_free(*json);
    *json = NULL;
}

void cor_json_begin(cor_json *j, const char *text, size_t length)
{
    static const uint32_t none = 0;
    j->at = j->piece = j->piece_end = text;
    j->end = text + length;
    j->token = &none;
    j->broken = false;
}

/* Find the tokens of [j->at, end). */
static int find_tokens(cor_json *j, const char *end)
{
    size_t length = (size_t)(end - j->at);
    j->piece = j->at;
    enum cor_structure_outcome outcome =
        cor_structure_find(j->structure, j->at, length, &j->token);
    j->broken = outcome == COR_STRUCTURE_BROKEN;
    if (outcome == COR_STRUCTURE_MEMORY)
        return cor_fail(COR_EMEMORY,
                        "out of memory: the structure of %zu bytes of JSON",
                        length);
    return COR_OK;
}

/* The next piece: whole lines. */
static int next_piece(cor_json *j)
{
    j->piece_end = j->end;
    if (j->end - j->at > PIECE) {
        const char *stop = j->at + PIECE;
        const char *line = memchr(stop, '\n', (size_t)(j->end - stop));
        j->piece_end = line + 1;
    }
    j->slashes = memchr(j->at, '\\', (size_t)(j->piece_end - j->at));
    return find_tokens(j, j->piece_end);
}

static int read_record(cor_json *j, const char *line, cor_json_record *record)
{
    json_walk w = {.tree = &j->tree,
                   .brackets = &j->brackets,
                   .text = j->piece,
                   .line = (uint32_t)(line - j->piece),
                   .token = j->token,
                   .slashes = j->slashes};
    memset(j->tree.field, 0, (size_t)j->paths * sizeof *j->tree.field);
    json_walk_record(&w);
    while (*w.token < w.line) /* what is left of a record with a fault */
        w.token++;
    j->token = w.token;
    for (int i = 0; j->repeated && i < j->paths; i++)
        j->tree.field[i] = j->tree.field[j->same[i]];
    record->fault = w.fault;
    /* a backslash at the end of a line hides the newline from some kernels, and
       what follows is taken for the rest of a string */
    j->broken |= w.fault.what != NULL;
    return w.status;
}

int cor_json_next(cor_json *j, cor_json_record *record)
{
    *record = (cor_json_record){.field = j->tree.field};
    while (j->at < j->end) {
        if (j->at == j->piece_end)
            COR_TRY(next_piece(j));
        const char *begin = j->at;
        const char *line = memchr(begin, '\n', (size_t)(j->end - begin));
        bool alone = j->broken, bad = false, blank = false;
        if (alone) {
            COR_TRY(find_tokens(j, line + 1));
            bad = j->broken;
            j->broken = true; /* the piece is */
        }
        if (bad)
            record->fault = cor_json_explain(begin, line);
        else if (j->piece + *j->token >= line)
            blank = true;
        else
            COR_TRY(read_record(j, line, record));
        j->at = line + 1;
        if (!blank) {
            record->begin = begin;
            record->end = line;
            return COR_OK;
        }
    }
    return COR_OK;
}
