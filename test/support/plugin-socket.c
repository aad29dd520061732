// A plugin of the engine that does nothing: listens where the engine looks for it, until it is ended.
// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, "/run/docker/plugins/idle.sock");
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0) return 1;
  if (listen(listener, 4) != 0) return 1;
  for (;;) {
    int caller = accept(listener, 0, 0);
    if (caller >= 0) close(caller);
  }
}
