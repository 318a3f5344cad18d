/* Stands between a program and the system's file calls (LD_PRELOAD, Linux).
 *
 * It does two things to files below a folder, named by their real paths:
 *   SHIM_TRACED, SHIM_TRACE  every change below the folder is recorded in the trace file, in its true order
 *   SHIM_FAULTY              calls below the folder fail as `shim_arm` says
 * Calls go to the kernel directly, so nothing here depends on who else has replaced what.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN = 1, WRITE, TRUNCATE, SYNC, CLOSE, RENAME, UNLINK, MKDIR };
enum { FAULT_WRITE = 1, FAULT_PWRITE, FAULT_FSYNC, FAULT_FTRUNCATE, FAULT_RENAME, FAULT_OPEN, FAULT_SHORT, FAULT_TORN };
enum { MOST_FILES = 4096, CREATED = 1, TRUNCATED = 2 };

struct record {
    uint32_t operation;
    int32_t file;
    int64_t offset;
    int64_t length;
    uint32_t path_length;
    uint32_t flags;
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char *traced, *faulty;
static int trace = -1;
static char *open_paths[MOST_FILES];
/* What a duplicate was made of. */
static int originals[MOST_FILES];

static int fault_kind, fault_error, fault_stays, torn;
static long fault_countdown, faults_done;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("SHIM_TRACE");
    traced = getenv("SHIM_TRACED");
    faulty = getenv("SHIM_FAULTY");
    if (path && traced) {
        int file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        trace = fcntl(file, F_DUPFD_CLOEXEC, MOST_FILES / 4);
        syscall(SYS_close, file);
    }
}

/* The n-th call of a kind from now on fails (n = 1: the next one), or, with `stays`, that and all later ones. */
void shim_arm(int kind, int error, long nth, int stays) {
    pthread_mutex_lock(&turn);
    fault_kind = kind, fault_error = error, fault_countdown = nth, fault_stays = stays, faults_done = 0, torn = 0;
    pthread_mutex_unlock(&turn);
}

/* How many calls have failed. */
long shim_failed(void) {
    pthread_mutex_lock(&turn);
    long done = faults_done;
    pthread_mutex_unlock(&turn);
    return done;
}

/* No call fails from now on; returns how many have. */
long shim_disarm(void) {
    pthread_mutex_lock(&turn);
    fault_kind = torn = 0;
    long done = faults_done;
    pthread_mutex_unlock(&turn);
    return done;
}

static int below(const char *folder, const char *path) {
    size_t length = folder ? strlen(folder) : 0;
    return length && !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

static int fails(int kind, const char *path) {
    if (fault_kind != kind || !path || !below(faulty, path)) return 0;
    if (fault_countdown > 1) {
        fault_countdown--;
        return 0;
    }
    if (fault_countdown < 1 && !fault_stays) return 0;
    fault_countdown = 0;
    faults_done++;
    errno = fault_error;
    return 1;
}

static const char *full(int folder, const char *path, char *buffer) {
    char link[64];
    if (path[0] == '/') return path;
    if (folder == AT_FDCWD) {
        if (!getcwd(buffer, PATH_MAX)) return path;
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, buffer, PATH_MAX - 1);
        if (length < 0) return path;
        buffer[length] = 0;
    }
    strncat(buffer, "/", PATH_MAX - strlen(buffer) - 1);
    strncat(buffer, path, PATH_MAX - strlen(buffer) - 1);
    return buffer;
}

/* The path that a file was opened by, if it is one of ours; called in turn. */
static const char *path_of(int file) { return file >= 0 && file < MOST_FILES ? open_paths[file] : NULL; }

static void note(int operation, int file, int64_t offset, const void *data, int64_t length, const char *path, int flags) {
    int error = errno;
    if (trace >= 0 && path && below(traced, path)) {
        int original = file >= 0 && file < MOST_FILES ? originals[file] : file;
        struct record head = {operation, original, offset, length, strlen(path), flags};
        struct iovec parts[] = {{&head, sizeof head}, {(void *)path, head.path_length}, {(void *)data, data ? length : 0}};
        syscall(SYS_writev, trace, parts, 3);
    }
    errno = error;
}

static int open_in_turn(int folder, const char *name, int flags, mode_t mode) {
    char buffer[PATH_MAX];
    const char *path = full(folder, name, buffer);
    int ours = below(traced, path) || below(faulty, path);
    pthread_mutex_lock(&turn);
    int file = -1, created = 0;
    if (!fails(FAULT_OPEN, path)) {
        created = ours && (flags & O_CREAT) && syscall(SYS_faccessat, folder, name, F_OK) != 0;
        file = syscall(SYS_openat, folder, name, flags, mode);
    }
    if (file >= 0 && file < MOST_FILES) {
        free(open_paths[file]);
        open_paths[file] = ours ? strdup(path) : NULL;
        originals[file] = file;
        note(OPEN, file, 0, NULL, 0, path, (created ? CREATED : 0) | (flags & O_TRUNC ? TRUNCATED : 0));
    }
    pthread_mutex_unlock(&turn);
    return file;
}

#define MODE(flags, mode)                     \
    mode_t mode = 0;                          \
    if (flags & (O_CREAT | O_TMPFILE)) {      \
        va_list rest;                         \
        va_start(rest, flags);                \
        mode = va_arg(rest, unsigned);        \
        va_end(rest);                         \
    }

int open(const char *path, int flags, ...) {
    MODE(flags, mode)
    return open_in_turn(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE(flags, mode)
    return open_in_turn(AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char *path, int flags, ...) {
    MODE(flags, mode)
    return open_in_turn(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
    MODE(flags, mode)
    return open_in_turn(folder, path, flags, mode);
}
int creat(const char *path, mode_t mode) { return open_in_turn(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int file) {
    pthread_mutex_lock(&turn);
    const char *path = path_of(file);
    if (path) {
        if (originals[file] == file) note(CLOSE, file, 0, NULL, 0, path, 0);
        free(open_paths[file]);
        open_paths[file] = NULL;
    }
    int result = syscall(SYS_close, file);
    pthread_mutex_unlock(&turn);
    return result;
}

int fcntl(int file, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    /* One that waits for a lock must keep nobody else waiting. */
    if (command != F_DUPFD && command != F_DUPFD_CLOEXEC) return syscall(SYS_fcntl, file, command, argument);
    pthread_mutex_lock(&turn);
    int result = syscall(SYS_fcntl, file, command, argument);
    if (result >= 0 && result < MOST_FILES && path_of(file)) {
        free(open_paths[result]);
        open_paths[result] = strdup(open_paths[file]);
        originals[result] = originals[file];
    }
    pthread_mutex_unlock(&turn);
    return result;
}
int fcntl64(int file, int command, ...) __attribute__((alias("fcntl")));

/* Where a write without an offset has ended: for O_APPEND, too. */
static ssize_t written(int file, const void *data, ssize_t result) {
    if (result > 0) note(WRITE, file, syscall(SYS_lseek, file, 0, SEEK_CUR) - result, data, result, path_of(file), 0);
    return result;
}

ssize_t write(int file, const void *data, size_t length) {
    pthread_mutex_lock(&turn);
    ssize_t result = -1;
    if (!path_of(file)) {
        pthread_mutex_unlock(&turn);
        return syscall(SYS_write, file, data, length);
    }
    /* A full disk takes what it has room for, and says so at the next call. Torn: that cannot be undone, either. */
    if (length > 1 && (fails(FAULT_SHORT, path_of(file)) || (!torn && fails(FAULT_TORN, path_of(file))))) {
        if (fault_kind == FAULT_TORN) torn = 1;
        else if (fault_stays) fault_kind = FAULT_WRITE;
        result = written(file, data, syscall(SYS_write, file, data, length / 2));
    } else if (!(torn && fault_stays) && !fails(FAULT_WRITE, path_of(file)))
        result = written(file, data, syscall(SYS_write, file, data, length));
    else
        errno = fault_error;
    pthread_mutex_unlock(&turn);
    return result;
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    pthread_mutex_lock(&turn);
    ssize_t result = -1;
    if (!path_of(file)) {
        pthread_mutex_unlock(&turn);
        return syscall(SYS_writev, file, parts, count);
    }
    if (!fails(FAULT_WRITE, path_of(file))) {
        size_t length = 0, done = 0;
        for (int part = 0; part < count; part++) length += parts[part].iov_len;
        char *whole = malloc(length + 1);
        for (int part = 0; part < count; done += parts[part++].iov_len)
            memcpy(whole + done, parts[part].iov_base, parts[part].iov_len);
        result = written(file, whole, syscall(SYS_write, file, whole, length));
        free(whole);
    }
    pthread_mutex_unlock(&turn);
    return result;
}

ssize_t pwrite(int file, const void *data, size_t length, off_t offset) {
    pthread_mutex_lock(&turn);
    ssize_t result = -1;
    if (!fails(FAULT_PWRITE, path_of(file))) {
        result = syscall(SYS_pwrite64, file, data, length, offset);
        if (result > 0) note(WRITE, file, offset, data, result, path_of(file), 0);
    }
    pthread_mutex_unlock(&turn);
    return result;
}
ssize_t pwrite64(int file, const void *data, size_t length, off_t offset) { return pwrite(file, data, length, offset); }

int ftruncate(int file, off_t length) {
    pthread_mutex_lock(&turn);
    int result = -1;
    if (torn && path_of(file) && below(faulty, path_of(file)))
        errno = fault_error;
    else if (!fails(FAULT_FTRUNCATE, path_of(file))) {
        result = syscall(SYS_ftruncate, file, length);
        if (!result) note(TRUNCATE, file, length, NULL, 0, path_of(file), 0);
    }
    pthread_mutex_unlock(&turn);
    return result;
}
int ftruncate64(int file, off_t length) { return ftruncate(file, length); }

static int sync_in_turn(int file, long number) {
    pthread_mutex_lock(&turn);
    int result = -1;
    if (!fails(FAULT_FSYNC, path_of(file))) {
        result = syscall(number, file);
        if (!result) note(SYNC, file, 0, NULL, 0, path_of(file), 0);
    }
    pthread_mutex_unlock(&turn);
    return result;
}
int fsync(int file) { return sync_in_turn(file, SYS_fsync); }
int fdatasync(int file) { return sync_in_turn(file, SYS_fdatasync); }

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    char first[PATH_MAX], second[PATH_MAX];
    const char *old = full(from_folder, from, first), *new = full(to_folder, to, second);
    pthread_mutex_lock(&turn);
    int result = -1;
    if (!fails(FAULT_RENAME, old)) {
        result = syscall(SYS_renameat2, from_folder, from, to_folder, to, 0);
        if (!result) note(RENAME, -1, 0, new, strlen(new), old, 0);
    }
    pthread_mutex_unlock(&turn);
    return result;
}
int rename(const char *from, const char *to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }

int unlinkat(int folder, const char *name, int flags) {
    char buffer[PATH_MAX];
    const char *path = full(folder, name, buffer);
    pthread_mutex_lock(&turn);
    int result = syscall(SYS_unlinkat, folder, name, flags);
    if (!result) note(UNLINK, -1, 0, NULL, 0, path, 0);
    pthread_mutex_unlock(&turn);
    return result;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int folder, const char *name, mode_t mode) {
    char buffer[PATH_MAX];
    const char *path = full(folder, name, buffer);
    pthread_mutex_lock(&turn);
    int result = syscall(SYS_mkdirat, folder, name, mode);
    if (!result) note(MKDIR, -1, 0, NULL, 0, path, 0);
    pthread_mutex_unlock(&turn);
    return result;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
