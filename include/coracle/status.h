/**
 * Status codes and the message that goes with the last failure.
 *
 * Every function that can fail returns one of these codes; a code is also the
 * exit code of the command. The message is kept per thread, like errno, and is
 * printed once by whoever ends the program. A collective function returns the
 * same code and leaves the same message on every rank (see cor_agree in
 * team.h), so leaving early after it is safe.
 */
#ifndef CORACLE_STATUS_H
#define CORACLE_STATUS_H

enum cor_status {
    COR_OK = 0,
    COR_EDEFECT = 1,  /* a defect in coracle itself */
    COR_EUSAGE = 2,   /* the caller asked for something that makes no sense */
    COR_EDATA = 3,    /* the input holds something it must not */
    COR_EIO = 4,      /* a file is missing, unreadable, or the disk is full */
    COR_ENUMERIC = 5, /* diverged, singular, not finite */
    COR_EMEMORY = 6,  /* not enough memory */
    COR_ESTOPPED = 75 /* stopped on request; a checkpoint was written */
};

#if defined(__GNUC__)
#define COR_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define COR_PRINTF(text, first)
#endif

/** Longest message kept, in bytes, the final zero included. */
enum { COR_MESSAGE_SIZE = 2048 };

/**
 * Record the message of a failure and return its code, so that a failing
 * function ends with `return cor_fail(COR_EIO, "cannot open %s", path);`.
 * The message names what was wrong and what to do; it has no final full stop
 * and no prefix (the command adds `coracle JOB: `).
 */
int cor_fail(int code, const char *format, ...) COR_PRINTF(2, 3);

/** The message of this thread's last failure; empty if there was none. */
const char *cor_message(void);

/** Replace this thread's message, e.g. by the one another rank sent. */
void cor_set_message(const char *message);

/** Return from the calling function if EXPRESSION is a failing status. */
#define COR_TRY(expression)                                                    \
    do {                                                                       \
        int cor_try_status = (expression);                                     \
        if (cor_try_status != COR_OK)                                          \
            return cor_try_status;                                             \
    } while (0)

#endif
