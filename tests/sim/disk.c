/* tests/sim/disk.c - what a disk may hold after a power cut, from the log of changes (plan.h). The
 * model takes what POSIX leaves open: of writes that were not synced, each page may be there or
 * not; of what was done to a folder that was not synced since, each change may be there or not. A
 * renaming is there whole or not at all. Files that were mapped to be written (-shm) are lost. */
#include "tests/sim/sim.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, NEVER = INT32_MAX };

/* A file or folder. Its inode's number may be given again, so nodes are made anew. */
typedef struct node {
    uint64_t inode;
    bool folder;
} node;

/* node < 0: the name is gone. */
typedef struct link_to {
    int32_t folder, node;
    char *name;
} link_to;

typedef struct change {
    sim_entry e;
    int32_t node;     /* that it is about; -1: none of ours */
    int32_t safe;     /* the entry from which on it is synced; NEVER */
    link_to links[2]; /* of what is done to folders */
    int32_t n_links;
    const uint8_t *bytes;
} change;

struct sim_disk {
    uint8_t *log;
    int32_t n, n_nodes, most;
    change *v;
    node *nodes;
    link_to *now; /* names as they are while the log is read */
    int32_t n_now;
};

static int32_t add_node(sim_disk *d, uint64_t inode, bool folder) {
    d->nodes = realloc(d->nodes, sizeof *d->nodes * (size_t)(d->n_nodes + 1));
    d->nodes[d->n_nodes] = (node){inode, folder};
    return d->n_nodes++;
}

/* The newest of that inode. */
static int32_t node_of(const sim_disk *d, uint64_t inode) {
    for (int32_t i = d->n_nodes - 1; i > 0; i--)
        if (d->nodes[i].inode == inode) return i;
    return -1;
}

static int32_t find(const sim_disk *d, int32_t folder, const char *name, size_t n) {
    for (int32_t i = 0; i < d->n_now; i++)
        if (d->now[i].folder == folder && d->now[i].node >= 0 && strlen(d->now[i].name) == n &&
            strncmp(d->now[i].name, name, n) == 0)
            return i;
    return -1;
}

/* The folder of a path, and its last name. Paths are from the "work" folder, or absolute in it. */
static link_to place_of(const sim_disk *d, const char *path) {
    if (*path == '/') {
        const char *in = NULL, *at = path;
        while ((at = strstr(at, "/work/"))) in = at++;
        path = in ? in + strlen("/work/") : "?";
    }
    int32_t folder = 0;
    for (;;) {
        while (strncmp(path, "./", 2) == 0 || *path == '/') path += *path == '/' ? 1 : 2;
        const char *slash = strchr(path, '/');
        if (!slash || !slash[1]) break;
        const int32_t at = find(d, folder, path, (size_t)(slash - path));
        folder = at < 0 ? -1 : d->now[at].node;
        path = slash + 1;
    }
    return (link_to){folder, -1, strndup(path, strcspn(path, "/"))};
}

static void link_now(sim_disk *d, link_to l) {
    const int32_t at = find(d, l.folder, l.name, strlen(l.name));
    if (at >= 0) d->now[at].node = -1;
    if (l.node < 0) return;
    d->now = realloc(d->now, sizeof *d->now * (size_t)(d->n_now + 1));
    d->now[d->n_now++] = l;
}

static void add_link(sim_disk *d, change *c, link_to l, int32_t to) {
    l.node = to;
    c->links[c->n_links++] = l;
    link_now(d, l);
}

static void read_rename(sim_disk *d, change *c, const char *from, const char *to) {
    const link_to a = place_of(d, from), b = place_of(d, to);
    const int32_t at = find(d, a.folder, a.name, strlen(a.name));
    const int32_t there = find(d, b.folder, b.name, strlen(b.name));
    const int32_t moved = at < 0 ? -1 : d->now[at].node;
    const int32_t back = there >= 0 && (c->e.to & RENAME_EXCHANGE) ? d->now[there].node : -1;
    add_link(d, c, a, back);
    add_link(d, c, b, moved);
}

/* All that was done to it before is safe from entry `at` on. */
static void sync_node(sim_disk *d, int32_t at, int32_t which) {
    for (int32_t i = 0; i < at; i++) {
        change *c = &d->v[i];
        if (c->safe != NEVER) continue;
        bool of_it = c->n_links == 0 && c->node == which;
        for (int32_t k = 0; k < c->n_links; k++) of_it |= c->links[k].folder == which;
        if (of_it) c->safe = at;
    }
}

static void read_change(sim_disk *d, change *c, const char *paths) {
    const uint32_t kind = c->e.kind;
    if (kind == SIM_LOG_CREATE || kind == SIM_LOG_MKDIR) {
        c->node = add_node(d, c->e.file, kind == SIM_LOG_MKDIR);
        add_link(d, c, place_of(d, paths), c->node);
    } else if (kind == SIM_LOG_UNLINK) {
        add_link(d, c, place_of(d, paths), -1);
    } else if (kind == SIM_LOG_RENAME) {
        read_rename(d, c, paths, paths + strlen(paths) + 1);
    } else if (kind == SIM_LOG_SYNC) {
        c->node = node_of(d, c->e.file);
        /* A folder that was there before is the root. */
        sync_node(d, d->n, c->node < 0 ? 0 : c->node);
    } else if (kind != SIM_LOG_TOLD) {
        c->node = node_of(d, c->e.file);
    }
}

sim_disk *sim_disk_read(const char *log) {
    sim_disk *d = calloc(1, sizeof *d);
    struct stat info;
    FILE *f = fopen(log, "rb");
    if (!f || fstat(fileno(f), &info) != 0) exit(2);
    const size_t bytes = (size_t)info.st_size;
    d->log = malloc(bytes + 1);
    if (fread(d->log, 1, bytes, f) != bytes) exit(2);
    fclose(f);
    add_node(d, 0, true); /* the root */
    for (size_t at = 0; at + sizeof(sim_entry) <= bytes;) {
        change c = {.node = -1, .safe = NEVER};
        memcpy(&c.e, d->log + at, sizeof c.e);
        const char *paths = (const char *)d->log + at + sizeof c.e;
        c.bytes = (const uint8_t *)paths + c.e.paths;
        at += sizeof c.e + c.e.paths + c.e.bytes;
        if (d->n == d->most) {
            d->most = 2 * d->most + 256;
            d->v = realloc(d->v, sizeof *d->v * (size_t)d->most);
        }
        read_change(d, &c, paths);
        d->v[d->n++] = c;
    }
    return d;
}

int32_t sim_disk_entries(const sim_disk *d) {
    return d->n;
}

int32_t sim_disk_told(const sim_disk *d, int32_t cut, int64_t *told, int32_t most) {
    int32_t n = 0;
    for (int32_t i = 0; i < cut && n < most; i++)
        if (d->v[i].e.kind == SIM_LOG_TOLD) told[n++] = d->v[i].e.to;
    return n;
}

/* How likely what is not synced is there: none of it, some or all. */
static int32_t draw_luck(sim_dice *dice) {
    static const int32_t percent[] = {0, 0, 10, 50, 90, 100};
    return percent[sim_draw(dice, sizeof percent / sizeof *percent)];
}

static bool is_there(sim_dice *dice, int32_t luck) {
    return (int32_t)sim_draw(dice, 100) < luck;
}

static void put_pages(int fd, const change *c, bool safe, int32_t luck, sim_dice *dice) {
    for (int64_t at = 0; at < c->e.bytes;) {
        const int64_t to = c->e.to + at, rest = c->e.bytes - at, page = PAGE - to % PAGE;
        const int64_t n = rest < page ? rest : page;
        if (safe || is_there(dice, luck))
            if (pwrite(fd, c->bytes + at, (size_t)n, to) != n) exit(2);
        at += n;
    }
}

static void write_file(const sim_disk *d, int32_t which, int32_t cut, int32_t luck, sim_dice *dice,
                       const char *path) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) exit(2);
    for (int32_t i = 0; i < cut; i++) {
        const change *c = &d->v[i];
        const bool safe = c->safe < cut;
        if (c->node != which || c->n_links) continue;
        if (c->e.kind == SIM_LOG_WRITE) put_pages(fd, c, safe, luck, dice);
        if (c->e.kind == SIM_LOG_TRUNCATE && (safe || is_there(dice, luck)))
            if (ftruncate(fd, c->e.to) != 0) exit(2);
    }
    close(fd);
}

static bool is_shared_memory(const char *name) {
    const size_t n = strlen(name);
    return n > 4 && strcmp(name + n - 4, "-shm") == 0;
}

static void write_folder(const sim_disk *d, int32_t which, int32_t cut, int32_t luck,
                         sim_dice *dice, const char *path) {
    for (int32_t i = 0; i < d->n_now; i++) {
        const link_to *l = &d->now[i];
        char at[1200];
        if (l->folder != which || l->node < 0 || is_shared_memory(l->name)) continue;
        SIM_PRINT(at, "%s/%s", path, l->name);
        if (!d->nodes[l->node].folder) {
            write_file(d, l->node, cut, luck, dice, at);
        } else if (mkdir(at, 0755) == 0) {
            write_folder(d, l->node, cut, luck, dice, at);
        }
    }
}

bool sim_disk_cut(const sim_disk *d, int32_t cut, sim_dice *dice, const char *folder) {
    const int32_t luck = draw_luck(dice), names_luck = draw_luck(dice);
    sim_disk left = *d; /* with names of its own */
    left.now = NULL;
    left.n_now = 0;
    for (int32_t i = 0; i < cut; i++) {
        const change *c = &d->v[i];
        if (!c->n_links || (c->safe >= cut && !is_there(dice, names_luck))) continue;
        for (int32_t k = 0; k < c->n_links; k++) link_now(&left, c->links[k]);
    }
    write_folder(&left, 0, cut, luck, dice, folder);
    free(left.now);
    return true;
}

void sim_disk_close(sim_disk *d) {
    for (int32_t i = 0; i < d->n; i++)
        for (int32_t k = 0; k < d->v[i].n_links; k++) free(d->v[i].links[k].name);
    free(d->now);
    free(d->nodes);
    free(d->v);
    free(d->log);
    free(d);
}
