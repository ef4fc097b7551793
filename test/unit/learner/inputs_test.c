/* Directories and files as named on the command line. */
#include "learner/capture/inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/learner/capture_bytes.h"
#include "tm/base/time.h"

static char dir[] = "/tmp/tm_inputs_XXXXXX";

static const char *path_of(const char *name)
{
    static char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

/* A capture with one frame, or with none when sec is 0. */
static void write_capture(const char *name, uint32_t sec, uint32_t link_type)
{
    struct capture_bytes f = {0};
    capture_pcap_header(&f, CAPTURE_US, link_type);
    if (sec > 0)
        capture_pcap_frame(&f, sec, 7, (const uint8_t *)"frame", 5, 60);
    FILE *out = fopen(path_of(name), "wb");
    CHECK(out != NULL);
    if (out) {
        CHECK_INT(fwrite(f.b, 1, f.len, out), f.len);
        CHECK_INT(fclose(out), 0);
    }
    capture_free(&f);
}

static void write_text(const char *name, const char *text)
{
    FILE *out = fopen(path_of(name), "w");
    CHECK(out != NULL);
    if (out) {
        CHECK(fputs(text, out) >= 0);
        CHECK_INT(fclose(out), 0);
    }
}

static void make_dir(const char *name)
{
    CHECK_INT(mkdir(path_of(name), 0700), 0);
}

/* What `trace` stands for: the names below the test's directory, separated by blanks. */
static int found(const char *trace, bool is_sorted, char out[256], size_t *n_passed_over,
                 struct tm_msg *msg)
{
    struct tm_inputs in;
    char *traces[] = {strdup(trace)};
    size_t len = 0;
    int rc = tm_inputs_find(&in, traces, 1, msg);
    out[0] = '\0';
    if (is_sorted)
        tm_inputs_sort(&in);
    for (size_t i = 0; rc == TM_OK && i < in.n; i++)
        len += (size_t)snprintf(out + len, 256 - len, "%s%s", i > 0 ? " " : "",
                                in.input[i].path + strlen(trace) + 1);
    *n_passed_over = in.n_passed_over;
    tm_inputs_deinit(&in);
    free(traces[0]);
    return rc;
}

static void directories_give_their_captures_by_name(void)
{
    char out[256];
    size_t n_passed_over = 0;
    struct tm_msg msg = {""};
    char root[256];
    make_dir("a");
    make_dir("a/below");
    make_dir("a/nothing");
    write_capture("a/2.pcap", 10, 1);
    write_capture("a/1.txt", 30, 1);
    write_capture("a/below/x", 20, 101);
    write_capture("a/none", 0, 1);
    write_capture("a/.hidden", 5, 1);
    write_text("a/notes.pcap", "no capture at all\n");
    write_text("a/empty.pcap", "");
    CHECK_INT(symlink("2.pcap", path_of("a/link")), 0);
    CHECK_INT(symlink("below", path_of("a/linked")), 0);
    CHECK_INT(mkfifo(path_of("a/pipe"), 0600), 0);
    (void)snprintf(root, sizeof root, "%s", path_of("a"));
    CHECK_INT(found(root, false, out, &n_passed_over, &msg), TM_OK);
    CHECK_STR(out, "1.txt 2.pcap below/x link none");
    CHECK_INT(n_passed_over, 4);
    CHECK_INT(found(root, true, out, &n_passed_over, &msg), TM_OK);
    CHECK_STR(out, "2.pcap link below/x 1.txt none");
}

static void directories_without_a_capture_are_refused(void)
{
    char out[256];
    size_t n_passed_over = 0;
    struct tm_msg msg = {""};
    make_dir("b");
    write_text("b/notes", "no capture at all\n");
    char root[256];
    (void)snprintf(root, sizeof root, "%s", path_of("b"));
    CHECK_INT(found(root, false, out, &n_passed_over, &msg), TM_ERR_FORMAT);
    CHECK(strstr(msg.text, "/b: is a directory without a capture") != NULL);
}

/* Left out silently, they would be missed. */
static void captures_that_cannot_be_decoded_are_refused_in_directories_too(void)
{
    char out[256];
    size_t n_passed_over = 0;
    struct tm_msg msg = {""};
    make_dir("c");
    write_capture("c/1", 10, 1);
    write_capture("c/2", 10, 105);
    char root[256];
    (void)snprintf(root, sizeof root, "%s", path_of("c"));
    CHECK_INT(found(root, false, out, &n_passed_over, &msg), TM_ERR_UNSUPPORTED);
    CHECK(strstr(msg.text, "/c/2: link type IEEE802_11 (105)") != NULL);
}

static void endless_directories_are_refused(void)
{
    char name[256] = "d";
    char out[256];
    char root[256];
    size_t n_passed_over = 0;
    struct tm_msg msg = {""};
    for (int i = 0; i < 40; i++) {
        make_dir(name);
        (void)strncat(name, "/d", sizeof name - strlen(name) - 1);
    }
    (void)snprintf(root, sizeof root, "%s", path_of("d"));
    CHECK_INT(found(root, false, out, &n_passed_over, &msg), TM_ERR_LIMIT);
    CHECK(strstr(msg.text, "directories deep") != NULL);
}

static void pipes_are_not_opened(void)
{
    struct tm_inputs in;
    struct tm_msg msg = {""};
    char dash[] = "-";
    char fifo[256];
    char file[256];
    char *traces[] = {dash, fifo, file};
    (void)snprintf(fifo, sizeof fifo, "%s", path_of("fifo"));
    (void)snprintf(file, sizeof file, "%s", path_of("file"));
    CHECK_INT(mkfifo(fifo, 0600), 0);
    write_capture("file", 10, 1);
    CHECK_INT(tm_inputs_find(&in, traces, 3, &msg), TM_OK);
    CHECK_INT(in.n, 3);
    CHECK(!in.input[0].is_file && !in.input[1].is_file && in.input[2].is_file);
    CHECK_INT(in.input[1].first_us, TM_NEVER);
    CHECK_INT(in.input[2].first_us, 10000007);
    tm_inputs_sort(&in);
    CHECK_STR(in.input[0].path, file);
    CHECK_STR(in.input[1].path, dash);
    tm_inputs_deinit(&in);
}

static const struct check_case cases[] = {
    {"directories_give_their_captures_by_name", directories_give_their_captures_by_name},
    {"directories_without_a_capture_are_refused", directories_without_a_capture_are_refused},
    {"captures_that_cannot_be_decoded_are_refused_in_directories_too",
     captures_that_cannot_be_decoded_are_refused_in_directories_too},
    {"endless_directories_are_refused", endless_directories_are_refused},
    {"pipes_are_not_opened", pipes_are_not_opened},
};

int main(void)
{
    char cmd[64];
    if (!mkdtemp(dir))
        return 2;
    int rc = check_run("inputs", cases, sizeof cases / sizeof *cases);
    (void)snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
    return system(cmd) == 0 ? rc : 2;
}
