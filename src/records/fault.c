#include "reader.h"

#include "coracle/memory.h"

#include <stdarg.h>
#include <stdio.h>

void records_fault_note(records_slot *slot, const char *begin,
                        const char *format, ...)
{
    records_fault *fault = &slot->fault;
    va_list arguments;
    va_start(arguments, format);
    *fault = (records_fault){.place = slot->place,
                             .file = slot->file,
                             .offset = slot->at + (begin - slot->buffer)};
    vsnprintf(fault->what, sizeof fault->what, format, arguments);
    va_end(arguments);
}

static int find_line(const cor_records *r, const records_fault *fault, int root,
                     int64_t *line)
{
    const records_file *file = &r->file[fault->file];
    bool mine = cor_team_rank(r->team) == root;
    if (file->kind == COR_DECODE_PLAIN)
        return cor_source_line(r->team, &file->source, fault->offset, line);
    int rc =
        mine ? cor_decode_line(&file->source, file->kind, fault->offset, line)
             : COR_OK;
    COR_TRY(cor_agree(r->team, rc));
    cor_team_share(r->team, line, sizeof *line, root);
    return COR_OK;
}

static const records_fault *my_first(const cor_records *r)
{
    const records_fault *first = NULL;
    for (int s = 0; s < r->slots; s++) {
        const records_fault *fault = &r->slot[s].fault;
        if (fault->what[0] && (!first || fault->place < first->place))
            first = fault;
    }
    return first;
}

int64_t records_fault_place(const cor_records *r)
{
    const records_fault *mine = my_first(r);
    return mine ? mine->place : INT64_MAX;
}

int records_fault_fail(const cor_records *r, int64_t place)
{
    int64_t rank = cor_team_rank(r->team), line = 0;
    int64_t root = records_fault_place(r) == place ? rank : INT64_MAX;
    records_fault fault = {0};
    cor_team_min(r->team, &root, 1); /* no two ranks have one place */
    if (rank == root)
        fault = *my_first(r);
    cor_team_share(r->team, &fault, sizeof fault, (int)root);
    COR_TRY(find_line(r, &fault, (int)root, &line));
    return cor_fail(COR_EDATA, "%s:%lld: %s; correct the file%s",
                    r->file[fault.file].source.path, (long long)line,
                    fault.what, fault.final ? "" : " or use --on-error skip");
}
