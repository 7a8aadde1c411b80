/* Pretraining on a corpus made here: which files count, batches, learning, going on after a stop,
 * sharing a classifier. */
#include <sys/stat.h>

#include "../test.h"
#include "corpus_root.h"
#include "learn/clip_batches.h"
#include "learn/learn.h"
#include "needledrop/pretrain.h"

enum { CLASSES = 3, TRAIN = 5, VAL = 2, CLIPS = 3, STEPS = 32, ROW = 768 };

static const char *const names[] = {"calm sea", "happy city", "dark forest"};

static bool is_there(const char *name)
{
    return access(in_root(name), F_OK) == 0;
}

static void write_text(const char *name, const char *text)
{
    ND_ASSERT(!nd_file_write(in_root(name), text, strlen(text), NULL));
}

/* ---- the corpus -------------------------------------------------------------- */

static void add_pair(nd_str *out, int k, int i, const char *split)
{
    bool is_mixed = k == 0 && i == 0; /* one video with two tags */
    nd_str_append(out,
                  "{\"id\": \"%s%d%d\", \"video\": \"v%s%d%d.mp4\", \"music\": \"m%s%d%d.ogg\", "
                  "\"tags\": [\"%s\"%s], \"split\": \"%s\"}\n",
                  split, k, i, split, k, i, split, k, i, names[k],
                  is_mixed ? ", \"happy city\"" : "", split);
}

static void write_corpus(void)
{
    nd_str out = {0};
    for (int k = 0; k < CLASSES; k++) {
        for (int i = 0; i < TRAIN; i++) add_pair(&out, k, i, "train");
        for (int i = 0; i < VAL; i++) add_pair(&out, k, i, "val");
        add_pair(&out, k, 0, "test");
    }
    /* trains nowhere: its film is in the test split too; and one that was never extracted */
    nd_str_append(&out, "{\"id\": \"both\", \"video\": \"vtest00.mp4\", \"music\": \"x.ogg\", "
                        "\"tags\": [\"calm sea\"], \"split\": \"train\"}\n"
                        "{\"id\": \"lost\", \"video\": \"lost.mp4\", \"music\": \"y.ogg\", "
                        "\"tags\": [\"calm sea\"], \"split\": \"train\"}\n");
    ND_ASSERT(!out.failed);
    write_text("corpus.jsonl", out.text);
    nd_str_deinit(&out);
}

/* A class is a colour that comes and goes at a place of its own; the rest is noise. */
static void fill(float *clip, int k, nd_rng *rng)
{
    for (int t = 0; t < STEPS; t++)
        for (int i = 0; i < ROW; i++) {
            bool is_in = i / 3 % 16 / 5 == k;
            double value = 0.5 + 0.1 * nd_rng_normal(rng) + (is_in && i % 3 == k ? 0.3 : 0);
            clip[t * ROW + i] = (float)(floor(255 * ND_CLAMP(value, 0, 1)) / 255);
        }
}

static void put(nd_cache_writer *w, const char *name, int k, uint64_t seed)
{
    nd_description *d = nd_calloc(1, sizeof *d);
    nd_cache_record record = {0};
    nd_rng rng;
    nd_rng_init(&rng, seed, (uint64_t)k);
    d->medium = ND_VIDEO;
    d->analysed_s = 4 * CLIPS;
    nd_array *a = nd_description_add(d, "colour_frames", ND_F32, 3,
                                     (const int64_t[]){CLIPS, STEPS, ROW});
    for (int c = 0; c < CLIPS; c++) fill(a->f32 + c * STEPS * ROW, k, &rng);
    ND_ASSERT(!nd_cache_encode(&record, d, false, NULL));
    nd_cache_source source = {
        .name = name, .medium = ND_VIDEO, .size_bytes = 1, .mtime_ns = 1, .hash = seed + 1};
    ND_ASSERT(!nd_cache_writer_put(w, &source, &record, NULL));
    nd_cache_record_deinit(&record);
    nd_description_destroy(&d);
}

static void write_cache(void)
{
    static const struct {
        const char *split;
        int n;
    } splits[] = {{"train", TRAIN}, {"val", VAL}, {"test", 1}};
    nd_cache_writer *w = NULL;
    uint64_t seed = 1;
    ND_ASSERT(!nd_cache_writer_open(&w, in_root("cache"), NULL));
    for (size_t s = 0; s < ND_COUNT(splits); s++)
        for (int k = 0; k < CLASSES; k++)
            for (int i = 0; i < splits[s].n; i++) {
                char name[32];
                snprintf(name, sizeof name, "v%s%d%d.mp4", splits[s].split, k, i);
                put(w, name, k, seed++);
            }
    nd_cache_writer_close(&w);
}

/* ---- wrong parameters ----------------------------------------------------------- */

static void check_wrong(void)
{
    static const struct {
        const char *name;
        nd_pretrain_params params;
        const char *story;
    } cases[] = {
        {"no such preset", {.preset = "huge"}, "found huge"},
        {"no such schedule", {.schedule = "step"}, "cosine or inverse"},
        {"epochs below 0", {.run.n_epochs = -1}, "epochs"},
        {"a rate above 1", {.run.rate = 2}, "rate"},
        {"smoothing of 1", {.smoothing = 1}, "smoothing"},
        {"threads below 0", {.run.n_threads = -3}, "threads"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_pretrain_report r = {.run.best = 77};
        nd_diag diag = {0};
        int rc = nd_pretrain(root, ND_VIDEO, in_root("w"), &cases[i].params, &r, &diag);
        CHECK(cases[i].name, rc == ND_EARG && strstr(diag.text, cases[i].story) && r.run.best == 77,
              "%d, %s", rc, diag.text);
    }
    nd_pretrain_report r;
    nd_diag diag = {0};
    int rc = nd_pretrain(root, ND_MUSIC, in_root("w"), &(nd_pretrain_params){.jitter = true}, &r,
                         &diag);
    CHECK("jitter of music", rc == ND_EARG && strstr(diag.text, "jitter"), "%d %s", rc, diag.text);
    rc = nd_pretrain(NULL, ND_VIDEO, in_root("w"), NULL, &r, &diag);
    CHECK("no corpus", rc == ND_EARG, "%d", rc);
    rc = nd_pretrain(in_root("none"), ND_VIDEO, in_root("w"), NULL, &r, &diag);
    CHECK("absent corpus", rc == ND_EIO, "%d", rc);
    rc = nd_pretrain(root, ND_MUSIC, in_root("w"), NULL, &r, &diag);
    CHECK("no music in the cache", rc == ND_EEMPTY && strstr(diag.text, "split \"train\""), "%d %s",
          rc, diag.text);
    CHECK("nothing was written", !is_there("w") && !is_there("w.state"), "something was");
}

/* ---- files and batches ------------------------------------------------------------ */

static void check_data(void)
{
    nd_clip_data d = {0};
    int rc = nd_clip_data_open(&d, root, ND_VIDEO, NULL, NULL);
    CHECK("data", rc == 0 && d.K == CLASSES && d.T == STEPS && d.F == ROW, "%d, %d", rc, d.K);
    CHECK("files of the splits", d.train.n == CLASSES * TRAIN && d.val.n == CLASSES * VAL,
          "%d and %d", d.train.n, d.val.n);
    CHECK("clips", d.train.n_clips == CLASSES * TRAIN * CLIPS, "%lld", (long long)d.train.n_clips);
    CHECK("left out", d.n_left_out == 1, "%d", d.n_left_out);
    nd_clip_data_deinit(&d);

    nd_diag diag = {0};
    write_text("one.txt", "sea, calm sea, happy city, dark forest\n");
    rc = nd_clip_data_open(&d, root, ND_VIDEO, in_root("one.txt"), &diag);
    CHECK("one target", rc == ND_EEMPTY && strstr(diag.text, "two targets"), "%d", rc);
    write_text("two.txt", "outside, calm sea, dark forest\nnothing\ninside, a house\n");
    rc = nd_clip_data_open(&d, root, ND_VIDEO, in_root("two.txt"), NULL);
    CHECK("targets of a file", rc == 0 && d.K == 3 && !strcmp(d.names[0], "outside"), "%d", rc);
    CHECK("tags in no line", d.train.n == 2 * TRAIN, "%d", d.train.n);
    nd_clip_data_deinit(&d);
}

/* Over many batches every target comes as often as any other, and every file of a target too. */
static void check_batches(void)
{
    enum { B = 10, N = 30 };
    nd_clip_data d = {0};
    nd_clip_batches *b = NULL, *again = NULL;
    int counts[CLASSES] = {0};
    int32_t targets[B], same[B];
    ND_ASSERT(!nd_clip_data_open(&d, root, ND_VIDEO, NULL, NULL));
    float *clips = nd_calloc(2 * B, STEPS * ROW * sizeof *clips), labels[B * CLASSES];
    float *other = clips + B * STEPS * ROW;
    ND_ASSERT(clips && !nd_clip_batches_create(&b, &d, B, 7, false));
    ND_ASSERT(!nd_clip_batches_create(&again, &d, B, 7, false));
    for (int s = 0; s < N; s++) {
        ND_ASSERT(!nd_clip_batches_get(b, clips, targets, labels, s));
        for (int i = 0; i < B; i++) {
            counts[targets[i]]++;
            if (labels[i * CLASSES + targets[i]] != 1) counts[0] = -1000;
        }
    }
    CHECK("each target as often", counts[0] == 100 && counts[1] == 100 && counts[2] == 100,
          "%d %d %d", counts[0], counts[1], counts[2]);
    ND_ASSERT(!nd_clip_batches_get(again, other, same, NULL, N - 1));
    CHECK("a function of the step",
          !memcmp(targets, same, sizeof same) &&
              !memcmp(clips, other, B * STEPS * ROW * sizeof *clips),
          "another batch");
    ND_ASSERT(!nd_clip_batches_get(b, other, same, NULL, N));
    CHECK("the next is another", memcmp(clips, other, B * STEPS * ROW * sizeof *clips), "the same");
    nd_clip_batches_destroy(&b);
    nd_clip_batches_destroy(&again);
    nd_clip_data_deinit(&d);
    free(clips);
}

static void check_changes(void)
{
    enum { T = 40, F = 80 };
    static float clip[T * F], scratch[T * F], picture[2 * ROW];
    nd_rng rng;
    nd_rng_init(&rng, 3, 0);
    double most = 0, least = 1, greatest = 0;
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < T * F; i++) clip[i] = (float)(i / F);
        nd_clip_change(clip, scratch, "fbank", T, F, false, &rng);
        for (int i = 0; i < T * F; i++) most = fmax(most, fabs((double)clip[i] - i / F));
        for (int i = 0; i < 2 * ROW; i++) picture[i] = (float)(i % 256) / 255;
        nd_clip_change(picture, scratch, "colour_frames", 2, ROW, true, &rng);
        for (int i = 0; i < 2 * ROW; i++) {
            least = fmin(least, (double)picture[i]);
            greatest = fmax(greatest, (double)picture[i]);
        }
    }
    /* What is masked may be as far off as two values of the clip, 3 dB and half of 3 dB. */
    CHECK("log-mel within its values", most > 5 && most < T - 1 + 1.1, "%g", most);
    CHECK("pictures stay pictures", least >= 0 && greatest <= 1, "%g .. %g", least, greatest);
}

/* ---- training --------------------------------------------------------------------- */

static const nd_pretrain_params usual = {
    .run = {.n_epochs = 6, .batch = 9, .patience = 6, .seed = 2, .n_threads = 2, .rate = 0.003}};

/* Train to a file. @return as nd_pretrain; the report is freed */
static int pretrain(const char *name, const nd_pretrain_params *p, nd_pretrain_report *r,
                    nd_diag *diag)
{
    return nd_pretrain(root, ND_VIDEO, in_root(name), p, r, diag);
}

static bool same_bytes(const char *a, const char *b)
{
    nd_bytes x = {0}, y = {0};
    ND_ASSERT(!nd_file_read(&x, in_root(a), 1 << 26, NULL));
    ND_ASSERT(!nd_file_read(&y, in_root(b), 1 << 26, NULL));
    bool same = x.n == y.n && !memcmp(x.data, y.data, x.n);
    nd_bytes_deinit(&x);
    nd_bytes_deinit(&y);
    return same;
}

static void check_learning(void)
{
    nd_pretrain_params p = usual;
    nd_pretrain_report r = {0};
    nd_diag diag = {0};
    p.run.history = in_root("log");
    int rc = pretrain("whole", &p, &r, &diag);
    ND_ASSERT(rc == 0);
    CHECK("files that it has not seen", r.epochs[r.run.best].val_item_accuracy >= 0.8, "%g",
          r.epochs[r.run.best].val_item_accuracy);
    CHECK("epochs", r.run.n_epochs >= 1 && r.run.n_epochs <= 6 && r.epochs[0].n_steps == 5, "%d",
          r.run.n_epochs);
    CHECK("no checkpoint is left", is_there("whole") && !is_there("whole.state"), "it is");
    CHECK("history", is_there("log"), "none");
    char *json = NULL;
    CHECK("report as JSON", !nd_pretrain_report_json(&json, &r) && strstr(json, "\"val_loss\""),
          "%s", json);
    free(json);
    nd_pretrain_report_deinit(&r);

    p = usual;
    p.run.patience = 1;
    p.run.n_epochs = 40;
    rc = pretrain("early", &p, &r, &diag);
    CHECK("early stop", rc == 0 && r.run.is_early && r.run.n_epochs < 40, "%d, %d epochs", rc,
          r.run.n_epochs);
    nd_pretrain_report_deinit(&r);
}

/* Asks for a stop at the n-th telling. */
static int stop_at(void *user, const char *what, int64_t done, int64_t total, const char *item)
{
    (void)what, (void)done, (void)total, (void)item;
    return --*(int *)user == 0;
}

static void check_resume(void)
{
    nd_pretrain_report r = {0};
    nd_diag diag = {0};
    int left = 0, rc = 0;
    nd_progress progress = {stop_at, &left};
    nd_pretrain_params p = usual;
    p.run.progress = &progress;
    for (int stop = 3; stop < 10; stop += 4) {
        left = stop;
        rc = pretrain("again", &p, &r, &diag);
        CHECK("stopped", rc == ND_ECANCELLED && is_there("again.state") && !is_there("again"),
              "%d %s", rc, diag.text);
    }
    nd_pretrain_params other = usual;
    other.run.rate = 0.01;
    rc = pretrain("again", &other, &r, &diag);
    CHECK("other settings are refused", rc == ND_EARG && strstr(diag.text, "rate 0.003"), "%d %s",
          rc, diag.text);
    nd_bytes state = {0};
    ND_ASSERT(!nd_file_read(&state, in_root("again.state"), 1 << 26, NULL));
    ND_ASSERT(!nd_file_write(in_root("cut.state"), state.data, state.n * 2 / 3, NULL));
    ND_ASSERT(!nd_file_write(in_root("cut2.state"), state.data, 9, NULL));
    nd_bytes_deinit(&state);
    rc = pretrain("cut", &usual, &r, &diag);
    CHECK("a state that is cut short", rc == ND_EFORMAT && strstr(diag.text, "cut.state"), "%d %s",
          rc, diag.text);
    rc = pretrain("cut2", &usual, &r, &diag);
    CHECK("a state of nine bytes", rc == ND_EFORMAT, "%d %s", rc, diag.text);
    rc = pretrain("again", &usual, &r, &diag);
    CHECK("gone on to the end", rc == 0 && r.run.is_resumed, "%d %s", rc, diag.text);
    CHECK("to the same bytes", same_bytes("again", "whole"), "other bytes");
    nd_pretrain_report_deinit(&r);
    other = usual;
    other.run.restart = true;
    rc = pretrain("cut", &other, &r, &diag);
    CHECK("a restart", rc == 0 && !r.run.is_resumed && same_bytes("cut", "whole"), "%d", rc);
    nd_pretrain_report_deinit(&r);
}

static void check_kinds(void)
{
    nd_pretrain_report r = {0};
    nd_diag diag = {0};
    nd_pretrain_params p = usual;
    p.multi_label = true;
    p.schedule = "inverse";
    p.run.rate = 0.01;
    int rc = pretrain("multi", &p, &r, &diag);
    CHECK("several labels", rc == 0 && r.epochs[r.run.best].val_item_accuracy >= 0.5, "%d %s, %g",
          rc, diag.text, rc ? 0 : r.epochs[r.run.best].val_item_accuracy);
    CHECK("the published schedule", fabs(r.epochs[1].rate - 0.005) < 1e-12, "%g", r.epochs[1].rate);
    nd_pretrain_report_deinit(&r);
    p = usual;
    p.jitter = true;
    p.run.n_epochs = 1;
    rc = pretrain("jitter", &p, &r, &diag);
    CHECK("with jitter", rc == 0 && !same_bytes("jitter", "whole"), "%d %s", rc, diag.text);
    nd_pretrain_report_deinit(&r);
}

/* ---- sharing ------------------------------------------------------------------------ */

static nd_tensor *classifier_of(nd_model *m, const char *part)
{
    nd_network *n = NULL;
    ND_ASSERT(!nd_model_network(&n, m, part, NULL));
    nd_params *p = nd_network_params(n);
    return nd_params_tensor(p, 0, nd_params_find(p, "classification.weight"));
}

/* A music part that nobody trained. */
static void write_music(const char *name, int n_classes, const char *const *tags)
{
    nd_network *n = NULL;
    json_t *config = nd_network_preset(NULL, "recommended", "fbank", n_classes),
           *list = json_array();
    for (int i = 0; i < n_classes; i++) json_array_append_new(list, json_string(tags[i]));
    ND_ASSERT(!nd_network_create(&n, config, "music", NULL));
    nd_params_init(nd_network_params(n), 5);
    ND_ASSERT(!nd_model_write(
        in_root(name), &(nd_model_contents){.networks = &n, .n_networks = 1, .tags = list}, NULL));
    nd_network_destroy(&n);
    json_decref(config);
    json_decref(list);
}

static void check_share(void)
{
    nd_pretrain_report r = {0};
    nd_diag diag = {0};
    nd_pretrain_params p = usual;
    nd_clip_data d = {0};
    ND_ASSERT(!nd_clip_data_open(&d, root, ND_VIDEO, NULL, NULL));
    write_music("music", CLASSES, (const char *const *)d.names);
    write_music("strange", 2, (const char *const[]){"a", "b"});
    nd_clip_data_deinit(&d);
    p.share = in_root("strange");
    int rc = pretrain("both", &p, &r, &diag);
    CHECK("other targets", rc == ND_EFORMAT && strstr(diag.text, "same targets"), "%d %s", rc,
          diag.text);
    p.share = in_root("whole");
    rc = pretrain("both", &p, &r, &diag);
    CHECK("a model without the other part", rc == ND_ENOTFOUND, "%d %s", rc, diag.text);
    p.share = p.with = in_root("music");
    rc = pretrain("both", &p, &r, &diag);
    ND_ASSERT(rc == 0);
    CHECK("learnt beside it", r.epochs[r.run.best].val_item_accuracy >= 0.5, "%g",
          r.epochs[r.run.best].val_item_accuracy);
    nd_pretrain_report_deinit(&r);
    nd_model *m = NULL, *before = NULL;
    ND_ASSERT(!nd_model_open(&m, in_root("both"), NULL));
    ND_ASSERT(!nd_model_open(&before, in_root("music"), NULL));
    nd_tensor *music = classifier_of(m, "music"), *video = classifier_of(m, "video");
    size_t bytes = (size_t)nd_tensor_count(music) * sizeof(float);
    CHECK("one matrix", !memcmp(music->data, video->data, bytes), "two");
    CHECK("as it was", !memcmp(music->data, classifier_of(before, "music")->data, bytes), "moved");
    CHECK("tags of the file", json_array_size(nd_model_tags(m)) == CLASSES, "others");
    nd_model_close(&m);
    nd_model_close(&before);
}

int main(void)
{
    snprintf(root, sizeof root, "/tmp/needledrop-pretrain.XXXXXX");
    ND_ASSERT(mkdtemp(root) != NULL);
    atexit(remove_root);
    write_corpus();
    nd_pretrain_report r;
    CHECK("no tags yet", nd_pretrain(root, ND_VIDEO, in_root("w"), NULL, &r, NULL) == ND_ENOTFOUND,
          "taken");
    ND_ASSERT(!nd_tags_make(NULL, root, &(nd_tags_params){.min_videos = 2, .dim = 4}, NULL));
    write_cache();
    check_wrong();
    check_data();
    check_batches();
    check_changes();
    check_learning();
    check_resume();
    check_kinds();
    check_share();
    TEST_END();
}
