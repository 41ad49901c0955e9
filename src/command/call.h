/**
 * A call of the command: what argv asks for. Reading it is local and the same
 * on every rank, as all get the same argv.
 */
#ifndef CALL_H
#define CALL_H

#include "coracle/command.h"

enum call_wants {
    CALL_RUN,      /* run the job */
    CALL_OVERVIEW, /* the list of jobs */
    CALL_HELP,     /* help of the job */
    CALL_VERSION
};

/** Options of every job, the end of the table included. */
enum { CALL_COMMON = 12 };

typedef struct cor_call {
    int argc;
    char **argv; /* borrowed */
    enum call_wants wants;
    const char *name;   /* the job's as it was typed; NULL: none was */
    const cor_job *job; /* NULL: none, or there is no such job */
    cor_option common[CALL_COMMON];
    /* targets of the common options */
    const char *output, *log, *threads_text;
    bool force, json, quiet, verbose, plan, help, version;
    int64_t seed;
    int threads; /* 0: not given */
    char *line;  /* "coracle kcore ...", for the record */
    char **kept; /* copies of all arguments, for targets and inputs */
    int kepts;
    const char **input;
    int inputs;
    cor_option_texts **list; /* lists that were given something */
    int lists;
} cor_call;

/**
 * Read argv; targets of options are set. Whatever is returned, the caller gives
 * the call to cor_call_free, and not before the job has ended.
 * @return COR_OK; COR_EUSAGE; COR_EMEMORY
 */
int cor_call_read(int argc, char **argv, const cor_job *const *jobs,
                  cor_call *call);
void cor_call_free(cor_call *call);

#endif
