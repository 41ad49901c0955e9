/** Dates of the proleptic Gregorian calendar. */
#ifndef COR_CALENDAR_H
#define COR_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

/** Days from 1970-01-01; after Hinnant, "chrono-compatible low-level date
    algorithms". */
static inline int64_t cor_calendar_days(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
           719468;
}

static inline bool cor_calendar_is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/** Days of a month, 1 to 12. */
static inline int cor_calendar_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && cor_calendar_is_leap(year));
}

#endif
