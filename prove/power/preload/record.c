/* The record of all that a program does to its disk, in order, and the descriptors that lead there.
 *
 * POWER_DISK      the folder that is the disk
 * POWER_RECORD    the file to append to
 * POWER_WITHOUT_SYNC  a pattern of paths below the disk: their syncs do nothing and are not recorded
 *
 * Each recorded call is made and written down under one lock, which is also a lock of the record file: so the record
 * has the true order, over threads and processes; and whoever holds the file's lock and kills the program knows that
 * the record tells exactly what was done.
 */
#define _GNU_SOURCE
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DESCRIPTORS 65536
#define PARTS 64

static char disk[PATH_BYTES];
static size_t disk_bytes;
static dev_t device;
static const char *without_sync;
static int file = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t inodes[DESCRIPTORS];
static unsigned char synchronous_ones[DESCRIPTORS];

static void stop(const char *what) {
    dprintf(2, "power: %s: %s\n", what, strerror(errno));
    abort();
}

static void open_record(void) {
    const char *path = getenv("POWER_RECORD");
    /* Past the library's own open, so that it is never taken for the program's. */
    int opened = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (opened < 0) stop("cannot open the record");
    /* Out of the way of programs that count on low descriptors. */
    file = (int)syscall(SYS_fcntl, opened, F_DUPFD_CLOEXEC, 500);
    if (file < 0) stop("cannot keep the record open");
    syscall(SYS_close, opened);
}

static void forked(void) {
    pthread_mutex_init(&lock, NULL);
    syscall(SYS_close, file);
    open_record(); /* the parent's lock would be the child's too */
}

__attribute__((constructor)) static void begin(void) {
    const char *root = getenv("POWER_DISK");
    if (root == NULL || getenv("POWER_RECORD") == NULL) return;
    struct stat found;
    if (realpath(root, disk) == NULL || stat(disk, &found) != 0) stop("cannot find the disk");
    disk_bytes = strlen(disk);
    device = found.st_dev;
    without_sync = getenv("POWER_WITHOUT_SYNC");
    open_record();
    pthread_atfork(NULL, NULL, forked);
}

int recording(void) { return file >= 0; }

void record_begin(void) {
    pthread_mutex_lock(&lock);
    while (flock(file, LOCK_EX) != 0)
        if (errno != EINTR) stop("cannot lock the record");
}

void record_end(void) {
    int kept = errno;
    flock(file, LOCK_UN);
    pthread_mutex_unlock(&lock);
    errno = kept;
}

/* One call, so that a kill leaves an entry whole or cut off at the end, where the reader can tell. */
static void append(struct iovec *parts, int count) {
    size_t bytes = 0;
    for (int part = 0; part < count; part++) bytes += parts[part].iov_len;
    int kept = errno;
    ssize_t done = (ssize_t)syscall(SYS_writev, file, parts, count);
    if (done != (ssize_t)bytes) stop("cannot write the record");
    errno = kept;
}

void record(enum kind kind, uint64_t inode, uint64_t number, const char *first, const char *second) {
    struct head head = {MAGIC, kind, inode, number, (uint32_t)strlen(first), (uint32_t)strlen(second)};
    struct iovec parts[3] = {{&head, sizeof head}, {(void *)first, head.first}, {(void *)second, head.second}};
    append(parts, 3);
}

void record_write(uint64_t inode, uint64_t offset, const struct iovec *parts, int count, size_t bytes) {
    struct head head = {MAGIC, WROTE, inode, offset, 0, (uint32_t)bytes};
    struct iovec all[PARTS + 1] = {{&head, sizeof head}};
    if (count > PARTS || bytes > UINT32_MAX) stop("a write of too many parts");
    int used = 1;
    for (int part = 0; part < count && bytes > 0; part++) {
        size_t taken = parts[part].iov_len < bytes ? parts[part].iov_len : bytes; /* a write may be short */
        all[used++] = (struct iovec){parts[part].iov_base, taken};
        bytes -= taken;
    }
    append(all, used);
}

static int below(const char *path) {
    return strncmp(path, disk, disk_bytes) == 0 && (path[disk_bytes] == '/' || path[disk_bytes] == 0);
}

static int path_of(int descriptor, char *out) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t bytes = readlink(link, out, PATH_BYTES - 1);
    if (bytes < 0) return 0;
    out[bytes] = 0;
    return 1;
}

int on_disk(int folder, const char *path, char *out) {
    char whole[PATH_BYTES * 2], parent[PATH_BYTES];
    if (path == NULL) return 0;
    int kept = errno;
    int found = 0;
    if (path[0] == '/') {
        snprintf(whole, sizeof whole, "%s", path);
    } else {
        if (folder == AT_FDCWD ? getcwd(parent, sizeof parent) == NULL : !path_of(folder, parent)) goto done;
        snprintf(whole, sizeof whole, "%s/%s", parent, path);
    }
    size_t bytes = strlen(whole);
    while (bytes > 1 && whole[bytes - 1] == '/') whole[--bytes] = 0;
    char *slash = strrchr(whole, '/');
    if (slash == NULL) goto done;
    *slash = 0;
    if (realpath(slash == whole ? "/" : whole, parent) == NULL) goto done;
    if (snprintf(out, PATH_BYTES, "%s/%s", parent, slash + 1) >= PATH_BYTES) goto done;
    found = below(out);
done:
    errno = kept;
    return found;
}

int remember(int descriptor, int flags) {
    char path[PATH_BYTES];
    struct stat found;
    int kept = errno;
    forget(descriptor);
    int ours = path_of(descriptor, path) && below(path) && fstat(descriptor, &found) == 0 &&
               (S_ISREG(found.st_mode) || S_ISDIR(found.st_mode));
    if (ours) {
        if (descriptor >= DESCRIPTORS) stop("too many descriptors");
        if (found.st_dev != device) stop("the disk is of several devices");
        inodes[descriptor] = found.st_ino;
        synchronous_ones[descriptor] = (flags & O_DSYNC) != 0; /* O_SYNC has this bit too */
    }
    errno = kept;
    return ours;
}

uint64_t inode_of(int descriptor) {
    return file >= 0 && descriptor >= 0 && descriptor < DESCRIPTORS ? inodes[descriptor] : 0;
}

int synchronous(int descriptor) { return synchronous_ones[descriptor]; }

void remember_copy(int from, int to) {
    if (to < 0 || to >= DESCRIPTORS) return;
    inodes[to] = inode_of(from);
    synchronous_ones[to] = inodes[to] && synchronous_ones[from];
}

void forget(int descriptor) {
    if (descriptor >= 0 && descriptor < DESCRIPTORS) inodes[descriptor] = 0;
}

int deaf(int descriptor) {
    char path[PATH_BYTES];
    if (without_sync == NULL || !path_of(descriptor, path) || !below(path)) return 0;
    return fnmatch(without_sync, path + disk_bytes + 1, 0) == 0;
}

uint64_t token(void) {
    static uint64_t last;
    return (uint64_t)getpid() << 32 | __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

void unknown(const char *name) {
    record_begin();
    record(UNKNOWN, 0, 0, name, "");
    record_end();
}
