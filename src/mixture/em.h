/**
 * One fit by EM in the making; shared by gmm.c, start.c and checkpoint.c.
 */
#ifndef MIXTURE_EM_H
#define MIXTURE_EM_H

#include "bayes.h"
#include "coracle/gmm.h"
#include "fit.h"

/** Lower bounds, one an iteration. */
typedef struct em_history {
    double *bound;
    int64_t count, room;
} em_history;

typedef struct em {
    const fit_data *data;
    bayes_prior *prior; /* NULL: fitted by EM */
    const cor_gmm_options *options;
    cor_progress *progress;
    int64_t starts;  /* all of them, tries too, whoever does them */
    double tol;      /* the change of the lower bound that ends a start */
    int64_t start;   /* the one in hand, from 0 */
    cor_mixture now; /* of this start */
    em_history history;
    cor_mixture best; /* of the starts before; no components: none yet */
    em_history best_history;
    int64_t best_start;
    int64_t failed; /* starts given up */
    int status;     /* of the first of them */
    char message[512];
    double *sums;  /* of a pass: moments.length at most */
    double *count; /* components */
    double *step;  /* components x columns */
} em;

/* gmm.c */

/** How many starts a matrix gets, tries too. */
int64_t em_starts(const cor_gmm_options *options, int64_t rows,
                  int64_t columns);
/** The maximisation step: a mixture from fit->sums, which `about` (means about
    the center) were given for. Collective. @return COR_OK; COR_ENUMERIC */
int em_maximise(em *fit, const moments *m, const double *about);
/** Precisions and constants of fit->now from its covariances. Collective. */
int em_factor(em *fit);

/* start.c */

/** The mixture that the first iteration of a start begins with. Collective. */
int em_begin(em *fit);

/* em_checkpoint.c; collective */

int em_checkpoint_write(const em *fit);
/** `found` is false where there is none. */
int em_checkpoint_read(em *fit, bool *found);

#endif
