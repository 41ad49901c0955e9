/**
 * What the files of this room share: passes over the rows of a matrix by tiles,
 * a mixture made ready for them, and its moments.
 */
#ifndef MIXTURE_FIT_H
#define MIXTURE_FIT_H

#include "coracle/gaussian.h"
#include "coracle/mixture.h"

/* ---- factor.c ---- */

/** cor_mixture_factor, the components cut over the ranks: all get the same
    bits, whatever library each of them has. Collective. */
int mixture_factor_together(const cor_team *team, cor_mixture *mixture);

/** log |U| of one component. Local. */
double mixture_log_determinant(const cor_mixture *mixture, int64_t component);

/* ---- mixture.c ---- */

/** What a model knows of its columns, as a copy of its own; nothing where there
    is nothing to copy. Local. */
int mixture_copy_numbers(const double *from, int64_t count, double **to);
int mixture_copy_names(const cor_ids *from, cor_ids *to);

/* ---- tables.c ---- */

/** A table that every rank has whole: `rows` rows of `columns` numbers (0: a
    list). */
typedef struct table {
    const char *name; /* in a file */
    double *number;
    int64_t rows, columns;
} table;

/** Write it, each rank a part of its rows. Collective. */
int table_put(const cor_team *team, cor_file *file, const table *t);
/** Every rank reads all; COR_EDATA where the shape is another. Collective. */
int table_get(const cor_file *file, const table *t);

/** Fail with `code` where a number is not finite, naming the table and the
    remedy. Local. */
int tables_check(const table *tables, int count, int code, const char *path,
                 const char *remedy);
/** Write the tables of a model, the names of its columns and the digest of it
    all. Collective. */
int tables_put_model(const cor_team *team, cor_file *file, const table *tables,
                     int count, const cor_ids *names, char digest[17]);
/** Read them. Collective. @return COR_OK; COR_EDATA: damaged, not finite */
int tables_get_model(const cor_file *file, const table *tables, int count,
                     int64_t columns, cor_ids *names);

/** COR_EDATA where the model in a file is not of this kind, `what` in words. */
int model_check_kind(const cor_file *file, const char *kind, const char *what);
/** COR_EDATA with the message for a model that cannot be as it is. */
int model_damaged(const cor_file *file, const char *what);

/* ---- pass.c ---- */

/** Where a thread holds a tile and what is computed of it. Arrays of
    components have the tile's ld. */
typedef struct place {
    const cor_matrix *matrix;
    const double *center;      /* columns */
    int64_t first;             /* of my rows, the tile's first */
    cor_tile tile;             /* its rows about the center, turned */
    const double *row;         /* its rows as they are */
    double *copy;              /* of them, where they are not doubles */
    double *q, *r;             /* components; one array unless `apart` */
    double *density, *entropy; /* as cor_tile_mixture gives them */
    double *least;
    int64_t *label;
    double *work;
} place;

/** Rows of a tile. A tile begins where a shard begins or another ends, so what
    makes up a tile follows from the data and from this number alone. */
int64_t place_rows(int64_t columns, int64_t components);

/** @param[in] apart  whether q and r are two arrays */
int places_create(const cor_matrix *matrix, const double *center,
                  int64_t components, bool apart, int count, place **places);
void places_destroy(int count, place **places);
/** Fill the tile with `count` of my rows from `first` on. */
void place_load(place *p, int64_t first, int64_t count);

/** What a pass does with each tile: adds to the sums of its shard, and writes
    what belongs to its rows where `context` says. */
typedef void pass_visit(void *context, place *p, double *sums);

typedef struct pass {
    const cor_team *team;
    const cor_matrix *matrix;
    const double *center; /* columns */
    int64_t components;   /* arrays of q */
    bool apart;
    int64_t length; /* sums of a shard */
} pass;

/** Visit all tiles of my shards, the shards on all threads; the totals of the
    sums over all shards, by the ordered sum. Collective.
    @param[out] total  length */
int pass_run(const pass *p, pass_visit *visit, void *context, double *total);
/** The same, but each of my shards' sums: count of my shards x length.
    Collective. */
int pass_run_shards(const pass *p, pass_visit *visit, void *context,
                    double *sums);

/* ---- ready.c ---- */

/** A mixture made ready for tiles about a center. */
typedef struct ready {
    const cor_mixture *mixture; /* borrowed */
    double *center;
    double *mean;             /* K x D about the center */
    double *packed;           /* whitenings: K of them, or one (tied) */
    double *scale, *shift;    /* of distances, where they are taken */
    double *constant, *slope; /* K */
    double floor;             /* of a responsibility, its logarithm */
} ready;

/** Responsibilities below e^-46 = 1e-20 are nothing to a fit; a row is scored
    down to the smallest. */
#define READY_FIT_FLOOR (-46.0)
#define READY_SCORE_FLOOR (-708.0)

/** @param[in] center  columns, or NULL: the mean of the mixture */
int ready_create(const cor_mixture *mixture, const double *center, double floor,
                 ready *r);
void ready_free(ready *r);
/** Whether q and r of its places are two arrays. */
bool ready_apart(const cor_mixture *mixture);
/** Responsibilities, densities and entropies of a tile. */
void ready_expect(const ready *r, place *p);

/* ---- data.c ---- */

/** The rows that a mixture is fitted to, and what is found out once. */
typedef struct fit_data {
    const cor_team *team;
    const cor_matrix *matrix;
    double *center, *deviation; /* columns: mean, standard deviation */
    double *scatter; /* sum of (x - center)(x - center)', packed; NULL where
                        not asked for */
} fit_data;

/** @param[in] scatter  whether it will be wanted: for tied covariances
    Collective. @return COR_OK; COR_ENUMERIC: too large to be summed */
int fit_data_create(const cor_team *team, const cor_matrix *matrix,
                    bool scatter, fit_data *data);
void fit_data_free(fit_data *data);
/** One row about the center, on every rank; only its owner need know which it
    is. Collective. */
void fit_data_row(const fit_data *data, int64_t row, int owner, double *out);

/* ---- moments.c ---- */

/**
 * Where the sums of an expectation step stand: of log densities, of
 * entropies, and of each component the responsibilities, the first and the
 * second moments. Those of full and diagonal covariances are about the means
 * that the responsibilities came from; first moments of tied and spherical ones
 * are about the center, second moments of spherical ones about the means, of
 * tied ones none: they follow from the scatter. But `exact`, they are about the
 * means too, all components in one.
 */
typedef struct moments {
    enum cor_covariance type;
    int64_t components, columns;
    bool exact;
    int64_t density, entropy, count, first, second, length;
} moments;

moments moments_of(enum cor_covariance type, int64_t components,
                   int64_t columns, bool exact);
/** Add a tile with responsibilities r; of spherical covariances q holds the
    squared distances from the means. @param[in] mean  K x D about the center */
void moments_add(const moments *m, const double *mean, place *p, double *sums);

/** What the moments say. count has 10 epsilon added, the diagonal of
    covariances reg_covar, as scikit-learn has it. */
typedef struct estimates {
    double *count;      /* K */
    double *mean;       /* K x D */
    double *step;       /* K x D: how far each mean has moved */
    double *covariance; /* shaped as in the mixture */
} estimates;

/** @param[in] mean  K x D about the center: what moments_add was given */
void moments_estimate(const moments *m, const fit_data *data,
                      const double *sums, const double *mean, double reg_covar,
                      const estimates *out);
/** Whether the scatter is so much greater than a tied covariance that this has
    lost too many digits, and exact moments must be taken. */
bool moments_need_exact(const fit_data *data, const cor_mixture *mixture);

/* ---- seed.c, kmeans.c ---- */

/** k-means++ with the best of 2 + log K candidates each time: Arthur,
    Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
    Collective. @return COR_OK; COR_EDATA: fewer different rows than components
    @param[out] center  components x columns, about the center of the data
    @param[out] gap     of my rows, squared distance to the nearest center */
int seed_centers(const fit_data *data, int64_t components, int64_t seed,
                 int64_t start, double *center, double *gap);
/** k-means by Lloyd's algorithm, from seeded centers. Collective. */
int kmeans_centers(const fit_data *data, int64_t components, int64_t seed,
                   int64_t start, double *center);

#endif
