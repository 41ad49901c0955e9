/**
 * What is learnt from TRAIN, and how the rows of a store are linked to it.
 */
#ifndef COR_FEATURES_PARTS_H
#define COR_FEATURES_PARTS_H

#include "coracle/features.h"
#include "touched.h"
#include "zone.h"

/** The features that are not ones, in their order. */
enum {
    FEATURES_USER_COUNT,
    FEATURES_ITEM_COUNT,
    FEATURES_RECENCY,
    FEATURES_DAY,
    FEATURES_HOUR,
    FEATURES_NUMBERS
};

/** Rows that are made at a time. */
enum { FEATURES_BATCH = 1 << 18 };

/** A user or an item of TRAIN. */
typedef struct features_place {
    int64_t number; /* in TRAIN; -1: it has no row there */
    int64_t count;  /* of its rows there */
} features_place;

/** A column of categories. */
typedef struct features_category {
    char name[COR_KEPT_NAME];
    int64_t first; /* its first feature */
    cor_ids names; /* as TRAIN keeps them: my even part */
    uint8_t *seen; /* by code: whether TRAIN has a row of it */
} features_category;

struct cor_features {
    const cor_team *team;
    cor_features_options options;
    int64_t users, items; /* all */
    int64_t newest;
    int64_t features; /* all */
    int64_t number;   /* the first that is not a one */
    int numbers;      /* how many of these */
    bool has_time;
    bool label_seen; /* TRAIN has the category of the label */
    double offset[FEATURES_NUMBERS], scale[FEATURES_NUMBERS];
    cor_shards *user_shards;
    cor_ids user_id, item_id;
    features_place *user, *item; /* my users, my even part of the items */
    int32_t categories;
    features_category *category;
};

/** Where the label comes from. */
typedef struct features_label {
    const float *value;   /* rows, or NULL */
    const double *number; /* rows, or NULL */
    const int32_t *code;  /* rows, or NULL */
    int32_t wanted;       /* code whose rows are 1; -1: none is */
    const char *name;
} features_label;

/** The rows of a store, by what TRAIN knows of them. */
typedef struct features_links {
    const cor_features *features;
    const cor_interactions *data;
    int64_t first_user;
    features_place *user; /* my users of the store */
    features_place *item; /* slots of `touched` */
    cor_touched touched;
    const int32_t *code[COR_KEPT_LIMIT]; /* rows, of each category */
    int32_t *feature[COR_KEPT_LIMIT];    /* by code; -1: not in TRAIN */
    cor_zone zone;
    features_label label;
} features_links;

/** The column of the label: COR_EUSAGE where there is none. `category` gets the
    text behind = in COLUMN=CATEGORY, else NULL; `column` is NULL for the value.
    Local. */
int features_label_column(const char *label, const char *name,
                          const cor_kept_columns *kept, const cor_kept **column,
                          const char **category);

/** Link a store; `same` as in cor_features_write. Collective. Give it to
    features_unlink, also after a failure. */
int features_link(const cor_features *features, const char *name,
                  const cor_interactions *data, bool same,
                  features_links *links);
void features_unlink(features_links *links);

/** Count the rows of users and items. Collective. */
int features_count(cor_features *features, const cor_interactions *train);

/** What is known of the user and of the item of a row. */
static inline const features_place *features_user(const features_links *links,
                                                  int64_t row)
{
    return &links->user[links->data->user[row] - links->first_user];
}
static inline const features_place *features_item(const features_links *links,
                                                  int64_t row)
{
    return &links->item[cor_touched_slot(&links->touched,
                                         links->data->item[row])];
}

/** The numbers of a row, before they are scaled. */
void features_numbers(const features_links *links, int64_t row,
                      double number[FEATURES_NUMBERS]);

/** Find offsets and scales over the rows of TRAIN. Collective. */
int features_find_scales(cor_features *features, const features_links *train);

/** The names of all features, this rank's even part. Collective.
    @param[out] name  for cor_ids_free, also after a failure */
int features_name(const cor_features *features, cor_ids *name);

#endif
