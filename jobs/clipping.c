#include "clipping.h"

void clipping_report(const cor_model *model, cor_result *result)
{
    bool ranged = !cor_model_is_feedback(model);
    cor_result_bool(result, "clipped", ranged && !model->unclipped);
    if (!ranged)
        return;
    cor_result *range = cor_result_object(result, "range");
    cor_result_real(range, "min", model->value_min);
    cor_result_real(range, "max", model->value_max);
}
