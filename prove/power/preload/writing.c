/* Writing into files and changing their sizes: done, and written down. */
#define _GNU_SOURCE
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>


/* After a write of `done` bytes under the lock. */
static void wrote(int descriptor, const struct iovec *parts, int count, off_t offset, ssize_t done) {
    if (done <= 0) return;
    record_write(inode_of(descriptor), (uint64_t)offset, parts, count, (size_t)done);
    if (synchronous(descriptor)) {
        uint64_t name = token();
        record(BEGAN, inode_of(descriptor), name, "", "");
        record(SYNCED, inode_of(descriptor), name, "", "");
    }
}

/* Where the last write ended; with O_APPEND too. */
static off_t ended(int descriptor) { return lseek(descriptor, 0, SEEK_CUR); }

static int appends(int descriptor) {
    REAL(int, fcntl64, int, int, ...);
    return (real(descriptor, F_GETFL) & O_APPEND) != 0;
}

ssize_t write(int descriptor, const void *data, size_t bytes) {
    REAL(ssize_t, write, int, const void *, size_t);
    if (!inode_of(descriptor)) return real(descriptor, data, bytes);
    struct iovec part = {(void *)data, bytes};
    record_begin();
    ssize_t done = real(descriptor, data, bytes);
    wrote(descriptor, &part, 1, ended(descriptor) - done, done);
    record_end();
    return done;
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    if (!inode_of(descriptor)) return real(descriptor, parts, count);
    record_begin();
    ssize_t done = real(descriptor, parts, count);
    wrote(descriptor, parts, count, ended(descriptor) - done, done);
    record_end();
    return done;
}

ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off_t offset) {
    REAL(ssize_t, pwritev64, int, const struct iovec *, int, off_t);
    if (!inode_of(descriptor)) return real(descriptor, parts, count, offset);
    record_begin();
    ssize_t done = real(descriptor, parts, count, offset);
    struct stat found;
    /* with O_APPEND Linux appends, whatever the offset says */
    if (appends(descriptor) && fstat(descriptor, &found) == 0) offset = found.st_size - done;
    wrote(descriptor, parts, count, offset, done);
    record_end();
    return done;
}
ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) SAME_AS(pwritev64);

ssize_t pwrite64(int descriptor, const void *data, size_t bytes, off_t offset) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off_t);
    if (!inode_of(descriptor)) return real(descriptor, data, bytes, offset);
    struct iovec part = {(void *)data, bytes};
    return pwritev64(descriptor, &part, 1, offset);
}
ssize_t pwrite(int descriptor, const void *data, size_t bytes, off_t offset) SAME_AS(pwrite64);

/* Data that the system copied into the file: read back what came. `at` is where it begins. */
static void copied(int descriptor, off_t at, ssize_t bytes) {
    char path[64], data[1 << 16];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    int reading = real_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    while (reading >= 0 && bytes > 0) {
        struct iovec part = {data, 0};
        ssize_t got = pread(reading, data, bytes < (ssize_t)sizeof data ? (size_t)bytes : sizeof data, at);
        if (got <= 0) break;
        part.iov_len = (size_t)got;
        wrote(descriptor, &part, 1, at, got);
        at += got;
        bytes -= got;
    }
    if (reading >= 0) close(reading);
}

ssize_t sendfile64(int to, int from, off_t *offset, size_t bytes) {
    REAL(ssize_t, sendfile64, int, int, off_t *, size_t);
    if (!inode_of(to)) return real(to, from, offset, bytes);
    record_begin();
    ssize_t done = real(to, from, offset, bytes);
    if (done > 0) copied(to, ended(to) - done, done);
    record_end();
    return done;
}
ssize_t sendfile(int to, int from, off_t *offset, size_t bytes) SAME_AS(sendfile64);

ssize_t copy_file_range(int from, off_t *read_at, int to, off_t *write_at, size_t bytes, unsigned flags) {
    REAL(ssize_t, copy_file_range, int, off_t *, int, off_t *, size_t, unsigned);
    if (!inode_of(to)) return real(from, read_at, to, write_at, bytes, flags);
    record_begin();
    ssize_t done = real(from, read_at, to, write_at, bytes, flags);
    if (done > 0) copied(to, (write_at != NULL ? *write_at : ended(to)) - done, done);
    record_end();
    return done;
}

ssize_t pwritev64v2(int descriptor, const struct iovec *parts, int count, off_t offset, int flags) {
    REAL(ssize_t, pwritev64v2, int, const struct iovec *, int, off_t, int);
    if (inode_of(descriptor) && flags == 0 && offset >= 0) return pwritev64(descriptor, parts, count, offset);
    if (inode_of(descriptor)) unknown("pwritev2 with flags");
    return real(descriptor, parts, count, offset, flags);
}
ssize_t pwritev2(int descriptor, const struct iovec *parts, int count, off_t offset, int flags)
    SAME_AS(pwritev64v2);

/* Sizes */

int ftruncate64(int descriptor, off_t size) {
    REAL(int, ftruncate64, int, off_t);
    if (!inode_of(descriptor)) return real(descriptor, size);
    record_begin();
    int failed = real(descriptor, size);
    if (!failed) record(SIZED, inode_of(descriptor), (uint64_t)size, "", "");
    record_end();
    return failed;
}
int ftruncate(int descriptor, off_t size) SAME_AS(ftruncate64);

int truncate64(const char *path, off_t size) {
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    int failed = ftruncate64(descriptor, size);
    close(descriptor);
    return failed;
}
int truncate(const char *path, off_t size) SAME_AS(truncate64);

int fallocate64(int descriptor, int mode, off_t offset, off_t bytes) {
    REAL(int, fallocate64, int, int, off_t, off_t);
    if (!inode_of(descriptor)) return real(descriptor, mode, offset, bytes);
    struct stat found;
    record_begin();
    int failed = real(descriptor, mode, offset, bytes);
    if (!failed && mode == 0 && fstat(descriptor, &found) == 0)
        record(SIZED, inode_of(descriptor), (uint64_t)found.st_size, "", "");
    else if (!failed && mode != FALLOC_FL_KEEP_SIZE)
        record(UNKNOWN, 0, 0, "fallocate that changes data", "");
    record_end();
    return failed;
}
int fallocate(int descriptor, int mode, off_t offset, off_t bytes) SAME_AS(fallocate64);

int posix_fallocate64(int descriptor, off_t offset, off_t bytes) {
    REAL(int, posix_fallocate64, int, off_t, off_t);
    if (!inode_of(descriptor)) return real(descriptor, offset, bytes);
    return fallocate64(descriptor, 0, offset, bytes) == 0 ? 0 : errno;
}
int posix_fallocate(int descriptor, off_t offset, off_t bytes) SAME_AS(posix_fallocate64);

/* Pages that are written to without a call: any of them may be on the disk or not, and none is ever known to be. */
void *mmap64(void *address, size_t bytes, int protection, int flags, int descriptor, off_t offset) {
    REAL(void *, mmap64, void *, size_t, int, int, int, off_t);
    if ((flags & MAP_SHARED) && (protection & PROT_WRITE) && !(flags & MAP_ANONYMOUS) && inode_of(descriptor)) {
        record_begin();
        record(MAPPED, inode_of(descriptor), 0, "", "");
        record_end();
    }
    return real(address, bytes, protection, flags, descriptor, offset);
}
void *mmap(void *address, size_t bytes, int protection, int flags, int descriptor, off_t offset) SAME_AS(mmap64);
