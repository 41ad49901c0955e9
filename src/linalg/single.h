/**
 * One thread a call of BLAS and LAPACK, whatever the caller's environment:
 * another number of threads would give other bits, and the threads of a rank
 * are ours to set. OpenBLAS over OpenMP takes what the calling thread's next
 * parallel region would have, so that is set to one for the time of the call.
 * The variant with threads of its own is told once.
 */
#ifndef COR_SINGLE_H
#define COR_SINGLE_H

/** Before a call; returns what single_end wants. */
int single_begin(void);
void single_end(int kept);

#endif
