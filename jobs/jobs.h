/**
 * All jobs; each is one file of this folder.
 */
#ifndef JOBS_H
#define JOBS_H

#include "coracle/command.h"

extern const cor_job cor_job_ingest;
extern const cor_job cor_job_info;
extern const cor_job cor_job_export;
extern const cor_job cor_job_generate;
extern const cor_job cor_job_filter;
extern const cor_job cor_job_sample;
extern const cor_job cor_job_top;
extern const cor_job cor_job_count;
extern const cor_job cor_job_split;
extern const cor_job cor_job_kcore;
extern const cor_job cor_job_sequences;
extern const cor_job cor_job_features;
extern const cor_job cor_job_popular;
extern const cor_job cor_job_baseline;
extern const cor_job cor_job_knn;
extern const cor_job cor_job_als;
extern const cor_job cor_job_sgd;
extern const cor_job cor_job_gmm;
extern const cor_job cor_job_pca;
extern const cor_job cor_job_tune;
extern const cor_job cor_job_evaluate;
extern const cor_job cor_job_predict;
extern const cor_job cor_job_recommend;
extern const cor_job cor_job_update;
extern const cor_job cor_job_score;
extern const cor_job cor_job_plot;
extern const cor_job cor_job_draw;
extern const cor_job cor_job_similar;
extern const cor_job cor_job_transform;

#endif
