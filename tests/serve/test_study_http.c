/* The study's server over a loopback socket: pages, parts of media, requests, and what a hostile
 * client sends. `test_study_http make DIR` only makes a study with pictures and sound. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "study_fixture.h"

enum { REPLY_BYTES = 1 << 16 };

static int port;
static char reply[REPLY_BYTES];

static int dial(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (!connect(fd, (struct sockaddr *)&to, sizeof to)) return fd;
    close(fd);
    return -1;
}

/* Send bytes, read all until the server closes. @return the status; 0: it sent none */
static int talk(const char *bytes, size_t n)
{
    int fd = dial();
    size_t at = 0;
    ssize_t got = 1;
    if (fd < 0) return -1;
    if (send(fd, bytes, n, MSG_NOSIGNAL) < 0) reply[0] = '\0';
    while (got > 0 && at < REPLY_BYTES - 1) {
        got = recv(fd, reply + at, REPLY_BYTES - 1 - at, 0);
        if (got > 0) at += (size_t)got;
    }
    close(fd);
    reply[at] = '\0';
    return strncmp(reply, "HTTP/1.1 ", 9) ? 0 : atoi(reply + 9);
}

static int get(const char *method, const char *path, const char *more)
{
    char text[4096];
    int n = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n",
                     method, path, more);
    return talk(text, (size_t)n);
}

static int post(const char *path, const char *cookie, const char *body)
{
    char more[2048];
    snprintf(more, sizeof more, "Content-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n%s",
             cookie, strlen(body), body);
    char text[4096];
    int n = snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s",
                     path, more);
    return talk(text, (size_t)n);
}

static void test_pages(void)
{
    static const char *const paths[] = {"/", "/study.js", "/study.css"};
    for (size_t i = 0; i < ND_COUNT(paths); i++) {
        int status = get("GET", paths[i], "");
        CHECK("page", status == 200 && strstr(reply, "Content-Security-Policy: default-src 'self'"),
              "%s: %d", paths[i], status);
        CHECK("its head", get("HEAD", paths[i], "") == 200, "%s", reply);
    }
}

static void test_hostile(void)
{
    static const struct {
        const char *method, *path, *more;
        int status;
    } cases[] = {
        {"GET", "/study.html/", "", 404},
        {"GET", "/../study.db", "", 404},
        {"GET", "/media/", "", 404},
        {"GET", "/media/../study.db", "", 404},
        {"GET", "/media/%2e%2e%2fstudy.db", "", 404},
        {"GET", "/media/0123456789abcdef0123456789abcde/.webm", "", 404},
        {"GET", "/media/0123456789abcdef0123456789abcdef.webm", "", 404},
        {"GET", "/media/0123456789abcdef0123456789abcdef.webm%00", "", 404},
        {"GET", "/api/", "", 404},
        {"GET", "/api/../api/state", "", 404},
        {"DELETE", "/", "", 405},
        {"PUT", "/media/x", "Content-Length: 0\r\n", 405},
        {"POST", "/", "Content-Length: 0\r\n", 405},
        {"POST", "/api/begin", "Content-Length: 0\r\n", 415},
        {"POST", "/api/begin", "Content-Type: text/plain\r\nContent-Length: 0\r\n", 415},
        {"POST", "/api/begin", "Content-Type: application/json\r\nContent-Length: 0\r\n", 400},
        {"POST", "/api/begin", "Content-Length: 4097\r\n", 413},
        {"POST", "/api/begin", "Content-Length: 99999999999999999\r\n", 413},
        {"POST", "/api/begin", "Content-Length: -1\r\n", 400},
        {"GET", "/api/state?invite=../../x", "", 200},
        {"GET", "/api/state", "Cookie: needledrop_0=1; =; ;;\r\n", 200},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        int status = get(cases[i].method, cases[i].path, cases[i].more);
        CHECK("hostile request", status == cases[i].status, "%s %s: %d, %d expected",
              cases[i].method, cases[i].path, status, cases[i].status);
    }
}

/* A body that never says how long it is: the connection goes, the server stays. */
static void test_endless(void)
{
    static char text[1 << 17];
    int n = snprintf(text, sizeof text,
                     "POST /api/begin HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n10000\r\n");
    memset(text + n, 'x', 0x10000);
    int status = talk(text, (size_t)n + 0x10000);
    CHECK("endless body", status == 0 || status >= 400, "%d", status);
    for (int i = 0; i < 64; i++) {
        nd_rng rng;
        nd_rng_init(&rng, (uint64_t)i, 0);
        for (int k = 0; k < 512; k++) text[k] = (char)nd_rng_next(&rng);
        memcpy(text, "GET /", 5);
        memcpy(text + 508, "\r\n\r\n", 4);
        status = talk(text, 512);
        if (status && status < 400) break;
    }
    CHECK("noise", status == 0 || status >= 400, "%d", status);
    CHECK("it is still there", get("GET", "/api/state", "") == 200, "%s", reply);
}

static void test_media(const nd__study *s)
{
    char file[ND__STUDY_NAME_BYTES] = "", path[64], *where;
    int64_t n = 0;
    nd__study_question q;
    if (!nd__study_next(&q, (nd__study *)s, 1, NULL)) memcpy(file, q.files[0], sizeof file);
    snprintf(path, sizeof path, "/media/%s", file);
    nd_bytes bytes = {0};
    where = nd__study_media_path(s, file);
    if (!nd_file_read(&bytes, where, 1 << 20, NULL)) n = (int64_t)bytes.n;
    CHECK("a file", get("GET", path, "") == 200 && strstr(reply, "Accept-Ranges: bytes"), "%s: %s",
          path, reply);
    CHECK("a part",
          get("GET", path, "Range: bytes=1-3\r\n") == 206 &&
              strstr(reply, "Content-Range: bytes 1-3/"),
          "%s", reply);
    const char *body = strstr(reply, "\r\n\r\n");
    CHECK("its bytes", body && n > 4 && !memcmp(body + 4, bytes.data + 1, 3) && !body[7], "%s",
          body);
    CHECK("past its end",
          get("GET", path, "Range: bytes=99999999-\r\n") == 416 &&
              strstr(reply, "Content-Range: bytes */"),
          "%s", reply);
    CHECK("a head", get("HEAD", path, "") == 200 && strstr(reply, "video/webm"), "%s", reply);
    free(where);
    nd_bytes_deinit(&bytes);
}

/* Set-Cookie's pair as a Cookie header. */
static void take_cookie(char out[128])
{
    const char *set = strstr(reply, "Set-Cookie: ");
    size_t n = set ? strcspn(set + 12, ";") : 0;
    snprintf(out, 128, "Cookie: %.*s\r\n", (int)ND_MIN(n, 100), set ? set + 12 : "");
}

static void test_cookie(void)
{
    char cookie[128];
    int status = post("/api/begin", "", "{\"theory\": false, \"habit\": 0}");
    take_cookie(cookie);
    CHECK("begun",
          status == 200 && strstr(reply, "\"place\": 1") && strstr(reply, "HttpOnly") &&
              strstr(reply, "SameSite=Strict"),
          "%s", reply);
    status = get("GET", "/api/state", cookie);
    CHECK("known by the cookie", status == 200 && strstr(reply, "\"place\": 1"), "%s", reply);
    status = post("/api/answer", cookie, "{\"place\": 1, \"choice\": 0, \"played_s\": [1, 1, 1]}");
    CHECK("answered", status == 200 && strstr(reply, "\"place\": 2"), "%s", reply);
    CHECK("a stranger is not", get("GET", "/api/state", "") == 200 && strstr(reply, "welcome"),
          "%s", reply);
}

static void test_wrong(const char *folder)
{
    nd_study_server *server = NULL;
    nd_diag diag = {0};
    char empty[64];
    nd__study s;
    static const struct {
        nd_serve_params params;
        int rc;
    } cases[] = {
        {{.bind = "nowhere"}, ND_EARG},    {{.bind = ""}, ND_EARG},
        {{.port = 70000}, ND_EARG},        {{.web = "/none"}, ND_ENOTFOUND},
        {{.bind = "203.0.113.1"}, ND_EIO}, /* no address of this machine */
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        int rc = nd_study_server_open(&server, folder, &cases[i].params, &diag);
        CHECK("not served", rc == cases[i].rc && !server && diag.text[0], "%d: %s", rc, diag.text);
    }
    int rc = nd_study_server_open(&server, "/none", NULL, &diag);
    CHECK("no study", rc == ND_ENOTFOUND && !server, "%d: %s", rc, diag.text);
    if (fixture_make(&s, fixture_folder(empty, "empty"), 2, 0, 1, false)) exit(1);
    nd__study_deinit(&s);
    rc = nd_study_server_open(&server, empty, NULL, &diag);
    CHECK("nothing to show", rc == ND_EEMPTY && !server, "%d: %s", rc, diag.text);
    nd_study_server_close(&server);
    nd_study_server_close(NULL);
}

int main(int argc, char **argv)
{
    nd__study s;
    nd_study_server *server = NULL, *second = NULL;
    nd_diag diag = {0};
    char folder[64];
    if (argc == 3 && !strcmp(argv[1], "make")) {
        int failed = fixture_make(&s, argv[2], 3, 3, 0.1, true);
        nd__study_deinit(&s);
        return failed != 0;
    }
    if (!mkdtemp(fixture_root)) return 1;
    atexit(fixture_remove);
    if (fixture_make(&s, fixture_folder(folder, "a"), 3, 4, 0, false)) return 1;
    test_wrong(folder);
    int rc = nd_study_server_open(&server, folder, NULL, &diag);
    CHECK("served", !rc && nd_study_server_port(server) > 0, "%d: %s", rc, diag.text);
    if (rc) return 1;
    port = nd_study_server_port(server);
    rc = nd_study_server_open(&second, folder, &(nd_serve_params){.port = port}, &diag);
    CHECK("a port that is taken", rc == ND_EIO && !second, "%d: %s", rc, diag.text);
    test_pages();
    test_hostile();
    test_endless();
    test_cookie();
    test_media(&s);
    nd_study_server_close(&server);
    CHECK("closed", !server && dial() < 0, "it listens");
    nd__study_deinit(&s);
    TEST_END();
}
