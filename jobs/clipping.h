/**
 * Predictions are held to the range of the training values, unless --no-clip
 * says otherwise; the result tells.
 */
#ifndef CLIPPING_H
#define CLIPPING_H

#include "coracle/command.h"
#include "coracle/model.h"

/** The option, for a target that starts as true. */
#define CLIPPING_OPTION(target)                                                \
    {                                                                          \
        "clip", 0, COR_OPTION_FLAG, (target), NULL,                            \
            "hold predictions to the range of the training values"             \
    }

/** Say how a model predicted: `clipped`, and where the training values have one
    their `range{min, max}`. */
void clipping_report(const cor_model *model, cor_result *result);

#endif
