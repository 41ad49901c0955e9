/*
 * When leaks are looked for in a build with sanitizers: just before MPI ends,
 * while all that MPI itself holds is still in its hands. At the end of the
 * program its plugins would be gone, and what they leave would have to be told
 * from our own by slow traces of every allocation. What MPI takes in its
 * beginning is not looked at.
 */
#include <mpi.h>
#include <sanitizer/lsan_interface.h>
#include <stdio.h>
#include <unistd.h>

enum { EXIT_LEAKED = 23 };
static int looked;

int MPI_Init_thread(int *argc, char ***argv, int required, int *provided)
{
    __lsan_disable();
    int rc = PMPI_Init_thread(argc, argv, required, provided);
    __lsan_enable();
    return rc;
}

int MPI_Finalize(void)
{
    looked = 1;
    int leaked = __lsan_do_recoverable_leak_check();
    int rc = PMPI_Finalize();
    if (leaked) { /* at once: this may be the end of the program already */
        fflush(NULL);
        _exit(EXIT_LEAKED);
    }
    return rc;
}

/* A program that never started MPI. */
__attribute__((destructor)) static void look(void)
{
    if (!looked)
        __lsan_do_leak_check();
}
