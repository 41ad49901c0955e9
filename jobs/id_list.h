/**
 * Ids on the command line: ID,ID,...
 */
#ifndef ID_LIST_H
#define ID_LIST_H

#include "coracle/ids.h"

/**
 * This rank's run of the ids in `text`, each once, in their order. Collective.
 * @param[in] option  the option's name, for messages
 * @return COR_OK; COR_EUSAGE: none, or one that is too long
 */
int id_list_read(const cor_team *team, const char *option, const char *text,
                 cor_ids *table);

#endif
