/*
 * A file that can't be cut is read from its beginning by one thread, which has
 * some whole records in hand at a time.
 */
#include "coracle/memory.h"
#include "reader.h"

/* Files go to slots in order, each to the one in whose share of all bytes its
   middle lies. */
int records_streams_begin(cor_records *r)
{
    int64_t total = 0, before = 0;
    int size = cor_team_size(r->team), rank = cor_team_rank(r->team);
    int64_t slots = (int64_t)size * r->slots, mine = (int64_t)rank * r->slots;
    for (int f = 0; f < r->files; f++)
        total += r->file[f].source.size + 1;
    for (int s = 0; s < r->slots; s++)
        r->slot[s].next_file = r->slot[s].file_end = 0;
    for (int f = 0; f < r->files; f++) {
        int64_t bytes = r->file[f].source.size + 1;
        double middle = ((double)before + (double)bytes / 2) / (double)total;
        int64_t s = (int64_t)(middle * (double)slots) - mine;
        before += bytes;
        if (s < 0 || s >= r->slots)
            continue;
        if (r->slot[s].file_end == 0)
            r->slot[s].next_file = f;
        r->slot[s].file_end = f + 1;
    }
    for (int s = 0; s < r->slots; s++) {
        records_slot *slot = &r->slot[s];
        slot->ended = true;
        slot->filled = 0;
        slot->place = (mine + s) << 32; /* runs of a slot are counted up */
        COR_TRY(records_slot_reserve(slot, r->block));
        slot->text = slot->text_end = slot->buffer;
    }
    return COR_OK;
}

void records_streams_end(cor_records *r)
{
    for (int s = 0; s < r->slots; s++)
        cor_decode_close(&r->slot[s].stream);
}

/* Stand at the first record of the next file. */
static int open_next(const cor_records *r, records_slot *slot)
{
    cor_decode_close(&slot->stream);
    slot->file = slot->next_file++;
    const records_file *file = &r->file[slot->file];
    COR_TRY(cor_decode_open(&file->source, file->kind, &slot->stream));
    int64_t got = 0;
    COR_TRY(records_slot_reserve(slot, file->begin));
    COR_TRY(cor_decode_read(slot->stream, slot->buffer, file->begin, &got));
    slot->at = got;
    slot->filled = 0;
    slot->ended = false;
    return COR_OK;
}

/* What follows the run in hand moves to the front, and more is read. */
static int read_on(records_slot *slot, int64_t room)
{
    int64_t used = slot->text_end - slot->buffer, got;
    slot->filled -= used;
    slot->at += used;
    memmove(slot->buffer, slot->buffer + used, (size_t)slot->filled);
    slot->text_end = slot->buffer;
    COR_TRY(records_slot_reserve(slot, slot->filled + room + 1));
    slot->text = slot->text_end = slot->buffer;
    COR_TRY(
        cor_decode_read(slot->stream, slot->buffer + slot->filled, room, &got));
    slot->filled += got;
    slot->ended = got < room;
    return COR_OK;
}

/* Whole records in the buffer become the run. */
static void find_run(const cor_records *r, records_slot *slot)
{
    char *begin = slot->buffer, *end = begin + slot->filled;
    char *last = records_last_end(&r->dialect, begin, end);
    if (slot->ended && last != end && slot->filled > 0) {
        *end = '\n'; /* the last newline is missing, or a quote is open */
        bool missing = records_last_end(&r->dialect, begin, end + 1) == end + 1;
        slot->filled += missing;
        last = missing ? end + 1 : last;
    }
    slot->text = begin;
    slot->text_end = last ? last : begin;
    bool endless = slot->ended || slot->filled > RECORD_LIMIT;
    if (last || slot->filled == 0 || !endless)
        return;
    records_fault_note(slot, begin,
                       "the record that begins here has no end%s%s",
                       slot->ended ? "" : " within 256 MiB",
                       r->dialect.quotes ? "; is every quote closed?" : "");
    slot->fault.final = true;
}

int records_stream_next(const cor_records *r, records_slot *slot)
{
    slot->place++;
    do {
        if (slot->ended && slot->text_end == slot->buffer + slot->filled) {
            slot->text = slot->text_end = slot->buffer;
            slot->filled = 0;
            if (slot->next_file >= slot->file_end)
                return COR_OK;
            COR_TRY(open_next(r, slot));
            slot->text = slot->text_end = slot->buffer;
        }
        int64_t room = r->block > slot->filled ? r->block : slot->filled;
        COR_TRY(read_on(slot, room));
        find_run(r, slot);
    } while (slot->text == slot->text_end && !slot->fault.what[0]);
    return COR_OK;
}
