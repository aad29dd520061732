{
  "targets": [
    {
      "target_name": "execwarden",
      "sources": [
        "src/accepted_sockets.cc",
        "src/audit.cc",
        "src/binding.cc",
        "src/binding_audit.cc",
        "src/binding_contents.cc",
        "src/binding_host.cc",
        "src/contents.cc",
        "src/executables.cc",
        "src/gate.cc",
        "src/gate_keeper.cc",
        "src/gate_mounts.cc",
        "src/gate_stand_in.cc",
        "src/hand_over.cc",
        "src/host_calls.cc",
        "src/kept_files.cc",
        "src/kill_tree.cc",
        "src/marks.cc",
        "src/mount_scout.cc",
        "src/mount_table.cc",
        "src/open_gates.cc",
        "src/parent_starts.cc",
        "src/proc_file.cc",
        "src/process_sockets.cc",
        "src/roots.cc",
        "src/remote_strings.cc",
        "src/sha256.cc",
        "src/snapshot.cc",
        "src/stand_in.cc",
        "src/superblocks.cc",
        "src/tickets.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": [
        "NAPI_VERSION=9",
        "NAPI_DISABLE_CPP_EXCEPTIONS",
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
        "_GNU_SOURCE"
      ],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-rtti"],
      "cflags_cc": [
        "-std=c++20",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fno-exceptions",
        "-fstack-protector-strong",
        "-fvisibility=hidden"
      ]
    },
    {
      "target_name": "execwarden-hooks",
      "type": "executable",
      "sources": ["src/hook_helper.cc", "src/hook_process.cc"],
      "defines": ["_GNU_SOURCE"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-rtti"],
      "cflags_cc": [
        "-std=c++20",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fno-exceptions",
        "-fstack-protector-strong"
      ],
      "cflags!": ["-fPIC"],
      "cflags": ["-fPIE"],
      "ldflags": ["-pie", "-static-libstdc++", "-static-libgcc"]
    },
    {
      "target_name": "execwarden-authz",
      "type": "executable",
      "sources": ["src/authz_daemon.cc", "src/authz_forwarder.cc", "src/authz_stream.cc"],
      "defines": ["_GNU_SOURCE"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-rtti"],
      "cflags_cc": [
        "-std=c++20",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fno-exceptions",
        "-fstack-protector-strong"
      ],
      "ldflags": ["-static", "-pthread"]
    }
  ]
}
