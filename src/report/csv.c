#include "coracle/csv.h"

#include "coracle/memory.h"
#include "coracle/output.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_CAPACITY = 4096 };

/* Room for `more` bytes; false where there is none, now or before. */
static bool reserve(cor_csv *csv, int64_t more)
{
    int64_t need = csv->length + more, capacity = csv->capacity;
    if (csv->status != COR_OK || need <= capacity)
        return csv->status == COR_OK;
    if (capacity == 0)
        capacity = FIRST_CAPACITY;
    while (capacity < need)
        capacity *= 2;
    csv->status =
        cor_reallocate(&csv->bytes, csv->length, capacity, 1, "text of rows");
    if (csv->status == COR_OK)
        csv->capacity = capacity;
    return csv->status == COR_OK;
}

void cor_csv_bytes(cor_csv *csv, const char *bytes, int64_t length)
{
    if (length == 0 || !reserve(csv, length))
        return;
    memcpy(csv->bytes + csv->length, bytes, (size_t)length);
    csv->length += length;
}

static void begin_field(cor_csv *csv)
{
    if (csv->in_row)
        cor_csv_bytes(csv, ",", 1);
    csv->in_row = true;
}

static void quoted(cor_csv *csv, const char *text)
{
    cor_csv_bytes(csv, "\"", 1);
    for (const char *quote; (quote = strchr(text, '"')); text = quote + 1) {
        cor_csv_bytes(csv, text, quote + 1 - text);
        cor_csv_bytes(csv, "\"", 1);
    }
    cor_csv_bytes(csv, text, (int64_t)strlen(text));
    cor_csv_bytes(csv, "\"", 1);
}

void cor_csv_text(cor_csv *csv, const char *text)
{
    begin_field(csv);
    if (strpbrk(text, ",\"\r\n"))
        quoted(csv, text);
    else
        cor_csv_bytes(csv, text, (int64_t)strlen(text));
}

void cor_csv_int(cor_csv *csv, int64_t value)
{
    char text[24];
    begin_field(csv);
    cor_csv_bytes(csv, text,
                  snprintf(text, sizeof text, "%lld", (long long)value));
}

void cor_csv_real(cor_csv *csv, double value, int digits)
{
    char text[40];
    begin_field(csv);
    cor_csv_bytes(csv, text,
                  snprintf(text, sizeof text, "%.*g", digits, value));
}

void cor_csv_end(cor_csv *csv)
{
    cor_csv_bytes(csv, "\n", 1);
    csv->in_row = false;
}

void cor_csv_free(cor_csv *csv)
{
    cor_free(csv->bytes);
    *csv = (cor_csv){0};
}

/* My texts of all sections, each where it belongs. */
static int write_mine(cor_output *output, const cor_csv *csv, int sections,
                      const int64_t *at)
{
    for (int s = 0; s < sections; s++) {
        COR_TRY(csv[s].status);
        COR_TRY(cor_output_write(output, csv[s].bytes, csv[s].length, at[s]));
    }
    return COR_OK;
}

static int write_all(const cor_team *team, cor_output *output,
                     const cor_csv *csv, int sections, int64_t *at)
{
    int64_t before = 0, total;
    for (int s = 0; s < sections; s++) {
        at[s] = before + cor_team_before(team, csv[s].length, &total);
        before += total;
    }
    return cor_agree(team, write_mine(output, csv, sections, at));
}

int cor_csv_write(const cor_team *team, const char *path, bool force,
                  const cor_csv *csv, int sections)
{
    cor_output *output = NULL;
    int64_t *at = NULL;
    int rc = cor_agree(team, COR_NEW(&at, sections));
    if (rc == COR_OK)
        rc = cor_output_begin(team, path, force, &output);
    if (rc == COR_OK)
        rc = write_all(team, output, csv, sections, at);
    if (rc == COR_OK)
        rc = cor_output_commit(&output);
    cor_output_abandon(&output);
    cor_free(at);
    return rc;
}
