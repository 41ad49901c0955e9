/*
 * The input is cut evenly by bytes into as many pieces as there are threads.
 * Two things about a piece are known for certain only when others were read:
 * whether its beginning lies inside quotes, and whether a column of ids is all
 * integers. Both are guessed, then checked: a piece says where the next one's
 * first row begins, and what it met. Pieces read on a wrong guess are read
 * again, with quotes resolved exactly.
 */
#include "parse.h"

#include "coracle/cut.h"
#include "coracle/memory.h"
#include "starts.h"

#include <omp.h>
#include <string.h>

/* What the ranks tell each other about a piece. */
typedef struct news {
    int64_t first, next;
    int32_t state;
    bool wants_text[SIDES], saw_text[SIDES];
} news;

typedef struct parsing {
    const cor_team *team;
    const ingest_input *in;
    ingest_read_piece *read;
    cor_progress *progress;
    ingest_parsed *out;
    int pieces; /* of all ranks */
    news *news; /* of all pieces */
    bool exact; /* quotes are resolved */
    bool taken_back[SIDES];
} parsing;

void ingest_parsed_free(ingest_parsed *parsed)
{
    for (int i = 0; i < parsed->pieces; i++)
        ingest_piece_clear(&parsed->piece[i]);
    cor_free(parsed->piece);
    *parsed = (struct ingest_parsed){0};
}

/* Where piece k begins: at any byte, or where packed files are among the input
   at the beginning of the first file whose middle is not before. */
static int64_t cut_input(const ingest_input *in, int64_t bytes, int64_t k,
                         int pieces)
{
    int64_t at = cor_cut_begin(bytes, k, pieces);
    int f = 0;
    while (in->packed && f < in->files &&
           in->base[f] + (in->base[f + 1] - in->base[f]) / 2 < at)
        f++;
    return in->packed ? in->base[f] : at;
}

static int create(parsing *p, ingest_parsed *out)
{
    int64_t threads = cor_team_threads(p->team);
    cor_team_max(p->team, &threads, 1);
    int size = cor_team_size(p->team), rank = cor_team_rank(p->team);
    *out = (ingest_parsed){0};
    p->out = out;
    p->pieces = size * (int)threads;
    p->news = NULL;
    COR_TRY(COR_NEW(&p->news, p->pieces));
    COR_TRY(COR_NEW_ZEROED(&out->piece, threads));
    out->pieces = (int)threads;
    int64_t bytes = ingest_input_bytes(p->in);
    for (int i = 0; i < out->pieces; i++) {
        int64_t k = (int64_t)rank * threads + i;
        out->piece[i].begin = cut_input(p->in, bytes, k, p->pieces);
        out->piece[i].end = cut_input(p->in, bytes, k + 1, p->pieces);
    }
    return COR_OK;
}

/* The status of the first of this rank's pieces that failed. */
static int first_failure(const ingest_parsed *out)
{
    for (int i = 0; i < out->pieces; i++)
        if (out->piece[i].rc != COR_OK) {
            cor_set_message(out->piece[i].message);
            return out->piece[i].rc;
        }
    return COR_OK;
}

static void keep_failure(ingest_piece *piece, int rc)
{
    piece->rc = rc;
    if (rc != COR_OK)
        memcpy(piece->message, cor_message(), strlen(cor_message()) + 1);
}

/* Read this rank's stale pieces, a thread each, and tell the others. */
static int read_stale(parsing *p)
{
    ingest_parsed *out = p->out;
    int threads = cor_team_threads(p->team);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int i = 0; i < out->pieces; i++)
        if (out->piece[i].state == PIECE_STALE)
            p->read(p->in, out->text, &out->piece[i],
                    omp_get_thread_num() ? NULL : p->progress, p->pieces);
    COR_TRY(cor_agree(p->team, first_failure(out)));
    news *mine;
    COR_TRY(cor_agree(p->team, COR_NEW(&mine, out->pieces)));
    for (int i = 0; i < out->pieces; i++) {
        const ingest_piece *piece = &out->piece[i];
        mine[i] = (news){
            .first = piece->first, .next = piece->next, .state = piece->state};
        memcpy(mine[i].wants_text, piece->wants_text, sizeof piece->wants_text);
        memcpy(mine[i].saw_text, piece->saw_text, sizeof piece->saw_text);
    }
    cor_team_gather(p->team, mine, (int64_t)sizeof *mine * out->pieces,
                    p->news);
    cor_free(mine);
    return COR_OK;
}

/* Pieces before the first that did not come to its end. */
static int whole_pieces(const parsing *p)
{
    int k = 0;
    while (k < p->pieces && p->news[k].state == PIECE_WHOLE)
        k++;
    return k;
}

/* Whether the pieces up to and with `last` begin where those before end. */
static bool fits(const parsing *p, int last)
{
    for (int k = 1; k <= last && k < p->pieces; k++)
        if (p->news[k].first != p->news[k - 1].next)
            return false;
    return true;
}

static void make_stale(ingest_parsed *out)
{
    for (int i = 0; i < out->pieces; i++)
        out->piece[i].state = PIECE_STALE;
}

/* Guess every piece's first row. */
static int find_starts(parsing *p)
{
    for (int i = 0; i < p->out->pieces; i++) {
        ingest_piece *piece = &p->out->piece[i];
        keep_failure(piece,
                     ingest_piece_find_first(p->in, piece, COR_QUOTE_STATES));
    }
    return cor_agree(p->team, first_failure(p->out));
}

/* The quote maps of all pieces, on all ranks. */
static int map_pieces(parsing *p, cor_quotes *all)
{
    ingest_parsed *out = p->out;
    cor_quotes *mine;
    COR_TRY(cor_agree(p->team, COR_NEW(&mine, out->pieces)));
    int threads = cor_team_threads(p->team);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int i = 0; i < out->pieces; i++)
        keep_failure(&out->piece[i],
                     ingest_starts_map(p->in, &out->piece[i], &mine[i]));
    int rc = cor_agree(p->team, first_failure(out));
    if (rc == COR_OK)
        cor_team_gather(p->team, mine, (int64_t)sizeof *mine * out->pieces,
                        all);
    cor_free(mine);
    return rc;
}

/* Find where each piece begins; one that was read from elsewhere is stale. */
static void correct_starts(parsing *p, const cor_quotes *all)
{
    ingest_parsed *out = p->out;
    int before = cor_team_rank(p->team) * out->pieces;
    int state = COR_AT_FIELD;
    for (int k = 0; k < before; k++)
        state = all[k].to[state];
    for (int i = 0; i < out->pieces; i++) {
        ingest_piece *piece = &out->piece[i];
        int64_t guessed = piece->first;
        keep_failure(piece, ingest_piece_find_first(
                                p->in, piece, (enum cor_quote_state)state));
        if (piece->first != guessed || piece->state != PIECE_WHOLE)
            piece->state = PIECE_STALE;
        state = all[before + i].to[state];
    }
}

/* Replace the guesses of quotes by what is certain. */
static int resolve(parsing *p)
{
    cor_quotes *all;
    COR_TRY(cor_agree(p->team, COR_NEW(&all, p->pieces)));
    int rc = map_pieces(p, all);
    if (rc == COR_OK) {
        correct_starts(p, all);
        rc = cor_agree(p->team, first_failure(p->out));
    }
    p->exact = true;
    cor_free(all);
    return rc;
}

/* The input's first bad row, which piece k met. */
static int fail_at(parsing *p, int k)
{
    int each = p->out->pieces, root = k / each;
    ingest_fault fault = {0};
    if (cor_team_rank(p->team) == root)
        fault = p->out->piece[k % each].fault;
    cor_team_share(p->team, &fault, sizeof fault, root);
    return ingest_fault_fail(p->team, &fault, &p->in->source[fault.file],
                             &p->in->layout[fault.file], p->in->titles);
}

/* Whether what is said of a column makes it one of texts. */
static bool text_is_said(const parsing *p, int side)
{
    return side >= SIDE_KEPT &&
           p->in->layout[0].kind[side - SIDE_KEPT] == KEPT_CATEGORY;
}

/* Columns taken for texts in which every id is an integer after all, or every
   kept text a number. Once for each, so that there is an end. */
static bool take_back_text(parsing *p)
{
    bool changed = false;
    for (int side = 0; side < SIDES && !p->in->titles; side++) {
        bool seen = text_is_said(p, side);
        for (int k = 0; k < p->pieces; k++)
            seen |= p->news[k].saw_text[side];
        if (!p->out->text[side] || seen || p->taken_back[side])
            continue;
        changed = p->taken_back[side] = true;
        p->out->text[side] = false;
    }
    return changed;
}

/* Look at what the pieces met. @param[out] done  all is read and right */
static int judge(parsing *p, bool *done)
{
    int k = whole_pieces(p);
    *done = false;
    if (!p->exact && !fits(p, k))
        return resolve(p);
    if (k < p->pieces && p->news[k].state == PIECE_FAULT)
        return fail_at(p, k);
    if (k < p->pieces) {
        for (int side = 0; side < SIDES; side++)
            p->out->text[side] |= p->news[k].wants_text[side];
        make_stale(p->out);
    } else if (take_back_text(p)) {
        make_stale(p->out);
    } else {
        *done = true;
    }
    return COR_OK;
}

int ingest_parse_by(const cor_team *team, const ingest_input *in,
                    ingest_read_piece *read, const char *stage,
                    cor_progress *progress, ingest_parsed *out)
{
    parsing p = {.team = team, .in = in, .read = read, .progress = progress};
    bool done = false;
    int rc = cor_agree(team, create(&p, out));
    for (int side = 0; side < SIDES; side++)
        out->text[side] =
            in->titles ? side == ROLE_ITEM : in->layout[0].text[side];
    cor_progress_begin(progress, stage, ingest_input_bytes(in));
    if (rc == COR_OK)
        rc = find_starts(&p);
    while (rc == COR_OK && !done) {
        rc = read_stale(&p);
        if (rc == COR_OK)
            rc = judge(&p, &done);
    }
    cor_progress_update(progress, ingest_input_bytes(in));
    cor_progress_end(progress);
    cor_free(p.news);
    if (rc != COR_OK)
        ingest_parsed_free(out);
    return rc;
}

int ingest_parse(const cor_team *team, const ingest_input *in,
                 cor_progress *progress, ingest_parsed *parsed)
{
    return ingest_parse_by(team, in, ingest_piece_read,
                           in->titles ? "titles" : "parse", progress, parsed);
}
