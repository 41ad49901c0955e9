/**
 * Matrices for the tests of mixtures: drawn from clusters, row by row, so that
 * any team makes the same one; or read from a file of numbers between commas.
 */
#ifndef ROWS_H
#define ROWS_H

#include "coracle/matrix.h"
#include "coracle/memory.h"
#include "coracle/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What rows are drawn from: row i belongs to cluster i modulo clusters. */
typedef struct drawn {
    int64_t rows, columns, clusters;
    bool single;   /* float32 */
    double spread; /* between clusters, whose own width is about 1 */
    double far;    /* added to all numbers */
    int64_t shards;
} drawn;

static inline double drawn_number(uint64_t row, uint64_t column)
{
    double normal[2];
    cor_random_normals(
        cor_random_at(11, COR_STREAM_TEST, row, (uint32_t)column), normal);
    return normal[0];
}

/* Columns of a cluster lean on each other, each cluster in its own way. */
static inline void draw_row(const drawn *d, int64_t row, double *out)
{
    int64_t c = row % d->clusters;
    for (int64_t j = 0; j < d->columns; j++) {
        out[j] = drawn_number((uint64_t)row, (uint64_t)j) *
                 (1 + .5 * (double)(c % 3));
        if (j > 0)
            out[j] += .5 * (double)(c % 2) * out[j - 1];
    }
    for (int64_t j = 0; j < d->columns; j++)
        out[j] += d->far + d->spread * drawn_number((uint64_t)c, 1000 + j);
}

static inline int draw_matrix(const cor_team *on, const drawn *d,
                              cor_matrix *matrix)
{
    double row[64];
    COR_TRY(cor_agree(
        on, cor_matrix_create(on, d->shards, d->rows, d->columns,
                              d->single ? COR_FLOAT32 : COR_FLOAT64, matrix)));
    for (int64_t i = 0; i < matrix->count; i++) {
        draw_row(d, matrix->first + i, row);
        for (int64_t j = 0; j < d->columns; j++)
            if (d->single)
                ((float *)matrix->value)[i * d->columns + j] = (float)row[j];
            else
                ((double *)matrix->value)[i * d->columns + j] = row[j];
    }
    return COR_OK;
}

/** The numbers of a file with one line of names, row after row; `count` of
    them. For free(); NULL where CORACLE_TEST_DATA is not set or has no such
    file. */
static inline double *read_numbers(const char *name, int64_t *count)
{
    char path[4096], word[64];
    const char *folder = getenv("CORACLE_TEST_DATA");
    double *number = NULL;
    *count = 0;
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "", name);
    FILE *file = folder ? fopen(path, "r") : NULL;
    if (!file)
        return NULL;
    while (fgetc(file) != '\n')
        continue;
    while (fscanf(file, " %63[^,\n]%*[,\n]", word) == 1) {
        if (*count % 1024 == 0)
            number = realloc(number, (size_t)(*count + 1024) * sizeof *number);
        number[(*count)++] = strtod(word, NULL);
    }
    fclose(file);
    return number;
}

static inline int take_matrix(const cor_team *on, const double *number,
                              int64_t rows, int64_t columns, cor_matrix *matrix)
{
    COR_TRY(cor_agree(
        on, cor_matrix_create(on, 0, rows, columns, COR_FLOAT64, matrix)));
    memcpy(matrix->value, number + matrix->first * columns,
           (size_t)(matrix->count * columns) * sizeof *number);
    return COR_OK;
}

#endif
