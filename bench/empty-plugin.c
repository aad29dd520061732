// An authorization plugin that lets everything through at once: what an engine's requests cost as soon as it has any.
// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { kBytesMax = 9 << 20 };

static int answer(int fd, int is_first) {
  const char *body = is_first ? "{\"Implements\":[\"authz\"]}" : "{\"Allow\":true}";
  char text[256];
  int length = snprintf(text, sizeof text,
                        "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.plugins.v1.2+json\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        strlen(body), body);
  return write(fd, text, length) == length;
}

// One request after another, until the engine is gone.
static void *serve(void *connection) {
  int fd = (int)(intptr_t)connection;
  char *bytes = malloc(kBytesMax);
  size_t used = 0;
  for (;;) {
    bytes[used] = 0;
    char *end = strstr(bytes, "\r\n\r\n");
    char *field = end ? strcasestr(bytes, "content-length:") : NULL;
    size_t length = field && field < end ? strtoul(field + 15, NULL, 10) : 0;
    if (end && used >= (size_t)(end + 4 - bytes) + length) {
      used = 0;
      if (!answer(fd, strncmp(bytes, "POST /Plugin.Activate", 21) == 0)) break;
      continue;
    }
    ssize_t got = read(fd, bytes + used, kBytesMax - 1 - used);
    if (got <= 0) break;
    used += (size_t)got;
  }
  free(bytes);
  close(fd);
  return NULL;
}

int main(int count, char **words) {
  struct sockaddr_un address = {AF_UNIX, ""};
  if (count != 2 || strlen(words[1]) >= sizeof address.sun_path) return 2;
  strcpy(address.sun_path, words[1]);
  int listening = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(listening, (struct sockaddr *)&address, sizeof address) != 0) return 1;
  if (listen(listening, 128) != 0) return 1;
  fputs("listening\n", stderr);
  for (;;) {
    pthread_t thread;
    int fd = accept(listening, NULL, NULL);
    if (fd >= 0 && pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0) pthread_detach(thread);
  }
}
