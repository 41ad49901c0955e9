#include "zone.h"

#include "coracle/cut.h"
#include "coracle/memory.h"
#include "coracle/text.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Between two looks at the library's clock: it changes twice a year. And about
   the years 1800 to 2300, beyond which nobody's clock is known. */
#define STEP (6 * 3600)
#define EARLIEST INT64_C(-5364662400)
#define LATEST INT64_C(10413792000)

static int allocate(int64_t count, cor_zone *zone)
{
    zone->count = count;
    COR_TRY(COR_NEW(&zone->begin, count));
    COR_TRY(COR_NEW(&zone->offset, count));
    return COR_OK;
}

static int fixed(int64_t offset, cor_zone *zone)
{
    COR_TRY(allocate(1, zone));
    zone->begin[0] = INT64_MIN;
    zone->offset[0] = offset;
    return COR_OK;
}

/* +HH:MM or -HH:MM. */
static bool read_offset(const char *text, int64_t *offset)
{
    if ((text[0] != '+' && text[0] != '-') || strlen(text) != 6 ||
        text[3] != ':')
        return false;
    for (int i = 1; i < 6; i++)
        if (i != 3 && (text[i] < '0' || text[i] > '9'))
            return false;
    int64_t hours = (text[1] - '0') * 10 + text[2] - '0';
    int64_t minutes = (text[4] - '0') * 10 + text[5] - '0';
    *offset = (hours * 60 + minutes) * (text[0] == '-' ? -60 : 60);
    return hours < 24 && minutes < 60;
}

/* Whether the C library has a file for the zone, which begins in a certain way;
   without one it would take UTC and say nothing. */
static bool has_file(const char *name)
{
    char path[PATH_MAX], head[4];
    const char *folder = getenv("TZDIR");
    int length = snprintf(path, sizeof path, "%s/%s",
                          folder ? folder : "/usr/share/zoneinfo", name);
    if (!name[0] || name[0] == '/' || strstr(name, "..") ||
        length >= (int)sizeof path)
        return false;
    FILE *file = fopen(path, "rb");
    bool found = file && fread(head, sizeof head, 1, file) == 1 &&
                 memcmp(head, "TZif", sizeof head) == 0;
    if (file)
        fclose(file);
    return found;
}

/* What the library's clock is ahead of UTC. */
static int64_t library_offset(int64_t at)
{
    time_t time = (time_t)at;
    struct tm tm;
    char text[64];
    int64_t local = at;
    if (!localtime_r(&time, &tm))
        return 0;
    size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    return cor_text_time(text, text + length, COR_TIME_ISO8601, &local)
               ? local - at
               : 0;
}

/* The first second of another offset in (from, to]; both ends differ. */
static int64_t find_change(int64_t from, int64_t to)
{
    int64_t before = library_offset(from);
    while (to - from > 1) {
        int64_t middle = from + (to - from) / 2;
        if (library_offset(middle) == before)
            from = middle;
        else
            to = middle;
    }
    return to;
}

static int add_run(int64_t begin, int64_t offset, int64_t *room, cor_zone *zone)
{
    if (zone->count == *room) {
        int64_t more = 2 * *room;
        COR_TRY(cor_reallocate(&zone->begin, *room, more, sizeof *zone->begin,
                               "changes of the clock"));
        COR_TRY(cor_reallocate(&zone->offset, *room, more, sizeof *zone->offset,
                               "changes of the clock"));
        *room = more;
    }
    zone->begin[zone->count] = begin;
    zone->offset[zone->count++] = offset;
    return COR_OK;
}

static int scan(int64_t first, int64_t last, cor_zone *zone)
{
    int64_t room = 64;
    first = first < EARLIEST ? EARLIEST : first > LATEST ? LATEST : first;
    last = last > LATEST ? LATEST : last;
    COR_TRY(allocate(room, zone));
    zone->count = 0;
    COR_TRY(add_run(INT64_MIN, library_offset(first), &room, zone));
    for (int64_t at = first; at < last; at += STEP) {
        int64_t next = last - at < STEP ? last : at + STEP;
        int64_t offset = library_offset(next);
        if (offset != zone->offset[zone->count - 1])
            COR_TRY(add_run(find_change(at, next), offset, &room, zone));
    }
    return COR_OK;
}

/* Read the changes of a zone of the library, with the program's own zone put
   back afterwards. */
static int scan_named(const char *name, int64_t first, int64_t last,
                      cor_zone *zone)
{
    char own[PATH_MAX] = "";
    const char *now = getenv("TZ");
    if (now)
        snprintf(own, sizeof own, "%s", now);
    setenv("TZ", name, 1);
    tzset();
    int rc = scan(first, last, zone);
    if (now)
        setenv("TZ", own, 1);
    else
        unsetenv("TZ");
    tzset();
    return rc;
}

static int read_zone(const char *text, int64_t first, int64_t last,
                     cor_zone *zone)
{
    int64_t offset = 0;
    if (strcmp(text, "UTC") == 0 || strcmp(text, "Z") == 0 ||
        read_offset(text, &offset))
        return fixed(offset, zone);
    if (has_file(text))
        return scan_named(text, first, last, zone);
    return cor_fail(COR_EUSAGE,
                    "the time zone %s is not known here: give an offset such "
                    "as +02:00, or a name such as Europe/Berlin (package "
                    "tzdata)",
                    text);
}

int cor_zone_create(const cor_team *team, const char *text, int64_t first,
                    int64_t last, cor_zone *zone)
{
    *zone = (cor_zone){0};
    bool root = cor_team_rank(team) == 0;
    int rc = root ? read_zone(text, first, last, zone) : COR_OK;
    rc = cor_agree(team, rc);
    int64_t count = zone->count;
    cor_team_share(team, &count, sizeof count, 0);
    if (rc == COR_OK)
        rc = cor_agree(team, root ? COR_OK : allocate(count, zone));
    if (rc != COR_OK) {
        cor_zone_free(zone);
        return rc;
    }
    int64_t bytes = count * (int64_t)sizeof *zone->begin;
    cor_team_share(team, zone->begin, bytes, 0);
    cor_team_share(team, zone->offset, bytes, 0);
    return COR_OK;
}

void cor_zone_free(cor_zone *zone)
{
    cor_free(zone->begin);
    cor_free(zone->offset);
    *zone = (cor_zone){0};
}

int64_t cor_zone_local(const cor_zone *zone, int64_t time)
{
    int64_t run = cor_cut_find(zone->begin, zone->count, time);
    return (int64_t)((uint64_t)time + (uint64_t)zone->offset[run]);
}
