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

/* ---- model_file.c ---- */

/** Write a table that every rank has, each a part of its rows. Collective. */
int mixture_put_table(const cor_team *team, cor_file *file, const char *name,
                      int64_t rows, int64_t columns, const double *number);
/** Every rank reads all; COR_EDATA where the shape is another. Collective. */
int mixture_get_table(const cor_file *file, const char *name, int64_t rows,
                      int64_t columns, double *number);

/* ---- pass.c ---- */

/** Where a thread holds a tile and what is computed of it. Arrays of
    components have the tile's ld. */
typedef struct place {
    const cor_matrix *matrix;
    const double *center;      /* columns */
    int64_t first;             /* of my rows, the tile's first */
    cor_tile tile;             /* its rows about the center, turned */
    double *row;               /* its rows as they are */
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

#endif
