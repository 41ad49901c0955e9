/**
 * Results: built once by a job, printed as one JSON object for programs or as a
 * table for people. Local; every rank may build one, rank 0 prints.
 */
#ifndef CORACLE_RESULT_H
#define CORACLE_RESULT_H

#include "coracle/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/** An object or a list; parts are owned by the whole. Running out of memory
    while building is remembered and reported by cor_result_print. */
typedef struct cor_result cor_result;

int cor_result_create(cor_result **result);
void cor_result_destroy(cor_result **result);

/** Set a member of an object. A double that is not finite becomes null. */
void cor_result_int(cor_result *object, const char *key, int64_t value);
void cor_result_real(cor_result *object, const char *key, double value);
void cor_result_bool(cor_result *object, const char *key, bool value);
void cor_result_text(cor_result *object, const char *key, const char *value);
/** A member that is an object, a list; borrowed, lives with the whole. */
cor_result *cor_result_object(cor_result *object, const char *key);
cor_result *cor_result_list(cor_result *object, const char *key);

/** Append to a list. */
void cor_result_append_int(cor_result *list, int64_t value);
void cor_result_append_real(cor_result *list, double value);
void cor_result_append_text(cor_result *list, const char *value);
cor_result *cor_result_append_object(cor_result *list);
cor_result *cor_result_append_list(cor_result *list);

/** Print one JSON object and a newline, real numbers with 17 digits. */
int cor_result_print_json(const cor_result *result, FILE *stream);
/** Print for people: members as aligned lines, lists of objects as tables. */
int cor_result_print_table(const cor_result *result, FILE *stream);

#endif
