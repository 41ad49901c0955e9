#include "coracle/status.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char last_message[COR_MESSAGE_SIZE];

int cor_fail(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    /* by way of a copy, so that a message may quote the one before it */
    char message[COR_MESSAGE_SIZE];
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    cor_set_message(message);
    return code;
}

const char *cor_message(void)
{
    return last_message;
}

void cor_set_message(const char *message)
{
    snprintf(last_message, sizeof last_message, "%s", message);
}
