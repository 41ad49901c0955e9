/* What the text of a wanted field means. */
#include "work.h"

#include "coracle/text.h"

#include <math.h>

enum fault_kind ingest_text_check(ingest_text text, bool may_be_empty)
{
    if (text.begin == text.end && !may_be_empty)
        return FAULT_EMPTY;
    if (text.end - text.begin > COR_ID_LIMIT)
        return FAULT_LONG;
    if (!cor_text_is_utf8(text.begin, text.end))
        return FAULT_UTF8;
    return FAULT_NONE;
}

static enum fault_kind read_value(ingest_text text, float *value)
{
    double number;
    if (!cor_text_double(text.begin, text.end, &number)) {
        const char *p = text.begin;
        p += p < text.end && (*p == '-' || *p == '+');
        bool word = p < text.end && memchr("nNiI", *p, 4);
        return word || (text.begin < text.end &&
                        ingest_text_is_number(text.begin, text.end))
                   ? FAULT_FINITE
                   : FAULT_NUMBER;
    }
    *value = (float)number;
    return isfinite(*value) ? FAULT_NONE : FAULT_FINITE;
}

static enum fault_kind read_id(ingest_work *w, int side, ingest_text text,
                               ingest_row *row)
{
    row->text[side] = text;
    if (!w->text[side] && cor_text_int64(text.begin, text.end, &row->id[side]))
        return FAULT_NONE;
    enum fault_kind kind = ingest_text_check(text, false);
    if (kind == FAULT_NONE && !w->text[side])
        w->piece->wants_text[side] = true;
    return kind;
}

static enum fault_kind read_kept(ingest_work *w, int k, ingest_text text,
                                 ingest_row *row)
{
    int side = SIDE_KEPT + k;
    row->text[side] = text;
    if (w->text[side])
        return ingest_text_check(text, true);
    row->number[k] = (double)NAN;
    if (text.begin == text.end ||
        cor_text_double(text.begin, text.end, &row->number[k]))
        return FAULT_NONE;
    if (ingest_text_is_number(text.begin, text.end))
        return FAULT_DOUBLE;
    if (w->in->layout[0].kind[k] == KEPT_NUMBER)
        return FAULT_NUMBER;
    enum fault_kind kind = ingest_text_check(text, true);
    if (kind == FAULT_NONE)
        w->piece->wants_text[side] = true;
    return kind;
}

enum fault_kind ingest_field_read(ingest_work *w, const ingest_need *need,
                                  ingest_text text, ingest_row *row)
{
    if (need->role >= ROLE_KEPT)
        return read_kept(w, need->role - ROLE_KEPT, text, row);
    switch (need->role) {
    case ROLE_VALUE:
        return read_value(text, &row->value);
    case ROLE_TIME:
        if (ingest_time(w->in->time_pattern, w->in->time_format, text.begin,
                        text.end, &row->time))
            return FAULT_NONE;
        return w->in->time_pattern ? FAULT_PATTERN : FAULT_TIME;
    case ROLE_TITLE:
        row->title = text;
        return ingest_text_check(text, true);
    default:
        return read_id(w, need->role, text, row);
    }
}
