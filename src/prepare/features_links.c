#include "coracle/cut.h"
#include "coracle/memory.h"
#include "features_parts.h"
#include "match.h"

#include <string.h>

static void number_places(int64_t first, int64_t count, features_place *place)
{
    for (int64_t i = 0; i < count; i++)
        place[i].number = place[i].count > 0 ? first + i : -1;
}

/* Add what ranks counted of the items that they touch, at the owners. */
static int add_items(cor_features *f, const cor_touched *touched,
                     const int64_t *tally)
{
    if (!touched->route) {
        for (int64_t s = 0; s < touched->slots; s++)
            f->item[cor_touched_item(touched, s)].count += tally[s];
        return COR_OK;
    }
    int64_t arrivals = cor_route_arrivals(touched->route), *arrived = NULL;
    int rc = cor_agree(f->team, COR_NEW(&arrived, arrivals));
    if (rc == COR_OK)
        rc = cor_route_send(touched->route, tally, sizeof *tally, arrived);
    for (int64_t i = 0; rc == COR_OK && i < arrivals; i++)
        f->item[touched->arrived[i] - touched->first_item].count += arrived[i];
    cor_free(arrived);
    return rc;
}

static int count_items(cor_features *f, const cor_interactions *train)
{
    cor_touched touched = {0};
    int64_t *tally = NULL;
    int rc = cor_touched_create(f->team, train->items, train->rows, train->item,
                                &touched);
    if (rc == COR_OK) {
        rc = COR_NEW_ZEROED(&tally, touched.slots);
        if (rc == COR_OK)
            rc = COR_NEW_ZEROED(&f->item, touched.my_items);
        rc = cor_agree(f->team, rc);
    }
    for (int64_t r = 0; rc == COR_OK && r < train->rows; r++)
        tally[cor_touched_slot(&touched, train->item[r])]++;
    if (rc == COR_OK)
        rc = add_items(f, &touched, tally);
    if (rc == COR_OK)
        number_places(touched.first_item, touched.my_items, f->item);
    cor_free(tally);
    cor_touched_free(&touched);
    return rc;
}

int features_count(cor_features *f, const cor_interactions *train)
{
    int rank = cor_team_rank(f->team);
    int64_t first = cor_shards_first_row(f->user_shards, rank);
    int64_t users = cor_shards_first_row(f->user_shards, rank + 1) - first;
    COR_TRY(cor_agree(f->team, COR_NEW_ZEROED(&f->user, users)));
    for (int64_t r = 0; r < train->rows; r++)
        f->user[train->user[r] - first].count++;
    number_places(first, users, f->user);
    return count_items(f, train);
}

/* The ranks that know of `number`: owners; of -1 everybody knows. */
static void find_owners(const cor_features *f, bool users,
                        const int64_t *number, int64_t count, int32_t *to)
{
    int size = cor_team_size(f->team), rank = cor_team_rank(f->team);
    for (int64_t i = 0; i < count; i++)
        if (number[i] < 0)
            to[i] = rank;
        else if (users)
            to[i] = cor_shards_owner(f->user_shards, number[i]);
        else
            to[i] = (int32_t)cor_cut_part(f->items, number[i], size);
}

static int answer(const cor_features *f, bool users, const cor_route *route,
                  const int64_t *number, features_place *place)
{
    int rank = cor_team_rank(f->team);
    int64_t arrivals = cor_route_arrivals(route), *asked = NULL;
    int64_t first = users
                        ? cor_shards_first_row(f->user_shards, rank)
                        : cor_cut_begin(f->items, rank, cor_team_size(f->team));
    const features_place *own = users ? f->user : f->item;
    features_place *said = NULL;
    int rc = COR_NEW(&asked, arrivals);
    if (rc == COR_OK)
        rc = COR_NEW(&said, arrivals);
    rc = cor_agree(f->team, rc);
    if (rc == COR_OK)
        rc = cor_route_send(route, number, sizeof *number, asked);
    for (int64_t i = 0; rc == COR_OK && i < arrivals; i++)
        said[i] =
            asked[i] < 0 ? (features_place){-1, 0} : own[asked[i] - first];
    if (rc == COR_OK)
        rc = cor_route_reply(route, said, sizeof *said, place);
    cor_free(said);
    cor_free(asked);
    return rc;
}

/* What TRAIN knows of the users, or items, of another store: those of my run of
   its table. Collective. */
static int find_places(const cor_features *f, bool users, const cor_ids *ids,
                       features_place **place)
{
    int64_t *number = NULL;
    int32_t *to = NULL;
    cor_route *route = NULL;
    int rc = COR_NEW(place, ids->count);
    if (rc == COR_OK)
        rc = COR_NEW(&number, ids->count);
    if (rc == COR_OK)
        rc = COR_NEW(&to, ids->count);
    rc = cor_agree(f->team, rc);
    if (rc == COR_OK)
        rc = cor_match_ids(f->team, users ? &f->user_id : &f->item_id, ids,
                           number);
    if (rc == COR_OK) {
        find_owners(f, users, number, ids->count, to);
        rc = cor_route_create(f->team, to, ids->count, &route);
    }
    if (rc == COR_OK)
        rc = answer(f, users, route, number, *place);
    cor_route_destroy(&route);
    cor_free(to);
    cor_free(number);
    return rc;
}

/* A copy of what I know of my own. */
static int copy_places(const features_place *from, int64_t count,
                       features_place **to)
{
    COR_TRY(COR_NEW(to, count));
    memcpy(*to, from, (size_t)count * sizeof **to);
    return COR_OK;
}

static int link_users(features_links *l, bool same)
{
    const cor_features *f = l->features;
    const cor_shards *shards = l->data->user_shards;
    int rank = cor_team_rank(f->team);
    l->first_user = cor_shards_first_row(shards, rank);
    int64_t users = cor_shards_first_row(shards, rank + 1) - l->first_user;
    if (same)
        return cor_agree(f->team, copy_places(f->user, users, &l->user));
    return find_places(f, true, &l->data->user_id, &l->user);
}

static int link_items(features_links *l, bool same)
{
    const cor_features *f = l->features;
    const cor_interactions *data = l->data;
    features_place *own = NULL;
    COR_TRY(cor_touched_create(f->team, data->items, data->rows, data->item,
                               &l->touched));
    int rc = same ? cor_agree(f->team,
                              copy_places(f->item, l->touched.my_items, &own))
                  : find_places(f, false, &data->item_id, &own);
    if (rc == COR_OK)
        rc = cor_agree(f->team, COR_NEW(&l->item, l->touched.slots));
    if (rc == COR_OK)
        rc = cor_touched_ask(&l->touched, own, sizeof *own, l->item);
    cor_free(own);
    return rc;
}

/* Features by the codes of the store: codes of TRAIN by name. Collective. */
static int link_codes(features_links *l, const features_category *category,
                      const cor_kept *column, bool same, int32_t **feature)
{
    const cor_team *team = l->features->team;
    int64_t *mine = NULL, *code = NULL, total = 0;
    const cor_ids *names = &column->names;
    int rc = COR_NEW(&mine, names->count);
    if (rc == COR_OK)
        rc = COR_NEW(feature, names->total);
    rc = cor_agree(team, rc);
    for (int64_t i = 0; rc == COR_OK && same && i < names->count; i++)
        mine[i] = names->first + i;
    if (rc == COR_OK && !same)
        rc = cor_match_ids(team, &category->names, names, mine);
    if (rc == COR_OK)
        rc = cor_team_collect(team, mine, names->count, sizeof *mine, &code,
                              &total);
    for (int64_t c = 0; rc == COR_OK && c < total; c++) {
        bool known = code[c] >= 0 && category->seen[code[c]];
        (*feature)[c] = known ? (int32_t)(category->first + code[c]) : -1;
    }
    cor_free(code);
    cor_free(mine);
    return rc;
}

static int link_categories(features_links *l, const char *name, bool same)
{
    const cor_features *f = l->features;
    for (int32_t k = 0; k < f->categories; k++) {
        const cor_kept *column =
            cor_kept_find(&l->data->kept, f->category[k].name);
        if (!column || !column->category)
            return cor_fail(COR_EDATA,
                            "%s keeps no categories in a column %s, which the "
                            "store of --like does; ingest it with --keep",
                            name, f->category[k].name);
        l->code[k] = column->code;
        COR_TRY(link_codes(l, &f->category[k], column, same, &l->feature[k]));
    }
    return COR_OK;
}

static int link_label(features_links *l, const char *name)
{
    const cor_features *f = l->features;
    const cor_kept *column;
    const char *category;
    l->label = (features_label){.name = f->options.label, .wanted = -1};
    COR_TRY(cor_agree(f->team, features_label_column(f->options.label, name,
                                                     &l->data->kept, &column,
                                                     &category)));
    if (!column) {
        l->label.value = l->data->value;
        return COR_OK;
    }
    l->label.number = column->number;
    l->label.code = column->code;
    if (category)
        l->label.wanted = cor_kept_code(f->team, column, category);
    if (category && l->label.wanted < 0 && !f->label_seen)
        return cor_fail(COR_EUSAGE,
                        "--label %s: no interaction of %s has the category "
                        "%s in its column %s",
                        f->options.label, name, category, column->name);
    return COR_OK;
}

static int link_times(features_links *l, const char *name)
{
    const cor_features *f = l->features;
    int64_t range[2] = {INT64_MAX, INT64_MIN};
    int64_t lacks = f->has_time && !l->data->time;
    cor_team_max(f->team, &lacks, 1);
    if (lacks)
        return cor_fail(COR_EDATA,
                        "%s has no times, which the store of --like has; "
                        "ingest it with a time column",
                        name);
    for (int64_t r = 0; f->has_time && r < l->data->rows; r++) {
        int64_t time = l->data->time[r];
        range[0] = time < range[0] ? time : range[0];
        range[1] = time > range[1] ? time : range[1];
    }
    cor_team_min(f->team, &range[0], 1);
    cor_team_max(f->team, &range[1], 1);
    return cor_zone_create(f->team, f->options.timezone, range[0], range[1],
                           &l->zone);
}

int features_link(const cor_features *features, const char *name,
                  const cor_interactions *data, bool same,
                  features_links *links)
{
    *links = (features_links){.features = features, .data = data};
    COR_TRY(link_times(links, name));
    COR_TRY(link_label(links, name));
    COR_TRY(link_users(links, same));
    COR_TRY(link_items(links, same));
    return link_categories(links, name, same);
}

void features_unlink(features_links *l)
{
    for (int32_t k = 0; k < COR_KEPT_LIMIT; k++)
        cor_free(l->feature[k]);
    cor_zone_free(&l->zone);
    cor_free(l->item);
    cor_free(l->user);
    cor_touched_free(&l->touched);
}
