/**
 * The words of a condition, one after the other.
 */
#ifndef COR_WHERE_WORDS_H
#define COR_WHERE_WORDS_H

#include "coracle/csv.h"
#include "coracle/field.h"

enum where_word {
    WORD_END,
    WORD_PATH,
    WORD_VALUE, /* a text, a number, true, false, null */
    WORD_AND,
    WORD_OR,
    WORD_NOT,
    WORD_EXISTS,
    WORD_EQUAL, /* operators between two operands, to WORD_IN */
    WORD_DIFFERS,
    WORD_LESS,
    WORD_AT_MOST,
    WORD_GREATER,
    WORD_AT_LEAST,
    WORD_CONTAINS,
    WORD_ICONTAINS,
    WORD_MATCHES,
    WORD_IN,
    WORD_OPEN, /* ( [ ) ] , */
    WORD_OPEN_LIST,
    WORD_CLOSE,
    WORD_CLOSE_LIST,
    WORD_COMMA
};

/** The reader stands at one word; the next is read by where_words_next. */
typedef struct where_words {
    const char *text;   /* the whole expression, borrowed */
    const char *option; /* for messages, borrowed */
    enum where_word word;
    size_t begin, end; /* of the word in bytes */
    cor_field value;   /* a text is in `meant`, until the next word */
    cor_csv meant;     /* for cor_csv_free */
} where_words;

/** Read the next word. @return COR_OK; COR_EUSAGE with a caret; COR_EMEMORY */
int where_words_next(where_words *words);

/** COR_EUSAGE: what is wrong, the line and a caret below byte `at`. */
int where_words_fail(const where_words *words, size_t at, const char *what);

#endif
