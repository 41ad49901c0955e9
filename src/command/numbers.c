#include "numbers.h"

#include "coracle/command.h"
#include "coracle/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *without_dashes(const char *option)
{
    return option + strspn(option, "-");
}

static int fail(const char *option, const char *text, size_t length,
                const char *what)
{
    return cor_fail(COR_EUSAGE, "--%s: \"%.*s\" is not %s",
                    without_dashes(option), (int)length, text, what);
}

int cor_number_int(const char *text, size_t length, const char *option,
                   int64_t *value)
{
    char digits[32];
    size_t sign = length > 0 && (*text == '-' || *text == '+');
    size_t many = strspn(text + sign, "0123456789");
    if (many == 0 || sign + many < length)
        return fail(option, text, length, "a whole number");
    errno = 0;
    if (length < sizeof digits) {
        memcpy(digits, text, length);
        digits[length] = '\0';
        *value = strtoll(digits, NULL, 10);
    }
    if (length >= sizeof digits || errno == ERANGE)
        return fail(option, text, length, "a number that fits into 64 bits");
    return COR_OK;
}

int cor_number_real(const char *text, size_t length, const char *option,
                    double *value)
{
    if (!cor_text_double(text, text + length, value))
        return fail(option, text, length, "a finite number");
    return COR_OK;
}

/* Cut the next element off a comma list; false at its end. */
static bool next_element(const char **rest, const char **begin, size_t *length)
{
    if (!*rest)
        return false;
    *begin = *rest;
    *length = strcspn(*begin, ",");
    const char *comma = *begin + *length;
    *rest = *comma ? comma + 1 : NULL;
    return true;
}

static int too_many(const char *option, const char *text, int most)
{
    return cor_fail(COR_EUSAGE, "--%s: \"%s\" holds more than %d number%s",
                    without_dashes(option), text, most, most == 1 ? "" : "s");
}

int cor_command_reals(const char *text, const char *option, int most,
                      double *value, int *count)
{
    const char *begin;
    size_t length;
    *count = 0;
    for (const char *rest = text; next_element(&rest, &begin, &length);) {
        if (*count == most)
            return too_many(option, text, most);
        COR_TRY(cor_number_real(begin, length, option, &value[*count]));
        (*count)++;
    }
    return COR_OK;
}

int cor_command_ints(const char *text, const char *option, int most,
                     int64_t *value, int *count)
{
    const char *begin;
    size_t length;
    *count = 0;
    for (const char *rest = text; next_element(&rest, &begin, &length);) {
        if (*count == most)
            return too_many(option, text, most);
        COR_TRY(cor_number_int(begin, length, option, &value[*count]));
        (*count)++;
    }
    return COR_OK;
}
