/* Counting the rows of delimited text. Where no quote is near this is a search
   for newlines, at several bytes a cycle; what it costs beside reading numbers
   is that the file is read twice, the second time from memory where it fits. */
#include "matrix_text.h"

#include "coracle/memory.h"
#include "parse.h"
#include "walk.h"

#include <string.h>

/* A mark stands at least so far behind the last: a thread takes what is between
   two of them, and a rank passes over no more before its first row. */
enum { MARK_BYTES = 256 << 10, MARKS_A_PIECE = 64 };

typedef struct counting {
    ingest_walk walk;
    ingest_piece *piece;
    int64_t next_mark; /* position from which the next one may stand */
    int64_t step;
} counting;

static int add_mark(counting *k, int64_t position)
{
    ingest_piece *piece = k->piece;
    if (piece->marks == piece->mark_capacity) {
        int64_t capacity = piece->mark_capacity + MARKS_A_PIECE + 1;
        COR_TRY(cor_reallocate(&piece->mark, piece->marks, capacity,
                               sizeof *piece->mark, "places of rows"));
        piece->mark_capacity = capacity;
    }
    piece->mark[piece->marks++] = (ingest_mark){position, piece->counted};
    k->next_mark = position + k->step;
    return COR_OK;
}

static inline bool is_blank(const char *p)
{
    return *p == '\n' || (*p == '\r' && p[1] == '\n');
}

/* The first byte after the row at p, or NULL: the buffer does not hold it. */
static char *row_end(const cor_dialect *dialect, bool quotes, char *p,
                     char *whole)
{
    if (!quotes) {
        char *newline = memchr(p, '\n', (size_t)(whole - p));
        return newline ? newline + 1 : NULL;
    }
    cor_cells row = {0};
    return cor_cells_scan(dialect, p, whole, &row) ? row.next : NULL;
}

static int count_buffer(counting *k)
{
    ingest_walk *walk = &k->walk;
    const cor_dialect *dialect = &walk->in->layout[walk->file].dialect;
    int64_t offset = walk->reader.at + (walk->p - walk->reader.buffer);
    int64_t origin = ingest_input_position(walk->in, walk->file, offset);
    const char *buffer = walk->p;
    bool quotes = dialect->quotes &&
                  memchr(walk->p, '"', (size_t)(walk->whole - walk->p));
    while (walk->p < walk->limit) {
        char *next = row_end(dialect, quotes, walk->p, walk->whole);
        if (!next)
            return COR_OK;
        if (!is_blank(walk->p)) {
            int64_t position = origin + (walk->p - buffer);
            if (position >= k->next_mark)
                COR_TRY(add_mark(k, position));
            k->piece->counted++;
        }
        walk->p = next;
    }
    return COR_OK;
}

static int count_rows(counting *k, cor_progress *progress, int pieces)
{
    ingest_piece *piece = k->piece;
    for (;;) {
        COR_TRY(ingest_walk_on(&k->walk, &piece->fault));
        if (!k->walk.p || piece->fault.kind != FAULT_NONE)
            break;
        COR_TRY(count_buffer(k));
        cor_progress_update(progress,
                            (k->next_mark - k->step - piece->begin) * pieces);
    }
    piece->next = k->walk.position;
    if (piece->fault.kind != FAULT_NONE)
        piece->state = PIECE_FAULT;
    return COR_OK;
}

static void count_piece(const ingest_input *in, const bool text[SIDES],
                        ingest_piece *piece, cor_progress *progress, int pieces)
{
    (void)text; /* there are no ids */
    int64_t step = (piece->end - piece->begin) / MARKS_A_PIECE;
    counting k = {.piece = piece,
                  .step = step > MARK_BYTES ? step : MARK_BYTES};
    ingest_piece_clear(piece);
    piece->state = PIECE_WHOLE;
    if (piece->first == INT64_MAX) { /* a row begins before and never ends */
        piece->state = PIECE_FAULT;
        piece->fault =
            (ingest_fault){.kind = FAULT_ROW_LONG, .found = ROW_LIMIT};
        return;
    }
    ingest_walk_begin(in, piece->first, piece->end, &k.walk);
    int rc = count_rows(&k, progress, pieces);
    ingest_walk_end(&k.walk);
    if (rc != COR_OK)
        ingest_piece_fail(piece, rc);
}

/* The marks of my pieces in a row, counted from the input's first row. */
static int join_marks(const ingest_parsed *parsed, int64_t first,
                      ingest_mark **mark, int64_t *marks)
{
    *marks = 0;
    for (int i = 0; i < parsed->pieces; i++)
        *marks += parsed->piece[i].marks;
    COR_TRY(COR_NEW(mark, *marks));
    ingest_mark *to = *mark;
    for (int i = 0; i < parsed->pieces; i++) {
        const ingest_piece *piece = &parsed->piece[i];
        for (int64_t m = 0; m < piece->marks; m++)
            *to++ = (ingest_mark){piece->mark[m].position,
                                  first + piece->mark[m].row};
        first += piece->counted;
    }
    return COR_OK;
}

static int gather_marks(const cor_team *team, const ingest_parsed *parsed,
                        matrix_text *text)
{
    ingest_mark *mine = NULL;
    int64_t count = 0, rows = 0;
    for (int i = 0; i < parsed->pieces; i++)
        rows += parsed->piece[i].counted;
    int64_t first = cor_team_before(team, rows, &text->rows);
    int rc = cor_agree(team, join_marks(parsed, first, &mine, &count));
    if (rc == COR_OK)
        rc = cor_team_collect(team, mine, count, sizeof *mine, &text->mark,
                              &text->marks);
    cor_free(mine);
    return rc;
}

int matrix_text_count(const cor_team *team, cor_progress *progress,
                      matrix_text *text)
{
    ingest_parsed parsed = {0};
    const ingest_input *in = &text->in;
    COR_TRY(ingest_parse_by(team, in, count_piece, "count", progress, &parsed));
    int rc = gather_marks(team, &parsed, text);
    ingest_parsed_free(&parsed);
    if (rc == COR_OK && text->rows == 0)
        rc = cor_fail(
            COR_EDATA, "%s has no rows%s", in->source[0].path,
            in->layout[0].header ? ": there is nothing below its header" : "");
    return rc;
}
