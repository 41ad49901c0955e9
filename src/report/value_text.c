#include "value_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NUMBER = 64 };

/* What a number is, by its key. */
enum meaning { COUNT, NAME, MOMENT, BYTES };

static enum meaning meaning_of(const char *key)
{
    static const struct {
        const char *key;
        enum meaning meaning;
    } known[] = {{"user", NAME},
                 {"item", NAME},
                 {"id", NAME},
                 {"seed", NAME},
                 {"time", MOMENT},
                 {"memory_per_rank", BYTES},
                 {"memory_per_node", BYTES},
                 {"disk", BYTES}};
    for (size_t i = 0; key && i < sizeof known / sizeof *known; i++)
        if (strcmp(key, known[i].key) == 0)
            return known[i].meaning;
    return COUNT;
}

bool cor_key_has_meaning(const char *key)
{
    return meaning_of(key) != COUNT;
}

int cor_text_width(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/* Commas into the whole part of a number: 1234567.5 -> 1,234,567.5 */
static void group_thousands(char *number)
{
    char plain[NUMBER];
    snprintf(plain, sizeof plain, "%s", number);
    const char *from = plain;
    char *to = number;
    if (*from == '-')
        *to++ = *from++;
    size_t digits = strspn(from, "0123456789");
    for (; digits > 0; digits--) {
        *to++ = *from++;
        if (digits > 1 && digits % 3 == 1)
            *to++ = ',';
    }
    snprintf(to, (size_t)(number + NUMBER - to), "%s", from);
}

static void format_bytes(double bytes, char *text)
{
    static const char *const unit[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    int power = 0;
    for (; fabs(bytes) >= 1024 && power < 4; power++)
        bytes /= 1024;
    snprintf(text, NUMBER, power ? "%.1f %s" : "%.0f %s", bytes, unit[power]);
}

static void format_int(int64_t number, enum meaning meaning, char *text)
{
    time_t moment = (time_t)number;
    struct tm date;
    if (meaning == BYTES) {
        format_bytes((double)number, text);
        return;
    }
    if (meaning == MOMENT && gmtime_r(&moment, &date) &&
        strftime(text, NUMBER, "%Y-%m-%d %H:%M:%S", &date) > 0)
        return;
    snprintf(text, NUMBER, "%" PRId64, number);
    if (meaning != NAME)
        group_thousands(text);
}

/* Six significant digits, or `decimals` of them after the point where that is
   not negative. */
static void format_real(double number, int decimals, char *text)
{
    double size = fabs(number);
    if (decimals >= 0)
        snprintf(text, NUMBER, "%.*f", decimals, number);
    else if (size >= 1e6 && size < 1e15)
        snprintf(text, NUMBER, "%.0f", number);
    else
        snprintf(text, NUMBER, "%.6g", number);
    if (size >= 1e4 && !strchr(text, 'e'))
        group_thousands(text);
}

char *cor_plain_text(const char *text)
{
    size_t length = strlen(text);
    char *copy = malloc(length + 1);
    for (size_t i = 0; copy && i <= length; i++) {
        unsigned char byte = (unsigned char)text[i];
        copy[i] = (char)(byte && (byte < 0x20 || byte == 0x7f) ? ' ' : byte);
    }
    return copy;
}

char *cor_value_text(const char *key, const json_t *value, int decimals)
{
    char number[NUMBER] = "-";
    if (json_is_string(value))
        return cor_plain_text(json_string_value(value));
    if (json_is_object(value) || json_is_array(value))
        return json_dumps(value, JSON_REAL_PRECISION(6));
    if (json_is_boolean(value))
        strcpy(number, json_is_true(value) ? "yes" : "no");
    else if (json_is_integer(value))
        format_int(json_integer_value(value), meaning_of(key), number);
    else if (json_is_real(value))
        format_real(json_real_value(value), decimals, number);
    return cor_plain_text(number);
}
