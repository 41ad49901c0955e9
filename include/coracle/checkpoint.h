/**
 * Checkpoints: files of kind "checkpoint" in a folder that the user named, one
 * for each name, and the one before it as NAME.previous.h5, so that there is a
 * whole one at every moment. Each says of which run it is; another run's is
 * refused.
 */
#ifndef CORACLE_CHECKPOINT_H
#define CORACLE_CHECKPOINT_H

#include "coracle/file.h"

/** Which checkpoint of which run. */
typedef struct cor_checkpoint {
    const char *folder;
    const char *name; /* "als": FOLDER/als.h5 */
    const char *run;  /* everything that the numbers depend on, as a text */
    int64_t seed;
} cor_checkpoint;

/** Make the folder if it is missing (its parent must be there) and see that it
    can be written to. Collective. @return COR_OK; COR_EIO */
int cor_checkpoint_prepare(const cor_team *team, const char *folder);

/** Writes or reads the content of a checkpoint. Collective. */
typedef int cor_checkpoint_content(void *context, cor_file *file);

/** Write; the one that stands becomes the previous one. Makes the folder.
    Collective. @return COR_OK; COR_EIO; what `write` returned */
int cor_checkpoint_write(const cor_team *team, const cor_checkpoint *checkpoint,
                         cor_checkpoint_content *write, void *context);

/** Whether so many minutes are over since a time of cor_team_seconds; 0: never.
    Rank 0's clock decides for all. Collective. */
bool cor_checkpoint_due(const cor_team *team, double since, double minutes);

/** As cor_file_read of numbers, of a dataset that must have so many rows.
    Collective. @return also COR_EDATA: it has another shape */
int cor_checkpoint_read_rows(const cor_file *file, const char *name,
                             enum cor_type type, int64_t rows, int64_t columns,
                             int64_t first, int64_t count, void *data);

/**
 * Read the checkpoint, or the previous one where it is damaged. Collective.
 * @param[out] found  false where there is none at all
 * @return COR_OK; COR_EUSAGE: of another run; COR_EDATA, COR_EIO: both
 * damaged; what `read` returned
 */
int cor_checkpoint_read(const cor_team *team, const cor_checkpoint *checkpoint,
                        cor_checkpoint_content *read, void *context,
                        bool *found);

#endif
