#include "input.h"

#include "coracle/decode.h"
#include "coracle/memory.h"

#include "coracle/time_pattern.h"

#include <string.h>

void ingest_input_close(ingest_input *in)
{
    cor_free(in->source);
    cor_free(in->layout);
    cor_free(in->base);
    *in = (ingest_input){0};
}

static const char *role_name(int role)
{
    return role == ROLE_VALUE ? "value" : "time";
}

/* All files must give the same columns. */
static int check_alike(const ingest_input *in, int f)
{
    if (in->layout[f].form != in->layout[0].form)
        return cor_fail(COR_EDATA,
                        "%s and %s are of different formats; give files of "
                        "one kind",
                        in->source[0].path, in->source[f].path);
    for (int role = ROLE_VALUE; role <= ROLE_TIME; role++)
        if ((in->layout[f].field[role] < 0) != (in->layout[0].field[role] < 0))
            return cor_fail(COR_EDATA,
                            "%s and %s differ: only one has a "
                            "column for the %s; give files of one "
                            "kind, or name the columns",
                            in->source[0].path, in->source[f].path,
                            role_name(role));
    return COR_OK;
}

static int find_files(const cor_ingest_options *options,
                      const char *const *file, ingest_input *in)
{
    for (int f = 0; f < in->files; f++) {
        COR_TRY(cor_source_find(file[f], &in->source[f]));
        COR_TRY(ingest_layout_find(&in->source[f], options, &in->wanted,
                                   f ? in->layout : NULL, &in->layout[f]));
        if (options->pairs)
            in->layout[f].field[ROLE_VALUE] = in->layout[f].field[ROLE_TIME] =
                -1;
        memcpy(in->layout[f].kind, in->layout[0].kind,
               sizeof in->layout[f].kind);
        COR_TRY(check_alike(in, f));
    }
    return COR_OK;
}

static int prepare(const cor_ingest_options *options, int files, bool titles,
                   ingest_input *in)
{
    const char *columns = titles ? options->titles_columns : options->columns;
    *in = (ingest_input){.files = files,
                         .titles = titles,
                         .skip = options->skip,
                         .time_format = options->time_format,
                         .time_pattern = options->time_pattern};
    COR_TRY(ingest_wanted_parse(columns, titles, &in->wanted));
    if (options->time_pattern)
        COR_TRY(cor_time_pattern_check(options->time_pattern));
    if (!titles && !options->pairs)
        COR_TRY(ingest_wanted_parse_kept(options->keep, &in->wanted));
    if (options->header == COR_HEADER_NO && ingest_wanted_by_name(&in->wanted))
        return cor_fail(COR_EUSAGE, "columns are named, but --header no says "
                                    "that there are no names; give positions");
    COR_TRY(COR_NEW_ZEROED(&in->source, files));
    COR_TRY(COR_NEW_ZEROED(&in->layout, files));
    return COR_NEW_ZEROED(&in->base, files + 1);
}

void ingest_input_share(const cor_team *team, const char *const *file,
                        ingest_input *in)
{
    cor_team_share(team, in->layout, (int64_t)sizeof *in->layout * in->files,
                   0);
    for (int f = 0; f < in->files; f++)
        in->base[f] = in->source[f].size;
    cor_team_share(team, in->base, (int64_t)sizeof *in->base * in->files, 0);
    int64_t position = 0;
    for (int f = 0; f < in->files; f++) {
        in->source[f] = (cor_source){.path = file[f], .size = in->base[f]};
        in->base[f] = position;
        bool packed = in->layout[f].packed != COR_DECODE_PLAIN;
        in->packed |= packed; /* its text has any length */
        position += in->source[f].size - (packed ? 0 : in->layout[f].begin);
    }
    in->base[in->files] = position;
}

int ingest_input_open(const cor_team *team, const char *const *file, int files,
                      const cor_ingest_options *options, bool titles,
                      ingest_input *in)
{
    int rc = prepare(options, files, titles, in);
    if (rc == COR_OK && cor_team_rank(team) == 0)
        rc = find_files(options, file, in);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        ingest_input_share(team, file, in);
    else
        ingest_input_close(in);
    return rc;
}

int ingest_input_file(const ingest_input *in, int64_t position)
{
    int low = 0, high = in->files - 1;
    while (low < high) { /* the last file that begins at or before */
        int middle = low + (high - low + 1) / 2;
        if (in->base[middle] <= position)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}
