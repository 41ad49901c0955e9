#include "fault.h"

#include "coracle/decode.h"

#include <stdio.h>

void ingest_fault_quote(ingest_fault *fault, const char *begin, const char *end)
{
    const size_t most = sizeof fault->text - 8;
    size_t n = 0;
    for (const char *p = begin; p < end; p++) {
        if (n > most) {
            memcpy(fault->text + n, "...", 3);
            n += 3;
            break;
        }
        unsigned char c = (unsigned char)*p;
        if (c < ' ' || c > '~')
            n += (size_t)snprintf(fault->text + n, 5, "\\x%02x", c);
        else
            fault->text[n++] = *p;
    }
    fault->text[n] = 0;
}

/* Faults of a row as a whole. */
static void describe_row(const ingest_fault *fault, const ingest_layout *layout,
                         char *out, size_t size)
{
    long long found = (long long)fault->found;
    int column = fault->field + 1;
    if (fault->kind == FAULT_FIELDS)
        snprintf(out, size, "%lld field%s where %s has %d", found,
                 found == 1 ? "" : "s",
                 layout->header ? "the header" : "the first row",
                 layout->fields);
    else if (fault->kind == FAULT_TRAILING)
        snprintf(out, size, "column %d: text follows the closing quote: \"%s\"",
                 column, fault->text);
    else if (fault->kind == FAULT_OPEN)
        snprintf(out, size,
                 "column %d: the quote that opens here is never closed",
                 column);
    else
        snprintf(out, size,
                 "the row that begins here has no end within %lld MiB; is this "
                 "text, and is every quote closed?",
                 found >> 20);
}

/* Where in the row the fault is. */
static void name_place(const ingest_fault *fault, const ingest_layout *layout,
                       char *out, size_t size)
{
    const char *name = layout->name[fault->role];
    if (layout->form == FORM_JSON)
        snprintf(out, size, "field %s", name);
    else
        snprintf(out, size, "column %d (%s)", fault->field + 1, name);
}

void ingest_fault_describe(const ingest_fault *fault,
                           const ingest_layout *layout, char *out, size_t size)
{
    static const char *const is_not[] = {
        [FAULT_UTF8] = "UTF-8 text",
        [FAULT_NUMBER] = "a number",
        [FAULT_FINITE] = "a finite number of single precision",
        [FAULT_DOUBLE] = "a number that a double holds",
        [FAULT_TIME] = "a time such as 1537675506 or 2018-09-23T04:05:06Z",
        [FAULT_PATTERN] = "a time as --time-format says",
        [FAULT_SCALAR] = "a text or a number"};
    char place[NAME_SIZE + 32];
    name_place(fault, layout, place, sizeof place);
    if (fault->kind == FAULT_EMPTY)
        snprintf(out, size, "%s: the id is empty", place);
    else if (fault->kind == FAULT_LONG)
        snprintf(out, size, "%s: %lld bytes are more than %d: \"%s\"", place,
                 (long long)fault->found, COR_ID_LIMIT, fault->text);
    else if (fault->kind == FAULT_JSON)
        snprintf(out, size, "column %lld: %s%s%s", (long long)fault->found,
                 fault->why, fault->text[0] ? ": " : "", fault->text);
    else if (fault->kind == FAULT_MISSING)
        snprintf(out, size, "%s: the record has none", place);
    else if (fault->kind >= FAULT_UTF8 && fault->kind <= FAULT_SCALAR)
        snprintf(out, size, "%s: \"%s\" is not %s", place, fault->text,
                 is_not[fault->kind]);
    else
        describe_row(fault, layout, out, size);
}

/* Of a packed file one rank counts alone. Collective. */
static int find_line(const cor_team *team, const ingest_fault *fault,
                     const cor_source *file, const ingest_layout *layout,
                     int64_t *line)
{
    enum cor_decode_kind kind = (enum cor_decode_kind)layout->packed;
    if (kind == COR_DECODE_PLAIN)
        return cor_source_line(team, file, fault->offset, line);
    int rc = COR_OK;
    if (cor_team_rank(team) == 0)
        rc = cor_decode_line(file, kind, fault->offset, line);
    COR_TRY(cor_agree(team, rc));
    cor_team_share(team, line, sizeof *line, 0);
    return COR_OK;
}

int ingest_fault_fail(const cor_team *team, const ingest_fault *fault,
                      const cor_source *file, const ingest_layout *layout,
                      bool titles)
{
    char text[512];
    int64_t line;
    COR_TRY(find_line(team, fault, file, layout, &line));
    ingest_fault_describe(fault, layout, text, sizeof text);
    const char *remedy = "correct the file or use --on-error skip";
    if (fault->kind == FAULT_OPEN)
        remedy = "close it, or double a quote that belongs to the text";
    if (fault->kind == FAULT_ROW_LONG)
        remedy = "check the file and --delimiter";
    if (fault->kind == FAULT_TIME && !titles)
        remedy = "correct the file, name its --time-format, or use "
                 "--on-error skip";
    return cor_fail(COR_EDATA, "%s:%lld: %s; %s", file->path, (long long)line,
                    text, remedy);
}
