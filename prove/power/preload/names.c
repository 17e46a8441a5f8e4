/* Names: made, moved and taken away, and written down. */
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

/* Do a call that names one path; written down as `kind`. `call` uses `real`. */
#define ONE_PATH(folder, path, kind, number, call)                                       \
    char canonical[PATH_BYTES];                                                          \
    if (!recording() || !on_disk(folder, path, canonical)) return call;                  \
    record_begin();                                                                      \
    int failed = call;                                                                   \
    if (!failed) record(kind, 0, number, canonical, "");                                 \
    record_end();                                                                        \
    return failed

int unlinkat(int folder, const char *path, int flags) {
    REAL(int, unlinkat, int, const char *, int);
    struct stat found;
    /* a socket's name says nothing to anybody after a power cut */
    if (fstatat(folder, path, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(found.st_mode))
        return real(folder, path, flags);
    ONE_PATH(folder, path, (flags & AT_REMOVEDIR) ? REMOVED : UNLINKED, 0, real(folder, path, flags));
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }

int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int remove(const char *path) {
    struct stat found;
    if (lstat(path, &found) != 0) return -1;
    return S_ISDIR(found.st_mode) ? rmdir(path) : unlink(path);
}

int mkdirat(int folder, const char *path, mode_t mode) {
    REAL(int, mkdirat, int, const char *, mode_t);
    char canonical[PATH_BYTES];
    struct stat found;
    if (!recording() || !on_disk(folder, path, canonical)) return real(folder, path, mode);
    record_begin();
    int failed = real(folder, path, mode);
    if (!failed && lstat(canonical, &found) == 0) record(FOLDER, found.st_ino, found.st_mode & 07777, canonical, "");
    record_end();
    return failed;
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int symlinkat(const char *target, int folder, const char *path) {
    REAL(int, symlinkat, const char *, int, const char *);
    ONE_PATH(folder, path, UNKNOWN, 0, real(target, folder, path));
}

int symlink(const char *target, const char *path) { return symlinkat(target, AT_FDCWD, path); }

/* The same for two paths. One that comes from elsewhere, or goes there, the model does not know. */
#define TWO_PATHS(from_folder, from, to_folder, to, kind, call)                          \
    char first[PATH_BYTES], second[PATH_BYTES];                                          \
    int from_here = recording() && on_disk(from_folder, from, first);                    \
    int to_here = recording() && on_disk(to_folder, to, second);                         \
    if (!from_here && !to_here) return call;                                             \
    record_begin();                                                                      \
    int failed = call;                                                                   \
    if (!failed && from_here && to_here) record(kind, 0, 0, first, second);              \
    else if (!failed) record(UNKNOWN, 0, 0, "a name from or to elsewhere", "");          \
    record_end();                                                                        \
    return failed

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    REAL(int, renameat2, int, const char *, int, const char *, unsigned);
    if (flags & ~(unsigned)RENAME_NOREPLACE) unknown("renameat2");
    TWO_PATHS(from_folder, from, to_folder, to, RENAMED, real(from_folder, from, to_folder, to, flags));
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    return renameat2(from_folder, from, to_folder, to, 0);
}

int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    REAL(int, linkat, int, const char *, int, const char *, int);
    TWO_PATHS(from_folder, from, to_folder, to, LINKED, real(from_folder, from, to_folder, to, flags));
}

int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
