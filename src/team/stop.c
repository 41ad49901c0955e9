#include "coracle/stop.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t asked;

static void set_flag(int signal_number)
{
    (void)signal_number;
    asked = 1;
}

static int number_of(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = {{"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"TERM", SIGTERM},
                   {"INT", SIGINT},   {"HUP", SIGHUP},   {"ALRM", SIGALRM}};
    if (strncmp(name, "SIG", 3) == 0)
        name += 3;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (strcmp(name, signals[i].name) == 0)
            return signals[i].number;
    return -1;
}

int cor_stop_on_signal(const char *name)
{
    int number = number_of(name ? name : "USR1");
    if (number < 0)
        return cor_fail(COR_EUSAGE,
                        "\"%s\" is no signal to stop on; name one of USR1, "
                        "USR2, TERM, INT, HUP, ALRM",
                        name);
    /* A second SIGTERM ends the process as ever: SA_RESETHAND for it alone. */
    struct sigaction action = {.sa_handler = set_flag, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
    action.sa_flags |= (int)SA_RESETHAND;
    sigaction(SIGTERM, &action, NULL);
    return COR_OK;
}

bool cor_stop_asked(const cor_team *team)
{
    int64_t any = asked;
    cor_team_max(team, &any, 1);
    return any;
}
