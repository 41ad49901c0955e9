/**
 * What the command says about itself, on stdout.
 */
#ifndef HELP_H
#define HELP_H

#include "call.h"

/** Print what the call wants: the jobs, the help of one, or the versions.
    Local. @return COR_OK; COR_EIO where stdout can't be written */
int cor_help_print(const cor_call *call, const cor_job *const *jobs);

#endif
