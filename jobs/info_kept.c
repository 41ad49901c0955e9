#include "info_kept.h"

#include <math.h>

static void show_category(const cor_team *team, const cor_kept *column,
                          int64_t rows, cor_result *entry)
{
    int64_t missing = 0;
    for (int64_t i = 0; i < rows; i++)
        missing += column->code[i] < 0;
    cor_team_sum(team, &missing, 1);
    cor_result_text(entry, "type", "category");
    cor_result_int(entry, "missing", missing);
    cor_result_int(entry, "categories", column->names.total);
}

static void show_numbers(const cor_team *team, const cor_kept *column,
                         int64_t rows, cor_result *entry)
{
    int64_t missing = 0;
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < rows; i++) {
        missing += isnan(column->number[i]);
        low = fmin(low, column->number[i]);
        high = fmax(high, column->number[i]);
    }
    cor_team_sum(team, &missing, 1);
    cor_team_min_double(team, &low, 1);
    cor_team_max_double(team, &high, 1);
    cor_result_text(entry, "type", "number");
    cor_result_int(entry, "missing", missing);
    if (low <= high) {
        cor_result_real(entry, "min", low);
        cor_result_real(entry, "max", high);
    }
}

void info_kept_show(const cor_team *team, const cor_interactions *data,
                    cor_result *result)
{
    cor_result *list = cor_result_list(result, "kept");
    for (int32_t k = 0; k < data->kept.count; k++) {
        const cor_kept *column = &data->kept.column[k];
        cor_result *entry = cor_result_append_object(list);
        cor_result_text(entry, "name", column->name);
        if (column->category)
            show_category(team, column, data->rows, entry);
        else
            show_numbers(team, column, data->rows, entry);
    }
}
