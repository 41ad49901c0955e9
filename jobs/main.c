#include "jobs.h"

#include <stddef.h>

static const cor_job data_in = {.summary = "Data in"};
static const cor_job preparing = {.summary = "Preparing"};
static const cor_job training = {.summary = "Training"};
static const cor_job using = {.summary = "Using a model"};

int main(int argc, char **argv)
{
    const cor_job *const jobs[] = {&data_in,
                                   &cor_job_ingest,
                                   &cor_job_info,
                                   &cor_job_export,
                                   &cor_job_generate,
                                   &preparing,
                                   &cor_job_filter,
                                   &cor_job_sample,
                                   &cor_job_top,
                                   &cor_job_count,
                                   &cor_job_kcore,
                                   &cor_job_split,
                                   &cor_job_sequences,
                                   &cor_job_features,
                                   &training,
                                   &cor_job_baseline,
                                   &cor_job_knn,
                                   &cor_job_als,
                                   &cor_job_sgd,
                                   &cor_job_gmm,
                                   &cor_job_pca,
                                   &cor_job_tune,
                                   &using,
                                   &cor_job_evaluate,
                                   &cor_job_predict,
                                   &cor_job_recommend,
                                   &cor_job_update,
                                   &cor_job_score,
                                   &cor_job_draw,
                                   &cor_job_plot,
                                   &cor_job_similar,
                                   &cor_job_popular,
                                   &cor_job_transform,
                                   NULL};
    return cor_command_main(argc, argv, jobs);
}
