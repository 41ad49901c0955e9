/**
 * Exchange: rows go to ranks, answers come back. A route is planned once from
 * the rank each row goes to; any number of columns then travel along it, and
 * answers travel back to the rows that asked. Counts are 64-bit throughout;
 * messages of more than 2 GiB are cut into pieces.
 */
#ifndef CORACLE_EXCHANGE_H
#define CORACLE_EXCHANGE_H

#include "coracle/team.h"

typedef struct cor_route cor_route;

/**
 * Plan a route: row i of my `rows` rows goes to rank to[i]. Collective.
 * Arriving rows are ordered by the rank they come from, then by their order
 * there; so rows in global order stay in global order. `to` is read here only.
 */
int cor_route_create(const cor_team *team, const int32_t *to, int64_t rows,
                     cor_route **route);
/** As cor_route_create for rows that stand in the order of the ranks that they
    go to: the first count[0] to rank 0, and so on. Collective. */
int cor_route_create_in_order(const cor_team *team, const int64_t *count,
                              cor_route **route);
void cor_route_destroy(cor_route **route);

/** Rows that arrive at me. */
int64_t cor_route_arrivals(const cor_route *route);
/** Rows that I send. */
int64_t cor_route_departures(const cor_route *route);
/** Of the arrivals, the first that came from `rank` (size: all). */
int64_t cor_route_arrivals_from(const cor_route *route, int rank);

/**
 * Move one column: `out` gets the arriving rows' elements. Collective.
 * @param[in]  column  departures elements of `width` bytes
 * @param[out] out     arrivals elements of `width` bytes, caller's memory
 */
int cor_route_send(const cor_route *route, const void *column, size_t width,
                   void *out);

/**
 * As cor_route_send on a route of rows in order, but what I send to myself
 * stays where it is: `out` gets the elements of the other ranks alone, without
 * a gap between those before me and those behind me. Collective.
 */
int cor_route_send_others(const cor_route *route, const void *column,
                          size_t width, void *out);

/**
 * Move answers back: answer j belongs to the row that arrived as j; `out` gets
 * one for each of my rows, in their own order. Collective.
 */
int cor_route_reply(const cor_route *route, const void *answer, size_t width,
                    void *out);

/**
 * Move texts: row i's bytes are bytes[end[i-1]..end[i]) (end[-1] is 0).
 * Collective. @param[out] out_bytes, out_end blocks for cor_free, arrivals
 * entries in out_end.
 */
int cor_route_send_text(const cor_route *route, const char *bytes,
                        const int64_t *end, char **out_bytes,
                        int64_t **out_end);

#endif
