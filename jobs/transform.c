#include "jobs.h"
#include "stores.h"

#include "coracle/memory.h"
#include "coracle/pca.h"

static struct {
    bool inverse;
    double anomalies;
} set;

static const cor_option options[] = {
    {"inverse", 0, COR_OPTION_FLAG, &set.inverse, NULL,
     "from scores back to rows"},
    {"anomalies", 0, COR_OPTION_REAL, &set.anomalies, "PERCENT",
     "mark this share of the rows, those that are given back worst; 0: none"},
    COR_OPTIONS_END};

/* A column of the rows beside their scores. */
static int put_rows(cor_file *file, const char *name, enum cor_type type,
                    const cor_matrix *m, const void *column)
{
    return cor_file_write(file, name, type, 0, m->rows, 0, m->first, m->count,
                          column);
}

static int put(cor_command *command, const cor_matrix *out, const double *error,
               const int8_t *anomaly)
{
    cor_file *file = NULL;
    char digest[17];
    int rc = cor_file_create(command->team, command->output, "matrix",
                             &command->file, &file);
    if (rc == COR_OK)
        rc = cor_matrix_put(command->team, file, out, digest);
    if (rc == COR_OK && error)
        rc = put_rows(file, "/reconstruction_error", COR_FLOAT64, out, error);
    if (rc == COR_OK && anomaly)
        rc = put_rows(file, "/anomaly", COR_INT8, out, anomaly);
    if (rc == COR_OK)
        rc = cor_file_commit(&file);
    cor_file_close(&file);
    if (rc == COR_OK) {
        cor_result_int(command->result, "rows", out->rows);
        cor_result_int(command->result, "columns", out->columns);
        cor_result_text(command->result, "digest", digest);
    }
    return rc;
}

static void report(const cor_pca_errors *errors, cor_result *result)
{
    cor_result *error = cor_result_object(result, "reconstruction_error");
    cor_result_real(error, "mean", errors->mean);
    cor_result_real(error, "max", errors->max);
    if (set.anomalies > 0) {
        cor_result_real(result, "threshold", errors->threshold);
        cor_result_int(result, "anomalies", errors->anomalies);
    }
}

static int score(cor_command *command, const cor_pca *pca,
                 const cor_matrix *matrix)
{
    const cor_team *team = command->team;
    cor_matrix scores = {0};
    cor_pca_errors errors;
    double *error = NULL;
    int8_t *anomaly = NULL;
    int rc = COR_NEW(&error, matrix->count);
    if (rc == COR_OK)
        rc = COR_NEW(&anomaly, matrix->count);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_pca_transform(team, pca, matrix, &scores, error);
    if (rc == COR_OK)
        rc =
            cor_pca_judge(team, matrix, error, set.anomalies, anomaly, &errors);
    if (rc == COR_OK)
        rc = put(command, &scores, error, set.anomalies > 0 ? anomaly : NULL);
    if (rc == COR_OK)
        report(&errors, command->result);
    cor_matrix_free(&scores);
    cor_free(error);
    cor_free(anomaly);
    return rc;
}

static int give_back(cor_command *command, const cor_pca *pca,
                     const cor_matrix *scores)
{
    cor_matrix rows = {0};
    int rc = cor_pca_invert(command->team, pca, scores, &rows);
    if (rc == COR_OK)
        rc = put(command, &rows, NULL, NULL);
    cor_matrix_free(&rows);
    return rc;
}

static int transform(cor_command *command, const cor_pca *pca)
{
    cor_matrix matrix = {0};
    int rc = cor_matrix_read(command->team, command->input[1], &matrix);
    if (rc == COR_OK)
        rc = set.inverse ? give_back(command, pca, &matrix)
                         : score(command, pca, &matrix);
    cor_matrix_free(&matrix);
    return rc;
}

static int plan_and_run(cor_command *command, const cor_pca *pca)
{
    cor_matrix_size size;
    COR_TRY(cor_matrix_measure(command->team, command->input[1], &size));
    cor_plan plan =
        cor_pca_transform_plan(command->team, &size, pca,
                               set.inverse ? pca->columns : pca->components);
    COR_TRY(cor_command_plan(command, &plan));
    COR_TRY(store_try_output(command, command->output));
    return transform(command, pca);
}

static int run(cor_command *command)
{
    cor_pca pca = {0};
    COR_TRY(cor_command_inputs(command, 2, 2));
    COR_TRY(cor_command_needs_output(command));
    if (set.inverse && set.anomalies != 0)
        return cor_fail(COR_EUSAGE, "--anomalies are those of rows, and "
                                    "--inverse has scores alone; leave one "
                                    "of them out");
    COR_TRY(cor_pca_read(command->team, command->input[0], &pca));
    int rc = plan_and_run(command, &pca);
    cor_pca_free(&pca);
    return rc;
}

const cor_job cor_job_transform = {
    .name = "transform",
    .summary = "scores of rows in principal components, or rows from scores",
    .usage = "[options] MODEL MATRIX -o STORE",
    .description =
        "Writes a matrix of scores, a column a component, and beside it the "
        "dataset /reconstruction_error: of each row the mean over columns of "
        "the squared difference from what its scores give back. Rows unlike "
        "those that the model was fitted to have a great one; --anomalies 4 "
        "marks the 4% of them with the greatest in the dataset /anomaly.\n"
        "\n"
        "  coracle transform model.h5 faces.h5 --anomalies 4 -o scores.h5\n"
        "  coracle transform model.h5 scores.h5 --inverse -o faces-again.h5\n"
        "\n"
        "The matrix has the columns of the one that the model was fitted to; "
        "where it was standardised otherwise, it is taken as that would have "
        "been. With --inverse it has a column a component.",
    .options = options,
    .run = run};
