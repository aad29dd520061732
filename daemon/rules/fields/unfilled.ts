// SPDX-License-Identifier: Apache-2.0
import { unfilledFields } from "./define.ts";

/** Known fields of events that are no exec, or of how they were captured. */
const others = unfilledFields(
  "no exec has it",
  `
evt.reltime ns
evt.reltime.s ns
evt.reltime.ns ns
evt.pluginname str
evt.plugininfo str
evt.asynctype str
evt.deltatime ns
evt.deltatime.s ns
evt.deltatime.ns ns
evt.outputtime str P
evt.cpu i16
evt.buffer bytes
evt.buflen u64
evt.io_dir str
evt.count.error.file u32
evt.count.error.net u32
evt.count.error.memory u32
evt.count.procinfo u32
evt.count.threadinfo u32
evt.around u64 F A! nt nr
evt.abspath str A! .
evt.buflen.in u64
evt.buflen.out u64
evt.buflen.file u64
evt.buflen.file.in u64
evt.buflen.file.out u64
evt.buflen.net u64
evt.buflen.net.in u64
evt.buflen.net.out u64
evt.infra.docker.name str
evt.infra.docker.container.id str
evt.infra.docker.container.name str
evt.infra.docker.container.image str
thread.nametid str
util.cnt u64
`,
);

/** Known fields of a process that runs: at the gate the new program has none of it yet. */
const running = unfilledFields(
  "it would have to be read after the exec, when the process may be gone",
  `
proc.fdopencount u64
proc.fdlimit i64
proc.fdusage f64
proc.vmsize u64
proc.vmrss u64
proc.vmswap u64
proc.stdin.type str
proc.stdout.type str
proc.stderr.type str
proc.stdin.name str
proc.stdout.name str
proc.stderr.name str
thread.pfmajor u64
thread.pfminor u64
thread.exectime ns
thread.totexectime ns
thread.cgroups str
thread.cgroup str A! .
thread.cpu f64
thread.cpu.user f64
thread.cpu.system f64
thread.vmsize u64
thread.vmrss u64
thread.vmsize.b u64
thread.vmrss.b u64
`,
);

/** Known fields of containers and pods that the engine is not asked for. */
const untold = unfilledFields(
  "the container engine does not tell it",
  `
container.liveness_probe str
container.readiness_probe str
container.ip str
container.cni.json str
k8s.pod.sandbox_id str
k8s.pod.full_sandbox_id str
k8s.pod.labels str
k8s.pod.ip str
k8s.pod.cni.json str
`,
);

/** Known fields of descriptors and paths: exec events have none. */
const descriptors = unfilledFields(
  "events that open, connect or rename have it, an exec has not",
  `
fd.num i64
fd.type str
fd.typechar str
fd.name str
fd.directory str
fd.filename str
fd.ip ip F nt nr in0
fd.cip ip
fd.sip ip
fd.lip ip
fd.rip ip
fd.port port F nt nr
fd.cport port
fd.sport port
fd.lport port
fd.rport port
fd.l4proto str
fd.sockfamily str
fd.is_server bool
fd.uid str
fd.containername str
fd.containerdirectory str
fd.proto port F nt nr
fd.cproto str
fd.sproto str
fd.lproto str
fd.rproto str
fd.net net F nt nr in1
fd.cnet net F nt nr
fd.snet net F nt nr
fd.lnet net F nt nr
fd.rnet net F nt nr
fd.connected bool
fd.name_changed bool
fd.cip.name str nt nr
fd.sip.name str nt nr
fd.lip.name str nt nr
fd.rip.name str nt nr
fd.dev i32
fd.dev.major i32
fd.dev.minor i32
fd.ino i64
fd.nameraw str
fd.types str A? L nr
fd.is_upper_layer bool
fd.is_lower_layer bool
fs.path.name str
fs.path.nameraw str
fs.path.source str
fs.path.sourceraw str
fs.path.target str
fs.path.targetraw str
fdlist.nums str
fdlist.names str
fdlist.cips str
fdlist.sips str
fdlist.cports str
fdlist.sports str
`,
);

/** Every field that is known so that rule files load, and that never has a value here. */
export const emptyFields = [...others, ...running, ...untold, ...descriptors];
