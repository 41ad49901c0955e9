/* Reading the numbers of delimited text into my rows of a matrix: what stands
 * between two marks is a thread's. Limit: the digits of a number; one of 17
 * takes some 40 nanoseconds, and a file in the page cache gives them faster. */
#include "matrix_text.h"

#include "coracle/failure.h"
#include "coracle/memory.h"
#include "walk.h"

#include <omp.h>
#include <stdio.h>

/* What all threads of a rank share. */
typedef struct parse {
    const cor_team *team;
    const matrix_text *text;
    const ingest_target *target;
    cor_progress *progress;
    int64_t first_mark, end_mark; /* what my rows lie between */
    ingest_fault fault;           /* of the first bad row met so far */
    int64_t fault_at;             /* its position; INT64_MAX: none */
    cor_failure failure;
} parse;

/* What a thread needs for the rows between two marks. */
typedef struct parse_run {
    parse *all;
    ingest_walk walk;
    int thread;
    int64_t row;    /* at hand */
    double *number; /* columns */
    cor_cells cells;
    ingest_fault fault;
} parse_run;

/* Read the row at p where there is nothing to it: plain fields, plain numbers.
   @return the first byte behind it; NULL: read it exactly */
static const char *read_plainly(const parse_run *run, const char *p)
{
    const matrix_text *text = run->all->text;
    const cor_dialect *dialect = &text->in.layout[run->walk.file].dialect;
    const int64_t *column = text->choice.column;
    const char *whole = run->walk.whole;
    for (int64_t f = 0;; f++) {
        if (column[f] >= 0) {
            p = cor_text_number(p, whole, &run->number[column[f]]);
        } else {
            if (dialect->quotes && *p == '"')
                return NULL;
            while (*p != '\n' && !cor_is_separator(dialect, p))
                p++;
        }
        if (!p || f == text->choice.fields - 1)
            break;
        if (!cor_is_separator(dialect, p))
            return NULL;
        p += dialect->length;
    }
    if (!p)
        return NULL;
    p += *p == '\r';
    return *p == '\n' ? p + 1 : NULL;
}

/* What is wrong with the text of a number. */
static enum fault_kind fault_of(const char *begin, const char *end)
{
    double number;
    if (begin == end)
        return FAULT_EMPTY;
    bool digits = strspn(begin, "+-.0123456789eE") >= (size_t)(end - begin);
    bool large = digits && !cor_text_number(begin, end, &number);
    return large || matrix_text_is_missing(begin, end) ? FAULT_FINITE
                                                       : FAULT_NUMBER;
}

static bool read_cell(parse_run *run, int64_t field, int64_t column)
{
    cor_cell *cell = &run->cells.cell[field];
    cor_cell_unquote(cell);
    const char *begin = cell->begin, *end = cell->end;
    matrix_text_trim(&begin, &end);
    if (cor_text_double(begin, end, &run->number[column]))
        return true;
    run->fault.kind = (int32_t)fault_of(begin, end);
    run->fault.field = (int32_t)field;
    ingest_fault_quote(&run->fault, cell->begin, cell->end);
    return false;
}

/* Read the row at p, or tell what is wrong with it. @return the first byte
   behind it; NULL: the buffer does not hold it whole */
static char *read_exactly(parse_run *run, char *p)
{
    const matrix_text *text = run->all->text;
    const cor_dialect *dialect = &text->in.layout[run->walk.file].dialect;
    cor_cells *cells = &run->cells;
    if (!cor_cells_scan(dialect, p, run->walk.whole, cells))
        return NULL;
    if (cells->count != text->choice.fields) {
        run->fault.kind = FAULT_FIELDS;
        run->fault.found = cells->count;
        return cells->next;
    }
    for (int64_t f = 0; f < text->choice.fields; f++) {
        int64_t column = text->choice.column[f];
        if (cells->cell[f].trailing) {
            run->fault.kind = FAULT_TRAILING;
            run->fault.field = (int32_t)f;
            ingest_fault_quote(&run->fault, cells->cell[f].begin,
                               cells->cell[f].end);
        }
        if (run->fault.kind != FAULT_NONE ||
            (column >= 0 && !read_cell(run, f, column)))
            break;
    }
    return cells->next;
}

/* Keep the row that begins at p and was read. */
static void keep_row(parse_run *run)
{
    const cor_matrix *matrix = run->all->target->matrix;
    int64_t at = run->row++ - matrix->first;
    if (at < 0) /* another rank's */
        return;
    int64_t column =
        ingest_target_put(run->all->target, run->thread, at, run->number);
    if (column < 0)
        return;
    char text[COR_NUMBER_SIZE];
    int length = cor_text_print_double(run->number[column], text);
    run->fault.kind = FAULT_FINITE;
    run->fault.field = (int32_t)run->all->text->choice.field[column];
    ingest_fault_quote(&run->fault, text, text + length);
}

/* The rows of the buffer up to my last one or to a bad one. */
static void read_buffer(parse_run *run)
{
    const cor_matrix *matrix = run->all->target->matrix;
    ingest_walk *walk = &run->walk;
    while (walk->p < walk->limit && run->row < matrix->first + matrix->count) {
        char *p = walk->p;
        if (*p == '\n' || (*p == '\r' && p[1] == '\n')) {
            walk->p += *p == '\n' ? 1 : 2;
            continue;
        }
        const char *plain = read_plainly(run, p);
        char *next = plain ? p + (plain - p) : read_exactly(run, p);
        if (!next)
            return;
        walk->p = next;
        if (run->fault.kind == FAULT_NONE)
            keep_row(run);
        if (run->fault.kind == FAULT_NONE)
            continue;
        run->fault.file = walk->file;
        run->fault.offset = walk->reader.at + (p - walk->reader.buffer);
        return;
    }
}

static void note_fault(parse_run *run)
{
    parse *all = run->all;
    int64_t at = ingest_input_position(&all->text->in, run->fault.file,
                                       run->fault.offset);
#pragma omp critical(matrix_fault)
    if (at < all->fault_at) {
        all->fault_at = at;
        all->fault = run->fault;
    }
}

static int read_rows(parse_run *run)
{
    const cor_matrix *matrix = run->all->target->matrix;
    int64_t fields = run->all->text->choice.fields;
    COR_TRY(COR_NEW(&run->number, matrix->columns));
    COR_TRY(cor_allocate(&run->cells.cell, fields, sizeof *run->cells.cell,
                         "fields of a row"));
    run->cells.capacity = (int32_t)fields;
    while (run->row < matrix->first + matrix->count) {
        COR_TRY(ingest_walk_on(&run->walk, NULL));
        if (!run->walk.p)
            break;
        read_buffer(run);
        if (run->fault.kind != FAULT_NONE) {
            note_fault(run);
            break;
        }
    }
    return COR_OK;
}

/* The rows between two marks. */
static int read_run(parse *all, int64_t mark, int thread)
{
    const matrix_text *text = all->text;
    parse_run run = {.all = all, .thread = thread, .row = text->mark[mark].row};
    int64_t end = mark + 1 < text->marks ? text->mark[mark + 1].position
                                         : ingest_input_bytes(&text->in);
    ingest_walk_begin(&text->in, text->mark[mark].position, end, &run.walk);
    int rc = read_rows(&run);
    ingest_walk_end(&run.walk);
    cor_free(run.number);
    cor_free(run.cells.cell);
    return rc;
}

static void find_marks(parse *all)
{
    const matrix_text *text = all->text;
    const cor_matrix *matrix = all->target->matrix;
    if (matrix->count == 0)
        return;
    int64_t low = 0, high = text->marks; /* the last mark not behind my first */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (text->mark[middle].row <= matrix->first)
            low = middle;
        else
            high = middle;
    }
    all->first_mark = low;
    for (all->end_mark = low;
         all->end_mark < text->marks &&
         text->mark[all->end_mark].row < matrix->first + matrix->count;)
        all->end_mark++;
}

static int read_mine(parse *all)
{
    int threads = cor_team_threads(all->team);
    int64_t count = all->end_mark - all->first_mark;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t i = 0; i < count; i++) {
        int thread = omp_get_thread_num();
        int rc = read_run(all, all->first_mark + i, thread);
        if (rc != COR_OK)
            cor_failure_note(&all->failure, rc, i);
        if (thread == 0)
            cor_progress_update(all->progress, all->text->rows / count * i);
    }
    return cor_failure_raise(&all->failure);
}

static void describe(const matrix_text *text, const ingest_fault *fault,
                     char *out, size_t size)
{
    char column[COR_ID_LIMIT + 32];
    int64_t c = text->choice.column[fault->field];
    int length = snprintf(column, sizeof column, "column %d", fault->field + 1);
    if (text->name.total && c >= 0) {
        char name[COR_ID_LIMIT + 1];
        cor_ids_print(&text->name, c, name, sizeof name);
        snprintf(column + length, sizeof column - (size_t)length, " (%s)",
                 name);
    }
    if (fault->kind == FAULT_EMPTY)
        snprintf(out, size,
                 "%s is empty; fill it, or leave the row or the column out",
                 column);
    else if (fault->kind == FAULT_FINITE)
        snprintf(out, size,
                 "%s: \"%s\" is not a finite number that the matrix can hold; "
                 "leave the row or the column out%s",
                 column, fault->text,
                 strpbrk(fault->text, "nN") ? "" : ", or give --type float64");
    else
        snprintf(out, size,
                 "%s: \"%s\" is not a number; choose the columns that hold "
                 "numbers with --columns, by name or position (such as 1-4,7)",
                 column, fault->text);
}

/* The message of the input's first bad row; `fault` equal on all ranks. */
static int fail_at(const cor_team *team, const matrix_text *text,
                   const ingest_fault *fault)
{
    const ingest_input *in = &text->in;
    char what[2 * COR_ID_LIMIT];
    int64_t line;
    COR_TRY(
        cor_source_line(team, &in->source[fault->file], fault->offset, &line));
    bool row = fault->kind == FAULT_FIELDS || fault->kind == FAULT_TRAILING ||
               fault->kind == FAULT_OPEN;
    if (row)
        ingest_fault_describe(fault, &in->layout[fault->file], what,
                              sizeof what);
    else
        describe(text, fault, what, sizeof what);
    return cor_fail(COR_EDATA, "%s:%lld: %s%s", in->source[fault->file].path,
                    (long long)line, what, row ? "; correct the file" : "");
}

/* The first bad row of all ranks becomes the failure of all. */
static int judge(const cor_team *team, const parse *all)
{
    int64_t least = all->fault_at, root = INT64_MAX;
    ingest_fault fault = all->fault;
    cor_team_min(team, &least, 1);
    if (least == INT64_MAX)
        return COR_OK;
    if (all->fault_at == least)
        root = cor_team_rank(team);
    cor_team_min(team, &root, 1);
    cor_team_share(team, &fault, sizeof fault, (int)root);
    return fail_at(team, all->text, &fault);
}

int matrix_text_read(const cor_team *team, const matrix_text *text,
                     cor_progress *progress, ingest_target *target)
{
    parse all = {.team = team,
                 .text = text,
                 .target = target,
                 .progress = progress,
                 .fault_at = INT64_MAX,
                 .failure = COR_NO_FAILURE};
    cor_progress_begin(progress, "parse", text->rows);
    find_marks(&all);
    int rc = cor_agree(team, read_mine(&all));
    if (rc == COR_OK)
        rc = judge(team, &all);
    cor_progress_update(progress, text->rows);
    cor_progress_end(progress);
    return rc;
}
