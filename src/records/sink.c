#include "coracle/sink.h"

#include "coracle/memory.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A file and how far it is written. */
typedef struct sink_file {
    cor_output *output;
    int64_t at;
} sink_file;

struct cor_sink {
    const cor_team *team;
    cor_team *lone; /* this rank alone, for files of its own */
    cor_sink_way way;
    int outputs;
    sink_file *file;  /* outputs */
    cor_csv *text;    /* outputs of each slot */
    int64_t *lengths; /* of each output of all ranks */
    int rc;           /* of this rank, of all flushes */
    sink_file *spool; /* likewise, of COR_SINK_RUNS: the runs of a slot until it
                         is known where they belong */
};

static cor_csv *text_of(const cor_sink *s, int slot, int output)
{
    return &s->text[(int64_t)slot * s->outputs + output];
}

static sink_file *spool_of(const cor_sink *s, int slot, int output)
{
    return &s->spool[(int64_t)slot * s->outputs + output];
}

/* ---- names ---- */

static int new_name(const char *path, size_t more, char **name)
{
    return cor_allocate(name, (int64_t)(strlen(path) + more), 1, "path");
}

/* NAME-0003.EXT */
static int name_part(const char *path, int rank, char **name)
{
    enum { MORE = 24 };
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    if (!dot || dot == base)
        dot = base + strlen(base);
    COR_TRY(new_name(path, MORE, name));
    snprintf(*name, strlen(path) + MORE, "%.*s-%04d%s", (int)(dot - path), path,
             rank, dot);
    return COR_OK;
}

/* Parts that an earlier run on more ranks has left would be taken for ours. */
static int check_left_behind(const cor_team *team, const char *path)
{
    char *name = NULL;
    int rc = COR_OK;
    if (cor_team_rank(team) == 0) {
        rc = name_part(path, cor_team_size(team), &name);
        if (rc == COR_OK && access(name, F_OK) == 0)
            rc = cor_fail(COR_EIO,
                          "%s is left from a run on more ranks and would be "
                          "taken for a part of this one: remove it",
                          name);
        cor_free(name);
    }
    return cor_agree(team, rc);
}

/* ---- beginning ---- */

static int begin_part(cor_sink *s, const char *path, bool force,
                      sink_file *file)
{
    char *name = NULL;
    COR_TRY(check_left_behind(s->team, path));
    int rc = name_part(path, cor_team_rank(s->team), &name);
    if (rc == COR_OK)
        rc = cor_output_begin(s->lone, name, force, &file->output);
    cor_free(name);
    return cor_agree(s->team, rc);
}

static int begin_spool(const cor_sink *s, const char *path, int slot,
                       sink_file *spool)
{
    enum { MORE = 48 };
    char *name = NULL;
    int rc = new_name(path, MORE, &name);
    if (rc == COR_OK) {
        snprintf(name, strlen(path) + MORE, "%s.spool-%d-%d", path,
                 cor_team_rank(s->team), slot);
        rc = cor_output_begin(s->lone, name, true, &spool->output);
    }
    cor_free(name);
    return rc;
}

static int begin_output(cor_sink *s, const char *path, int output, bool force)
{
    sink_file *file = &s->file[output];
    bool parts = s->way.order == COR_SINK_PARTS;
    COR_TRY(parts ? begin_part(s, path, force, file)
                  : cor_output_begin(s->team, path, force, &file->output));
    int rc = COR_OK;
    for (int slot = 0; rc == COR_OK && s->spool && slot < s->way.slots; slot++)
        rc = begin_spool(s, path, slot, spool_of(s, slot, output));
    if (rc == COR_OK && (parts || cor_team_rank(s->team) == 0))
        rc = cor_output_write(file->output, s->way.header, s->way.header_bytes,
                              0);
    file->at = s->way.header_bytes;
    return cor_agree(s->team, rc);
}

static int create(cor_sink *s)
{
    int64_t texts = (int64_t)s->way.slots * s->outputs;
    COR_TRY(COR_NEW_ZEROED(&s->file, s->outputs));
    COR_TRY(COR_NEW_ZEROED(&s->text, texts));
    COR_TRY(COR_NEW(&s->lengths,
                    ((int64_t)cor_team_size(s->team) + 1) * s->outputs));
    if (s->way.order == COR_SINK_RUNS)
        COR_TRY(COR_NEW_ZEROED(&s->spool, texts));
    return COR_OK;
}

int cor_sink_create(const cor_team *team, const cor_sink_way *way,
                    const char *const *path, int outputs, bool force,
                    cor_sink **sink)
{
    *sink = NULL;
    COR_TRY(cor_agree(team, COR_NEW_ZEROED(sink, 1)));
    cor_sink *s = *sink;
    s->team = team;
    s->way = *way;
    s->outputs = outputs;
    int rc = cor_agree(team, create(s));
    if (rc == COR_OK && way->order != COR_SINK_STEPS)
        rc = cor_team_split(team, cor_team_rank(team), &s->lone);
    for (int o = 0; rc == COR_OK && o < outputs; o++)
        rc = begin_output(s, path[o], o, force);
    if (rc != COR_OK)
        cor_sink_abandon(sink);
    return rc;
}

/* ---- writing ---- */

void cor_sink_add(cor_sink *sink, int slot, int output, const char *bytes,
                  int64_t length)
{
    cor_csv_bytes(text_of(sink, slot, output), bytes, length);
}

static int write_text(sink_file *file, cor_csv *text)
{
    COR_TRY(text->status);
    COR_TRY(
        cor_output_write(file->output, text->bytes, text->length, file->at));
    file->at += text->length;
    text->length = 0;
    return COR_OK;
}

/* My slots' texts of one output, one after the other. */
static int write_output(const cor_sink *s, int output, sink_file *file)
{
    for (int slot = 0; slot < s->way.slots; slot++)
        COR_TRY(write_text(s->spool ? spool_of(s, slot, output) : file,
                           text_of(s, slot, output)));
    return COR_OK;
}

/* How long my texts of this step are, and those of the ranks before me. */
static void find_lengths(const cor_sink *s, int output, int64_t *before,
                         int64_t *total)
{
    int size = cor_team_size(s->team), rank = cor_team_rank(s->team);
    *before = *total = 0;
    for (int k = 0; k < size; k++) {
        int64_t length = s->lengths[(int64_t)k * s->outputs + output];
        *before += k < rank ? length : 0;
        *total += length;
    }
}

int cor_sink_flush(cor_sink *s)
{
    int64_t *mine = s->lengths + (int64_t)cor_team_size(s->team) * s->outputs;
    for (int o = 0; o < s->outputs; o++) {
        mine[o] = 0;
        for (int slot = 0; slot < s->way.slots; slot++)
            mine[o] += text_of(s, slot, o)->length;
    }
    if (s->way.order == COR_SINK_STEPS)
        cor_team_gather(s->team, mine, s->outputs * (int64_t)sizeof *mine,
                        s->lengths);
    for (int o = 0; o < s->outputs; o++) {
        sink_file here = s->file[o];
        int64_t before = 0, total = 0;
        if (s->way.order == COR_SINK_STEPS)
            find_lengths(s, o, &before, &total);
        else if (s->way.order == COR_SINK_PARTS)
            total = mine[o];
        here.at += before;
        if (s->rc == COR_OK)
            s->rc = write_output(s, o, &here);
        s->file[o].at += total;
    }
    return s->rc;
}

int64_t cor_sink_bytes(const cor_sink *sink, int output)
{
    return sink->file[output].at;
}

/* ---- the end ---- */

/* What the slots have kept aside goes where it belongs. */
static int place_runs(cor_sink *s, int output)
{
    sink_file *file = &s->file[output];
    int64_t mine = 0;
    for (int slot = 0; slot < s->way.slots; slot++)
        mine += spool_of(s, slot, output)->at;
    int64_t at = file->at + cor_team_before(s->team, mine, NULL);
    int rc = COR_OK;
    for (int slot = 0; rc == COR_OK && slot < s->way.slots; slot++) {
        const sink_file *spool = spool_of(s, slot, output);
        rc = cor_output_copy(file->output, at, spool->output, spool->at);
        at += spool->at;
    }
    return cor_agree(s->team, rc);
}

static int finish(cor_sink *s)
{
    COR_TRY(cor_agree(s->team, s->rc));
    for (int o = 0; s->spool && o < s->outputs; o++)
        COR_TRY(place_runs(s, o));
    for (int o = 0; o < s->outputs; o++)
        COR_TRY(cor_agree(s->team, cor_output_flush(s->file[o].output)));
    for (int o = 0; o < s->outputs; o++)
        COR_TRY(cor_agree(s->team, cor_output_commit(&s->file[o].output)));
    return COR_OK;
}

int cor_sink_commit(cor_sink **sink)
{
    int rc = finish(*sink);
    cor_sink_abandon(sink);
    return rc;
}

void cor_sink_abandon(cor_sink **sink)
{
    cor_sink *s = *sink;
    if (!s)
        return;
    int64_t texts = (int64_t)s->way.slots * s->outputs;
    for (int64_t i = 0; s->text && i < texts; i++)
        cor_csv_free(&s->text[i]);
    for (int64_t i = 0; s->spool && i < texts; i++)
        cor_output_abandon(&s->spool[i].output);
    for (int o = 0; s->file && o < s->outputs; o++)
        cor_output_abandon(&s->file[o].output);
    cor_team_destroy(&s->lone);
    cor_free(s->file);
    cor_free(s->text);
    cor_free(s->spool);
    cor_free(s->lengths);
    cor_free(s);
    *sink = NULL;
}
