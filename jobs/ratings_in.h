/**
 * Interactions that a job takes beside its model: from a store, or from a text
 * file by way of ingest.
 */
#ifndef RATINGS_IN_H
#define RATINGS_IN_H

#include "coracle/command.h"
#include "coracle/interactions.h"

/** Whether a name is that of a store (.h5, .hdf5), by its ending. */
bool ratings_in_is_store(const char *path);

/**
 * Read a store (.h5, .hdf5) or a text file. Collective.
 * @param[in] columns   of a text file, as ingest takes them, or NULL
 * @param[in] pairs     user and item alone; the rows of a text file stay in
 *                      its order, see cor_ingest_options
 */
int ratings_in_read(const cor_command *command, const char *path,
                    const char *columns, bool pairs, cor_interactions *data);

/** Add to a plan what reading it takes. Collective. */
int ratings_in_plan(const cor_command *command, const char *path,
                    const char *columns, cor_plan *plan);

/** How many users there are at most: of a store, or the rows of a text file.
    Collective. */
int ratings_in_users(const cor_command *command, const char *path,
                     const char *columns, int64_t *users);

/** Begin a plan with the model of a job. Collective. */
int ratings_in_plan_model(const cor_command *command, const char *path,
                          cor_plan *plan);

#endif
