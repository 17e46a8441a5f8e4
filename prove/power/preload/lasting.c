/* Syncs: begun, done, and written down. What was written before one began is on the disk when it is done.
 *
 * POWER_SYNC_US  microseconds that each takes besides: a slower disk, whose power is more often cut in the midst
 *
 * sync_file_range promises nothing about a power cut, so it is not here.
 */
#define _GNU_SOURCE
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int sync_one(int (*real)(int), int descriptor) {
    uint64_t inode = inode_of(descriptor);
    if (!inode) return real(descriptor);
    if (deaf(descriptor)) return 0;
    uint64_t name = token();
    record_begin();
    record(BEGAN, inode, name, "", "");
    record_end();
    const char *slower = getenv("POWER_SYNC_US");
    if (slower != NULL) usleep((useconds_t)atoi(slower));
    int failed = real(descriptor); /* without the lock: others write on meanwhile, as ever */
    if (failed) return failed;
    record_begin();
    record(SYNCED, inode, name, "", "");
    record_end();
    return 0;
}

int fsync(int descriptor) {
    REAL(int, fsync, int);
    return sync_one(real, descriptor);
}

int fdatasync(int descriptor) {
    REAL(int, fdatasync, int);
    return sync_one(real, descriptor);
}

int syncfs(int descriptor) {
    REAL(int, syncfs, int);
    if (inode_of(descriptor)) unknown("syncfs");
    return real(descriptor);
}

void sync(void) {
    REAL(void, sync, void);
    if (recording()) unknown("sync");
    real();
}
