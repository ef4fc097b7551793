/* tm/app/ebpf_check.c - tm-client ebpf-check: what --ebpf needs, and whether this machine has it; --clean. */
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tm/app/main.h"
#include "tm/net/ebpf/ebpf.h"
#include "tm/net/ebpf/pins.h"
#include "tm/net/ebpf/redirect.h"
#include "tm/net/privilege.h"

enum need { NEEDED, FOR_BLOCK, FOR_REDIRECT, NOTE };

struct finding {
    const char *name;
    enum need need;
    bool is_there;
    char text[600];
};
enum { F_BUILT, F_KERNEL, F_CAPS, F_CGROUP, F_BPFFS, F_STUB, F_LOAD, F_REDIRECT, F_N };

static void say(struct finding *f, const char *text)
{
    (void)snprintf(f->text, sizeof f->text, "%s", text);
}

static void look_at_build(struct finding *f)
{
    const char *why = tm_ebpf_why_not();
    *f = (struct finding){.name = "built", .is_there = why == NULL};
    say(f, why == NULL ? "with the kernel programs" : why);
}

static void look_at_kernel(struct finding *f)
{
    struct utsname u;
    bool has_btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
    *f = (struct finding){.name = "kernel", .need = NOTE, .is_there = uname(&u) == 0};
    if (f->is_there)
        (void)snprintf(f->text, sizeof f->text,
                       "%.60s %.100s, type information: %s (redirect needs it)", u.sysname,
                       u.release, has_btf ? "yes" : "no");
}

static void look_at_capabilities(struct finding *f)
{
    bool may_load = tm_privilege_has(CAP_BPF) || tm_privilege_has(CAP_SYS_ADMIN);
    bool may_attach = tm_privilege_has(CAP_NET_ADMIN);
    *f = (struct finding){.name = "capabilities", .is_there = may_load && may_attach};
    say(f, f->is_there  ? "enough; they are given up as soon as the hooks are attached"
           : may_load   ? "CAP_NET_ADMIN is missing"
           : may_attach ? "CAP_BPF is missing"
                        : "CAP_BPF and CAP_NET_ADMIN are missing");
}

static void look_at_cgroup(struct finding *f)
{
    char path[TM_CGROUP_PATH_MAX] = "";
    struct tm_msg why;
    *f = (struct finding){.name = "cgroup"};
    if (tm_cgroup_own(path, sizeof path, &why) != TM_OK) {
        say(f, why.text);
        return;
    }
    f->is_there = access(path, W_OK | X_OK) == 0;
    (void)snprintf(f->text, sizeof f->text, "%s %.400s",
                   f->is_there ? "one can be made below" : "none can be made below", path);
}

static void look_at_bpffs(struct finding *f)
{
    char path[TM_CGROUP_PATH_MAX] = "";
    *f = (struct finding){.name = "bpffs", .need = FOR_BLOCK};
    if (tm_cgroup_mount("bpf", path, sizeof path, NULL) != TM_OK) {
        say(f, "not mounted: mount -t bpf bpf /sys/fs/bpf, or --on-exit direct");
        return;
    }
    f->is_there = access(path, W_OK | X_OK) == 0;
    (void)snprintf(f->text, sizeof f->text, "%s%.400s",
                   f->is_there ? "" : "only --on-exit direct: not ours to write, ", path);
}

/* Services that ask names for programs, outside the cgroup and by no network socket of the program. */
static void look_for_stubs(struct finding *f)
{
    static const char *const sockets[] = {"/run/nscd/socket", "/var/run/nscd/socket",
                                          "/run/systemd/resolve/io.systemd.Resolve",
                                          "/run/avahi-daemon/socket"};
    *f = (struct finding){.name = "names", .need = NOTE, .is_there = true};
    say(f, "no service that would ask for a program outside the tunnel was found");
    for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++) {
        if (access(sockets[i], F_OK) != 0)
            continue;
        f->is_there = false;
        (void)snprintf(f->text, sizeof f->text,
                       "%s: programs that ask there have their names asked outside the tunnel",
                       sockets[i]);
    }
}

static void look_at_loading(struct finding *f)
{
    struct tm_msg why = {""};
    *f = (struct finding){.name = "load", .is_there = tm_ebpf_probe(&why) == TM_OK};
    say(f, f->is_there ? "the kernel takes the programs" : why.text);
}

static void look_at_redirect(struct finding *f)
{
    struct tm_msg why = {""};
    *f = (struct finding){
        .name = "redirect", .need = FOR_REDIRECT, .is_there = tm_redirect_probe(&why) == TM_OK};
    say(f, f->is_there ? "the kernel takes the programs that go past TCP" : why.text);
}

/* Quotes and backslashes stand in no text of ours but could in a path. */
static void print_json_text(const char *text)
{
    (void)putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            (void)putchar('\\');
        if (c >= 0x20)
            (void)putchar(c);
    }
    (void)putchar('"');
}

static void print_json(const struct finding *f, bool connect, bool block)
{
    printf("{\"schema_version\":1,\"connect\":%s,\"block\":%s,\"redirect\":%s,\"checks\":[",
           connect ? "true" : "false", block ? "true" : "false",
           connect && f[F_REDIRECT].is_there ? "true" : "false");
    for (unsigned i = 0; i < F_N; i++) {
        printf("%s{\"name\":\"%s\",\"ok\":%s,\"text\":", i > 0 ? "," : "", f[i].name,
               f[i].is_there ? "true" : "false");
        print_json_text(f[i].text);
        printf("}");
    }
    printf("]}\n");
}

static void print_text(const struct finding *f, bool connect, bool block)
{
    for (unsigned i = 0; i < F_N; i++)
        printf("%-13s %-4s %s\n", f[i].name, f[i].is_there ? "yes" : "no", f[i].text);
    printf("--ebpf connect %s\n", !connect ? "cannot work here; programs go through the SOCKS port"
                                  : block  ? "can work here"
                                           : "can work here with --on-exit direct");
}

static int clean(struct tm_msg *msg)
{
    struct tm_pins_swept swept;
    tm_pins_sweep(&swept, NULL, NULL, 0, stderr);
    if (swept.n_blocked > 0)
        return tm_msg_set(msg, TM_ERR_CLOSED,
                          "%u cgroups stay blocked until the programs in them have ended",
                          swept.n_blocked);
    fprintf(stderr, "removed: %u\n", swept.n_removed);
    return TM_OK;
}

enum tm_exit tm_cmd_ebpf_check(struct tm_options *o, struct tm_msg *msg)
{
    struct finding f[F_N];
    bool connect = true;
    look_at_build(&f[F_BUILT]);
    look_at_kernel(&f[F_KERNEL]);
    look_at_capabilities(&f[F_CAPS]);
    look_at_cgroup(&f[F_CGROUP]);
    look_at_bpffs(&f[F_BPFFS]);
    look_for_stubs(&f[F_STUB]);
    look_at_loading(&f[F_LOAD]);
    look_at_redirect(&f[F_REDIRECT]);
    for (unsigned i = 0; i < F_N; i++)
        connect = connect && (f[i].need != NEEDED || f[i].is_there);
    if (o->v[TM_OPT_JSON].given)
        print_json(f, connect, connect && f[F_BPFFS].is_there);
    else
        print_text(f, connect, f[F_BPFFS].is_there);
    if (o->v[TM_OPT_CLEAN].given && clean(msg) != TM_OK)
        return TM_EXIT_FAILED;
    if (connect)
        return TM_EXIT_DONE;
    (void)tm_msg_set(msg, TM_ERR_UNSUPPORTED, "--ebpf connect cannot work here");
    return TM_EXIT_FAILED;
}
