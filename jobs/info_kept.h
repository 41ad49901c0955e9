/**
 * What a store keeps beside user, item, value and time.
 */
#ifndef INFO_KEPT_H
#define INFO_KEPT_H

#include "coracle/interactions.h"
#include "coracle/result.h"

/** List the kept columns, which the data has. Collective. */
void info_kept_show(const cor_team *team, const cor_interactions *data,
                    cor_result *result);

#endif
