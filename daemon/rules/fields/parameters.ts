// SPDX-License-Identifier: Apache-2.0
import type { FieldType } from "../../lang/field.ts";

/** Names of the parameters of all events that falco knows, by the type that the first event with that name gives it. */
const namesByType: Partial<Readonly<Record<FieldType, string>>> = {
  string: `arg2_str comm container_id cwd desc description dir exe filename home image json key linkpath
name newpath oldpath path pathname quotafilepath scope shell special target trusted_exepath uargs
value_charbuf`,
  bytes: `addr args cgroups data env fds img tags tuple value_bytebuf`,
  i16: `sem_op_0 sem_op_1`,
  i32: `aux nsems semflg semid semnum tty`,
  i64: `arg2_int dirfd dpid fd fd1 fd2 fd_in fd_out fdin fdout in_fd linkdirfd maxevents mountfd newdir newdirfd
newfd next olddir olddirfd oldfd out_fd pgid pid pid_fd ptid reaper_tid res ret spid status target_fd tid timeout
vpid vtid`,
  u8: `cmd core dqi_flags how level optname quota_fmt quota_fmt_out queuepct sig`,
  u16: `ID nativeID op opcode sem_flg_0 sem_flg_1 sem_num_0 sem_num_1`,
  u32: `action backlog cq_entries cpu dev domain egid entries error euid event_type features flags gid id loginuid
mask min_complete mode nr_args nsops nstype operation option optlen plugin_id proto prot queuelen queuemax ratio
resolve resource rgid ruid sgid sigmask size sq_entries sq_thread_cpu sq_thread_idle suid to_submit type uid vm_rss
vm_size vm_swap`,
  u64: `arg argument cap_effective cap_inheritable cap_permitted cpu_sys cpu_usr cur dqb_bhardlimit
dqb_bsoftlimit dqb_curspace dqb_ihardlimit dqb_isoftlimit event_data exe_ino fdlimit initval ino interval ip len
length max offin offout offset peer pgft_maj pgft_min pgoffset pidns_init_start_ts request source`,
  duration: `dqb_btime dqb_itime dqi_bgrace dqi_igrace`,
  time: `exe_ino_ctime exe_ino_mtime`,
  dynamic: `res_or_fd val`,
};

/** The type that `evt.rawarg.NAME` has; a name that is not here is no parameter of any event. */
export const parameterTypes: ReadonlyMap<string, FieldType> = new Map(
  Object.entries(namesByType).flatMap(([type, names]) =>
    // The keys of the table are types.
    names.split(/\s+/).map((name): [string, FieldType] => [name, type as FieldType]),
  ),
);
