// Ways beside an exec, or through another part of the kernel: code that is mapped or injected, io_uring, userfaultfd, and
// pids that are given away.
// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "attack.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { page_size = 4096 };

static uintptr_t page_of(uintptr_t address) { return address & ~(uintptr_t)(page_size - 1); }

static uintptr_t page_behind(uintptr_t address) { return page_of(address + page_size - 1); }

static int map_segment(int fd, char *base, const Elf64_Phdr *segment) {
  int protection = 0;
  if (segment->p_flags & PF_R) protection |= PROT_READ;
  if (segment->p_flags & PF_W) protection |= PROT_WRITE;
  if (segment->p_flags & PF_X) protection |= PROT_EXEC;
  uintptr_t shift = segment->p_vaddr - page_of(segment->p_vaddr);
  uintptr_t start = (uintptr_t)base + page_of(segment->p_vaddr);
  uintptr_t file_end = (uintptr_t)base + segment->p_vaddr + segment->p_filesz;
  uintptr_t end = (uintptr_t)base + segment->p_vaddr + segment->p_memsz;
  if (mmap((void *)start, segment->p_filesz + shift, protection, MAP_PRIVATE | MAP_FIXED, fd,
           (off_t)(segment->p_offset - shift)) == MAP_FAILED) {
    return -1;
  }
  if (segment->p_memsz == segment->p_filesz) return 0;
  memset((void *)file_end, 0, page_behind(file_end) - file_end);
  if (page_behind(file_end) >= end) return 0;
  void *rest = mmap((void *)page_behind(file_end), end - page_behind(file_end), protection,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  return rest == MAP_FAILED ? -1 : 0;
}

// Maps a position-independent program; where it is, or NULL. `loader` gets the path of its ELF loader, where it has one.
static char *map_program(const char *path, Elf64_Ehdr *head, char *loader) {
  Elf64_Phdr segments[32];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || pread(fd, head, sizeof *head, 0) != sizeof *head) return NULL;
  if (head->e_type != ET_DYN || head->e_phnum > 32) return NULL;
  size_t table = head->e_phnum * sizeof *segments;
  if (pread(fd, segments, table, (off_t)head->e_phoff) != (ssize_t)table) return NULL;
  uintptr_t end = 0;
  for (int i = 0; i < head->e_phnum; i++) {
    uintptr_t segment_end = segments[i].p_vaddr + segments[i].p_memsz;
    if (segments[i].p_type == PT_LOAD && segment_end > end) end = segment_end;
    if (segments[i].p_type == PT_INTERP && segments[i].p_filesz <= 255) {
      (void)!pread(fd, loader, segments[i].p_filesz, (off_t)segments[i].p_offset);
    }
  }
  char *base = mmap(NULL, page_behind(end), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return NULL;
  for (int i = 0; i < head->e_phnum; i++) {
    if (segments[i].p_type == PT_LOAD && map_segment(fd, base, segments + i) != 0) return NULL;
  }
  close(fd);
  return base;
}

// The stack as the kernel lays it (elf(5), getauxval(3)): number, arguments, environment, auxiliary vector.
int mapped(char **argv) {
  Elf64_Ehdr program_head, loader_head;
  char loader_path[256] = "", nothing[256] = "";
  char *program = map_program(argv[0], &program_head, loader_path);
  char *loader = program ? map_program(loader_path, &loader_head, nothing) : NULL;
  if (!loader) return refused();
  static uint64_t random[2] = {0x5eed, 0x5eed};
  const uint64_t vector[] = {
      AT_PHDR,   (uint64_t)program + program_head.e_phoff,
      AT_PHENT,  sizeof(Elf64_Phdr),
      AT_PHNUM,  program_head.e_phnum,
      AT_PAGESZ, page_size,
      AT_BASE,   (uint64_t)loader,
      AT_ENTRY,  (uint64_t)program + program_head.e_entry,
      AT_UID,    getuid(),
      AT_EUID,   geteuid(),
      AT_GID,    getgid(),
      AT_EGID,   getegid(),
      AT_HWCAP,  getauxval(AT_HWCAP),
      AT_CLKTCK, 100,
      AT_RANDOM, (uint64_t)random,
      AT_NULL,   0,
  };
  size_t room = 1 << 20;
  char *stack = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack == MAP_FAILED) return refused();
  uint64_t *bottom = (uint64_t *)(stack + room / 2);
  uint64_t *at = bottom + 1;
  for (; argv[*bottom]; (*bottom)++) *at++ = (uint64_t)argv[*bottom];
  *at++ = 0;
  for (char **variable = environ; *variable; variable++) *at++ = (uint64_t)*variable;
  *at++ = 0;
  memcpy(at, vector, sizeof vector);
  fflush(NULL);
  __asm__ volatile("mov %0, %%rsp; xor %%edx, %%edx; xor %%ebp, %%ebp; jmp *%1"
                   :
                   : "r"(bottom), "r"(loader + loader_head.e_entry)
                   : "memory");
  __builtin_unreachable();
}

// write(1, "injected\n", 9); exit_group(0).
static const unsigned char code[48] = {
    0xb8, 1, 0, 0, 0, 0xbf, 1, 0, 0, 0, 0x48, 0x8d, 0x35, 0x10, 0, 0, 0, 0xba, 9, 0, 0, 0, 0x0f, 0x05,
    0xb8, 231, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05, 'i', 'n', 'j', 'e', 'c', 't', 'e', 'd', '\n'};

int injected(char **argv) {
  (void)argv;
  struct user_regs_struct registers;
  int status = 0;
  pid_t other = fork();
  if (other == 0) {
    for (;;) pause();
  }
  if (ptrace(PTRACE_ATTACH, other, NULL, NULL) != 0) return refused();
  waitpid(other, &status, 0);
  ptrace(PTRACE_GETREGS, other, NULL, &registers);
  for (size_t i = 0; i + 8 <= sizeof code; i += 8) {
    uint64_t word;
    memcpy(&word, code + i, sizeof word);
    if (ptrace(PTRACE_POKETEXT, other, registers.rip + i, word) != 0) return refused();
  }
  // No system call is to be begun again.
  registers.orig_rax = (unsigned long long)-1;
  ptrace(PTRACE_SETREGS, other, NULL, &registers);
  ptrace(PTRACE_DETACH, other, NULL, NULL);
  waitpid(other, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

int by_ring(char **argv) {
  struct io_uring_params set = {0};
  int ring = (int)syscall(SYS_io_uring_setup, 2, &set);
  if (ring < 0) return refused();
  int protection = PROT_READ | PROT_WRITE;
  char *sent = mmap(NULL, set.sq_off.array + set.sq_entries * sizeof(uint32_t), protection,
                    MAP_SHARED, ring, IORING_OFF_SQ_RING);
  char *done = mmap(NULL, set.cq_off.cqes + set.cq_entries * sizeof(struct io_uring_cqe), protection,
                    MAP_SHARED, ring, IORING_OFF_CQ_RING);
  struct io_uring_sqe *entries = mmap(NULL, set.sq_entries * sizeof *entries, protection, MAP_SHARED,
                                      ring, IORING_OFF_SQES);
  if (sent == MAP_FAILED || done == MAP_FAILED || entries == MAP_FAILED) return refused();
  entries->opcode = IORING_OP_OPENAT;
  entries->fd = AT_FDCWD;
  entries->addr = (uint64_t)argv[0];
  entries->open_flags = O_RDONLY;
  *(uint32_t *)(sent + set.sq_off.array) = 0;
  __atomic_store_n((uint32_t *)(sent + set.sq_off.tail), 1, __ATOMIC_RELEASE);
  if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0) return refused();
  int fd = ((struct io_uring_cqe *)(done + set.cq_off.cqes))->res;
  errno = -fd;
  if (fd < 0) return refused();
  syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
  return refused();
}

static const char *late_text;
static char *late_page;
static void *serve_fault(void *descriptor) {
  static char bytes[page_size] __attribute__((aligned(page_size)));
  struct uffd_msg message;
  int fd = *(int *)descriptor;
  if (read(fd, &message, sizeof message) != sizeof message) return NULL;
  usleep(300000);
  snprintf(bytes, sizeof bytes, "%s", late_text);
  struct uffdio_copy fill = {(uint64_t)late_page, (uint64_t)bytes, page_size, 0, 0};
  ioctl(fd, UFFDIO_COPY, &fill);
  return NULL;
}

int behind_fault(char **argv) {
  static int fd;
  fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
  struct uffdio_api api = {.api = UFFD_API};
  if (fd < 0 || ioctl(fd, UFFDIO_API, &api) != 0) return refused();
  late_page = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct uffdio_register watched = {.range = {(uint64_t)late_page, page_size},
                                    .mode = UFFDIO_REGISTER_MODE_MISSING};
  if (late_page == MAP_FAILED || ioctl(fd, UFFDIO_REGISTER, &watched) != 0) return refused();
  late_text = argv[1];
  pthread_t thread;
  if (pthread_create(&thread, NULL, serve_fault, &fd) != 0) return refused();
  char *arguments[] = {argv[0], late_page, NULL};
  execve(argv[0], arguments, environ);
  return refused();
}

// fork(2) with a pid of our choice (clone(2), set_tid): the caller must own the pid namespace.
static pid_t fork_as(pid_t wanted) {
  struct clone_args arguments = {.exit_signal = SIGCHLD};
  if (wanted != 0) {
    arguments.set_tid = (uint64_t)&wanted;
    arguments.set_tid_size = 1;
  }
  return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

// What is killed lives no more; the one that has its pid afterwards has done nothing. The first program is as it was
// asked for; those after it end by themselves while they are killed.
int pid_given_away(char **argv) {
  enum { times = 20 };
  char *brief[] = {argv[0], "true", NULL};
  int lived = 0;
  for (int i = 0; i < times; i++) {
    int status = 0;
    pid_t first = fork_as(0);
    if (first == 0) {
      int memory = (int)syscall(SYS_memfd_create, "payload", MFD_CLOEXEC);
      if (memory < 0 || copy(argv[0], memory) != 0) _exit(125);
      // Older by a clock tick (10 ms) than whoever comes after it.
      usleep(25000);
      syscall(SYS_execveat, memory, "", i == 0 ? argv : brief, environ, AT_EMPTY_PATH);
      _exit(126);
    }
    if (first < 0 || waitpid(first, &status, 0) != first) return refused();
    if (WIFEXITED(status) && WEXITSTATUS(status) >= 125) return 126;
    pid_t other = fork_as(first);
    if (other == 0) {
      usleep(200000);
      _exit(0);
    }
    if (other != first) return refused();
    if (waitpid(other, &status, 0) == other && WIFEXITED(status)) lived++;
  }
  printf("lived: %d of %d\n", lived, times);
  return lived == times ? 0 : 1;
}
