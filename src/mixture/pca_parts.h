/**
 * What the solvers of principal components share: tiles of a matrix, the
 * ordered Gram matrix, and what follows from its eigenvalues.
 *
 * A tile begins where its shard does or a whole number of tiles after it, so
 * what is summed in one go, and with it the bits, follows from the data alone.
 */
#ifndef MIXTURE_PCA_PARTS_H
#define MIXTURE_PCA_PARTS_H

#include "coracle/pca.h"

/** Vectors of a tile, and columns of a block of wide rows: with their product
    in the second level cache, and long enough for products at full rate. */
enum { PCA_TILE = 128, PCA_BLOCK = 1024 };

/** Numbers of components that every rank may be asked to hold: 1 GiB. */
#define PCA_MOST ((int64_t)1 << 27)

/** A fit in hand. */
typedef struct pca_fit {
    const cor_team *team;
    const cor_matrix *matrix;
    const cor_pca_options *options;
    cor_progress *progress;
    cor_pca *pca; /* being filled */
} pca_fit;

/** Numbers [at, at + count) of an array of `type`, as doubles less center[0],
    center[1], ... . */
void pca_less(enum cor_type type, const void *number, int64_t at, int64_t count,
              const double *center, double *out);

/** Columns [column, column + columns) of my rows [row, row + rows), as doubles
    `ld` apart, less center[column ...]. Local. */
void pca_block(const cor_matrix *matrix, int64_t row, int64_t rows,
               int64_t column, int64_t columns, const double *center,
               double *block, int64_t ld);

/** Where the tiles of my shards begin, counted from my first row: `*tiles` + 1
    numbers, for cor_free. Local. */
int pca_tiles(const cor_team *team, const cor_shards *shards, int64_t **begin,
              int64_t *tiles);

/**
 * Vectors of `order` numbers, one for each row of `shards`, by tiles: at most
 * PCA_TILE of them, from one shard.
 */
typedef struct pca_vectors {
    int64_t order;
    const cor_shards *shards;
    bool standing; /* a tile is order x count, else count x order */
    /** The tile of vectors [begin, begin + count): `room` filled, or memory of
        its own. From any thread. */
    const double *(*load)(const void *context, int64_t begin, int64_t count,
                          double *room);
    const void *context;
} pca_vectors;

/**
 * The Gram matrix of vectors: the sum over all of v v', by the ordered sum, a
 * panel of rows at a time so that what is summed stays small. Collective.
 * @param[out] gram  order x order, of which the lower triangle is filled; NULL
 *                   on ranks that do not want it
 */
int pca_gram(const cor_team *team, const pca_vectors *vectors, double *gram);

/**
 * Make the columns of a matrix orthonormal in their order, so that the first j
 * span what they spanned; a column that depends on those before it is replaced
 * by a random direction. Collective.
 * Cholesky QR, repeated until nothing changes: Yamamoto, Nakatsukasa,
 * Yanagisawa, Fukaya, "Roundoff error analysis of the CholeskyQR2 algorithm",
 * ETNA 2015.
 * @param[in]     shards  over rows; at least as many rows as columns
 * @param[in,out] z       my rows x columns
 */
int pca_orthonormalise(const cor_team *team, const cor_shards *shards,
                       int64_t columns, int64_t seed, double *z);

/**
 * The eigenvalues of a matrix of `order` rows that rank 0 has, and what follows
 * from them: the number of components, variances, ratios. Collective.
 * @param[in,out] gram      rank 0: order x order, destroyed; others NULL
 * @param[in]     total     the sum of all squared singular values; 0: the sum
 *                          of the eigenvalues
 * @param[out]    vector    components x order, on every rank, for cor_free
 */
int pca_decompose(const pca_fit *fit, int64_t order, double *gram, double total,
                  double **vector);

/** COR_EUSAGE where so many components would be too much for a rank. Local. */
int pca_check_size(int64_t components, int64_t columns);
/** COR_EDATA with the message for rows that are all equal. */
int pca_no_variance(void);
/** COR_ENUMERIC with the message for squares that overflow. */
int pca_too_large(void);

/** out = in turned: in is rows x columns. Local. */
void pca_turn(const cor_team *team, int64_t rows, int64_t columns,
              const double *in, double *out);

/** A normal number of a row and a step, of the stream for directions. */
double pca_random(int64_t seed, int64_t row, int64_t step);

/** Set the signs, by convention, of the rows of pca->component. Local. */
void pca_set_signs(const cor_team *team, cor_pca *pca);

/** The solvers: fill all of fit->pca but what describes the columns.
    Collective. */
int pca_by_gram(const pca_fit *fit);
int pca_by_small(const pca_fit *fit);
int pca_by_random(const pca_fit *fit);

#endif
