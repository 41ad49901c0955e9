/**
 * Interactions like those of a store, but more: `generate --like`.
 */
#ifndef EXPAND_LIKE_H
#define EXPAND_LIKE_H

#include "coracle/command.h"

typedef struct expand_like_options {
    const char *like;  /* the store */
    const char *scale; /* "4x8": times the users, times the items */
    int64_t shards;
    bool titles;
} expand_like_options;

/** Reduce, expand, write the command's output; or the plan. Collective. */
int expand_like(const cor_command *command, const expand_like_options *options);

#endif
