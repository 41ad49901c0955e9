#include "coracle/postings.h"

#include "coracle/memory.h"
#include "coracle/random.h"
#include "coracle/sink.h"

#include <string.h>

/* Records that a thread makes before it writes them. */
enum { RUN = 2048, ROOM = 8192 };

/* ---- what records are made of ---- */

static const char *const level[] = {"",        "Senior ",    "Staff ",
                                    "Junior ", "Principal ", "Lead ",
                                    "Head ",   "Associate "};

typedef struct role {
    const char *title, *industry, *code, *category;
} role;

static const role roles[] = {
    {"Software Engineer", "Information Technology", "15-1132.00",
     "Software Developers, Applications"},
    {"Data Analyst", "Information Technology", "15-2041.00", "Statisticians"},
    {"Data Scientist", "Information Technology", "15-1111.00",
     "Computer and Information Research Scientists"},
    {"Nurse", "Health Care", "29-1141.00", "Registered Nurses"},
    {"Account Manager", "Sales", "11-2022.00", "Sales Managers"},
    {"Machine Learning Engineer", "Information Technology", "15-1111.00",
     "Computer and Information Research Scientists"},
    {"Warehouse Worker", "Logistics", "53-7062.00",
     "Laborers and Freight, Stock, and Material Movers, Hand"},
    {"Teacher", "Education", "25-2031.00", "Secondary School Teachers"},
    {"Electrician", "Construction", "47-2111.00", "Electricians"},
    {"Chef de cuisine", "Gastronomy", "35-1011.00", "Chefs and Head Cooks"},
    {"Actuary", "Finance", "15-2011.00", "Actuaries"},
    {"Civil Engineer", "Construction", "17-2051.00", "Civil Engineers"},
    {"Data Scientist, Z\xc3\xbcrich", "Finance", "15-1111.00",
     "Computer and Information Research Scientists"},
    {"Translator", "Media", "27-3091.00", "Interpreters and Translators"},
    {"Librarian", "Education", "25-4021.00", "Librarians"},
    {"Ferryman \\\"by the lake\\\"", "Logistics", "53-5021.00",
     "Captains, Mates, and Pilots of Water Vessels"}};

typedef struct town {
    const char *name, *region, *country, *latitude, *longitude;
} town;

static const town towns[] = {
    {"New York", "NY", "US", "40.7128", "-74.0060"},
    {"San Francisco", "CA", "US", "37.7749", "-122.4194"},
    {"Seattle", "WA", "US", "47.6062", "-122.3321"},
    {"Mountain View", "CA", "US", "37.3861", "-122.0828"},
    {"London", "ENG", "GB", "51.5074", "-0.1278"},
    {"Berlin", "BE", "DE", "52.5200", "13.4050"},
    {"Z\xc3\xbcrich", "ZH", "CH", "47.3769", "8.5417"},
    {"Bengaluru", "KA", "IN", "12.9716", "77.5946"},
    {"Austin", "TX", "US", "30.2672", "-97.7431"},
    {"S\xc3\xa3o Paulo", "SP", "BR", "-23.5505", "-46.6333"},
    {"Dublin", "L", "IE", "53.3498", "-6.2603"},
    {"T\\u014dky\\u014d", "13", "JP", "35.6762", "139.6503"},
    {"Nairobi", "110", "KE", "-1.2921", "36.8219"},
    {"Llangollen", "WLS", "GB", "52.9690", "-3.1710"},
    {"Reykjav\xc3\xadk", "1", "IS", "64.1466", "-21.9426"},
    {"Hay-on-Wye", "WLS", "GB", "52.0740", "-3.1250"}};

static const char *const skill[] = {"Python", "SQL",  "Java",   "C",
                                    "Excel",  "R",    "MPI",    "Spark",
                                    "Go",     "Rust", "German", "HDF5"};

static const char *const syllable[] = {"co", "ra",  "cle", "mi",  "ton", "va",
                                       "lu", "ber", "si",  "nex", "or",  "tal",
                                       "qu", "da",  "fi",  "gon"};

static const char *const kind_of_firm[] = {" Inc", " Ltd",   " GmbH", " & Co",
                                           "",     " Group", " Labs", " AG"};

static const char *const sentence[] = {
    "We are looking for a creative person with a passion for insight. ",
    "You will work closely with the people who set up and maintain our "
    "systems.<br/>",
    "Experience with large data, statistics and clear words is a plus. ",
    "\\n<ul>\\n<li>Deliver reports, dashboards and ad-hoc analyses</li>\\n",
    "<li>Develop forecasts and size opportunities from what is known</li>\\n",
    "<li>Define, implement and standardise what is measured</li>\\n</ul>\\n",
    "Our team is small, friendly and spread over three continents. ",
    "Masters or PhD in a quantitative field such as statistics, mathematics "
    "or computer science. ",
    "A \\\"can do\\\" attitude and a sense of humour help. ",
    "We offer fair pay, time to learn, and caf\xc3\xa9 au lait. ",
    "Strong skills in C:\\\\ and elsewhere are welcome. ",
    "The work is done on site, two days a week at least. ",
    "Please send a short letter and say when you could begin. ",
    "Responsibilities</h2><br/><br/>",
    "You will report to the head of the department.\\t",
    "Candidates of any background are encouraged to apply. "};

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* ---- one record ---- */

/* A record while it is made: its random numbers, its text. */
typedef struct posting {
    uint64_t seed, number;
    uint32_t step;
    int used;
    cor_random bits;
    char text[ROOM];
    size_t length;
} posting;

static uint32_t draw(posting *p)
{
    if (p->used == 4) {
        p->bits =
            cor_random_at(p->seed, COR_STREAM_RECORD, p->number, p->step++);
        p->used = 0;
    }
    return p->bits.word[p->used++];
}

static uint32_t below(posting *p, uint32_t count)
{
    return (uint32_t)((uint64_t)draw(p) * count >> 32);
}

/* One of 2^bits - 1, the n-th from 1 about as often as 1 / n: an octave, then a
   place in it. */
static uint32_t skewed(posting *p, uint32_t bits)
{
    uint32_t octave = below(p, bits);
    return (UINT32_C(1) << octave) + below(p, UINT32_C(1) << octave) - 1;
}

/* The records are far shorter than the room. */
static void add(posting *p, const char *text)
{
    size_t length = strlen(text);
    memcpy(p->text + p->length, text, length);
    p->length += length;
}

static void add_number(posting *p, uint64_t number)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    add(p, digits + at);
}

static void add_date(posting *p)
{
    uint32_t day = below(p, 28) + 1, month = below(p, 12) + 1;
    add(p, "\"20");
    add_number(p, 16 + below(p, 4));
    add(p, month < 10 ? "-0" : "-");
    add_number(p, month);
    add(p, day < 10 ? "-0" : "-");
    add_number(p, day);
    add(p, "\"");
}

static void add_firm(posting *p, uint32_t firm)
{
    for (uint32_t rest = firm + 1; rest; rest /= COUNT(syllable))
        add(p, syllable[rest % COUNT(syllable)]);
}

static void add_organization(posting *p)
{
    uint32_t firm = skewed(p, 12);
    add(p, ", \"hiringOrganization\": {\"@type\": \"Organization\", \"name\": "
           "\"");
    add_firm(p, firm);
    add(p, kind_of_firm[firm % COUNT(kind_of_firm)]);
    add(p, "\", \"sameAs\": \"www.");
    add_firm(p, firm);
    add(p, ".example\"}");
}

static void add_place(posting *p)
{
    const town *t = &towns[skewed(p, 4)];
    add(p, ", \"jobLocation\": {\"@type\": \"Place\", \"address\": {\"@type\": "
           "\"PostalAddress\", \"addressLocality\": \"");
    add(p, t->name);
    add(p, "\", \"addressRegion\": \"");
    add(p, t->region);
    add(p, "\", \"addressCountry\": {\"@type\": \"Country\", \"name\": \"");
    add(p, t->country);
    add(p, "\"}}, \"geo\": {\"@type\": \"GeoCoordinates\", \"latitude\": \"");
    add(p, t->latitude);
    add(p, "\", \"longitude\": \"");
    add(p, t->longitude);
    add(p, "\"}}");
}

static void add_salary(posting *p)
{
    uint32_t least = 20 + skewed(p, 8), more = 1 + below(p, least);
    if (below(p, 5) == 0)
        return;
    add(p, ", \"estimatedSalary\": {\"@type\": \"MonetaryAmount\", "
           "\"currency\": \"USD\", \"value\": {\"@type\": "
           "\"QuantitativeValue\", \"minValue\": \"");
    add_number(p, 1000 * (uint64_t)least);
    add(p, "\", \"maxValue\": \"");
    add_number(p, 1000 * (uint64_t)(least + more));
    add(p, "\", \"unitText\": \"YEAR\"}}");
}

static void add_lists(posting *p, const role *r)
{
    uint32_t skills = skewed(p, 3);
    add(p, ", \"occupationalCategory\": [\"");
    add(p, r->code);
    add(p, "\", \"");
    add(p, r->category);
    add(p, "\"], \"skills\": [");
    for (uint32_t s = 0; s < skills; s++) {
        add(p, s ? ", \"" : "\"");
        add(p, skill[below(p, COUNT(skill))]);
        add(p, "\"");
    }
    add(p, "]");
}

static void add_description(posting *p)
{
    uint32_t sentences = 1 + below(p, 20) + below(p, 20);
    add(p, ", \"description\": \"");
    for (uint32_t s = 0; s < sentences; s++)
        add(p, sentence[below(p, COUNT(sentence))]);
    add(p, "\"}\n");
}

static void make(posting *p, uint64_t seed, uint64_t number)
{
    p->seed = seed;
    p->number = number;
    p->step = 0;
    p->used = 4;
    p->length = 0;
    const role *r = &roles[skewed(p, 4)];
    add(p, "{\"@context\": \"http://schema.org\", \"@type\": \"JobPosting\", "
           "\"jobId\": ");
    add_number(p, number + 1);
    add(p, ", \"title\": \"");
    add(p, level[skewed(p, 3)]);
    add(p, r->title);
    add(p, "\", \"industry\": \"");
    add(p, r->industry);
    add(p, "\", \"datePosted\": ");
    add_date(p);
    add(p, ", \"validThrough\": ");
    if (below(p, 3))
        add_date(p);
    else
        add(p, "null");
    add(p, below(p, 4) ? ", \"remote\": false" : ", \"remote\": true");
    add_organization(p);
    add_place(p);
    add_salary(p);
    add_lists(p, r);
    add_description(p);
}

/* ---- all records ---- */

static void make_run(cor_sink *sink, int slot, int64_t seed, int64_t from,
                     int64_t to)
{
    posting p;
    for (int64_t number = from; number < to; number++) {
        make(&p, (uint64_t)seed, (uint64_t)number);
        cor_sink_add(sink, slot, 0, p.text, (int64_t)p.length);
    }
}

/* A step: each slot of each rank makes one run. */
static void make_step(const cor_team *team, cor_sink *sink, int slots,
                      int64_t records, int64_t seed, int64_t first)
{
    int64_t before = (int64_t)cor_team_rank(team) * slots;
#pragma omp parallel for num_threads(cor_team_threads(team))
    for (int s = 0; s < slots; s++) {
        int64_t from = first + (before + s) * RUN, to = from + RUN;
        make_run(sink, s, seed, from < records ? from : records,
                 to < records ? to : records);
    }
}

static int64_t slots_of(const cor_team *team)
{
    int64_t slots = cor_team_threads(team);
    cor_team_max(team, &slots, 1);
    return slots;
}

int cor_postings_write(const cor_team *team, int64_t records, int64_t seed,
                       const char *path, bool force, cor_progress *progress,
                       int64_t *bytes)
{
    if (records < 1)
        return cor_fail(COR_EUSAGE, "--records must be 1 or more, not %lld",
                        (long long)records);
    cor_sink *sink;
    int slots = (int)slots_of(team), rc = COR_OK;
    int64_t each = (int64_t)cor_team_size(team) * slots * RUN;
    cor_sink_way way = {.order = COR_SINK_STEPS, .slots = slots, .header = ""};
    COR_TRY(cor_sink_create(team, &way, &path, 1, force, &sink));
    cor_progress_begin(progress, "records", records);
    for (int64_t first = 0; rc == COR_OK && first < records; first += each) {
        make_step(team, sink, slots, records, seed, first);
        rc = cor_agree(team, cor_sink_flush(sink));
        cor_progress_update(progress,
                            first + each < records ? first + each : records);
    }
    cor_progress_end(progress);
    *bytes = cor_sink_bytes(sink, 0);
    if (rc == COR_OK)
        rc = cor_sink_commit(&sink);
    cor_sink_abandon(&sink);
    return rc;
}

int64_t cor_postings_memory(const cor_team *team)
{
    return slots_of(team) * RUN * 2048 * 2;
}
