#include "checkpoint_in.h"

#include <stdio.h>

checkpoint_in checkpoint_set = {.every = 10};

int checkpoint_in_check(const cor_command *command)
{
    if (!(checkpoint_set.every > 0))
        return cor_fail(COR_EUSAGE, "--every must be more than 0 minutes");
    if (checkpoint_set.folder)
        snprintf(checkpoint_set.path, sizeof checkpoint_set.path, "%s",
                 checkpoint_set.folder);
    else
        snprintf(checkpoint_set.path, sizeof checkpoint_set.path,
                 "%s.checkpoint", command->output);
    return COR_OK;
}

double checkpoint_in_minutes(void)
{
    return checkpoint_set.folder ? checkpoint_set.every : 0;
}

int checkpoint_in_stopped(const char *what, int64_t done)
{
    return cor_fail(COR_ESTOPPED,
                    "stopped on request after %s %lld; run the same command "
                    "with --resume to go on from the checkpoint in %s",
                    what, (long long)done, checkpoint_set.path);
}
