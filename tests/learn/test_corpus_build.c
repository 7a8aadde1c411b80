/* Corpora built and checked on made media: wrong parameters, the same bytes from any number of
 * workers, a stop and a full disk that leave what was there. */
#include "../test.h"
#include "corpus_root.h"
#include "learn/corpus.h"
#include "needledrop/synth.h"

static void run_shell(const char *command)
{
    char line[512];
    snprintf(line, sizeof line, "cd '%s' && %s", root, command);
    if (system(line)) exit(1);
}

/* Three pairs by name; a copy of one track under another name makes a fourth pair. */
static void make_media(void)
{
    nd_synth_media_params params = {
        .n_tracks = 3, .n_videos = 4, .seed = 5, .music_s = 8, .video_s = 3};
    if (nd_synth_media(in_root("made"), &params, NULL, NULL)) exit(1);
    run_shell("mkdir v m; i=0; for f in made/video/*.mp4; do i=$((i+1)); mv $f v/f$i.mp4; done");
    run_shell("i=0; for f in made/music/*.ogg; do i=$((i+1)); mv $f m/f$i.ogg; done");
    run_shell("cp m/f1.ogg m/f4.ogg; echo no media > v/f5.mp4; cp m/f2.ogg m/f5.ogg");
}

static nd_corpus_params folders(void)
{
    return (nd_corpus_params){.videos = in_root("v"), .music = in_root("m"), .seed = 1};
}

static void check_wrong(void)
{
    nd_corpus_params p = folders(), shares = p, no_worker = p;
    nd_corpus_report *r = NULL;
    nd_corpus_check *c = NULL;
    nd_diag diag = {0};
    shares.test_share = NAN;
    no_worker.worker = "/nonexistent/worker";
    CHECK("no_folder", nd_corpus_build(&r, NULL, "folders", &p, &diag) == ND_EARG, "built");
    CHECK("no_params", nd_corpus_build(&r, in_root("c"), "folders", NULL, &diag) == ND_EARG,
          "built");
    CHECK("no_source", nd_corpus_build(&r, in_root("c"), NULL, &p, NULL) == ND_EARG, "built");
    CHECK("other_source",
          nd_corpus_build(&r, in_root("c"), "x", &p, &diag) == ND_EARG &&
              strstr(diag.text, "\"x\""),
          "%s", diag.text);
    CHECK("shares", nd_corpus_build(&r, in_root("c"), "folders", &shares, &diag) == ND_EARG,
          "built");
    shares.test_share = shares.val_share = 0.5;
    CHECK("shares_of_all", nd_corpus_build(&r, in_root("c"), "folders", &shares, &diag) == ND_EARG,
          "built");
    int rc = nd_corpus_build(&r, in_root("c"), "folders", &no_worker, &diag);
    CHECK("no_worker", rc == ND_EIO && !r, "%d %s", rc, diag.text);
    rc = nd_corpus_check_run(&c, in_root("c"), NULL, &diag);
    CHECK("check_of_nothing", rc == ND_EIO && !c, "%d", rc);
    nd_corpus_report_destroy(&r);
    nd_corpus_check_destroy(&c);
    nd_corpus_check_destroy(NULL);
}

static char *read_text(const char *path)
{
    nd_bytes b = {0};
    if (nd_file_read(&b, path, 1 << 20, NULL) || nd_bytes_append(&b, "", 1)) return strdup("");
    return (char *)b.data;
}

static void check_build(void)
{
    nd_corpus_params p = folders();
    nd_corpus_report *r = NULL;
    nd_diag diag = {0};
    int rc = nd_corpus_build(&r, in_root("c"), "folders", &p, &diag);
    CHECK("built", rc == 0 && r->n_pairs == 4 && r->n_failures == 1, "%d %s", rc, diag.text);
    CHECK("copies_are_one_track", r->n_tracks == 3 && r->n_groups == 3, "%d", r->n_tracks);
    char *first = read_text(in_root("c/corpus.jsonl"));
    nd_corpus_report_destroy(&r);
    p.n_workers = 1;
    nd_corpus_build(&r, in_root("c"), "folders", &p, &diag);
    char *again = read_text(in_root("c/corpus.jsonl"));
    CHECK("same_bytes_from_one_worker", *first && !strcmp(first, again), "%s", again);
    nd_corpus_report_destroy(&r);
    free(first);
    free(again);
    nd_corpus *c = NULL;
    nd_corpus_open(&c, in_root("c"), NULL);
    CHECK("copies_are_together",
          nd_corpus_count(c) == 4 && nd_corpus_pair(c, 0)->split == nd_corpus_pair(c, 3)->split,
          "apart");
    nd_corpus_close(&c);
}

static int stop(void *user, const char *what, int64_t done, int64_t total, const char *item)
{
    (void)what, (void)total, (void)item;
    return ++*(int *)user >= 2 && done > 0;
}

static void check_stop(void)
{
    int calls = 0;
    nd_progress progress = {stop, &calls};
    nd_corpus_params p = folders();
    nd_corpus_report *r = NULL;
    char *before = read_text(in_root("c/corpus.jsonl"));
    p.progress = &progress;
    int rc = nd_corpus_build(&r, in_root("c"), "folders", &p, NULL);
    char *after = read_text(in_root("c/corpus.jsonl"));
    CHECK("stopped", rc == ND_ECANCELLED && !r && calls < 8, "%d after %d calls", rc, calls);
    CHECK("stop_keeps_what_was", *before && !strcmp(before, after), "%s", after);
    free(before);
    free(after);
}

static void check_full(void)
{
    nd_corpus_params p = folders();
    nd_corpus_report *r = NULL;
    nd_diag diag = {0};
    p.no_listening = true;
    run_shell("mkdir full; ln -s /dev/full full/corpus.jsonl");
    int rc = nd_corpus_build(&r, in_root("full"), "folders", &p, &diag);
    CHECK("disk_full", rc == ND_EFULL && !r, "%d %s", rc, diag.text);
}

static void check_check(void)
{
    nd_corpus_check *c = NULL;
    char *text = NULL, *json = NULL;
    run_shell("echo '{}' >> c/corpus.jsonl; rm m/f3.ogg");
    run_shell("sed -i 's/\"split\": \"[a-z]*\"/\"split\": \"val\"/; 1s/\"val\"/\"test\"/' "
              "c/corpus.jsonl");
    int rc = nd_corpus_check_run(&c, in_root("c"), NULL, NULL);
    CHECK("checked", rc == 0 && nd_corpus_check_failures(c) == 2, "%d", rc);
    rc = nd_corpus_check_text(&text, c, true);
    CHECK("check_says_empty", rc == 0 && strstr(text, "train        0        0        0   empty"),
          "%s", text);
    CHECK("check_says_leak", strstr(text, "same bytes: "), "%s", text);
    rc = nd_corpus_check_json(&json, c);
    CHECK("check_json",
          rc == 0 && strstr(json, "\"empty_splits\": [\"train\"]") &&
              strstr(json, "\"kind\": \"same bytes\"") && strstr(json, "\"line\": 5"),
          "%s", json);
    free(text);
    free(json);
    nd_corpus_check_destroy(&c);
}

int main(void)
{
    strcpy(root, "/tmp/needledrop-test-XXXXXX");
    if (!mkdtemp(root)) return 1;
    atexit(remove_root);
    make_media();
    check_wrong();
    check_build();
    check_stop();
    check_full();
    check_check();
    TEST_END();
}
