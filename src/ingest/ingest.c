/* Text files to interactions: parse, number the ids, put the columns together,
   bring the rows to where they belong. */
#include "coracle/ingest.h"

#include "number.h"
#include "reject.h"
#include "titles.h"

/* Bytes a row takes at the worst moment, in an input of no order, measured: the
   columns, which become records piece by piece, and on several ranks a record
   and its copy on the way to another rank, with room for the ids while they are
   numbered: a few bytes where users have many rows, ten where they have six. On
   disk are four columns. A kept column is counted as a number. */
enum {
    ROW_COLUMNS = 25,
    ROW_RECORD = 16,
    ROW_ROOM = 7,
    ROW_DISK = 20,
    KEPT_BYTES = 8,
    KEPT_ROOM = 1,
    BUFFERS = 20 << 20
};

cor_ingest_options cor_ingest_options_default(void)
{
    return (cor_ingest_options){0};
}

static int check_options(int files, const cor_ingest_options *options)
{
    if (files < 1)
        return cor_fail(COR_EUSAGE, "no file to read; name one or more");
    if (options->shards < 0 || options->shards > COR_SHARDS_LIMIT)
        return cor_fail(COR_EUSAGE,
                        "--shards %lld makes no sense; it must be from 1 to "
                        "%d, or 0 to choose by size",
                        (long long)options->shards, COR_SHARDS_LIMIT);
    if (options->reject && !options->skip)
        return cor_fail(COR_EUSAGE, "--reject needs --on-error skip");
    if (options->titles_columns && !options->titles)
        return cor_fail(COR_EUSAGE, "--titles-columns needs --titles");
    if (options->titles && options->pairs)
        return cor_fail(COR_EUSAGE, "pairs alone have no titles");
    return COR_OK;
}

/* Of `ranks` ranks, which send all rows but their own share. */
static int64_t row_memory(int64_t ranks, int64_t kept)
{
    int64_t record = ROW_RECORD + kept * KEPT_BYTES, room = kept * KEPT_ROOM;
    int64_t moving = record + record * (ranks - 1) / ranks + ROW_ROOM + room;
    int64_t columns = ROW_COLUMNS + kept * KEPT_BYTES + room;
    return moving > columns ? moving : columns;
}

static void estimate(const cor_team *team, const ingest_input *in,
                     cor_plan *plan)
{
    double rows = 0;
    for (int f = 0; f < in->files; f++)
        rows +=
            (double)(in->base[f + 1] - in->base[f]) / in->layout[f].row_bytes;
    int64_t all = (int64_t)rows, size = cor_team_size(team);
    plan->rows_rank = (all + size - 1) / size;
    plan->bytes_rank = cor_plan_base() +
                       plan->rows_rank * row_memory(size, in->wanted.kept) +
                       (int64_t)BUFFERS * cor_team_threads(team);
    plan->bytes_disk = all * (ROW_DISK + KEPT_BYTES * in->wanted.kept);
}

int cor_ingest_plan(const cor_team *team, const char *const *file, int files,
                    const cor_ingest_options *options, cor_plan *plan)
{
    ingest_input in;
    COR_TRY(check_options(files, options));
    COR_TRY(ingest_input_open(team, file, files, options, false, &in));
    estimate(team, &in, plan);
    ingest_input_close(&in);
    return COR_OK;
}

/* Parse and see that there are rows. */
static int read_rows(const cor_team *team, const ingest_input *in,
                     cor_progress *progress, ingest_parsed *parsed,
                     cor_ingest_report *report)
{
    int64_t rows = 0;
    double start = cor_team_seconds();
    COR_TRY(ingest_parse(team, in, progress, parsed));
    report->seconds_parse = cor_team_seconds() - start;
    report->rejected = ingest_rejects_count(team, parsed);
    for (int i = 0; i < parsed->pieces; i++)
        rows += parsed->piece[i].rows.count;
    cor_team_sum(team, &rows, 1);
    if (rows == 0 && report->rejected > 0)
        return cor_fail(COR_EDATA,
                        "%s has no interactions: all %lld rows are "
                        "bad; run with --on-error stop to see why",
                        in->source[0].path, (long long)report->rejected);
    if (rows == 0)
        return cor_fail(COR_EDATA, "%s has no interactions%s",
                        in->source[0].path,
                        in->layout[0].header ? ": there is nothing below its "
                                               "header"
                                             : "");
    return COR_OK;
}

/* Bring the rows to their users' ranks, in shards. */
static int arrange(const cor_team *team, int64_t shards, cor_progress *progress,
                   cor_interactions *data)
{
    int64_t rows = data->rows;
    cor_team_sum(team, &rows, 1);
    if (shards == 0)
        shards = cor_shards_default_count(rows);
    cor_progress_begin(progress, "arrange", 0);
    int rc = cor_interactions_arrange(team, shards, data);
    if (rc == COR_OK)
        rc = cor_interactions_place_ids(team, data);
    cor_progress_end(progress);
    return rc;
}

/* What follows the parsing; the parsed rows are used up. */
static int build(const cor_team *team, const cor_ingest_options *options,
                 const ingest_wanted *wanted, const ingest_input *titles,
                 cor_progress *progress, ingest_parsed *parsed,
                 cor_interactions *data, cor_ingest_report *report)
{
    cor_progress_begin(progress, "ids", 0);
    int rc = ingest_number(team, options, wanted, parsed, data);
    cor_progress_end(progress);
    ingest_parsed_free(parsed);
    if (rc == COR_OK && !options->pairs)
        rc = arrange(team, options->shards, progress, data);
    if (rc == COR_OK && options->titles)
        rc = ingest_titles(team, titles, progress, data, report);
    return rc;
}

static int ingest(const cor_team *team, const ingest_input *in,
                  const cor_ingest_options *options, const ingest_input *titles,
                  cor_progress *progress, cor_interactions *data,
                  cor_ingest_report *report)
{
    ingest_parsed parsed = {0};
    int rc = read_rows(team, in, progress, &parsed, report);
    if (rc == COR_OK && options->reject)
        rc = ingest_rejects_write(team, options->reject, in, &parsed);
    if (rc == COR_OK) {
        rc = build(team, options, &in->wanted, titles, progress, &parsed, data,
                   report);
        if (rc != COR_OK && options->reject)
            ingest_rejects_remove(team, options->reject);
    }
    ingest_parsed_free(&parsed);
    return rc;
}

/* The file of titles; how the others are written says nothing of it. */
static int open_titles(const cor_team *team, const cor_ingest_options *options,
                       ingest_input *in)
{
    cor_ingest_options own = *options;
    *in = (ingest_input){0};
    if (!options->titles)
        return COR_OK;
    own.format = COR_FORMAT_AUTO;
    own.header = COR_HEADER_AUTO;
    own.delimiter = NULL;
    return ingest_input_open(team, &options->titles, 1, &own, true, in);
}

/* What can be known to be wrong before the work is done. */
static int check_first(const cor_team *team, const ingest_input *in,
                       const cor_ingest_options *options)
{
    cor_plan plan;
    estimate(team, in, &plan);
    COR_TRY(cor_plan_check(team, &plan));
    if (options->reject)
        return ingest_rejects_check(team, options->reject, options->force);
    return COR_OK;
}

int cor_ingest(const cor_team *team, const char *const *file, int files,
               const cor_ingest_options *options, cor_progress *progress,
               cor_interactions *data, cor_ingest_report *report)
{
    ingest_input in, titles;
    cor_ingest_report own;
    report = report ? report : &own;
    *report = (cor_ingest_report){0};
    *data = (cor_interactions){0};
    COR_TRY(check_options(files, options));
    COR_TRY(ingest_input_open(team, file, files, options, false, &in));
    for (int f = 0; f < files; f++)
        report->bytes += in.source[f].size;
    int rc = open_titles(team, options, &titles);
    if (rc == COR_OK)
        rc = check_first(team, &in, options);
    if (rc == COR_OK)
        rc = ingest(team, &in, options, &titles, progress, data, report);
    ingest_input_close(&in);
    ingest_input_close(&titles);
    if (rc != COR_OK)
        cor_interactions_free(data);
    return rc;
}
