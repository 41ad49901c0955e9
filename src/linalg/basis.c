#include "coracle/basis.h"

#include "coracle/dense.h"
#include "coracle/linalg.h"
#include "coracle/memory.h"

#include <math.h>
#include <string.h>

enum { ROWS = 64 }; /* turned at a time, through a block in the cache */

struct cor_basis {
    int64_t factors, ld;
    double *weight; /* the block that holds the others too */
    float *vector;  /* ld x ld: row f is the f-th eigenvector */
    float *column;  /* the same turned: row f has the f-th entry of each */
};

/* Both triangles of a packed matrix; false where a number is not finite. */
static bool unpack(int64_t n, const double *packed, double *matrix)
{
    double nought = 0;
    for (int64_t c = 0; c < n; c++)
        for (int64_t r = c; r < n; r++, packed++) {
            matrix[r * n + c] = matrix[c * n + r] = *packed;
            nought += 0 * *packed;
        }
    return nought == 0;
}

static void take_vectors(cor_basis *b, const double *vector)
{
    for (int64_t f = 0; f < b->factors; f++)
        for (int64_t g = 0; g < b->factors; g++) {
            float entry = (float)vector[f * b->factors + g];
            b->vector[f * b->ld + g] = entry;
            b->column[g * b->ld + f] = entry;
        }
    for (int64_t f = 0; f < b->factors; f++)
        b->weight[f] = b->weight[f] > 0 ? b->weight[f] : 0;
}

static int decompose(cor_basis *b, const double *packed)
{
    int64_t n = b->factors;
    double *matrix = NULL, *vector = NULL;
    COR_TRY(COR_NEW(&matrix, n * n));
    int rc = COR_NEW(&vector, n * n);
    if (rc == COR_OK && !unpack(n, packed, matrix))
        rc = cor_fail(COR_ENUMERIC, "factors are not finite any more");
    if (rc == COR_OK)
        rc = cor_dense_eigen(n, matrix, b->weight, vector);
    if (rc == COR_OK)
        take_vectors(b, vector);
    cor_free(matrix);
    cor_free(vector);
    return rc;
}

static size_t size_of(const cor_basis *b)
{
    return (size_t)b->ld * sizeof *b->weight +
           2 * (size_t)(b->ld * b->ld) * sizeof *b->vector;
}

int cor_basis_create(int64_t factors, const double *packed, cor_basis **basis)
{
    cor_basis *b = NULL;
    *basis = NULL;
    COR_TRY(COR_NEW_ZEROED(&b, 1));
    b->factors = factors;
    b->ld = cor_padded(factors);
    int rc = cor_allocate_zeroed(&b->weight, 1, size_of(b), "basis");
    if (rc == COR_OK) {
        b->vector = (float *)(b->weight + b->ld);
        b->column = b->vector + b->ld * b->ld;
        rc = decompose(b, packed);
    }
    if (rc != COR_OK)
        cor_basis_destroy(&b);
    *basis = b;
    return rc;
}

void cor_basis_destroy(cor_basis **basis)
{
    if (!*basis)
        return;
    cor_free((*basis)->weight);
    cor_free(*basis);
    *basis = NULL;
}

void *cor_basis_numbers(cor_basis *basis, int64_t *bytes)
{
    *bytes = (int64_t)size_of(basis);
    return basis->weight;
}

const double *cor_basis_weight(const cor_basis *basis)
{
    return basis->weight;
}

/* row = row times the turned matrix, which is a tile of scores. */
static int turn(const cor_basis *b, const float *matrix, float *row,
                int64_t count)
{
    float *block = NULL;
    COR_TRY(COR_NEW(&block, ROWS * b->ld));
    for (int64_t z = 0; z < count; z += ROWS) {
        int64_t rows = count - z < ROWS ? count - z : ROWS;
        cor_score_tile(row + z * b->ld, rows, matrix, b->ld, b->ld, block);
        memcpy(row + z * b->ld, block, (size_t)(rows * b->ld) * sizeof *row);
    }
    cor_free(block);
    return COR_OK;
}

int cor_basis_turn(const cor_basis *basis, float *row, int64_t count)
{
    return turn(basis, basis->vector, row, count);
}

int cor_basis_return(const cor_basis *basis, float *row, int64_t count)
{
    return turn(basis, basis->column, row, count);
}
