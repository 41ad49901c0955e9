/*
 * A pass over all records, step by step. In a step every slot of every rank
 * takes one window, or the next run of its own file; the ranks tell each other
 * how quotes stand and how many records they have, each looks at its own, and
 * all agree on how it went: one to three exchanges of some bytes a step, for
 * windows that fit into the cache of a core.
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
    cor_quotes *quotes;         /* of all slots of all ranks */
    int64_t *records;           /* of all ranks */
    int rc;                     /* of this rank, what no rank knows of yet */
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

/* ---- the parts of a step, each of this rank alone ---- */

/* A slot that fails has nothing in hand. */
static void load(const pass *p)
{
    cor_records *r = p->r;
#pragma omp parallel for num_threads(cor_team_threads(r->team))                \
    schedule(dynamic)
    for (int s = 0; s < r->slots; s++) {
        records_slot *slot = &r->slot[s];
        int rc = r->streams
                     ? records_stream_next(r, slot)
                     : records_window_load(r, window_of(p, p->step, s), slot);
        records_slot_fail(slot, rc);
        if (rc != COR_OK) {
            slot->loaded = false;
            slot->text = slot->text_end = slot->buffer;
        }
    }
}

/* How quotes stand at the beginning of each of my windows. With steps all ranks
   tell all. */
static void resolve_quotes(pass *p)
{
    const cor_records *r = p->r;
    int size = cor_team_size(r->team), rank = cor_team_rank(r->team);
    int64_t slots = r->slots, mine = has_steps(p) ? rank * slots : 0;
    cor_quotes *own = p->quotes + size * slots;
    for (int s = 0; s < slots; s++)
        own[s] = r->slot[s].loaded ? r->slot[s].quotes : cor_quotes_none;
    if (has_steps(p))
        cor_team_gather(r->team, own, slots * (int64_t)sizeof *own, p->quotes);
    else
        memcpy(p->quotes, own, (size_t)slots * sizeof *own);
    for (int64_t i = 0; i < (has_steps(p) ? size * slots : slots); i++) {
        if (i >= mine && i < mine + slots)
            r->slot[i - mine].state = p->state;
        p->state = (enum cor_quote_state)p->quotes[i].to[p->state];
    }
}

/* The records of each slot's run. */
static void find(const pass *p)
{
    cor_records *r = p->r;
#pragma omp parallel for num_threads(cor_team_threads(r->team))                \
    schedule(dynamic)
    for (int s = 0; s < r->slots; s++) {
        records_slot *slot = &r->slot[s];
        if (slot->rc == COR_OK && !r->streams)
            records_slot_fail(slot, records_window_find(r, slot));
        slot->records = 0;
        if (slot->rc == COR_OK && p->reading->numbered)
            slot->records =
                records_count(&r->dialect, slot->text, slot->text_end);
    }
}

/* A stream's records follow those that it had before; windows follow each
   other. With steps all ranks tell all. */
static void number(pass *p)
{
    cor_records *r = p->r;
    int64_t mine = 0, total = 0, before = 0;
    for (int s = 0; s < r->slots; s++)
        mine += r->slot[s].records;
    if (has_steps(p)) {
        cor_team_gather(r->team, &mine, sizeof mine, p->records);
        for (int k = 0; k < cor_team_size(r->team); k++) {
            before += k < cor_team_rank(r->team) ? p->records[k] : 0;
            total += p->records[k];
        }
    }
    int64_t next = p->number + before;
    for (int s = 0; s < r->slots && !r->streams; s++) {
        r->slot[s].number = next;
        next += r->slot[s].records;
    }
    p->number += has_steps(p) ? total : mine;
}

static void visit(const pass *p)
{
    cor_records *r = p->r;
#pragma omp parallel for num_threads(cor_team_threads(r->team))                \
    schedule(dynamic)
    for (int s = 0; s < r->slots; s++)
        if (r->slot[s].rc == COR_OK)
            records_visit(r, p->reading, s);
}

/* ---- how a step went ---- */

/* What this rank has to say: the last step's failure, or the first slot's. */
static int my_status(const pass *p)
{
    int rc = p->rc;
    for (int s = 0; rc == COR_OK && s < p->r->slots; s++) {
        rc = p->r->slot[s].rc;
        if (rc != COR_OK)
            cor_set_message(p->r->slot[s].message);
    }
    return rc;
}

static bool has_records(const cor_records *r)
{
    bool some = false;
    for (int s = 0; s < r->slots; s++)
        some |= r->slot[s].text < r->slot[s].text_end;
    return some;
}

/* All in one exchange: whether some rank failed, the input's first fault, and
   whether any stream had records. @param[out] more  some had */
static int conclude(const pass *p, bool *more)
{
    const cor_team *team = p->r->team;
    int rc = my_status(p);
    int64_t all[3] = {rc != COR_OK ? 0 : 1, records_fault_place(p->r),
                      has_records(p->r) ? 0 : 1};
    cor_team_min(team, all, 3);
    *more = all[2] == 0;
    if (all[0] == 0)
        return cor_agree(team, rc);
    return all[1] == INT64_MAX ? COR_OK : records_fault_fail(p->r, all[1]);
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
    bool more;
    load(p);
    if (!r->streams && records_have_quotes(r))
        resolve_quotes(p);
    find(p);
    if (p->reading->numbered)
        number(p);
    if (!p->counting)
        visit(p);
    COR_TRY(conclude(p, &more));
    if (r->streams && !more)
        p->steps = p->step;
    if (!p->counting && p->reading->step)
        p->rc = p->reading->step(p->reading->context);
    for (int s = 0; s < r->slots && r->streams; s++)
        r->slot[s].number += r->slot[s].records;
    show(p);
    return COR_OK;
}

static int take_steps(pass *p)
{
    cor_records *r = p->r;
    p->steps = count_steps(p);
    p->rc = r->streams ? records_streams_begin(r) : COR_OK;
    int rc = cor_agree(r->team, p->rc);
    for (p->step = 0; rc == COR_OK && p->step < p->steps; p->step++)
        rc = take_step(p);
    if (rc == COR_OK)
        rc = cor_agree(r->team, p->rc);
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
    cor_team_gather(r->team, &mine, sizeof mine, p->quotes);
    for (int k = 0; k < rank; k++)
        p->state = (enum cor_quote_state)p->quotes[k].to[p->state];
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
    int64_t size = cor_team_size(r->team);
    int rc = COR_NEW(&p.quotes, (size + 1) * r->slots);
    if (rc == COR_OK)
        rc = COR_NEW(&p.records, size);
    rc = cor_agree(r->team, rc);
    cor_progress_begin(reading->progress, "read", cor_records_bytes(r));
    if (rc == COR_OK)
        rc = read_all(&p);
    cor_progress_end(reading->progress);
    count_records(r, count);
    records_visit_end(r);
    cor_free(p.quotes);
    cor_free(p.records);
    return rc;
}
