/**
 * One option: its target set from text, its words looked up.
 */
#ifndef OPTION_H
#define OPTION_H

#include "coracle/command.h"

/**
 * Set the target of an option that takes an argument. A text is borrowed.
 * @return COR_OK; COR_EUSAGE
 */
int cor_option_set(const cor_option *option, const char *text);

/** Whether an option is a flag, which takes no argument. */
bool cor_option_is_flag(const cor_option *option);

#endif
