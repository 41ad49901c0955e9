/**
 * How far scores may reach: a bound on the scores that a set of items can have
 * for a user of whom nothing but the length of his factors is known. By Cauchy
 * and Schwarz b_i + x . y_i <= b_i + |x| |y_i|, and the greatest of these lines
 * over the items is convex in |x|: between two nodes it lies below the chord.
 * So a set is told by what it reaches at a few lengths. Teflioudi, Gemulla,
 * Mykytiuk, "LEMP: fast retrieval of large entries in a matrix product", SIGMOD
 * 2015, prunes by lengths; biases make lines of their points.
 */
#ifndef RECOMMEND_REACH_H
#define RECOMMEND_REACH_H

#include <stdbool.h>
#include <stdint.h>

enum { REACH_NODES = 16 };

/** The lengths at which sets are told: 0, then a geometric row. */
typedef struct reach_nodes {
    double length[REACH_NODES];
} reach_nodes;

/** The most that a set of items reaches at each. */
typedef struct reach {
    double at[REACH_NODES];
} reach;

/** Where a user stands between the nodes. */
typedef struct reach_place {
    int64_t node;
    double part; /* of the way to the next; not a number: anywhere */
} reach_place;

/** The length of a row of ld floats; not finite where the row is not. */
double reach_length(const float *row, int64_t ld);

/** Nodes for users of lengths up to `most`. */
reach_nodes reach_nodes_to(double most);

reach_place reach_find(const reach_nodes *nodes, double length);

/** Of no items. */
reach reach_none(void);
/** Take in one item with its length and bias. */
void reach_add(reach *set, const reach_nodes *nodes, int64_t ld, double length,
               float bias);
/** Take in all of another set. */
void reach_join(reach *set, const reach *other);

/** Whether no score of the set for a user at `place`, as cor_panel_score
    computes it, is `least` or more. Never true where a factor or the bound is
    not finite. */
bool reach_misses(const reach *set, reach_place place, float least);

#endif
