/*
 * A pass over all records, step by step. In a step every slot of every rank
 * takes one window, or the next run of its own file; the ranks tell each other
 * how quotes stand and how many records they have, each looks at its own, and
 * all agree on how it went. What they exchange is some bytes a step.
 */
#include "coracle/cut.h"
#include "coracle/memory.h"
#include "reader.h"

typedef struct pass {
    cor_records *r;
    const cor_reading *reading;
    bool counting; /* a pass before, which finds numbers */
    int64_t step, steps;
    enum cor_quote_state state; /* at the step's first window: of all ranks, or
                                   with parts of this one */
    int64_t number;             /* of the record there, likewise */
    cor_quotes *all;            /* maps of all slots of all ranks */
} pass;

static bool has_steps(const pass *p)
{
    return !p->r->streams && !p->r->options.parts;
}

/* ---- who takes what ---- */

static int64_t parts_begin(const cor_records *r, int rank)
{
    return cor_cut_begin(r->windows, rank, cor_team_size(r->team));
}

/* The window of a slot in this step; those beyond the last hold nothing. */
static int64_t window_of(const pass *p, int64_t step, int slot)
{
    const cor_records *r = p->r;
    int rank = cor_team_rank(r->team), size = cor_team_size(r->team);
    if (!r->options.parts)
        return (step * size + rank) * r->slots + slot;
    int64_t window = parts_begin(r, rank) + step * r->slots + slot;
    return window < parts_begin(r, rank + 1) ? window : r->windows;
}

/* Steps until all windows are taken; streams end when they end. */
static int64_t count_steps(const pass *p)
{
    const cor_records *r = p->r;
    int64_t size = cor_team_size(r->team);
    if (r->streams)
        return INT64_MAX;
    int64_t each = (r->windows + size - 1) / size; /* of a rank, at most */
    return (each + r->slots - 1) / r->slots;
}

/* ---- failures of slots ---- */

static int agree(const pass *p)
{
    int rc = COR_OK;
    for (int s = 0; rc == COR_OK && s < p->r->slots; s++) {
        rc = p->r->slot[s].rc;
        if (rc != COR_OK)
            cor_set_message(p->r->slot[s].message);
    }
    return cor_agree(p->r->team, rc);
}

/* ---- the parts of a step ---- */

static int load(const pass *p)
{
    cor_records *r = p->r;
#pragma omp parallel for num_threads(cor_team_threads(r->team))                \
    schedule(dynamic)
    for (int s = 0; s < r->slots; s++)
        records_slot_fail(&r->slot[s],
                          r->streams
                              ? records_stream_next(r, &r->slot[s])
                              : records_window_load(r, window_of(p, p->step, s),
                                                    &r->slot[s]));
    return agree(p);
}

/* How quotes stand at the beginning of each of my windows. */
static void resolve_quotes(pass *p)
{
    const cor_records *r = p->r;
    int size = cor_team_size(r->team), rank = cor_team_rank(r->team);
    int64_t slots = r->slots, mine = has_steps(p) ? rank * slots : 0;
    cor_quotes *own = p->all + size * slots;
    for (int s = 0; s < slots; s++)
        own[s] = r->slot[s].loaded ? r->slot[s].quotes : cor_quotes_none;
    if (has_steps(p))
        cor_team_gather(r->team, own, slots * (int64_t)sizeof *own, p->all);
    else
        memcpy(p->all, own, (size_t)slots * sizeof *own);
    for (int64_t i = 0; i < (has_steps(p) ? size * slots : slots); i++) {
        if (i >= mine && i < mine + slots)
            r->slot[i - mine].state = p->state;
        p->state = (enum cor_quote_state)p->all[i].to[p->state];
    }
}

/* The records of each slot's run. */
static int find(pass *p)
{
    cor_records *r = p->r;
    bool count = p->reading->numbered;
    if (!r->streams && records_have_quotes(r))
        resolve_quotes(p);
#pragma omp parallel for num_threads(cor_team_threads(r->team))                \
    schedule(dynamic)
    for (int s = 0; s < r->slots; s++) {
        records_slot *slot = &r->slot[s];
        if (!r->streams)
            records_slot_fail(slot, records_window_find(r, slot));
        slot->records = 0;
        if (count && slot->rc == COR_OK)
            slot->records =
                records_count(&r->dialect, slot->text, slot->text_end);
    }
    return agree(p);
}

/* A stream's records follow those that it had before; windows follow each
   other. */
static void number(pass *p)
{
    cor_records *r = p->r;
    int64_t mine = 0, total = 0;
    for (int s = 0; s < r->slots; s++)
        mine += r->slot[s].records;
    int64_t next = p->number;
    if (has_steps(p))
        next += cor_team_before(r->team, mine, &total);
    for (int s = 0; s < r->slots && !r->streams; s++) {
        r->slot[s].number = next;
        next += r->slot[s].records;
    }
    p->number += has_steps(p) ? total : mine;
}

static int visit(const pass *p)
{
    cor_records *r = p->r;
#pragma omp parallel for num_threads(cor_team_threads(r->team))                \
    schedule(dynamic)
    for (int s = 0; s < r->slots; s++)
        records_visit(r, p->reading, s);
    COR_TRY(agree(p));
    return records_fault_agree(r);
}

/* Whether some stream has records left. */
static bool streams_go_on(const pass *p)
{
    int64_t more = 0;
    for (int s = 0; s < p->r->slots; s++) {
        const records_slot *slot = &p->r->slot[s];
        more |= slot->text < slot->text_end || slot->fault.what[0];
    }
    cor_team_max(p->r->team, &more, 1);
    return more;
}

static void show(const pass *p)
{
    const cor_records *r = p->r;
    int64_t total = cor_records_bytes(r);
    if (!r->streams)
        cor_progress_update(p->reading->progress,
                            total / p->steps * (p->step + 1));
    else if (r->slot->stream) /* all are taken to be as far as this one */
        cor_progress_update(p->reading->progress,
                            cor_decode_consumed(r->slot->stream) *
                                cor_team_size(r->team) * r->slots);
}

static int take_step(pass *p)
{
    cor_records *r = p->r;
    COR_TRY(load(p));
    if (r->streams && !streams_go_on(p)) {
        p->steps = p->step;
        return COR_OK;
    }
    COR_TRY(find(p));
    if (p->reading->numbered)
        number(p);
    COR_TRY(p->counting ? records_fault_agree(r) : visit(p));
    if (!p->counting && p->reading->step)
        COR_TRY(p->reading->step(p->reading->context));
    for (int s = 0; s < r->slots && r->streams; s++)
        r->slot[s].number += r->slot[s].records;
    show(p);
    return COR_OK;
}

static int take_steps(pass *p)
{
    cor_records *r = p->r;
    p->steps = count_steps(p);
    if (r->streams)
        COR_TRY(cor_agree(r->team, records_streams_begin(r)));
    int rc = COR_OK;
    for (p->step = 0; rc == COR_OK && p->step < p->steps; p->step++)
        rc = take_step(p);
    if (r->streams)
        records_streams_end(r);
    return rc;
}

/* ---- what must be known before ---- */

/* How quotes stand where my part begins. */
static int find_state(pass *p)
{
    cor_records *r = p->r;
    int rank = cor_team_rank(r->team);
    cor_quotes mine = cor_quotes_none;
    records_slot *slot = r->slot;
    int rc = COR_OK;
    for (int64_t w = parts_begin(r, rank);
         rc == COR_OK && w < parts_begin(r, rank + 1); w++) {
        rc = records_window_load(r, w, slot);
        for (int s = 0; rc == COR_OK && s < COR_QUOTE_STATES; s++)
            mine.to[s] = slot->quotes.to[mine.to[s]];
    }
    COR_TRY(cor_agree(r->team, rc));
    cor_team_gather(r->team, &mine, sizeof mine, p->all);
    for (int k = 0; k < rank; k++)
        p->state = (enum cor_quote_state)p->all[k].to[p->state];
    return COR_OK;
}

/* The number of the first record of my part, or of each of my streams. */
static int find_numbers(pass *p)
{
    cor_records *r = p->r;
    pass before = *p;
    before.counting = true;
    for (int s = 0; s < r->slots; s++)
        r->slot[s].number = 0;
    COR_TRY(take_steps(&before));
    int64_t mine = 0;
    if (!r->streams)
        mine = before.number;
    for (int s = 0; s < r->slots && r->streams; s++)
        mine += r->slot[s].number;
    p->number = cor_team_before(r->team, mine, NULL);
    int64_t next = p->number;
    for (int s = 0; s < r->slots && r->streams; s++) {
        int64_t records = r->slot[s].number;
        r->slot[s].number = next;
        next += records;
    }
    return COR_OK;
}

static int read_all(pass *p)
{
    cor_records *r = p->r;
    bool parts = !has_steps(p) && !r->streams;
    COR_TRY(cor_agree(r->team, records_visit_begin(r, p->reading)));
    if (parts && records_have_quotes(r))
        COR_TRY(find_state(p));
    if (p->reading->numbered && !has_steps(p))
        COR_TRY(find_numbers(p));
    return take_steps(p);
}

static void count_records(const cor_records *r, cor_records_count *count)
{
    int64_t total[2] = {0, 0};
    for (int s = 0; s < r->slots; s++) {
        total[0] += r->slot[s].read;
        total[1] += r->slot[s].rejected;
    }
    cor_team_sum(r->team, total, 2);
    *count = (cor_records_count){total[0], total[1]};
}

int cor_records_read(cor_records *r, const cor_reading *reading,
                     cor_records_count *count)
{
    pass p = {.r = r, .reading = reading};
    int64_t maps = ((int64_t)cor_team_size(r->team) + 1) * r->slots;
    COR_TRY(cor_agree(r->team, COR_NEW(&p.all, maps)));
    cor_progress_begin(reading->progress, "read", cor_records_bytes(r));
    int rc = read_all(&p);
    cor_progress_end(reading->progress);
    count_records(r, count);
    records_visit_end(r);
    cor_free(p.all);
    return rc;
}
