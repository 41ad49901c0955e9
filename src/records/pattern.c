#include "pattern.h"

#include "coracle/memory.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct cor_pattern {
    pcre2_code *code;
};

struct cor_pattern_scratch {
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    uint32_t options;
};

/* The machine's own stack gives compiled patterns 32 KiB. */
enum { STACK_FIRST = 32 << 10, STACK_MOST = 8 << 20 };

static int no_memory(void)
{
    return cor_fail(COR_EMEMORY, "out of memory: a regular expression");
}

int cor_pattern_compile(const char *text, size_t length, bool literal,
                        cor_pattern **pattern, size_t *wrong)
{
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
    options |= literal ? PCRE2_LITERAL | PCRE2_CASELESS : PCRE2_UCP;
    if (literal)
        options &= ~PCRE2_NEVER_BACKSLASH_C; /* a literal takes no such thing */
    int error;
    COR_TRY(COR_NEW_ZEROED(pattern, 1));
    *wrong = 0;
    (*pattern)->code =
        pcre2_compile((PCRE2_SPTR)text, length, options, &error, wrong, NULL);
    if ((*pattern)->code) { /* where it cannot be compiled further it is slow */
        pcre2_jit_compile((*pattern)->code, PCRE2_JIT_COMPLETE);
        return COR_OK;
    }
    char why[256] = "";
    pcre2_get_error_message(error, (PCRE2_UCHAR *)why, sizeof why);
    cor_pattern_destroy(pattern);
    return cor_fail(COR_EUSAGE, "the regular expression is wrong: %s", why);
}

void cor_pattern_destroy(cor_pattern **pattern)
{
    if (!*pattern)
        return;
    pcre2_code_free((*pattern)->code);
    cor_free(*pattern);
    *pattern = NULL;
}

int cor_pattern_scratch_create(bool utf8, cor_pattern_scratch **scratch)
{
    COR_TRY(COR_NEW_ZEROED(scratch, 1));
    cor_pattern_scratch *s = *scratch;
    s->options = utf8 ? PCRE2_NO_UTF_CHECK : 0;
    s->match = pcre2_match_data_create(1, NULL);
    s->context = pcre2_match_context_create(NULL);
    s->stack = pcre2_jit_stack_create(STACK_FIRST, STACK_MOST, NULL);
    if (!s->match || !s->context || !s->stack) {
        cor_pattern_scratch_destroy(scratch);
        return no_memory();
    }
    pcre2_jit_stack_assign(s->context, NULL, s->stack);
    return COR_OK;
}

void cor_pattern_scratch_destroy(cor_pattern_scratch **scratch)
{
    if (!*scratch)
        return;
    pcre2_match_data_free((*scratch)->match);
    pcre2_match_context_free((*scratch)->context);
    pcre2_jit_stack_free((*scratch)->stack);
    cor_free(*scratch);
    *scratch = NULL;
}

int cor_pattern_find(const cor_pattern *pattern, cor_pattern_scratch *scratch,
                     const char *begin, const char *end, bool *found)
{
    int rc =
        pcre2_match(pattern->code, (PCRE2_SPTR)begin, (PCRE2_SIZE)(end - begin),
                    0, scratch->options, scratch->match, scratch->context);
    *found = rc >= 0;
    bool not_utf8 = rc <= PCRE2_ERROR_UTF8_ERR1 && rc >= PCRE2_ERROR_UTF8_ERR21;
    if (rc >= PCRE2_ERROR_NOMATCH || not_utf8)
        return COR_OK;
    if (rc == PCRE2_ERROR_NOMEMORY)
        return no_memory();
    char why[256] = "";
    pcre2_get_error_message(rc, (PCRE2_UCHAR *)why, sizeof why);
    return cor_fail(COR_EDATA,
                    "the regular expression gives up on a text of %lld bytes: "
                    "%s; write it with less to choose from",
                    (long long)(end - begin), why);
}
