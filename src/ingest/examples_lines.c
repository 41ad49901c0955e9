/* Examples of text files, by the reader of lines: each rank takes one run of
   the input, its threads windows of it in turn, and what they read is joined
   window by window. */
#include "coracle/memory.h"
#include "coracle/records.h"
#include "examples_input.h"

typedef struct pass {
    const example_input *in;
    cor_records *records;
    example_rows *slot; /* of each thread: the rows of its window */
    cor_cell **cell;    /* of each thread: fields */
    example_rows *all;
} pass;

static int visit(void *context, int slot, const cor_record *record)
{
    pass *p = context;
    const example_input *in = p->in;
    char *begin = (char *)record->begin; /* read, not written */
    if (in->format == COR_EXAMPLES_LIBSVM)
        return example_parse_libsvm(begin, begin + record->bytes,
                                    &p->slot[slot]);
    if (record->offset == in->header[record->file])
        return COR_OK;
    return example_parse_row(&in->table, begin, begin + record->bytes,
                             p->cell[slot], &p->slot[slot]);
}

/* The windows of a step follow each other. */
static int join(void *context)
{
    pass *p = context;
    for (int s = 0; s < cor_records_slots(p->records); s++) {
        COR_TRY(example_rows_append(p->all, &p->slot[s]));
        example_rows_clear(&p->slot[s]);
    }
    return COR_OK;
}

static int make_slots(pass *p)
{
    int slots = cor_records_slots(p->records);
    COR_TRY(COR_NEW_ZEROED(&p->slot, slots));
    COR_TRY(COR_NEW_ZEROED(&p->cell, slots));
    for (int s = 0; s < slots; s++) {
        COR_TRY(example_rows_create(&p->slot[s]));
        COR_TRY(COR_NEW(&p->cell[s], p->in->table.fields));
    }
    return COR_OK;
}

static void free_slots(pass *p)
{
    int slots = cor_records_slots(p->records);
    for (int s = 0; p->slot && s < slots; s++)
        example_rows_free(&p->slot[s]);
    for (int s = 0; p->cell && s < slots; s++)
        cor_free(p->cell[s]);
    cor_free(p->slot);
    cor_free(p->cell);
}

int example_text_read(const example_input *in, bool skip,
                      cor_progress *progress, example_rows *rows,
                      int64_t *rejected)
{
    cor_records_options options = {
        .format = COR_RECORDS_LINES, .skip = skip, .parts = true};
    cor_records_count count = {0};
    pass p = {.in = in, .all = rows};
    COR_TRY(
        cor_records_open(in->team, in->path, in->files, &options, &p.records));
    cor_reading reading = {
        .visit = visit, .step = join, .context = &p, .progress = progress};
    int rc = cor_agree(in->team, make_slots(&p));
    if (rc == COR_OK)
        rc = cor_records_read(p.records, &reading, &count);
    *rejected = count.rejected;
    free_slots(&p);
    cor_records_close(&p.records);
    return rc;
}
