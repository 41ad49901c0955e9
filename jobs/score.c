#include "jobs.h"
#include "stores.h"

#include "coracle/memory.h"
#include "coracle/mixture.h"

#include <math.h>

static struct {
    bool labels, proba;
    double anomalies;
    const char *below;
} set;

static const cor_option options[] = {
    {"labels", 0, COR_OPTION_FLAG, &set.labels, NULL,
     "write /label: the most responsible component of each row, from 0"},
    {"proba", 0, COR_OPTION_FLAG, &set.proba, NULL,
     "write /responsibility: those of all components, a row each"},
    {"anomalies", 0, COR_OPTION_REAL, &set.anomalies, "PERCENT",
     "write /anomaly: mark this share of the rows, the least dense; 0: none"},
    {"below", 0, COR_OPTION_TEXT, &set.below, "DENSITY",
     "write /anomaly: mark the rows of less than this log density"},
    COR_OPTIONS_END};

/* What is found of my rows. */
typedef struct scored {
    double *density;
    int32_t *label;
    int8_t *anomaly;
    double below;
    cor_densities judged;
} scored;

static bool marks(void)
{
    return set.anomalies > 0 || set.below;
}

static int find(const cor_command *command, const cor_mixture *mixture,
                const cor_matrix *matrix, scored *s)
{
    const cor_team *team = command->team;
    int rc = COR_NEW(&s->density, matrix->count);
    if (rc == COR_OK)
        rc = COR_NEW(&s->label, matrix->count);
    if (rc == COR_OK)
        rc = COR_NEW(&s->anomaly, matrix->count);
    if (rc == COR_OK)
        rc = cor_mixture_score(team, mixture, matrix, 0, matrix->count,
                               &(cor_mixture_scores){.log_density = s->density,
                                                     .label = s->label});
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_mixture_judge(team, matrix, s->density, set.anomalies,
                               s->below, s->anomaly, &s->judged);
    return rc;
}

static int put_column(cor_file *file, const char *name, enum cor_type type,
                      const cor_matrix *m, const void *column)
{
    return cor_file_write(file, name, type, 0, m->rows, 0, m->first, m->count,
                          column);
}

/* Responsibilities of some rows at a time: there may be many components. */
static int put_responsibilities(const cor_team *team, cor_file *file,
                                const cor_mixture *mixture, const cor_matrix *m)
{
    enum { NUMBERS = 1 << 20 };
    int64_t k = mixture->components, block = NUMBERS / k + 1, most = m->count;
    double *r = NULL;
    cor_team_max(team, &most, 1);
    int rc = cor_agree(team, COR_NEW(&r, block * k));
    for (int64_t at = 0; rc == COR_OK && at < most; at += block) {
        int64_t first = at < m->count ? at : m->count;
        int64_t count = m->count - first < block ? m->count - first : block;
        rc = cor_mixture_score(team, mixture, m, first, count,
                               &(cor_mixture_scores){.responsibility = r});
        rc = cor_agree(team, rc);
        if (rc == COR_OK)
            rc = cor_file_write(file, "/responsibility", COR_FLOAT64, 0,
                                m->rows, k, m->first + first, count, r);
    }
    cor_free(r);
    return rc;
}

static int put(cor_command *command, const cor_mixture *mixture,
               const cor_matrix *m, const scored *s)
{
    cor_file *file = NULL;
    int rc = cor_file_create(command->team, command->output, "scores",
                             &command->file, &file);
    if (rc == COR_OK)
        rc = put_column(file, "/log_density", COR_FLOAT64, m, s->density);
    if (rc == COR_OK && set.labels)
        rc = put_column(file, "/label", COR_INT32, m, s->label);
    if (rc == COR_OK && set.proba)
        rc = put_responsibilities(command->team, file, mixture, m);
    if (rc == COR_OK && marks())
        rc = put_column(file, "/anomaly", COR_INT8, m, s->anomaly);
    if (rc == COR_OK)
        rc = cor_file_commit(&file);
    cor_file_close(&file);
    return rc;
}

static void report(const cor_matrix *m, const scored *s, cor_result *result)
{
    cor_result_int(result, "rows", m->rows);
    cor_result_real(result, "mean_log_density", s->judged.mean);
    if (marks()) {
        cor_result_real(result, "threshold", s->judged.threshold);
        cor_result_int(result, "anomalies", s->judged.anomalies);
    }
}

static int check_columns(const cor_command *command, const cor_mixture *mixture,
                         int64_t columns)
{
    if (columns == mixture->columns)
        return COR_OK;
    return cor_fail(COR_EDATA,
                    "%s has %lld columns, and the model %s was fitted to %lld: "
                    "take the same columns in",
                    command->input[1], (long long)columns, command->input[0],
                    (long long)mixture->columns);
}

static int read_and_score(cor_command *command, const cor_mixture *mixture,
                          double below)
{
    cor_matrix matrix = {0};
    scored s = {.below = below};
    int rc = cor_matrix_read(command->team, command->input[1], &matrix);
    if (rc == COR_OK)
        rc = find(command, mixture, &matrix, &s);
    if (rc == COR_OK && command->output)
        rc = put(command, mixture, &matrix, &s);
    if (rc == COR_OK)
        report(&matrix, &s, command->result);
    cor_matrix_free(&matrix);
    cor_free(s.density);
    cor_free(s.label);
    cor_free(s.anomaly);
    return rc;
}

static int score(cor_command *command, const cor_mixture *mixture, double below)
{
    cor_matrix_size size;
    COR_TRY(cor_matrix_measure(command->team, command->input[1], &size));
    COR_TRY(check_columns(command, mixture, size.columns));
    int64_t rows = size.rows / cor_team_size(command->team) + 1;
    int64_t width = size.type == COR_FLOAT32 ? 4 : 8;
    cor_plan plan = {.rows_rank = rows,
                     .bytes_rank =
                         cor_plan_base() + rows * (size.columns * width + 13 +
                                                   (set.anomalies > 0 ? 8 : 0)),
                     .bytes_disk = size.rows * 13};
    COR_TRY(cor_command_plan(command, &plan));
    if (command->output)
        COR_TRY(store_try_output(command, command->output));
    return read_and_score(command, mixture, below);
}

static int run(cor_command *command)
{
    cor_mixture mixture = {0};
    double below = -INFINITY;
    int one;
    COR_TRY(cor_command_inputs(command, 2, 2));
    if (set.below)
        COR_TRY(cor_command_reals(set.below, "below", 1, &below, &one));
    if (set.below && set.anomalies != 0)
        return cor_fail(COR_EUSAGE, "--anomalies and --below are two "
                                    "thresholds; give one of them");
    if ((set.labels || set.proba) && !command->output)
        return cor_fail(COR_EUSAGE, "--labels and --proba are written to a "
                                    "store: give -o STORE");
    COR_TRY(cor_mixture_read(command->team, command->input[0], &mixture));
    int rc = score(command, &mixture, below);
    cor_mixture_free(&mixture);
    return rc;
}

const cor_job cor_job_score = {
    .name = "score",
    .summary = "densities, components and anomalies of rows under a mixture",
    .usage = "[options] MODEL MATRIX [-o STORE]",
    .description =
        "Gives the log density of each row under a mixture, and with -o writes "
        "them as /log_density, beside /label, /responsibility and /anomaly "
        "where they are asked for. Rows unlike those that the mixture was "
        "fitted to have a small density.\n"
        "\n"
        "  coracle score model.h5 rows.h5 --anomalies 4 --labels -o scores.h5\n"
        "\n"
        "--anomalies 4 marks the rows below the density that 4 % of all are "
        "below; --below marks those below a density of your own, for example "
        "the threshold that was found on the training rows.",
    .options = options,
    .run = run};
