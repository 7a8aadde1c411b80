/* A study's folder: its database, and random names. docs/study.md has the tables. */
#include <string.h>
#include <sys/random.h>

#include "serve/study.h"

static const nd_db_kind kind = {
    .what = "study",
    .application_id = 0x4E447374, /* "NDst" */
    .version = 1,
    .schema = "CREATE TABLE settings (name TEXT PRIMARY KEY, value);"
              "CREATE TABLE systems (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
              "  library TEXT NOT NULL, model TEXT NOT NULL);"
              "CREATE TABLE videos (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE,"
              "  length_s REAL NOT NULL, lufs REAL NOT NULL, n_versions INTEGER NOT NULL);"
              "CREATE TABLE versions (id INTEGER PRIMARY KEY,"
              "  video INTEGER NOT NULL REFERENCES videos, file TEXT NOT NULL UNIQUE,"
              "  systems INTEGER NOT NULL);"
              "CREATE TABLE choices (video INTEGER NOT NULL REFERENCES videos,"
              "  system INTEGER NOT NULL REFERENCES systems, version INTEGER NOT NULL REFERENCES "
              "versions,"
              "  track TEXT NOT NULL, start_s REAL NOT NULL, score REAL NOT NULL,"
              "  PRIMARY KEY (video, system));"
              "CREATE TABLE people (id INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE,"
              "  address INTEGER, begun_at INTEGER NOT NULL, theory INTEGER NOT NULL,"
              "  habit INTEGER NOT NULL);"
              "CREATE INDEX people_address ON people (address);"
              "CREATE TABLE invites (code TEXT PRIMARY KEY, person INTEGER REFERENCES people);"
              "CREATE TABLE questions (person INTEGER NOT NULL REFERENCES people,"
              "  place INTEGER NOT NULL, video INTEGER NOT NULL REFERENCES videos,"
              "  is_repeat INTEGER NOT NULL, shown_at REAL, answered_at REAL,"
              "  position INTEGER, PRIMARY KEY (person, place)) WITHOUT ROWID;"
              "CREATE TABLE shown (person INTEGER NOT NULL, place INTEGER NOT NULL,"
              "  position INTEGER NOT NULL, version INTEGER NOT NULL REFERENCES versions,"
              "  PRIMARY KEY (person, place, position),"
              "  FOREIGN KEY (person, place) REFERENCES questions) WITHOUT ROWID;",
};

static int random_bytes(void *out, size_t n, nd_diag *diag)
{
    if (getrandom(out, n, 0) == (ssize_t)n) return 0;
    return nd_diag_errno(diag, "drawing random numbers from", "the system");
}

int nd__study_random_code(char out[ND_STUDY_CODE_BYTES], nd_diag *diag)
{
    uint8_t bytes[(ND_STUDY_CODE_BYTES - 1) / 2];
    int rc = random_bytes(bytes, sizeof bytes, diag);
    for (size_t i = 0; i < sizeof bytes && !rc; i++) snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return rc;
}

bool nd__study_is_code(const char *text)
{
    return strspn(text, "0123456789abcdef") == ND_STUDY_CODE_BYTES - 1 &&
           !text[ND_STUDY_CODE_BYTES - 1];
}

static int make_folders(const nd__study *s, nd_diag *diag)
{
    char *media = nd_path_join(s->folder, "media");
    int rc = media ? nd_folder_make(s->folder, diag)
                   : nd_diag_set(diag, ND_ENOMEM, "creating %s: out of memory", s->folder);
    if (!rc) rc = nd_folder_make(media, diag);
    free(media);
    return rc;
}

/* Made with the database, so that an unfinished one is never taken for another's. */
static int make_salt(nd__study *s, nd_diag *diag)
{
    uint64_t salt;
    int rc = random_bytes(&salt, sizeof salt, diag);
    if (rc) return rc;
    return nd_db_run(s->db, diag, "INSERT OR IGNORE INTO settings VALUES ('salt', ?)", "i",
                     (int64_t)salt);
}

static int take_setting(void *user, const nd_db_row *row)
{
    nd__study *s = user;
    const char *name = nd_db_text(row, 0);
    if (!strcmp(name, "salt")) s->salt = (uint64_t)nd_db_int(row, 1);
    if (!strcmp(name, "seed")) s->seed = (uint64_t)nd_db_int(row, 1);
    if (!strcmp(name, "listen_s")) s->listen_s = nd_db_real(row, 1);
    return 0;
}

int nd__study_open(nd__study *s, const char *folder, bool creates, nd_diag *diag)
{
    *s = (nd__study){.folder = strdup(folder)};
    char *path = nd_path_join(folder, "study.db");
    int rc = s->folder && path
                 ? 0
                 : nd_diag_set(diag, ND_ENOMEM, "opening study %s: out of memory", folder);
    if (!rc && creates) rc = make_folders(s, diag);
    if (!rc) rc = nd_db_open(&s->db, path, &kind, creates, diag);
    if (!rc && creates) rc = make_salt(s, diag);
    if (!rc) rc = nd_db_each(s->db, take_setting, s, diag, "SELECT name, value FROM settings", "");
    free(path);
    return rc;
}

void nd__study_deinit(nd__study *s)
{
    nd_db_close(&s->db);
    free(s->folder);
    *s = (nd__study){0};
}

char *nd__study_media_path(const nd__study *s, const char *name)
{
    nd_str path = {0};
    nd_str_append(&path, "%s/media/%s", s->folder, name);
    return nd_str_take(&path);
}

int nd__study_count_shown(int64_t *out, nd__study *s, nd_diag *diag)
{
    return nd_db_number(out, s->db, diag, "SELECT COUNT(*) FROM videos WHERE n_versions > 1", "");
}
