/* The study's page over HTTP: libmicrohttpd in one thread of its own, so that nothing here meets
 * itself. Three kinds of things are served: the page's files, read once; media by their random
 * names, whole or in part; and requests under /api/. All else is 404. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/study.h"

enum { MAX_CONNECTIONS = 256, TIMEOUT_S = 30, MAX_PAGE_BYTES = 1 << 20 };

typedef struct page {
    const char *url, *name, *type;
    nd_bytes bytes;
} page;

static const page pages[] = {
    {"/", "study.html", "text/html; charset=utf-8", {0}},
    {"/study.js", "study.js", "text/javascript; charset=utf-8", {0}},
    {"/study.css", "study.css", "text/css; charset=utf-8", {0}},
};

struct nd_study_server {
    nd__study study;
    page pages[ND_COUNT(pages)];
    char cookie[32]; /* its name: another study on this host has another */
    const nd_log *log;
    struct MHD_Daemon *daemon;
};

/* A request whose body is gathered. */
typedef struct request {
    uint8_t body[ND__STUDY_MAX_BODY_BYTES];
    size_t n;
} request;

/* ---- responses ---------------------------------------- */

static const char *const headers[][2] = {
    {"Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
};

/* @param response  taken; NULL: there was no memory, and the connection is closed */
static enum MHD_Result send_response(struct MHD_Connection *c, int status, const char *type,
                                     const char *caching, struct MHD_Response *response)
{
    if (!response) return MHD_NO;
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "Cache-Control", caching);
    for (size_t i = 0; i < ND_COUNT(headers); i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    enum MHD_Result result = MHD_queue_response(c, (unsigned)status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_error(struct MHD_Connection *c, int status, const char *text)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
                                                             MHD_RESPMEM_MUST_COPY);
    if (r && status == 405) MHD_add_response_header(r, "Allow", "GET, HEAD, POST");
    return send_response(c, status, "application/json", "no-store", r);
}

static enum MHD_Result send_page(struct MHD_Connection *c, const page *p)
{
    return send_response(
        c, 200, p->type, "no-cache",
        MHD_create_response_from_buffer(p->bytes.n, p->bytes.data, MHD_RESPMEM_PERSISTENT));
}

/* ---- media ---------------------------------------- */

static enum MHD_Result send_file(struct MHD_Connection *c, int fd, int64_t size)
{
    const char *range = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Range");
    int64_t first = 0, n = size;
    char content_range[80];
    int kind = nd__study_range(&first, &n, range, size);
    if (kind < 0) {
        close(fd);
        struct MHD_Response *none = MHD_create_response_from_buffer(0, NULL,
                                                                    MHD_RESPMEM_PERSISTENT);
        snprintf(content_range, sizeof content_range, "bytes */%lld", (long long)size);
        if (none) MHD_add_response_header(none, "Content-Range", content_range);
        return send_response(c, 416, "video/webm", "no-store", none);
    }
    struct MHD_Response *r = MHD_create_response_from_fd_at_offset64((uint64_t)n, fd,
                                                                     (uint64_t)first);
    if (!r) close(fd);
    if (r) MHD_add_response_header(r, "Accept-Ranges", "bytes");
    snprintf(content_range, sizeof content_range, "bytes %lld-%lld/%lld", (long long)first,
             (long long)(first + n - 1), (long long)size);
    if (r && kind > 0) MHD_add_response_header(r, "Content-Range", content_range);
    return send_response(c, kind > 0 ? 206 : 200, "video/webm", "private, max-age=86400", r);
}

/* Names are random and of one form: no path can be asked for. */
static enum MHD_Result send_media(nd_study_server *s, struct MHD_Connection *c, const char *name)
{
    char code[ND_STUDY_CODE_BYTES] = "";
    struct stat info;
    if (strlen(name) == ND__STUDY_NAME_BYTES - 1)
        snprintf(code, sizeof code, "%.*s", ND_STUDY_CODE_BYTES - 1, name);
    if (!nd__study_is_code(code) || strcmp(name + ND_STUDY_CODE_BYTES - 1, ".webm"))
        return send_error(c, 404, "{\"error\": \"no such file\"}");
    char *path = nd__study_media_path(&s->study, name);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    free(path);
    if (fd >= 0 && !fstat(fd, &info) && S_ISREG(info.st_mode))
        return send_file(c, fd, info.st_size);
    if (fd >= 0) close(fd);
    return send_error(c, 404, "{\"error\": \"no such file\"}");
}

/* ---- requests ---------------------------------------- */

static uint64_t hash_address(const nd_study_server *s, struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = info ? info->client_addr : NULL;
    const struct sockaddr_in *v4 = (const void *)a;
    const struct sockaddr_in6 *v6 = (const void *)a;
    if (a && a->sa_family == AF_INET && ntohl(v4->sin_addr.s_addr) >> 24 != 127)
        return nd_hash(s->study.salt, &v4->sin_addr, sizeof v4->sin_addr);
    if (a && a->sa_family == AF_INET6 && !IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr))
        return nd_hash(s->study.salt, &v6->sin6_addr, sizeof v6->sin6_addr);
    return 0;
}

/* A code out of a request; "" where it has another form. */
static const char *code_or_empty(const char *text)
{
    return text && nd__study_is_code(text) ? text : "";
}

/* An invitation that has the wrong form is known to nobody: it is not none. */
static nd__study_guest guest_of(const nd_study_server *s, struct MHD_Connection *c)
{
    const char *invite = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "invite");
    const char *token = MHD_lookup_connection_value(c, MHD_COOKIE_KIND, s->cookie);
    return (nd__study_guest){.token = code_or_empty(token),
                             .invite = !invite || !*invite         ? ""
                                       : nd__study_is_code(invite) ? invite
                                                                   : "?",
                             .address = hash_address(s, c)};
}

static enum MHD_Result send_reply(const nd_study_server *s, struct MHD_Connection *c,
                                  nd__study_reply *reply)
{
    if (!reply->body) return MHD_NO;
    struct MHD_Response *r = MHD_create_response_from_buffer(strlen(reply->body), reply->body,
                                                             MHD_RESPMEM_MUST_FREE);
    if (!r) free(reply->body);
    char cookie[160];
    snprintf(cookie, sizeof cookie, "%s=%s; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict",
             s->cookie, reply->token);
    if (r && reply->token[0]) MHD_add_response_header(r, "Set-Cookie", cookie);
    if (r && reply->status == 405) MHD_add_response_header(r, "Allow", "GET, POST");
    return send_response(c, reply->status, "application/json", "no-store", r);
}

static bool is_json(struct MHD_Connection *c)
{
    static const char wanted[] = "application/json";
    const char *type = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Type");
    return type && !strncasecmp(type, wanted, sizeof wanted - 1);
}

/* Another site's form cannot send JSON: what would be sent in a person's name is refused. */
static enum MHD_Result answer_api(nd_study_server *s, struct MHD_Connection *c, const char *method,
                                  const char *name, const request *q)
{
    nd__study_reply reply;
    nd__study_guest guest = guest_of(s, c);
    if (!strcmp(method, "POST") && !is_json(c))
        return send_error(c, 415, "{\"error\": \"application/json expected\"}");
    nd__study_request(&reply, &s->study, method, name, &guest, q->body, q->n);
    if (reply.status >= 500)
        nd_log_line(s->log, ND_LOG_WARNING, "study: %s /api/%s: %s", method, name,
                    reply.body ? reply.body : "out of memory");
    return send_reply(s, c, &reply);
}

static enum MHD_Result answer_all(nd_study_server *s, struct MHD_Connection *c, const char *url,
                                  const char *method, const request *q)
{
    static const char api[] = "/api/", media[] = "/media/";
    if (!strncmp(url, api, sizeof api - 1))
        return answer_api(s, c, method, url + sizeof api - 1, q);
    if (strcmp(method, "GET") && strcmp(method, "HEAD"))
        return send_error(c, 405, "{\"error\": \"GET expected\"}");
    if (!strncmp(url, media, sizeof media - 1)) return send_media(s, c, url + sizeof media - 1);
    for (size_t i = 0; i < ND_COUNT(pages); i++)
        if (!strcmp(url, pages[i].url)) return send_page(c, &s->pages[i]);
    return send_error(c, 404, "{\"error\": \"no such page\"}");
}

/* Called first with the headers, then with pieces of the body, last with none left. */
static enum MHD_Result take_request(void *user, struct MHD_Connection *c, const char *url,
                                    const char *method, const char *version, const char *body,
                                    size_t *n, void **state)
{
    (void)version;
    request *q = *state;
    if (!q) {
        const char *length = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Length");
        if (length && (strlen(length) > 9 || atol(length) > ND__STUDY_MAX_BODY_BYTES))
            return send_error(c, 413, "{\"error\": \"the body is too long\"}");
        *state = nd_calloc(1, sizeof *q);
        return *state ? MHD_YES : MHD_NO;
    }
    if (!*n) return answer_all(user, c, url, method, q);
    if (q->n + *n > sizeof q->body) return MHD_NO; /* it said no length: the connection closes */
    memcpy(q->body + q->n, body, *n);
    q->n += *n;
    *n = 0;
    return MHD_YES;
}

static void forget_request(void *user, struct MHD_Connection *c, void **state,
                           enum MHD_RequestTerminationCode why)
{
    (void)user, (void)c, (void)why;
    free(*state);
    *state = NULL;
}

/* ---- opening ---------------------------------------- */

/* Where `make install` puts the pages, from bin/ and from lib/; beside build/, also from what lies
 * deeper in it. */
static const char *const places[] = {
    "../share/needledrop/web", "../../share/needledrop/web", "../web", "../../web", "../../../web",
    "../../../../web"};

static char *find_page(const char *web, const char *name)
{
    if (web) return nd_path_join(web, name);
    char *found = nd_path_beside(places, ND_COUNT(places), name, R_OK);
    return found ? found : nd_path_join(ND_DATADIR "/web", name);
}

static int read_pages(nd_study_server *s, const char *web, nd_diag *diag)
{
    int rc = 0;
    for (size_t i = 0; i < ND_COUNT(pages) && !rc; i++) {
        s->pages[i] = pages[i];
        char *path = find_page(web, pages[i].name);
        if (!path) return nd_diag_set(diag, ND_ENOMEM, "reading the page: out of memory");
        rc = nd_file_read(&s->pages[i].bytes, path, MAX_PAGE_BYTES, diag);
        if (rc == ND_EIO)
            rc = nd_diag_set(diag, ND_ENOTFOUND, "serving a study: its page %s cannot be read",
                             path);
        free(path);
    }
    return rc;
}

static int parse_address(struct sockaddr_storage *out, const char *text, int port, nd_diag *diag)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    if (port < 0 || port > 65535)
        return nd_diag_set(diag, ND_EARG, "serving a study: a port of 0 to 65535 expected, not %d",
                           port);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) memcpy(out, &v4, sizeof v4);
    else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) memcpy(out, &v6, sizeof v6);
    else
        return nd_diag_set(diag, ND_EARG,
                           "serving a study: an address like 127.0.0.1 or ::1 expected, found %s",
                           text);
    return 0;
}

static int start(nd_study_server *s, const char *bind, int port, nd_diag *diag)
{
    struct sockaddr_storage address = {0};
    int rc = parse_address(&address, bind, port, diag);
    if (rc) return rc;
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO |
                     (address.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0);
    errno = 0;
    s->daemon = MHD_start_daemon(flags, (uint16_t)port, NULL, NULL, take_request, s,
                                 MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED,
                                 forget_request, NULL, MHD_OPTION_CONNECTION_LIMIT,
                                 (unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
                                 (unsigned)TIMEOUT_S, MHD_OPTION_END);
    if (s->daemon) return 0;
    return nd_diag_set(diag, ND_EIO, "serving a study: listening on %s port %d: %s", bind, port,
                       errno ? strerror(errno) : "it could not be started");
}

static int open_study(nd_study_server *s, const char *folder, nd_diag *diag)
{
    int64_t n_shown = 0;
    int rc = nd__study_open(&s->study, folder, false, diag);
    if (!rc) rc = nd__study_count_shown(&n_shown, &s->study, diag);
    if (!rc && !n_shown)
        rc = nd_diag_set(diag, ND_EEMPTY,
                         "serving study %s: a video with two different versions expected, "
                         "there is none",
                         folder);
    snprintf(s->cookie, sizeof s->cookie, "needledrop_%08x", (unsigned)s->study.salt);
    return rc;
}

int nd_study_server_open(nd_study_server **out, const char *folder, const nd_serve_params *params,
                         nd_diag *diag)
{
    nd_serve_params p = params ? *params : (nd_serve_params){0};
    if (!out || !folder) return nd_diag_set(diag, ND_EARG, "serving a study: a folder expected");
    nd_study_server *s = nd_calloc(1, sizeof *s);
    if (!s) return nd_diag_set(diag, ND_ENOMEM, "serving a study: out of memory");
    s->log = p.log;
    int rc = read_pages(s, p.web, diag);
    if (!rc) rc = open_study(s, folder, diag);
    if (!rc) rc = start(s, p.bind ? p.bind : "127.0.0.1", p.port, diag);
    if (rc) nd_study_server_close(&s);
    else *out = s;
    return rc;
}

int nd_study_server_port(const nd_study_server *server)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon,
                                                           MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

void nd_study_server_close(nd_study_server **server)
{
    if (!server || !*server) return;
    nd_study_server *s = *server;
    if (s->daemon) MHD_stop_daemon(s->daemon);
    nd__study_deinit(&s->study);
    for (size_t i = 0; i < ND_COUNT(pages); i++) nd_bytes_deinit(&s->pages[i].bytes);
    free(s);
    *server = NULL;
}
