/**
 * The communicator behind a team, for the rooms that may speak MPI: team and
 * store (parallel HDF5 wants a communicator).
 */
#ifndef TEAM_COMM_H
#define TEAM_COMM_H

#include "coracle/team.h"

#include <mpi.h>

/** Borrowed; lives with the team. */
MPI_Comm cor_team_comm(const cor_team *team);

#endif
