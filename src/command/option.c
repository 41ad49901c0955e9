#include "option.h"

#include "numbers.h"

#include <string.h>

bool cor_option_is_flag(const cor_option *option)
{
    return option->kind == COR_OPTION_FLAG;
}

/* Whether `text` is one of the words of "first|sorted". */
static bool is_word(const char *words, const char *text)
{
    size_t length = strlen(text);
    for (const char *word = words; word;) {
        size_t end = strcspn(word, "|");
        if (end == length && memcmp(word, text, end) == 0)
            return true;
        word = word[end] ? word + end + 1 : NULL;
    }
    return false;
}

static int set_word(const cor_option *option, const char *text)
{
    if (is_word(option->argument, text)) {
        *(const char **)option->target = text;
        return COR_OK;
    }
    char words[256] = "";
    size_t length = 0;
    for (const char *p = option->argument; *p && length + 3 < sizeof words; p++)
        if (*p == '|') {
            words[length++] = ',';
            words[length++] = ' ';
        } else {
            words[length++] = *p;
        }
    return cor_fail(COR_EUSAGE, "--%s: \"%s\" is not one of: %.*s",
                    option->name, text, (int)length, words);
}

int cor_option_set(const cor_option *option, const char *text)
{
    switch (option->kind) {
    case COR_OPTION_INT:
        return cor_number_int(text, strlen(text), option->name, option->target);
    case COR_OPTION_REAL:
        return cor_number_real(text, strlen(text), option->name,
                               option->target);
    case COR_OPTION_WORDS:
        return set_word(option, text);
    case COR_OPTION_TEXT:
        *(const char **)option->target = text;
        return COR_OK;
    case COR_OPTION_FLAG:
    case COR_OPTION_LIST:
        break;
    }
    return cor_fail(COR_EDEFECT, "--%s is not one text", option->name);
}
