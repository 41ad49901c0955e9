/**
 * Matrices as jobs take them in and show them.
 */
#ifndef MATRIX_IN_H
#define MATRIX_IN_H

#include "coracle/command.h"
#include "coracle/generate_matrix.h"
#include "coracle/ingest_matrix.h"

/** The inputs of the command become a matrix store, its output, or are
    planned. Collective. */
int matrix_in_ingest(const cor_command *command,
                     const cor_ingest_matrix_options *options, bool compress);

/** A generated matrix becomes the output of the command, or is planned.
    Collective. */
int matrix_in_generate(const cor_command *command,
                       const cor_generate_matrix_options *options);

/** What a matrix store holds: size, type, and its columns for as many as people
    look at. Collective. */
int matrix_in_show(const cor_command *command, const char *path);

#endif
