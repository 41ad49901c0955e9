/**
 * A condition as a tree, between the reader of expressions and the test.
 */
#ifndef COR_WHERE_TREE_H
#define COR_WHERE_TREE_H

#include "coracle/where.h"
#include "pattern.h"
#include "where_words.h"

/** A path, or a value that stands in the expression. */
typedef struct where_operand {
    int32_t path; /* -1: the value */
    cor_field value;
} where_operand;

/** What holds: `op` is WORD_AND, WORD_OR, WORD_NOT, WORD_EXISTS, or an operator
    between two operands. */
typedef struct where_node {
    enum where_word op;
    int32_t left, right;        /* WORD_AND, WORD_OR; WORD_NOT: left */
    where_operand a, b;         /* else; WORD_EXISTS: a */
    int32_t first, count;       /* WORD_IN a list: its values */
    const cor_pattern *pattern; /* WORD_MATCHES, WORD_ICONTAINS */
} where_node;

struct cor_where {
    cor_path *path;
    int32_t paths;
    where_node *node; /* the last one is the whole */
    int32_t nodes;
    cor_field *list;
    int32_t listed;
    cor_pattern **pattern;
    int32_t patterns;
    char **text; /* that values point into */
    int32_t texts;
};

#endif
