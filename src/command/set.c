#include "nearest.h"
#include "option.h"

#include <string.h>

static int set_flag(const cor_option *option, const char *text)
{
    bool on = strcmp(text, "true") == 0;
    if (!on && strcmp(text, "false") != 0)
        return cor_fail(COR_EUSAGE,
                        "--%s is a flag: \"%s\" is neither true nor false",
                        option->name, text);
    *(bool *)option->target = on;
    return COR_OK;
}

int cor_command_set(const cor_option *options, const char *name,
                    const char *text)
{
    cor_nearest nearest = {.text = name};
    for (const cor_option *o = options; o && o->name; o++) {
        if (strcmp(o->name, name) == 0)
            return cor_option_is_flag(o) ? set_flag(o, text)
                                         : cor_option_set(o, text);
        cor_nearest_try(&nearest, o->name);
    }
    if (!nearest.best)
        return cor_fail(COR_EUSAGE, "there is no option --%s", name);
    return cor_fail(COR_EUSAGE, "there is no option --%s; did you mean --%s?",
                    name, nearest.best);
}
