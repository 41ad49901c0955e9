/**
 * Stopping on request: a signal sets a flag and nothing else; trainers ask for
 * it between steps.
 */
#ifndef CORACLE_STOP_H
#define CORACLE_STOP_H

#include "coracle/team.h"

/**
 * Take over SIGTERM and the signal `name` ("USR1", "SIGUSR2", ...; NULL for
 * USR1): from then on they only set the flag. Local.
 * @return COR_OK; COR_EUSAGE for a name that is not a signal's
 */
int cor_stop_on_signal(const char *name);

/** Whether any rank was asked to stop. Collective: all get one answer. */
bool cor_stop_asked(const cor_team *team);

#endif
