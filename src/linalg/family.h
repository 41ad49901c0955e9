/** The table of one family: include after defining COR_LANES and COR_TABLE. */
#include "cholesky.h"
#include "corating.h"
#include "gram.h"
#include "moments.h"
#include "multiply.h"
#include "rows.h"
#include "score.h"
#include "steps.h"
#include "weighted.h"

const cor_kernels COR_TABLE = {
    .gaussian = {.turn = turn_tile,
                 .whiten = whiten,
                 .whitened_square = whitened_square,
                 .distances = distances,
                 .nearest = nearest,
                 .mixture = mixture,
                 .sums = sums,
                 .dots = dots,
                 .means = means,
                 .variances = variances,
                 .covariance = covariance},
    .corating = {.add = corating_add,
                 .add_packed = corating_add_packed,
                 .similarity = corating_similarity},
    .steps = {.run = steps_run, .error = steps_error, .norms = steps_norms},
    .dot = dot,
    .gather = gather,
    .gather_columns = gather_columns,
    .gather_scaled = gather_scaled,
    .scale_columns = scale_columns,
    .residual = residual,
    .row_sums = row_sums,
    .combine = combine,
    .gram = gram,
    .downdate = downdate,
    .factor = factor,
    .forward = forward,
    .backward = backward,
    .multiply = multiply,
    .score = score_tile,
    .panel_score = panel_score,
};
