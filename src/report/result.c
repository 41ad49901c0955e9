#include "result_node.h"

#include "coracle/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int cor_result_create(cor_result **result)
{
    *result = calloc(1, sizeof **result);
    json_t *value = json_object();
    if (!*result || !value) {
        free(*result);
        *result = NULL;
        json_decref(value);
        return cor_fail(COR_EMEMORY, "out of memory for the result");
    }
    **result = (cor_result){.value = value, .root = *result};
    return COR_OK;
}

void cor_result_destroy(cor_result **result)
{
    cor_result *part = *result;
    if (part)
        json_decref(part->value);
    while (part) {
        cor_result *next = part->next;
        free(part);
        part = next;
    }
    *result = NULL;
}

/* JSON is UTF-8; in text that is not (a file name can hold any bytes) those
   beyond ASCII become '?'. The caller frees it; NULL: no memory. */
static char *utf8_copy(const char *text)
{
    size_t length = strlen(text);
    char *copy = malloc(length + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, length + 1);
    if (!cor_text_is_utf8(text, text + length))
        for (size_t i = 0; i < length; i++)
            if ((unsigned char)copy[i] >= 0x80)
                copy[i] = '?';
    return copy;
}

/* Put a new value into an object under a key or at the end of a list (key
   NULL); the value is taken also on failure. */
static void put(cor_result *into, const char *key, json_t *value)
{
    char *copy = key ? utf8_copy(key) : NULL;
    int rc = -1;
    if (copy)
        rc = json_object_set_new(into->value, copy, value);
    else if (!key)
        rc = json_array_append_new(into->value, value);
    else
        json_decref(value);
    free(copy);
    if (rc != 0)
        into->root->failed = true;
}

static json_t *real_value(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *text_value(const char *text)
{
    if (!text)
        return json_null();
    char *copy = utf8_copy(text);
    json_t *value = copy ? json_string_nocheck(copy) : NULL;
    free(copy);
    return value;
}

/* A handle for a new object or list inside another. Where there is no memory
   the whole is marked and the parent stands in: nothing will be printed. */
static cor_result *put_part(cor_result *into, const char *key, json_t *value)
{
    cor_result *part = calloc(1, sizeof *part);
    put(into, key, value);
    if (!part || into->root->failed) {
        into->root->failed = true;
        free(part);
        return into;
    }
    cor_result *root = into->root;
    *part = (cor_result){.value = value, .root = root, .next = root->next};
    root->next = part;
    return part;
}

void cor_result_int(cor_result *object, const char *key, int64_t value)
{
    put(object, key, json_integer(value));
}

void cor_result_real(cor_result *object, const char *key, double value)
{
    put(object, key, real_value(value));
}

void cor_result_bool(cor_result *object, const char *key, bool value)
{
    put(object, key, json_boolean(value));
}

void cor_result_text(cor_result *object, const char *key, const char *value)
{
    put(object, key, text_value(value));
}

cor_result *cor_result_object(cor_result *object, const char *key)
{
    return put_part(object, key, json_object());
}

cor_result *cor_result_list(cor_result *object, const char *key)
{
    return put_part(object, key, json_array());
}

void cor_result_append_int(cor_result *list, int64_t value)
{
    put(list, NULL, json_integer(value));
}

void cor_result_append_real(cor_result *list, double value)
{
    put(list, NULL, real_value(value));
}

void cor_result_append_text(cor_result *list, const char *value)
{
    put(list, NULL, text_value(value));
}

cor_result *cor_result_append_object(cor_result *list)
{
    return put_part(list, NULL, json_object());
}

cor_result *cor_result_append_list(cor_result *list)
{
    return put_part(list, NULL, json_array());
}

int cor_result_flushed(FILE *stream)
{
    if (fflush(stream) != 0 || ferror(stream))
        return cor_fail(COR_EIO,
                        "cannot write the result: %s; give it a place "
                        "that is open and has room",
                        errno ? strerror(errno) : "the output failed");
    return COR_OK;
}

int cor_result_print_json(const cor_result *result, FILE *stream)
{
    if (result->root->failed)
        return cor_fail(COR_EMEMORY, "out of memory for the result");
    errno = 0;
    int rc = json_dumpf(result->value, stream, JSON_REAL_PRECISION(17));
    fputc('\n', stream);
    COR_TRY(cor_result_flushed(stream));
    if (rc != 0)
        return cor_fail(COR_EMEMORY, "out of memory for the result");
    return COR_OK;
}
