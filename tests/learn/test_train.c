/* Training a matching model: what it refuses, that it learns, that it is exact. */
#include "match_fixture.h"

#include "needledrop/train.h"

static nd_train_params usual(void)
{
    static char extractors[256];
    snprintf(extractors, sizeof extractors, "%s", in_root("x.safetensors"));
    return (nd_train_params){
        .extractors = extractors,
        .config = "paper-s",
        .run = {.n_epochs = 4, .batch = 8, .patience = 100, .seed = 7, .n_threads = 2}};
}

static int train(const char *name, const nd_train_params *params, nd_train_report *r, nd_diag *diag)
{
    *diag = (nd_diag){0};
    return nd_train(root, in_root(name), params, r, diag);
}

static void test_wrong(void)
{
    nd_train_params none = {0}, bad;
    nd_train_report r = {0};
    nd_diag diag;
    int rc = train("m", NULL, &r, &diag);
    CHECK("nothing at all is an error", rc == ND_EARG && !r.epochs, "%d", rc);
    rc = train("m", &none, &r, &diag);
    CHECK("no extractors are one", rc == ND_EARG && strstr(diag.text, "extractors"), "%s",
          diag.text);
    bad = usual();
    bad.extractors = in_root("nothing");
    rc = train("m", &bad, &r, &diag);
    CHECK("so are some that are not there", rc == ND_EIO, "%d %s", rc, diag.text);
    bad = usual();
    bad.config = "best";
    rc = train("m", &bad, &r, &diag);
    CHECK("an unknown configuration", rc == ND_EARG && strstr(diag.text, "best"), "%s", diag.text);
    bad = usual();
    bad.setting = "sea";
    rc = train("m", &bad, &r, &diag);
    CHECK("an unknown setting", rc == ND_EARG && strstr(diag.text, "sea"), "%s", diag.text);
    bad = usual();
    bad.model = "cmvae9";
    rc = train("m", &bad, &r, &diag);
    CHECK("an unknown model", rc == ND_EARG && strstr(diag.text, "cmvae9"), "%s", diag.text);
    bad = usual();
    bad.weights = (const nd_train_weight[]){{"fame", 1}};
    bad.n_weights = 1;
    rc = train("m", &bad, &r, &diag);
    CHECK("a loss that it does not have", rc == ND_EARG, "%d %s", rc, diag.text);
    bad = usual();
    bad.changes = "[1]";
    rc = train("m", &bad, &r, &diag);
    CHECK("changes that are no object", rc == ND_EARG && strstr(diag.text, "[1]"), "%s", diag.text);
    bad.changes = "{\"add_cross\": 7}";
    rc = train("m", &bad, &r, &diag);
    CHECK("a change to what cannot be", rc == ND_EARG, "%d %s", rc, diag.text);
    bad = usual();
    bad.run.rate = NAN;
    rc = train("m", &bad, &r, &diag);
    CHECK("a rate that is none", rc == ND_EARG, "%d %s", rc, diag.text);
    bad = usual();
    bad.average = 1;
    rc = train("m", &bad, &r, &diag);
    CHECK("a mean that stays where it is", rc == ND_EARG && strstr(diag.text, "average"), "%d %s",
          rc, diag.text);
    CHECK("and no model is written", access(in_root("m"), F_OK) != 0, "there is one");
}

static int count_files(const char *what)
{
    char command[400];
    snprintf(command, sizeof command, "ls %s/%s 2>/dev/null | wc -l", root, what);
    FILE *p = popen(command, "r");
    int n = -1;
    if (!p || fscanf(p, "%d", &n) != 1) n = -1;
    if (p) pclose(p);
    return n;
}

static bool is_same_file(const char *a, const char *b)
{
    nd_bytes x = {0}, y = {0};
    nd_file_read(&x, in_root(a), 1 << 28, NULL);
    nd_file_read(&y, in_root(b), 1 << 28, NULL);
    bool same = x.n && x.n == y.n && !memcmp(x.data, y.data, x.n);
    nd_bytes_deinit(&x);
    nd_bytes_deinit(&y);
    return same;
}

static void test_learns(void)
{
    nd_train_params params = usual();
    nd_train_report r = {0};
    nd_diag diag;
    params.config = "recommended";
    params.run.n_epochs = 8;
    int rc = train("learned", &params, &r, &diag);
    CHECK("it trains", rc == 0 && r.run.n_epochs == 8, "%d %s", rc, diag.text);
    if (rc) return;
    const nd_train_epoch *first = &r.epochs[0], *last = &r.epochs[7];
    CHECK("the loss falls", last->losses[0] < 0.9 * first->losses[0], "%g, then %g",
          first->losses[0], last->losses[0]);
    CHECK("pairs and tracks are counted",
          r.n_pairs == 2 * MATCH_TRAIN && r.n_val_videos == 2 * MATCH_VAL &&
              r.n_val_tracks == MATCH_VAL + 1,
          "%d %d %d", r.n_pairs, r.n_val_videos, r.n_val_tracks);
    CHECK("the best is the best", r.epochs[r.run.best].val_recall[2] == 1 && r.run.best >= 0, "%d",
          r.run.best);
    CHECK("the test split is not embedded", count_files("cache/embeddings-test*") == 0, "it is");
    CHECK("no checkpoint is left", count_files("learned.state") == 0, "one is");
    CHECK("speed is told", r.steps_per_s > 0 && r.gflop_a_step > 0 && r.peak_gflop_per_s > 0, "%g",
          r.steps_per_s);
    char *json = NULL;
    rc = nd_train_report_json(&json, &r);
    CHECK("as JSON too", rc == 0 && strstr(json, "\"val_recall_10\": 1.0"), "%s", json);
    free(json);
    nd_train_report_deinit(&r);
}

static void test_written(void)
{
    nd_model *model = NULL;
    nd_matcher *matcher = NULL;
    nd_words *words = NULL;
    nd_network *network = NULL;
    int rc = nd_model_open(&model, in_root("learned"), NULL);
    if (!rc) rc = nd_model_matcher(&matcher, model, NULL);
    if (!rc) rc = nd_model_words(&words, model, NULL);
    if (!rc) rc = nd_model_network(&network, model, "video", NULL);
    CHECK("the model has all its parts", rc == 0, "%d", rc);
    if (rc) return;
    CHECK("and knows the tags", nd_words_tag_count(words) == 3, "%d", nd_words_tag_count(words));
    const json_t *match = json_object_get(nd_model_record(model), "match");
    CHECK("and how it was made",
          json_integer_value(json_object_get(match, "pairs")) == 2 * MATCH_TRAIN, "not");
    nd_model_close(&model);
}

/* ---- stopping ------------------------------------------------------------------------- */

static int stop_after(void *user, const char *what, int64_t done, int64_t total, const char *item)
{
    (void)done, (void)total, (void)item;
    int *n_left = user;
    return !strcmp(what, "training") && --*n_left == 0;
}

static void test_exact(void)
{
    nd_train_params params = usual();
    nd_train_report r = {0}, again = {0};
    nd_diag diag;
    int rc = train("a", &params, &r, &diag), n_left = 7; /* three steps an epoch */
    nd_progress progress = {stop_after, &n_left};
    params.run.n_threads = 1;
    params.run.progress = &progress;
    params.run.checkpoint_s = 1e-9;
    int stopped = train("b", &params, &again, &diag);
    CHECK("it stops on request", !rc && stopped == ND_ECANCELLED && !again.epochs, "%d, %d", rc,
          stopped);
    CHECK("and leaves a checkpoint, no model", count_files("b.state") == 1 && count_files("b") == 0,
          "not");
    params.run.rate = 0.01;
    rc = train("b", &params, &again, &diag);
    CHECK("it does not go on with other settings", rc == ND_EARG && strstr(diag.text, "rate"), "%s",
          diag.text);
    params = usual();
    rc = train("b", &params, &again, &diag);
    CHECK("it goes on", rc == 0 && again.run.is_resumed && again.run.n_epochs == 4, "%d %s", rc,
          diag.text);
    CHECK("to the same bytes, at another number of threads", is_same_file("a", "b"), "others");
    bool same = again.run.n_epochs == r.run.n_epochs;
    for (int i = 0; i < r.run.n_epochs && same; i++)
        same = r.epochs[i].loss == again.epochs[i].loss &&
               r.epochs[i].val_mrr == again.epochs[i].val_mrr;
    CHECK("by the same curve", same, "another");
    nd_train_report_deinit(&r);
    nd_train_report_deinit(&again);
}

static void test_switches(void)
{
    nd_train_params params = usual();
    nd_train_report r = {0};
    nd_diag diag;
    params.run.n_epochs = 1;
    params.natural = params.shuffle_pairs = params.half = true;
    params.setting = "ae";
    params.weights = (const nd_train_weight[]){{"vtag", 0}};
    params.n_weights = 1;
    params.run.history = in_root("history");
    int rc = train("c", &params, &r, &diag), vtag = -1;
    for (int i = 0; i < r.n_losses; i++)
        if (!strcmp(r.loss_names[i], "vtag")) vtag = i;
    CHECK("a loss of weight 0 is left out",
          !rc && vtag >= 0 && r.epochs[0].losses[vtag] == 0 && r.weights[vtag] == 0, "%d %s", rc,
          diag.text);
    CHECK("the history is written", count_files("history") == 1, "not");
    nd_train_report_deinit(&r);
    params = usual();
    params.run.patience = 1;
    params.run.n_epochs = 50;
    params.run.rate = 1e-9;
    rc = train("d", &params, &r, &diag);
    CHECK("it ends early where nothing gets better", !rc && r.run.is_early && r.run.n_epochs < 50,
          "%d, %d", rc, r.run.n_epochs);
    nd_train_report_deinit(&r);
}

/* A running mean is of what is learned, and changes nothing of it. */
static void test_average(void)
{
    nd_train_params params = usual();
    nd_train_report r[2] = {0};
    nd_diag diag;
    int n_same = 0, n_other = 0;
    for (int i = 0; i < 2; i++) {
        params.average = i ? 0.9 : 1e-9;
        ND_ASSERT(!train(i ? "mean" : "values", &params, &r[i], &diag));
    }
    for (int e = 0; e < r[0].run.n_epochs; e++) {
        n_same += r[0].epochs[e].loss == r[1].epochs[e].loss;
        n_other += r[0].epochs[e].val_mrr != r[1].epochs[e].val_mrr;
    }
    CHECK("the steps are the same", n_same == 4 && r[1].run.n_epochs == 4, "%d", n_same);
    CHECK("what is measured is not", n_other > 0, "it is");
    for (int i = 0; i < 2; i++) nd_train_report_deinit(&r[i]);
}

static void test_damaged(void)
{
    nd_train_params params = usual();
    nd_train_report r = {0};
    nd_diag diag;
    nd_file_write(in_root("e.state"), "no checkpoint", 13, NULL);
    int rc = train("e", &params, &r, &diag);
    CHECK("a damaged checkpoint is told", rc == ND_EFORMAT && !r.epochs, "%d %s", rc, diag.text);
    params.run.restart = true;
    params.run.n_epochs = 1;
    nd_file_write(in_root("e.new-a1B2c3"), "half", 4, NULL);
    nd_file_write(in_root("e.state.new-a1B2c3"), "half", 4, NULL);
    rc = train("e", &params, &r, &diag);
    CHECK("and passed over on request", rc == 0 && !r.run.is_resumed, "%d %s", rc, diag.text);
    CHECK("what a killed run had begun goes",
          access(in_root("e.new-a1B2c3"), F_OK) && access(in_root("e.state.new-a1B2c3"), F_OK),
          "it stays");
    nd_train_report_deinit(&r);
}

int main(void)
{
    nd_diag diag = {0};
    int rc = make_match_corpus(&diag);
    CHECK("a corpus", !rc, "%s", diag.text);
    if (rc) TEST_END();
    test_wrong();
    test_learns();
    test_written();
    test_exact();
    test_switches();
    test_average();
    test_damaged();
    TEST_END();
}
