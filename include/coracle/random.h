/**
 * Random numbers by counter: a number is a pure function of the seed, a stream
 * (what it is for), a row and a step, so it does not depend on ranks, threads
 * or order. Philox 4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011.
 */
#ifndef CORACLE_RANDOM_H
#define CORACLE_RANDOM_H

#include <stdint.h>

/** What a number is for; equal seeds and rows in two streams are
    independent. */
enum cor_stream {
    COR_STREAM_SPLIT = 1,
    COR_STREAM_USER_FACTOR,
    COR_STREAM_ITEM_FACTOR,
    COR_STREAM_ACTIVITY,
    COR_STREAM_CHOICE,
    COR_STREAM_NOISE,
    COR_STREAM_TIME,
    COR_STREAM_ORDER,
    COR_STREAM_PLANTED_USER,
    COR_STREAM_PLANTED_ITEM,
    COR_STREAM_PLACE,
    COR_STREAM_TURN,
    COR_STREAM_MIXTURE_CENTER,
    COR_STREAM_RESPONSIBILITY,
    COR_STREAM_DIRECTION,
    COR_STREAM_SAMPLE,
    COR_STREAM_RECORD,
    COR_STREAM_NEIGHBOUR,
    COR_STREAM_POINT,
    COR_STREAM_FOLD,
    COR_STREAM_COMPONENT,
    COR_STREAM_DRAW,
    COR_STREAM_PICTURE,
    COR_STREAM_NEGATIVE,
    COR_STREAM_STEP,
    COR_STREAM_PLANTED_COMPONENT,
    COR_STREAM_PLANTED_ROW,
    COR_STREAM_BLOCK,
    COR_STREAM_TEST = 1000
};

/** 128 random bits. */
typedef struct cor_random {
    uint32_t word[4];
} cor_random;

/** The 128 bits of (seed, stream, row, step). */
cor_random cor_random_at(uint64_t seed, uint32_t stream, uint64_t row,
                         uint32_t step);

/** Words 0 and 1 as a double in [0, 1), 53 bits. */
double cor_random_unit(cor_random bits);

/** All four words as two doubles in [0, 1). */
void cor_random_units(cor_random bits, double unit[2]);

/** All four words as two independent standard normal numbers (Box-Muller). */
void cor_random_normals(cor_random bits, double normal[2]);

#endif
