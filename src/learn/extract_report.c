/* What an extraction did, freed, and as JSON; a cache read against its checksums. */
#include "base/json.h"
#include "learn/cache.h"
#include "needledrop/extract.h"

void nd_extract_report_deinit(nd_extract_report *report)
{
    for (int64_t i = 0; report && i < report->n_failed; i++) {
        free((char *)report->failures[i].path);
        free((char *)report->failures[i].reason);
    }
    if (!report) return;
    free(report->failures);
    *report = (nd_extract_report){0};
}

double nd_extract_bytes_per_hour(const nd_extract_share *share)
{
    return share->media_s > 0 ? (double)share->n_bytes * 3600 / share->media_s : 0;
}

int nd_extract_verify(const char *cache, int64_t *n_items_out, uint64_t *digest_out,
                      const nd_progress *progress, nd_diag *diag)
{
    nd_cache *c = NULL;
    int rc = nd_cache_open(&c, cache, diag);
    if (!rc) rc = nd_cache_verify(c, progress, diag);
    if (!rc && n_items_out) *n_items_out = nd_cache_count(c);
    if (!rc && digest_out) *digest_out = nd_cache_digest(c);
    nd_cache_close(&c);
    return rc;
}

/* ---- JSON ------------------------------------------------------------------------- */

static json_t *share_json(const nd_extract_share *s)
{
    json_t *o = json_object();
    json_object_set_new(o, "files", json_integer(s->n_files));
    json_object_set_new(o, "clips", json_integer(s->n_clips));
    json_object_set_new(o, "media_s", nd_json_number(s->media_s, 3));
    json_object_set_new(o, "bytes", json_integer(s->n_bytes));
    json_object_set_new(o, "bytes_per_hour", nd_json_number(nd_extract_bytes_per_hour(s), 0));
    return o;
}

/* Small numbers: as they are, since places after the point would be zeros. */
static json_t *loss_json(const nd_extract_loss *l)
{
    json_t *o = json_object();
    json_object_set_new(o, "array", json_string(l->array));
    json_object_set_new(o, "encoding", json_string(l->encoding));
    json_object_set_new(o, "is_kept", json_boolean(l->is_kept));
    json_object_set_new(o, "clips", json_integer(l->n_clips));
    json_object_set_new(o, "max_error", json_real(l->max_error));
    json_object_set_new(o, "rms_error", json_real(l->rms_error));
    json_object_set_new(o, "mean_cosine_difference", json_real(l->mean_cosine_difference));
    json_object_set_new(o, "max_cosine_difference", json_real(l->max_cosine_difference));
    json_object_set_new(o, "neighbour_cosine_difference",
                        json_real(l->neighbour_cosine_difference));
    return o;
}

static int failures_json(json_t *list, const nd_extract_report *r)
{
    int rc = 0;
    for (int64_t i = 0; i < r->n_failed && !rc; i++)
        rc = nd_json_add_failure(list, r->failures[i].path, r->failures[i].reason);
    return rc;
}

int nd_extract_report_json(char **json_out, const nd_extract_report *r)
{
    json_t *root = json_object(), *failed = json_array(), *losses = json_array();
    int rc = failures_json(failed, r);
    for (int i = 0; i < r->n_losses; i++)
        if (json_array_append_new(losses, loss_json(&r->losses[i]))) rc = ND_ENOMEM;
    json_object_set_new(root, "files", json_integer(r->n_files));
    json_object_set_new(root, "extracted", json_integer(r->n_extracted));
    json_object_set_new(root, "unchanged", json_integer(r->n_unchanged));
    json_object_set_new(root, "music", share_json(&r->music));
    json_object_set_new(root, "video", share_json(&r->video));
    json_object_set_new(root, "elapsed_s", nd_json_number(r->elapsed_s, 3));
    json_object_set_new(root, "extracted_s", nd_json_number(r->extracted_s, 3));
    json_object_set_new(root, "cache_bytes", json_integer(r->cache_bytes));
    if (json_object_set_new(root, "failed", failed)) rc = ND_ENOMEM;
    if (json_object_set_new(root, "losses", losses)) rc = ND_ENOMEM;
    if (!rc) return nd_json_print_take(json_out, root);
    json_decref(root);
    return rc;
}
