/* The index of a feature cache: a log of entries, each with checksums of its own.
 *
 * A writer that was killed leaves a part of the last entry, or, where the machine went down, zeros
 * in its place: that is a torn end, and what stands before it holds. Damage anywhere else is told
 * and nothing is dropped, since hours of work may come after it. */
#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "learn/cache_format.h"

_Static_assert(sizeof(nd_cache_file_head) == 64, "a file's head has 64 bytes");
_Static_assert(sizeof(nd_cache_entry_head) == 32, "an entry's head has 32 bytes");
_Static_assert(sizeof(nd_cache_body) == 56, "an entry's body begins with 56 bytes");
_Static_assert(sizeof(nd_cache_array) == 104, "an array's entry has 104 bytes");

uint64_t nd__cache_checksum(const void *bytes, size_t n)
{
    return XXH3_64bits(bytes, n);
}

int nd__cache_compare(const char *name_a, nd_medium a, const char *name_b, nd_medium b)
{
    int order = strcmp(name_a, name_b);
    return order ? order : (a > b) - (a < b);
}

/* ---- heads ------------------------------------------------------------------------ */

void nd__cache_head_make(nd_cache_file_head *out, const char *magic)
{
    *out = (nd_cache_file_head){.version = ND_CACHE_VERSION, .byte_order = ND_CACHE_BYTE_ORDER};
    memcpy(out->magic, magic, sizeof out->magic);
    out->checksum = nd__cache_checksum(out, offsetof(nd_cache_file_head, checksum));
}

int nd__cache_head_check(const uint8_t *bytes, size_t n, const char *magic, const char *what,
                         nd_diag *diag)
{
    nd_cache_file_head head = {0};
    if (n >= sizeof head) memcpy(&head, bytes, sizeof head);
    if (n < sizeof head || memcmp(head.magic, magic, sizeof head.magic))
        return nd_diag_set(diag, ND_EFORMAT,
                           "opening the feature cache: %s: a head with %s expected in %zu bytes",
                           what, magic, n);
    if (head.checksum != nd__cache_checksum(&head, offsetof(nd_cache_file_head, checksum)))
        return nd_diag_set(diag, ND_EFORMAT, "opening the feature cache: %s: its head is damaged",
                           what);
    if (head.version != ND_CACHE_VERSION || head.byte_order != ND_CACHE_BYTE_ORDER)
        return nd_diag_set(diag, ND_EVERSION,
                           "opening the feature cache: %s: version %d of a machine like this one "
                           "expected, found %u%s",
                           what, ND_CACHE_VERSION, head.version,
                           head.byte_order != ND_CACHE_BYTE_ORDER ? " of another" : "");
    return 0;
}

/* ---- entries ---------------------------------------------------------------------- */

/* What stands at a place in the index. */
typedef enum { ENTRY_GOOD, ENTRY_TORN, ENTRY_DAMAGED } entry_state;

static bool is_all_zero(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i]) return false;
    return true;
}

static entry_state look_at_entry(nd_cache_entry_head *head, const uint8_t *bytes, size_t n)
{
    if (n < sizeof *head) return ENTRY_TORN;
    memcpy(head, bytes, sizeof *head);
    uint64_t checksum = nd__cache_checksum(head, offsetof(nd_cache_entry_head, checksum));
    if (head->magic != ND_CACHE_ENTRY_MAGIC || head->checksum != checksum)
        return is_all_zero(bytes, n) ? ENTRY_TORN : ENTRY_DAMAGED;
    size_t left = n - sizeof *head;
    if (head->n_bytes > left) return ENTRY_TORN;
    if (head->n_bytes % 8) return ENTRY_DAMAGED;
    if (head->body_checksum == nd__cache_checksum(bytes + sizeof *head, head->n_bytes))
        return ENTRY_GOOD;
    return head->n_bytes == left ? ENTRY_TORN : ENTRY_DAMAGED;
}

static bool encoding_is_known(uint32_t encoding)
{
    return encoding >= ND_CACHE_RAW && encoding <= ND_CACHE_UNIT;
}

bool nd__cache_array_bytes(size_t *out, const nd_cache_array *entry)
{
    nd_array a = {.dtype = (nd_dtype)entry->dtype, .n_dims = (int)entry->n_dims};
    if (entry->n_dims > ND_ARRAY_MAX_DIMS || !encoding_is_known(entry->encoding)) return false;
    memcpy(a.dims, entry->dims, sizeof a.dims);
    int64_t n = nd_dtype_bytes(a.dtype) ? nd_array_count(&a) : -1;
    /* No rows without values: they would cost the writer nothing and every reader a loop. */
    if (n < 0 || n > PTRDIFF_MAX / 16 || (n == 0 && a.n_dims > 0 && a.dims[0])) return false;
    if (a.n_dims > 0 && a.dims[0] > INT32_MAX) return false;
    if (entry->encoding == ND_CACHE_RAW) {
        *out = (size_t)n * nd_dtype_bytes(a.dtype);
        return true;
    }
    if (a.n_dims != 3 || a.dtype != ND_F32) return false;
    if (n == 0) return *out = 0, true;
    return nd_size_mul(
        out, (size_t)a.dims[0],
        nd_cache_clip_bytes((nd_cache_encoding)entry->encoding, a.dims[1], a.dims[2]));
}

static bool array_is_good(const nd_cache_array *a)
{
    size_t n_bytes = 0;
    return memchr(a->name, 0, sizeof a->name) && a->name[0] && nd__cache_array_bytes(&n_bytes, a) &&
           a->n_bytes == n_bytes && a->offset % ND_CACHE_ALIGN == 0 &&
           a->offset >= sizeof(nd_cache_file_head) && a->offset <= INT64_MAX - a->n_bytes;
}

static bool array_is_of_clips(const nd_cache_array *a)
{
    return a->encoding != ND_CACHE_RAW || !strncmp(a->name, "clip_", 5) ||
           !strncmp(a->name, "published_clip_", 15);
}

int nd__cache_clip_count(const nd_cache_array *arrays, int n)
{
    int64_t n_clips = INT32_MAX;
    bool found = false;
    for (int i = 0; i < n; i++) {
        if (!array_is_of_clips(&arrays[i])) continue;
        found = true;
        n_clips = ND_MIN(n_clips, arrays[i].n_dims ? arrays[i].dims[0] : 1);
    }
    return found ? (int)n_clips : 0;
}

/* Check all arrays, and count their bytes and clips. */
static bool count_arrays(nd_cache_item *item)
{
    for (int i = 0; i < item->n_arrays; i++) {
        if (!array_is_good(&item->arrays[i])) return false;
        item->n_bytes += (int64_t)item->arrays[i].n_bytes;
    }
    item->n_clips = nd__cache_clip_count(item->arrays, item->n_arrays);
    return true;
}

static bool text_is_whole(const char *text, size_t n)
{
    return n > 0 && n <= ND_CACHE_MAX_TEXT_BYTES && !text[n - 1] && strlen(text) == n - 1;
}

/* Read a body; false: it is no good. */
static bool read_body(nd_cache_item *out, uint32_t kind, const uint8_t *bytes, size_t n)
{
    const nd_cache_body *b = (const void *)bytes;
    if (n < sizeof *b || b->n_arrays > ND_CACHE_MAX_ARRAYS || b->n_name > ND_CACHE_MAX_TEXT_BYTES ||
        b->n_reason > ND_CACHE_MAX_TEXT_BYTES)
        return false;
    size_t n_arrays_bytes = b->n_arrays * sizeof(nd_cache_array);
    size_t n_all = sizeof *b + n_arrays_bytes + b->n_name + b->n_reason;
    const char *name = (const char *)bytes + sizeof *b + n_arrays_bytes, *reason = name + b->n_name;
    if (n != (n_all + 7) / 8 * 8 || !text_is_whole(name, b->n_name) ||
        !text_is_whole(reason, b->n_reason))
        return false;
    bool is_failure = kind == ND_CACHE_FAILURE;
    if ((b->medium != ND_MUSIC && b->medium != ND_VIDEO) || !isfinite(b->analysed_s) ||
        b->analysed_s < 0 || !*name || is_failure != (*nd_error_name(b->code) != '\0') ||
        (kind != ND_CACHE_FEATURES && b->n_arrays))
        return false;
    *out = (nd_cache_item){
        .source = {name, (nd_medium)b->medium, b->size_bytes, b->mtime_ns, b->hash},
        .analysed_s = b->analysed_s,
        .is_cut = b->is_cut != 0,
        .code = is_failure ? b->code : 0,
        .reason = reason,
        .n_arrays = (int)b->n_arrays,
        .arrays = (const void *)(bytes + sizeof *b)};
    return count_arrays(out);
}

/* ---- all of it -------------------------------------------------------------------- */

typedef struct {
    nd_cache_item *items; /* all entries, in order of the log */
    size_t n, capacity;
    nd_cache_list list;
} parsing;

static int add_entry(parsing *p, const nd_cache_entry_head *head, const uint8_t *body)
{
    nd_cache_item item;
    if (head->kind < ND_CACHE_SETTINGS || head->kind > ND_CACHE_FAILURE) return ND_EFORMAT;
    if (!read_body(&item, head->kind, body, head->n_bytes)) return ND_EFORMAT;
    if (head->kind == ND_CACHE_SETTINGS) {
        p->list.settings[item.source.medium] = item.source.name;
        return 0;
    }
    for (int i = 0; i < item.n_arrays; i++)
        p->list.data_end = ND_MAX(p->list.data_end, item.arrays[i].offset + item.arrays[i].n_bytes);
    if (nd_grow(&p->items, &p->capacity, p->n, 1, sizeof item)) return ND_ENOMEM;
    p->items[p->n++] = item;
    return 0;
}

/* By name and medium, and the later in the log after the earlier. */
static int compare_items(const void *a, const void *b)
{
    const nd_cache_item *x = a, *y = b;
    int order = nd__cache_compare(x->source.name, x->source.medium, y->source.name,
                                  y->source.medium);
    return order ? order : (x->source.name > y->source.name) - (x->source.name < y->source.name);
}

static bool is_last_of_its_name(const parsing *p, size_t i)
{
    const nd_cache_source *this = &p->items[i].source, *next = &p->items[i + 1].source;
    return i + 1 == p->n || nd__cache_compare(this->name, this->medium, next->name, next->medium);
}

static int settle_list(parsing *p)
{
    nd_cache_list *list = &p->list;
    if (p->n) qsort(p->items, p->n, sizeof *p->items, compare_items);
    list->items = nd_calloc(p->n, sizeof *list->items);
    if (!list->items || p->n > INT32_MAX) return ND_ENOMEM;
    for (int failures = 0; failures < 2; failures++)
        for (size_t i = 0; i < p->n; i++)
            if (is_last_of_its_name(p, i) && (p->items[i].code != 0) == failures)
                list->items[list->n_items + list->n_failures] = p->items[i],
                                            *(failures ? &list->n_failures : &list->n_items) += 1;
    return 0;
}

static int parse_entries(parsing *p, const uint8_t *bytes, size_t n, nd_diag *diag)
{
    size_t at = sizeof(nd_cache_file_head);
    nd_cache_entry_head head;
    entry_state state = ENTRY_GOOD;
    int rc = 0;
    while (at < n && !rc && (state = look_at_entry(&head, bytes + at, n - at)) == ENTRY_GOOD) {
        rc = add_entry(p, &head, bytes + at + sizeof head);
        if (!rc) at += sizeof head + head.n_bytes;
    }
    if (state == ENTRY_DAMAGED) rc = ND_EFORMAT;
    p->list.n_good = at;
    return rc == ND_EFORMAT ? nd_diag_set(diag, rc,
                                          "opening the feature cache: its index is damaged at byte "
                                          "%zu of %zu; remove the folder to extract anew",
                                          at, n)
                            : rc;
}

int nd__cache_list_parse(nd_cache_list *out, const uint8_t *bytes, size_t n, nd_diag *diag)
{
    ND_ASSERT((uintptr_t)bytes % 8 == 0);
    parsing p = {.list.data_end = sizeof(nd_cache_file_head)};
    int rc = nd__cache_head_check(bytes, n, ND_CACHE_INDEX_MAGIC, ND_CACHE_INDEX_NAME, diag);
    if (!rc) rc = parse_entries(&p, bytes, n, diag);
    if (!rc) rc = settle_list(&p);
    free(p.items);
    if (rc == ND_ENOMEM) nd_diag_set(diag, rc, "opening the feature cache: out of memory");
    if (rc) nd__cache_list_deinit(&p.list);
    else *out = p.list;
    return rc;
}

void nd__cache_list_deinit(nd_cache_list *list)
{
    free(list->items);
    *list = (nd_cache_list){0};
}

bool nd__cache_item_fits(const nd_cache_item *item, size_t n_data)
{
    for (int i = 0; i < item->n_arrays; i++)
        if (item->arrays[i].offset + item->arrays[i].n_bytes > n_data) return false;
    return true;
}
