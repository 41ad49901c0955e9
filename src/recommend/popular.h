/**
 * Shared by the files popular*.c alone.
 */
#ifndef RECOMMEND_POPULAR_H
#define RECOMMEND_POPULAR_H

#include "coracle/popular.h"

/** @return COR_OK; COR_EUSAGE */
int popular_check(const cor_popular_options *options);

/** Whether a model is of popularity alone: its items' biases say it all. */
bool popular_is_model(const cor_model *model);

#endif
