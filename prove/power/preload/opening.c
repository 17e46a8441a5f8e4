/* Opening, closing and copying descriptors: done, and written down where a file is made or emptied by it. */
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

int real_openat(int folder, const char *path, int flags, mode_t mode) {
    REAL(int, openat64, int, const char *, int, ...);
    return real(folder, path, flags, mode);
}

static int open_at(int folder, const char *path, int flags, mode_t mode) {
    char canonical[PATH_BYTES];
    struct stat found;
    if (!recording() || !on_disk(folder, path, canonical)) {
        int descriptor = real_openat(folder, path, flags, mode);
        /* a link may lead to the disk from outside: then it was opened without the lock */
        if (recording() && descriptor >= 0 && remember(descriptor, flags) && (flags & (O_CREAT | O_TRUNC))) {
            record_begin();
            record(UNKNOWN, 0, 0, "open through a link", "");
            record_end();
        }
        return descriptor;
    }
    record_begin();
    int descriptor = real_openat(folder, path, flags, mode);
    if (descriptor >= 0 && remember(descriptor, flags) && fstat(descriptor, &found) == 0) {
        if ((flags & O_TMPFILE) == O_TMPFILE) record(UNKNOWN, 0, 0, "O_TMPFILE", "");
        if ((flags & O_CREAT) && S_ISREG(found.st_mode))
            record(MADE, found.st_ino, found.st_mode & 07777, canonical, "");
        if ((flags & O_TRUNC) && (flags & O_ACCMODE) != O_RDONLY) record(SIZED, found.st_ino, 0, "", "");
    }
    record_end();
    return descriptor;
}

#define MODE(last)                                                                       \
    mode_t mode = 0;                                                                     \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                 \
        va_list more;                                                                    \
        va_start(more, last);                                                            \
        mode = va_arg(more, mode_t);                                                     \
        va_end(more);                                                                    \
    }

int open(const char *path, int flags, ...) {
    MODE(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) SAME_AS(open);

int openat(int folder, const char *path, int flags, ...) {
    MODE(flags)
    return open_at(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) SAME_AS(openat);

int __open_2(const char *path, int flags) { return open_at(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) SAME_AS(__open_2);

int creat(const char *path, mode_t mode) {
    return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char *path, mode_t mode) SAME_AS(creat);

FILE *fopen64(const char *path, const char *how) {
    REAL(FILE *, fopen64, const char *, const char *);
    char canonical[PATH_BYTES];
    FILE *stream = real(path, how);
    if (stream != NULL && strpbrk(how, "wa+") && recording() && on_disk(AT_FDCWD, path, canonical)) {
        record_begin();
        record(UNKNOWN, 0, 0, "fopen to write", "");
        record_end();
    }
    return stream;
}
FILE *fopen(const char *path, const char *how) SAME_AS(fopen64);

int close(int descriptor) {
    REAL(int, close, int);
    forget(descriptor);
    return real(descriptor);
}

int fclose(FILE *stream) {
    REAL(int, fclose, FILE *);
    forget(fileno(stream));
    return real(stream);
}

int close_range(unsigned first, unsigned last, int flags) {
    REAL(int, close_range, unsigned, unsigned, int);
    if (!(flags & 4 /* CLOSE_RANGE_CLOEXEC */))
        for (unsigned one = first; one <= last && one < 65536; one++) forget((int)one);
    return real(first, last, flags);
}

int dup(int from) {
    REAL(int, dup, int);
    int to = real(from);
    remember_copy(from, to);
    return to;
}

int dup2(int from, int to) {
    REAL(int, dup2, int, int);
    int done = real(from, to);
    if (from != to) remember_copy(from, done);
    return done;
}

int dup3(int from, int to, int flags) {
    REAL(int, dup3, int, int, int);
    int done = real(from, to, flags);
    remember_copy(from, done);
    return done;
}

int fcntl64(int descriptor, int command, ...) {
    REAL(int, fcntl64, int, int, ...);
    va_list more;
    va_start(more, command);
    void *argument = va_arg(more, void *);
    va_end(more);
    int done = real(descriptor, command, argument);
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) remember_copy(descriptor, done);
    return done;
}
int fcntl(int descriptor, int command, ...) SAME_AS(fcntl64);
