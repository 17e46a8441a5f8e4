/* What the two halves of the library share: the record, and which descriptors lead into the disk. */
#ifndef RECORD_H
#define RECORD_H

#include <dlfcn.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#define PATH_BYTES 4096

/* One entry of the record: this head, then `first` bytes and `second` bytes. Read by record.py. */
struct head {
    uint32_t magic;
    uint32_t kind;
    uint64_t inode;
    uint64_t number; /* an offset, a size, a mode or a token, as the kind says */
    uint32_t first;
    uint32_t second;
};

#define MAGIC 0x50575243u

enum kind {
    MADE = 'N',       /* inode, mode, path: opened with O_CREAT, so perhaps made */
    SIZED = 'T',      /* inode, size: cut or stretched with zeros */
    WROTE = 'W',      /* inode, offset, -, data */
    BEGAN = 'S',      /* inode, token: a sync has begun */
    SYNCED = 'D',     /* inode, token: and is done */
    FOLDER = 'M',     /* inode, mode, path */
    RENAMED = 'R',    /* -, -, path, path */
    LINKED = 'L',     /* -, -, path, path */
    UNLINKED = 'U',   /* -, -, path */
    REMOVED = 'X',    /* -, -, path: a folder */
    MAPPED = 'P',     /* inode: its pages are written to without a call */
    UNKNOWN = '!',    /* -, -, name of a call that the model does not know */
};

/* Hold every other recorded call, in all processes on this disk, between two of these. */
void record_begin(void);
void record_end(void);

/* Between the two. */
void record(enum kind kind, uint64_t inode, uint64_t number, const char *first, const char *second);
void record_write(uint64_t inode, uint64_t offset, const struct iovec *parts, int count, size_t bytes);

/* A call that the model does not know was made. Takes the lock itself. */
void unknown(const char *name);

/* Whether a library call is to be recorded at all. */
int recording(void);
/* The canonical path of `path` in `out`; whether it lies on the disk. The last part need not exist. */
int on_disk(int folder, const char *path, char *out);

/* REAL(type, name, arguments): `real` is the C library's own. */
#define REAL(type, name, ...)                                                            \
    static type (*real)(__VA_ARGS__);                                                    \
    if (real == NULL) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

#define SAME_AS(name) __attribute__((alias(#name)))

/* Descriptors: the inode behind one that leads to the disk, 0 for any other. */
uint64_t inode_of(int descriptor);
/* Look at a descriptor that was just opened; whether it leads to the disk. */
int remember(int descriptor, int flags);
void remember_copy(int from, int to);
void forget(int descriptor);
int synchronous(int descriptor);
/* Whether syncs of this descriptor's file do nothing, as POWER_WITHOUT_SYNC asks. */
int deaf(int descriptor);

/* A name for one sync. */
uint64_t token(void);

/* The C library's open, unrecorded. */
int real_openat(int folder, const char *path, int flags, mode_t mode);

#endif
