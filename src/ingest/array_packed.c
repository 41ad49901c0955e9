/* Packed files. Such a file can be read from its beginning alone, so one rank
 * unpacks it (of several files each rank some) and sends the rows to the ranks
 * that own them, a few megabytes at a time: no rank ever holds more of it.
 * Limit: unpacking, at some 300 MB/s of what is unpacked for each file. */
#include "array.h"

#include "coracle/cut.h"
#include "coracle/exchange.h"

#include "coracle/decode.h"

/* Bytes that all ranks together unpack before they exchange, since all may go
   to one; the longest row that is read so. */
enum { ROUND = 16 << 20, ROW_LIMIT = 1 << 30 };

typedef struct unpacking {
    const cor_team *team;
    const ingest_array *array;
    int files;
    const int64_t *first; /* files + 1: rows of the matrix */
    const ingest_choice *choice;
    const ingest_target *target;
    cor_decode *stream;
    int file;          /* that this rank unpacks; `files` or more: none */
    int64_t row;       /* of it, the next one */
    int64_t row_bytes; /* of the longest row of all files */
    int64_t most;      /* rows of a round */
    char *sent;        /* most x row_bytes */
    int64_t *number;   /* most: which rows of the matrix they are */
    int32_t *to;       /* most: the ranks that own them */
    double *room;
} unpacking;

static int read_bytes(unpacking *u, char *to, int64_t bytes)
{
    const ingest_array *array = &u->array[u->file];
    int64_t got;
    COR_TRY(cor_decode_read(u->stream, to, bytes, &got));
    if (got == bytes)
        return COR_OK;
    return cor_fail(COR_EDATA,
                    "%s is cut short: what is packed in it ends before row "
                    "%lld of %lld; get it anew",
                    array->file.path, (long long)u->row + 1,
                    (long long)array->rows);
}

/* Pass over the header of the next of my files. */
static int open_next(unpacking *u)
{
    while (u->file < u->files && !u->array[u->file].packed)
        u->file += cor_team_size(u->team);
    if (u->file >= u->files)
        return COR_OK;
    const ingest_array *array = &u->array[u->file];
    u->row = 0;
    char *head = NULL;
    COR_TRY(cor_decode_open(&array->file, array->packed, &u->stream));
    COR_TRY(cor_allocate(&head, array->begin, 1, "head of a file"));
    int rc = read_bytes(u, head, array->begin);
    cor_free(head);
    return rc;
}

/* Unpack some rows of one of my files. @param[out] rows  0: no more */
static int unpack(unpacking *u, int64_t *rows)
{
    *rows = 0;
    if (!u->stream)
        COR_TRY(open_next(u));
    if (u->file >= u->files)
        return COR_OK;
    const ingest_array *array = &u->array[u->file];
    int64_t bytes = array->columns * array->width;
    for (; *rows < u->most && u->row < array->rows; (*rows)++, u->row++) {
        COR_TRY(read_bytes(u, u->sent + *rows * u->row_bytes, bytes));
        int64_t number = u->first[u->file] + u->row;
        u->number[*rows] = number;
        u->to[*rows] =
            (int32_t)cor_shards_owner(u->target->matrix->shards, number);
    }
    if (u->row == array->rows) {
        cor_decode_close(&u->stream);
        u->file += cor_team_size(u->team);
    }
    return COR_OK;
}

static int keep(const unpacking *u, int64_t rows, const char *row,
                const int64_t *number)
{
    for (int64_t i = 0; i < rows; i++) {
        int64_t file = cor_cut_find(u->first, u->files, number[i]);
        const ingest_array *array = &u->array[file];
        COR_TRY(ingest_array_keep(
            array, u->choice, u->target, 0, row + i * u->row_bytes,
            array->width, number[i] - u->first[file],
            number[i] - u->target->matrix->first, u->room));
    }
    return COR_OK;
}

/* Send the rows of a round to their owners. Collective. */
static int send(const unpacking *u, int64_t rows)
{
    cor_route *route = NULL;
    char *row = NULL;
    int64_t *number = NULL, arrivals = 0;
    COR_TRY(cor_route_create(u->team, u->to, rows, &route));
    arrivals = cor_route_arrivals(route);
    int rc = cor_allocate(&row, arrivals, (size_t)u->row_bytes, "rows");
    if (rc == COR_OK)
        rc = COR_NEW(&number, arrivals);
    rc = cor_agree(u->team, rc);
    if (rc == COR_OK)
        rc = cor_route_send(route, u->number, sizeof *number, number);
    if (rc == COR_OK)
        rc = cor_route_send(route, u->sent, (size_t)u->row_bytes, row);
    cor_route_destroy(&route);
    if (rc == COR_OK)
        rc = cor_agree(u->team, keep(u, arrivals, row, number));
    cor_free(number);
    cor_free(row);
    return rc;
}

static int run(unpacking *u, cor_progress *progress)
{
    for (int64_t done = 0;;) {
        int64_t rows = 0, most;
        COR_TRY(cor_agree(u->team, unpack(u, &rows)));
        most = rows;
        cor_team_max(u->team, &most, 1);
        if (most == 0)
            return COR_OK;
        COR_TRY(send(u, rows));
        cor_team_sum(u->team, &rows, 1);
        cor_progress_update(progress, done += rows);
    }
}

/* Room for my share of a round. `packed` files are unpacked side by side, as
   far as there are ranks. */
static int allocate(unpacking *u, int packed)
{
    int size = cor_team_size(u->team);
    int64_t round = ROUND / (packed < size ? packed : size);
    for (int f = 0; f < u->files; f++) {
        int64_t bytes = u->array[f].columns * u->array[f].width;
        if (u->array[f].packed && bytes > u->row_bytes)
            u->row_bytes = bytes;
    }
    if (u->row_bytes > ROW_LIMIT)
        return cor_fail(COR_EDATA,
                        "%s: rows of %lld bytes are too long to be read from "
                        "a packed file: unpack it first",
                        u->array[0].file.path, (long long)u->row_bytes);
    u->most = u->row_bytes < round ? round / u->row_bytes : 1;
    COR_TRY(cor_allocate(&u->sent, u->most, (size_t)u->row_bytes, "rows"));
    COR_TRY(COR_NEW(&u->number, u->most));
    COR_TRY(COR_NEW(&u->to, u->most));
    return COR_NEW(&u->room, ingest_array_room(u->choice));
}

int ingest_packed_read(const cor_team *team, const ingest_array *array,
                       int files, const int64_t *first,
                       const ingest_choice *choice, const ingest_target *target,
                       cor_progress *progress)
{
    unpacking u = {.team = team,
                   .array = array,
                   .files = files,
                   .first = first,
                   .choice = choice,
                   .target = target,
                   .file = cor_team_rank(team)};
    int packed = 0;
    for (int f = 0; f < files; f++)
        packed += array[f].packed;
    if (packed == 0)
        return COR_OK;
    int rc = cor_agree(team, allocate(&u, packed));
    if (rc == COR_OK)
        rc = run(&u, progress);
    cor_decode_close(&u.stream);
    cor_free(u.sent);
    cor_free(u.number);
    cor_free(u.to);
    cor_free(u.room);
    return rc;
}
