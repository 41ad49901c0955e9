#include "result_node.h"
#include "screen.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { METRICS = 16, NAME = 48, TEXT = 512, BAR = 20 };

/* Seconds between two drawings of the bar, and between two lines of a file. */
static const double bar_pause = 0.1, line_pause = 5;

struct metric {
    char name[NAME];
    double value;
    bool fresh; /* set since the last step */
};

struct cor_progress {
    const cor_team *team;
    bool speaks; /* rank 0 */
    enum cor_loudness loudness;
    cor_screen screen;
    char job[NAME];
    FILE *log;
    char *log_path;
    bool log_failed;
    double started;   /* the job */
    double spoke;     /* last bar or line */
    char stage[NAME]; /* empty between stages */
    double stage_started;
    int64_t total, done;
    int64_t resumed; /* of these, before the stage began */
    bool stepped; /* the stage has logged a step */
    struct metric metric[METRICS];
    int metrics;
};

/* ---- text ---- */

static void append(char *text, const char *format, ...) COR_PRINTF(2, 3);
static void append(char *text, const char *format, ...)
{
    size_t length = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + length, TEXT - length, format, arguments);
    va_end(arguments);
}

static void append_seconds(char *text, double seconds)
{
    long long whole = llround(seconds);
    if (seconds < 10)
        append(text, "%.1f s", seconds);
    else if (whole < 60)
        append(text, "%lld s", whole);
    else if (whole < 3600)
        append(text, "%lld min %02lld s", whole / 60, whole % 60);
    else
        append(text, "%lld h %02lld min", whole / 3600, whole / 60 % 60);
}

/* 1234567 as 1.23M: a rate or a count on a short line; small ones whole. */
static void append_short(char *text, double number)
{
    static const char unit[] = " kMGTP";
    int power = 0;
    for (; number >= (power ? 999.5 : 9999.5) && power < 5; power++)
        number /= 1000;
    if (power == 0)
        append(text, "%.0f", number);
    else
        append(text, "%.3g%c", number, unit[power]);
}

/* "5/10", or "3.2M" where the end is not known; nothing where neither is. */
static void append_count(char *text, const cor_progress *progress)
{
    if (progress->done == 0 && progress->total <= 0)
        return;
    append(text, "  ");
    append_short(text, (double)progress->done);
    if (progress->total <= 0)
        return;
    append(text, "/");
    append_short(text, (double)progress->total);
}

static void append_metrics(char *text, const cor_progress *progress)
{
    for (int i = 0; i < progress->metrics; i++)
        append(text, "  %s %.4g", progress->metric[i].name,
               progress->metric[i].value);
}

/* Rate, time spent and, before the end of the stage, time left. */
static void append_pace(char *text, const cor_progress *progress, bool over)
{
    double now = cor_team_seconds();
    double spent = now - progress->stage_started;
    int64_t here = progress->done - progress->resumed;
    double rate = spent > 0 ? (double)here / spent : 0;
    if (rate >= 10 && spent >= 1) {
        append(text, "  ");
        append_short(text, rate);
        append(text, "/s");
    }
    append(text, "  ");
    append_seconds(text, spent);
    if (!over && here > 0 && progress->done < progress->total) {
        append(text, ", ");
        append_seconds(text, (double)(progress->total - progress->done) / rate);
        append(text, " left");
    }
}

static void append_bar(char *text, const cor_progress *progress)
{
    static const char full[] = "####################";
    static const char empty[] = "....................";
    if (progress->total <= 0)
        return;
    double part = (double)progress->done / (double)progress->total;
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    int filled = (int)(part * BAR);
    append(text, " [%.*s%.*s] %3.0f%%", filled, full, BAR - filled, empty,
           floor(part * 100));
}

/* ---- the log file ---- */

static void log_fail(cor_progress *progress)
{
    if (!progress->log_failed)
        cor_progress_note(progress, "cannot write the log %s: %s",
                          progress->log_path, strerror(errno));
    progress->log_failed = true;
}

/* A line of the log: what all lines have, around what this one has. The line
   is taken. */
static void log_line(cor_progress *progress, json_t *line)
{
    struct timespec clock;
    clock_gettime(CLOCK_REALTIME, &clock);
    json_t *whole = json_object();
    double now = cor_team_seconds();
    int rc = json_object_set_new(
        whole, "time",
        json_real((double)clock.tv_sec + (double)clock.tv_nsec * 1e-9));
    rc |= json_object_set_new(whole, "job", json_string(progress->job));
    rc |= json_object_update(whole, line);
    rc |= json_object_set_new(whole, "seconds",
                              json_real(now - progress->started));
    rc |=
        json_object_set_new(whole, "bytes_moved",
                            json_integer(cor_team_bytes_sent(progress->team)));
    rc |= json_dumpf(whole, progress->log, JSON_REAL_PRECISION(17));
    if (rc != 0 || fputc('\n', progress->log) == EOF ||
        fflush(progress->log) != 0)
        log_fail(progress);
    json_decref(whole);
    json_decref(line);
}

static void log_step(cor_progress *progress, int64_t step)
{
    if (!progress->log)
        return;
    json_t *line = json_object();
    json_object_set_new(line, "stage", json_string(progress->stage));
    json_object_set_new(line, "step", json_integer(step));
    for (int i = 0; i < progress->metrics; i++) {
        const struct metric *metric = &progress->metric[i];
        if (metric->fresh)
            json_object_set_new(line, metric->name,
                                isfinite(metric->value)
                                    ? json_real(metric->value)
                                    : json_null());
    }
    log_line(progress, line);
    progress->stepped = true;
}

int cor_progress_result(cor_progress *progress, const cor_result *result)
{
    if (!progress || !progress->log)
        return COR_OK;
    json_t *line = json_object();
    json_object_set(line, "result", result->value);
    log_line(progress, line);
    if (progress->log_failed)
        return cor_fail(COR_EIO,
                        "cannot write all of the log %s; free some room or "
                        "choose another place for it",
                        progress->log_path);
    return COR_OK;
}

/* ---- speaking ---- */

static bool silent(const cor_progress *progress)
{
    return !progress || !progress->speaks;
}

/* The bar, or a line where one is due. */
static void show(cor_progress *progress, bool due)
{
    double now = cor_team_seconds();
    bool bar = progress->screen.way == SCREEN_BAR;
    if (progress->screen.way == SCREEN_OFF ||
        (!due && now - progress->spoke < (bar ? bar_pause : line_pause)))
        return;
    progress->spoke = now;
    char text[TEXT] = "";
    append(text, "%s  %s", progress->job, progress->stage);
    if (bar)
        append_bar(text, progress);
    append_count(text, progress);
    append_metrics(text, progress);
    append_pace(text, progress, false);
    if (bar)
        cor_screen_bar(&progress->screen, text);
    else
        cor_screen_line(&progress->screen, text);
}

void cor_progress_begin(cor_progress *progress, const char *stage,
                        int64_t total)
{
    if (silent(progress))
        return;
    cor_progress_end(progress);
    snprintf(progress->stage, NAME, "%s", stage);
    progress->stage_started = cor_team_seconds();
    progress->total = total;
    progress->done = progress->resumed = 0;
    progress->metrics = 0;
    progress->stepped = false;
    show(progress, progress->screen.way == SCREEN_BAR ||
                       progress->loudness == COR_VERBOSE);
}

void cor_progress_resume(cor_progress *progress, int64_t done)
{
    if (silent(progress))
        return;
    progress->done = progress->resumed = done;
}

void cor_progress_update(cor_progress *progress, int64_t done)
{
    if (silent(progress))
        return;
    progress->done = done;
    show(progress, false);
}

/* The last line of a stage stays. */
void cor_progress_end(cor_progress *progress)
{
    if (silent(progress) || !progress->stage[0])
        return;
    if (progress->log && !progress->stepped)
        log_step(progress, progress->done);
    char text[TEXT] = "";
    append(text, "%s  %s", progress->job, progress->stage);
    append_count(text, progress);
    append_metrics(text, progress);
    append_pace(text, progress, true);
    cor_screen_line(&progress->screen, text);
    progress->spoke = cor_team_seconds();
    progress->stage[0] = '\0';
}

void cor_progress_metric(cor_progress *progress, const char *name, double value)
{
    if (silent(progress))
        return;
    int i = 0;
    while (i < progress->metrics && strcmp(progress->metric[i].name, name) != 0)
        i++;
    if (i == METRICS)
        return;
    if (i == progress->metrics)
        progress->metrics++;
    struct metric *metric = &progress->metric[i];
    snprintf(metric->name, NAME, "%s", name);
    metric->value = value;
    metric->fresh = true;
}

void cor_progress_step(cor_progress *progress, int64_t step)
{
    if (silent(progress))
        return;
    log_step(progress, step);
    for (int i = 0; i < progress->metrics; i++)
        progress->metric[i].fresh = false;
    if (step > progress->done)
        progress->done = step;
    show(progress, progress->loudness == COR_VERBOSE);
}

static void say(cor_progress *progress, const char *format, va_list arguments)
    COR_PRINTF(2, 0);
static void say(cor_progress *progress, const char *format, va_list arguments)
{
    char words[TEXT - NAME - 2], text[TEXT];
    vsnprintf(words, sizeof words, format, arguments);
    snprintf(text, sizeof text, "%s  %s", progress->job, words);
    cor_screen_line(&progress->screen, text);
}

void cor_progress_note(cor_progress *progress, const char *format, ...)
{
    if (silent(progress))
        return;
    va_list arguments;
    va_start(arguments, format);
    say(progress, format, arguments);
    va_end(arguments);
}

void cor_progress_detail(cor_progress *progress, const char *format, ...)
{
    if (silent(progress) || progress->loudness != COR_VERBOSE)
        return;
    va_list arguments;
    va_start(arguments, format);
    say(progress, format, arguments);
    va_end(arguments);
}

/* ---- life ---- */

/* What rank 0 alone has: the screen and the log. */
static int open_voice(cor_progress *progress, const char *log_path)
{
    COR_TRY(cor_screen_open(&progress->screen, progress->loudness));
    if (!log_path)
        return COR_OK;
    progress->log_path = strdup(log_path);
    if (!progress->log_path)
        return cor_fail(COR_EMEMORY, "out of memory for the progress");
    progress->log = fopen(log_path, "a");
    if (!progress->log)
        return cor_fail(COR_EIO,
                        "cannot append to the log %s: %s; choose a path that "
                        "can be written",
                        log_path, strerror(errno));
    return COR_OK;
}

int cor_progress_create(const cor_team *team, const char *job,
                        enum cor_loudness loudness, const char *log_path,
                        cor_progress **progress)
{
    int rc = COR_OK;
    cor_progress *made = calloc(1, sizeof *made);
    if (!made)
        rc = cor_fail(COR_EMEMORY, "out of memory for the progress");
    if (made) {
        made->team = team;
        made->speaks = cor_team_rank(team) == 0;
        made->loudness = loudness;
        made->started = cor_team_seconds();
        made->spoke = made->started;
        snprintf(made->job, NAME, "%s", job);
        if (made->speaks)
            rc = open_voice(made, log_path);
    }
    rc = cor_agree(team, rc);
    if (rc != COR_OK)
        cor_progress_destroy(&made);
    *progress = made;
    return rc;
}

void cor_progress_destroy(cor_progress **progress)
{
    cor_progress *gone = *progress;
    if (!gone)
        return;
    cor_screen_clear(&gone->screen);
    if (gone->log)
        fclose(gone->log);
    free(gone->log_path);
    free(gone);
    *progress = NULL;
}
