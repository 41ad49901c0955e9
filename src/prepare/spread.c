#include "spread.h"

#include "coracle/cut.h"
#include "coracle/exchange.h"
#include "coracle/memory.h"

typedef struct asking {
    int64_t *first; /* size: where each rank's run begins */
    int64_t count;  /* rows asked for */
    int32_t *to;
    int64_t *row;
    int32_t *answer;   /* of the rows asked for */
    int64_t *asked;    /* arrivals */
    int32_t *answered; /* arrivals */
    cor_route *route;
} asking;

static void asking_free(asking *ask)
{
    cor_route_destroy(&ask->route);
    cor_free(ask->answered);
    cor_free(ask->asked);
    cor_free(ask->answer);
    cor_free(ask->row);
    cor_free(ask->to);
    cor_free(ask->first);
}

static int asking_create(const cor_team *team, int64_t first, int64_t count,
                         const int64_t *row, asking *ask)
{
    int size = cor_team_size(team);
    int rc = COR_NEW(&ask->first, size);
    if (rc == COR_OK)
        rc = COR_NEW(&ask->to, count);
    if (rc == COR_OK)
        rc = COR_NEW(&ask->row, count);
    if (rc == COR_OK)
        rc = COR_NEW(&ask->answer, count);
    COR_TRY(cor_agree(team, rc));
    cor_team_gather(team, &first, sizeof first, ask->first);
    for (int64_t i = 0; i < count; i++)
        if (row[i] >= 0) {
            ask->row[ask->count] = row[i];
            ask->to[ask->count++] =
                (int32_t)cor_cut_find(ask->first, size, row[i]);
        }
    return COR_OK;
}

static int ask_owners(const cor_team *team, int64_t first, const int32_t *table,
                      asking *ask)
{
    COR_TRY(cor_route_create(team, ask->to, ask->count, &ask->route));
    int64_t arrivals = cor_route_arrivals(ask->route);
    int rc = COR_NEW(&ask->asked, arrivals);
    if (rc == COR_OK)
        rc = COR_NEW(&ask->answered, arrivals);
    COR_TRY(cor_agree(team, rc));
    COR_TRY(cor_route_send(ask->route, ask->row, sizeof *ask->row, ask->asked));
    for (int64_t i = 0; i < arrivals; i++)
        ask->answered[i] = table[ask->asked[i] - first];
    return cor_route_reply(ask->route, ask->answered, sizeof *ask->answered,
                           ask->answer);
}

int cor_spread_lookup(const cor_team *team, int64_t first, const int32_t *table,
                      int64_t count, const int64_t *row, int32_t *number)
{
    asking ask = {0};
    int rc = asking_create(team, first, count, row, &ask);
    if (rc == COR_OK)
        rc = ask_owners(team, first, table, &ask);
    int64_t next = 0;
    for (int64_t i = 0; rc == COR_OK && i < count; i++)
        number[i] = row[i] >= 0 ? ask.answer[next++] : -1;
    asking_free(&ask);
    return rc;
}
